"""What a metric is, and where all of them are found. Here: the definition's parts, versions, measures. Not here: any metric, any answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import import_module
from typing import Any, Literal

import narwhals as nw

from pipelines.errors import InputError

Expression = Callable[[datetime], nw.Expr]  # of `as_of`, so that what is not due yet can be told from what failed
SUBJECTS = ("sales", "fulfilment", "returns", "payments", "customers", "stock", "suppliers", "forecast")
QUANTILES = (0.5, 0.9, 0.95)


@dataclass(frozen=True)
class Ratio:
    """Sum of `good` ÷ sum of `all`, both over the rows that count; blank where nothing counts, never zero."""

    good: Expression
    all: Expression


@dataclass(frozen=True)
class Total:
    """The sum of a column: 0 where no row counts, blank where rows count and of none of them the amount is known."""

    of: Expression


@dataclass(frozen=True)
class Distinct:
    """How many different values a column has."""

    of: str


@dataclass(frozen=True)
class Quantiles:
    """The median and the 90th and 95th percentile of a column, linear between observations; rows where it is blank don't count."""

    of: str


Shared = dict[str, Any]  # parts of a definition that several metrics have in common
Measure = Ratio | Total | Distinct | Quantiles


@dataclass(frozen=True)
class Metric:
    """One figure, stated so that two people compute the same.

    `fact` is the mart whose rows are counted and `grain` what one of them is; `dated_by` the column of the date on which a row
    counts; `clock` which instants are compared; `only` which rows count at all; `not_by` columns of the fact that would make no sense as groups.
    """

    name: str
    subject: str
    title: str
    meaning: str
    formula: str
    fact: str
    grain: str
    dated_by: str
    measure: Measure
    unit: Literal["rate", "money", "units", "hours", "rows", "days"]
    clock: str
    open_items: str
    calendar: str = "every day counts; dates are the channel's own"
    tolerance: str = "none"
    only: Expression | None = None
    not_by: tuple[str, ...] = ()
    better: Literal["higher", "lower", ""] = ""
    version: int = 1
    changed: str = ""
    since: date = field(default=date(2026, 11, 24))

    @property
    def tooltip(self) -> str:
        """What a person reads beside the figure."""
        return f"{self.meaning} {self.formula}. (version {self.version})"


@cache
def _registry() -> dict[tuple[str, int], Metric]:
    found: dict[tuple[str, int], Metric] = {}
    for subject in SUBJECTS:
        for one in import_module(f"pipelines.metrics.{subject}").METRICS:
            if (one.name, one.version) in found:
                raise ValueError(f"metric {one.name} version {one.version} is defined twice")
            found[one.name, one.version] = one
    return found


def metric(name: str, version: int | None = None) -> Metric:
    """The metric called `name`: its newest version, or the one asked for.

    Raises InputError that names the nearest metric when there is none.
    """
    versions = {v: m for (n, v), m in _registry().items() if n == name}
    if not versions:
        from difflib import get_close_matches

        near = get_close_matches(name, {n for n, _ in _registry()}, 1)
        hint = f"did you mean '{near[0]}'?" if near else "`fulcast metric` alone lists them."
        raise InputError(f"There is no metric '{name}'; {hint}")
    if version is not None and version not in versions:
        raise InputError(f"{name} has the versions {', '.join(map(str, sorted(versions)))}, not {version}.")
    return versions[version or max(versions)]


def all_metrics(*, every_version: bool = False) -> Iterator[Metric]:
    """All metrics by subject, in the newest version, or in each."""
    newest = {name: max(v for n, v in _registry() if n == name) for name, _ in _registry()}
    return (m for (name, version), m in _registry().items() if every_version or version == newest[name])


def column(name: str) -> Expression:
    """A column of the fact, whenever it is asked."""
    return lambda as_of: nw.col(name)


def when(condition: Expression) -> Expression:
    """1 where a condition holds, else 0; a blank does not hold."""
    return lambda as_of: condition(as_of).fill_null(False).cast(nw.Int64)


def rows() -> Expression:
    """1 for every row."""
    return lambda as_of: nw.lit(1)
