"""Which of what people said about products' lives holds where: of one kind about a SKU the latest, and no circle of successors. Pure.

Here: launches, supersessions and ends at each location. Not here: what they do to history and forecasts (models/knowledge.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

KINDS = ("launch", "supersession", "end")
ELSEWHERE = ""  # every location that no entry names
Rules = Mapping[tuple[str, str, str], dict[str, Any]]  # kind, SKU, location → the entry that rules


def ruling(entries: pl.DataFrame, location_ids: Iterable[str]) -> pl.DataFrame:
    """Launches, supersessions and ends among `entries`, a row per location where each holds: of those of a kind about a SKU the latest.

    Of supersessions that lead back to where they began the earliest entered is left out.
    Example: A is followed by X1 and later, at DC, by X2: X2 follows at DC and X1 everywhere else.
    """
    places = pl.DataFrame({"place": sorted(set(location_ids))}, schema={"place": pl.String})
    spread = entries.filter(pl.col("kind").is_in(KINDS)).join(places, how="cross")
    here = spread.filter(pl.col("location_id").is_null() | (pl.col("location_id") == pl.col("place")))
    latest = here.sort("number", descending=True).unique(["kind", "sku", "place"], keep="first", maintain_order=True)
    latest = latest.with_columns(location_id="place").drop("place")
    links = latest.filter(pl.col("kind") == "supersession").select("location_id", "sku", "other_sku", "entry_id")
    dropped = [row for (_,), at_one in links.group_by("location_id") for row in _closing(at_one.to_dicts())]
    closing = pl.DataFrame(dropped, schema=links.schema).select("location_id", "entry_id")
    return latest.join(closing, on=["location_id", "entry_id"], how="anti", maintain_order="left")


def overruled(entries: pl.DataFrame) -> pl.DataFrame:
    """entry_id, overruled: which launches, supersessions and ends among `entries` (those in force) do not hold where they say, and by which others.

    Example: A is followed by X1 (KN-1) and later, at DC, by X2 (KN-2): of KN-1 "in force, but at DC overruled by KN-2"; had KN-2 no location,
    "overruled by KN-2".
    """
    places = [ELSEWHERE, *entries["location_id"].drop_nulls().unique()]
    rules = {(row["kind"], row["sku"], row["location_id"]): row for row in ruling(entries, places).iter_rows(named=True)}
    found = []
    for row in entries.filter(pl.col("kind").is_in(KINDS)).iter_rows(named=True):
        mine = [row["location_id"]] if row["location_id"] is not None else places
        lost = {place: _ruler(rules, row, place) for place in sorted(mine) if _id(rules, row, place) != row["entry_id"]}
        if not lost:
            continue
        by = ", ".join(dict.fromkeys(lost.values()))
        where = "" if len(lost) == len(mine) else f"in force, but at {', '.join(place for place in lost if place)} "
        found.append((row["entry_id"], f"{where}overruled by {by}"))
    return pl.DataFrame(found, schema={"entry_id": pl.String, "overruled": pl.String}, orient="row")


def _id(rules: Rules, row: dict[str, Any], place: str) -> str | None:
    ruler = rules.get((row["kind"], row["sku"], place))
    return None if ruler is None else str(ruler["entry_id"])


def _ruler(rules: Rules, row: dict[str, Any], place: str) -> str:
    """The entry that holds there instead: of the same SKU, or where that would close a circle the newest that leads into it."""
    into = [one for (kind, _, at), one in rules.items() if (kind, at, one["other_sku"]) == (row["kind"], place, row["sku"])]
    return _id(rules, row, place) or str(max(into, key=lambda one: int(one["number"]))["entry_id"])


def followers(links: Mapping[str, str], sku: str) -> list[str]:
    """`sku` and those that follow it, one after another; links: old SKU → new SKU. Example: A → B, B → C: A, B, C."""
    found = [sku]
    while (following := links.get(found[-1])) and following not in found:
        found.append(following)
    return found


def _closing(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of links, the newest first, those that would close a circle with newer ones."""
    kept: dict[str, str] = {}
    closing = []
    for link in links:
        if link["sku"] in followers(kept, link["other_sku"]):
            closing.append(link)
        else:
            kept[link["sku"]] = link["other_sku"]
    return closing
