"""What a run suggests, and how it differs from what is still suggested. Pure. Not here: storing it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Row

from pipelines.operations.database import rounded

Kind = Literal["reorder", "transfer"]
Subject = tuple[str, str, str, str | None, str | None]
PREFIXES: dict[str, str] = {"reorder": "RO", "transfer": "TR"}


@dataclass(frozen=True)
class Suggestion:
    """One decision that a run proposes. `explanation` holds every input of its calculation and must be fit for JSON.

    A reorder of 0 units waits for the rest of its supplier's order: it can be approved only with a quantity that a person gives it.

    Raises ValueError when the kind is unknown, the quantity is negative or nothing is moved, or an amount is negative or has no currency.
    """

    kind: Kind
    sku: str
    location_id: str
    supplier_id: str | None
    from_location_id: str | None
    quantity_units: int
    unit_cost_amount: Decimal | None
    amount: Decimal | None
    currency_code: str | None
    needed_by: date | None
    explanation: dict[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in PREFIXES:
            raise ValueError(f"A suggestion is a {' or a '.join(PREFIXES)}, not {self.kind!r}.")
        if self.quantity_units < (0 if self.kind == "reorder" else 1):
            raise ValueError(f"{self.sku} at {self.location_id}: {self.quantity_units} units suggested; suggest at least one.")
        for amount in (self.unit_cost_amount, self.amount):
            if amount is not None and (rounded(amount) < 0 or self.currency_code is None):
                raise ValueError(f"{self.sku} at {self.location_id}: an amount is negative or has no currency.")

    @property
    def subject(self) -> Subject:
        """What it is about; a run suggests each subject once."""
        return (self.kind, self.sku, self.location_id, self.supplier_id, self.from_location_id)

    def idempotency_key(self, run_version: str) -> str:
        """The same for the same suggestion of the same run, however often it is made."""
        return hashlib.sha256(json.dumps([*self.subject, self.quantity_units, run_version]).encode()).hexdigest()

    def figures(self, run_version: str) -> dict[str, Any]:
        """The columns that a run may renew while the decision stays the same."""
        return {
            "unit_cost_amount": self.unit_cost_amount,
            "amount": self.amount,
            "currency_code": self.currency_code,
            "needed_by": self.needed_by,
            "explanation": json.dumps(self.explanation, default=str, sort_keys=True),
            "run_version": run_version,
            "idempotency_key": self.idempotency_key(run_version),
        }


def paid_each(figures: Mapping[str, Any], quantity_units: int) -> Decimal | None:
    """What one of so many units costs: the price break's cost from its quantity on. None where the cost is unknown.

    figures: unit_cost_amount, and price_break_units and price_break_cost_amount where there is one; of a suggestion or its explanation.
    Example: 2.00, from 100 on 1.80: 1.80 of 120, 2.00 of 99.
    """
    least, cheaper = figures.get("price_break_units"), figures.get("price_break_cost_amount")
    is_cheaper = least is not None and cheaper is not None and quantity_units >= least
    cost = cheaper if is_cheaper else figures["unit_cost_amount"]
    return None if cost is None else Decimal(cost)


@dataclass(frozen=True)
class SuggestOutcome:
    """How many suggestions were new, unchanged or of another quantity, and how many earlier ones are no longer needed."""

    new: int
    unchanged: int
    changed: int
    withdrawn: int


@dataclass(frozen=True)
class Difference:
    """A run against what is still suggested. `settled` were made by this run before and have moved on since."""

    new: list[Suggestion] = field(default_factory=list)
    unchanged: list[tuple[Row[Any], Suggestion]] = field(default_factory=list)
    changed: list[tuple[Row[Any], Suggestion]] = field(default_factory=list)
    settled: list[Suggestion] = field(default_factory=list)
    withdrawn: list[Row[Any]] = field(default_factory=list)

    @property
    def outcome(self) -> SuggestOutcome:
        return SuggestOutcome(len(self.new), len(self.unchanged) + len(self.settled), len(self.changed), len(self.withdrawn))


def compare(
    suggestions: Iterable[Suggestion], pending: Iterable[Row[Any]], settled_keys: Set[str], run_version: str
) -> Difference:
    """What `suggestions` change about the `pending` decisions of their kind.

    `settled_keys` are the idempotency keys of decisions of this run that are no longer pending: they are not made again.
    """
    left = {(row.kind, row.sku, row.location_id, row.supplier_id, row.from_location_id): row for row in pending}
    difference = Difference()
    for suggestion in suggestions:
        old = left.pop(suggestion.subject, None)
        if suggestion.idempotency_key(run_version) in settled_keys:
            difference.settled.append(suggestion)
        elif old is None:
            difference.new.append(suggestion)
        elif old.quantity_units == suggestion.quantity_units:
            difference.unchanged.append((old, suggestion))
        else:
            difference.changed.append((old, suggestion))
    difference.withdrawn.extend(left.values())
    return difference


def require_one_each(kind: Kind, suggestions: Iterable[Suggestion]) -> None:
    """Raises ValueError when a suggestion is of another kind, or two have one subject."""
    for subject, count in Counter(suggestion.subject for suggestion in suggestions).items():
        if subject[0] != kind:
            raise ValueError(f"A run of {kind} decisions cannot suggest a {subject[0]} of {subject[1]}.")
        if count > 1:
            raise ValueError(f"A run suggests {subject[1]} at {subject[2]} {count} times; suggest each subject once.")
