"""What is known of a series beside its demand. Here: attributes as codes and numbers. Not here: what models make of them."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.problem import Note, Problem

Array = NDArray[np.float64]
MAX_CATEGORIES = 100  # a text with more values says too little about each: it only tells which series belong together
Kind = tuple[str, tuple[str, ...]]  # category with its values in the order of their codes, number, or text with many values


@dataclass(frozen=True)
class Attribute:
    """values: (n,) codes of a category, numbers, or which text is the same (of this panel alone); not a number where unknown."""

    name: str
    kind: Kind
    values: Array

    @property
    def codes(self) -> NDArray[np.int64]:
        """(n,) codes with those that are unknown as one more."""
        known = np.isfinite(self.values)
        return np.where(known, np.nan_to_num(self.values), np.nanmax(self.values, initial=-1) + 1).astype(np.int64)


def attributes(ids: pl.Series, statics: pl.DataFrame | None, known: tuple[Kind, ...] | None = None) -> tuple[Attribute, ...]:
    """Every column of `statics` beside unique_id, one value per id; `known` are an earlier panel's kinds, whose codes are kept."""
    if statics is None:
        if known:
            raise Problem(f"The kept selection was made with {len(known)} attributes; give them again.")
        return ()
    if "unique_id" not in statics.columns:
        raise Problem("The attributes have no column unique_id.")
    keys = statics.with_columns(pl.col("unique_id").cast(ids.dtype, strict=False)).unique("unique_id", keep="first")
    joined = ids.to_frame("unique_id").join(keys, on="unique_id", how="left", maintain_order="left").drop("unique_id")
    if nested := [column.name for column in joined.iter_columns() if column.dtype.is_nested()]:
        raise Problem(f"Attribute {nested[0]} holds {joined[nested[0]].dtype}; give one value per series.")
    kinds = tuple(_kind(column) for column in joined.iter_columns()) if known is None else known
    if len(kinds) != joined.width:
        raise Problem(f"There are {joined.width} attributes; the kept selection was made with {len(kinds)}.")
    return tuple(Attribute(c.name, kind, _values(c, kind)) for c, kind in zip(joined.iter_columns(), kinds, strict=True))


def as_before(statics: pl.DataFrame | None, names: tuple[str, ...]) -> pl.DataFrame | None:
    """Attributes in the columns that a kept selection was made with, whatever their order now. Raises Problem where one is missing."""
    if statics is None or not names:
        return statics
    missing = [name for name in names if name not in statics.columns]
    if missing or "unique_id" not in statics.columns:
        raise Problem(
            f"The attributes have no column {', '.join(missing) or 'unique_id'}, which the kept selection was made with."
        )
    return statics.select("unique_id", *names)


def strangers(ids: pl.Series, told: pl.DataFrame | None, what: str) -> list[Note]:
    """What is said where a table about series names none of those in the history, or one of them twice."""
    if told is None:
        return []
    found = told["unique_id"].cast(ids.dtype, strict=False)
    notes = []
    if not found.is_in(ids.implode()).any():
        first = told["unique_id"].head(1).cast(pl.String).to_list()
        notes.append(Note(f"The {what} name no series of the history; they begin with unique_id {first}."))
    if what == "attributes" and (twice := found.filter(found.is_duplicated()).drop_nulls()).len():
        notes.append(Note(f"{twice.n_unique():,} series stand twice in the attributes; their first row counts ({twice[0]})."))
    return notes


def _kind(column: pl.Series) -> Kind:
    distinct = column.drop_nulls().cast(pl.String).unique().sort()
    if len(distinct) <= MAX_CATEGORIES:
        return "category", tuple(distinct)
    return ("number" if column.dtype.is_numeric() else "text"), ()


def _values(column: pl.Series, kind: Kind) -> Array:
    if kind[0] == "text":
        return (column.cast(pl.String).rank("dense").cast(pl.Float64) - 1).fill_null(float("nan")).to_numpy()
    if kind[0] == "number":
        found = column.cast(pl.Float64)
    else:
        codes = {value: float(code) for code, value in enumerate(kind[1])}
        found = column.cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Float64)
    return found.fill_null(float("nan")).to_numpy()
