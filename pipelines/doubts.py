"""Whether an entry of people can be meant: its SKUs and locations are known, its days are to come, its successors lead nowhere back.

Here: what an entry is held against. Not here: an entry's own fields and storing it (operations), reading files (pipelines/knowing.py).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import duckdb
import polars as pl

from models.successions import ELSEWHERE, followers, ruling
from pipelines.errors import InputError
from pipelines.operations import Entry, Knowledge, Refused
from pipelines.operations.knowledge import facts_of
from pipelines.warehouse.snapshots import current, open_snapshot

LISTS = {"sku": "products, terms, orders and stock", "location_id": "locations and stock"}


def names(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """field (sku, location_id) and name: every SKU and location that a snapshot knows."""
    return connection.sql("""
        SELECT 'sku' AS field, sku AS name FROM sku_attributes UNION SELECT 'sku', sku FROM stock_levels
        UNION SELECT 'sku', sku FROM demand_series
        UNION SELECT 'location_id', location_id FROM locations UNION SELECT 'location_id', location_id FROM stock_levels
        UNION SELECT 'location_id', location_id FROM demand_series
    """).pl()


def last_names(settings: Any) -> pl.DataFrame | None:
    """`names` of the newest snapshot; None before the first."""
    try:
        snapshot = current(settings.home_folder / "snapshots")
    except InputError:
        return None
    with open_snapshot(snapshot) as connection:
        return names(connection)


@dataclass(frozen=True)
class Doubts:
    """What entries are held against on the day `today`; what is accepted counts for those after it.

    names: SKUs and locations, blank before the first run, when none is looked up; standing: what is entered already, in its own words;
    links: per location, old SKU → the one that follows.
    """

    today: date
    names: dict[str, set[str]]
    standing: set[tuple[Any, ...]]
    links: dict[str, dict[str, str]]

    @classmethod
    def of(cls, knowledge: Knowledge, known: pl.DataFrame | None, today: date) -> Self:
        """Of what stands in `knowledge` and the `names` of the last run."""
        rows = knowledge.entries(today)
        in_force = rows.filter(pl.col("state") == "in force")
        names = {field: set(known.filter(field=field)["name"]) for field in LISTS} if known is not None else {}
        if names:
            names["sku"] |= set(in_force.filter(kind="launch")["sku"]) | set(in_force.filter(kind="supersession")["other_sku"])
        places = [ELSEWHERE, *in_force["location_id"].drop_nulls().unique()]
        links: dict[str, dict[str, str]] = {place: {} for place in places}
        for row in ruling(in_force, places).filter(kind="supersession").iter_rows(named=True):
            links[row["location_id"]][row["sku"]] = row["other_sku"]
        standing = rows.filter(pl.col("state") != "withdrawn").iter_rows(named=True)
        return cls(today, names, {facts_of(row) for row in standing}, links)

    def accept(self, entry: Entry) -> None:
        """Lets `entry` pass where it stands already or nothing speaks against it.

        Raises Refused, naming field, value and mend, for what no run knows, what is over, and a supersession that leads back to its SKU.
        """
        if (*entry.facts, entry.expires_date) in self.standing:
            return
        self._require_known(entry)
        self._require_to_come(entry)
        if entry.kind == "supersession":
            self._require_no_circle(entry)

    def _require_known(self, entry: Entry) -> None:
        new = {"launch": "sku", "supersession": "other_sku"}.get(entry.kind)
        for name in ("sku", "other_sku", "location_id"):
            field, value = name.removeprefix("other_"), getattr(entry, name)
            if name == new and self.names:
                self.names[field].add(value)
            elif value is not None and self.names and value not in self.names[field]:
                known = f"the {len(self.names[field]):,} of the last run's {LISTS[field]}"
                raise Refused(f"{name} {value!r} is not among {known}; write it as it stands there.")

    def _require_to_come(self, entry: Entry) -> None:
        if entry.expires_date >= self.today:
            return
        if entry.expires_date == entry.end_date:
            raise Refused(
                f"end_date {entry.end_date} is past, so that it would never be applied; write a later one, or an expires_date to come "
                "where past days are meant."
            )
        raise Refused(f"expires_date {entry.expires_date} is past, so that it would never be applied; write a later one.")

    def _require_no_circle(self, entry: Entry) -> None:
        place, old, new = entry.location_id, entry.sku, str(entry.other_sku)
        if place:
            self.links.setdefault(place, dict(self.links[ELSEWHERE]))
        reached = [self.links[place]] if place else list(self.links.values())
        for links in reached:
            chain = followers(links, new)
            if old in chain:
                circle = " → ".join(chain[: chain.index(old) + 1])
                raise Refused(
                    f"other_sku {new!r} leads back to {old} ({circle}); withdraw one of those entries, or name another SKU."
                )
        for links in reached:
            links[old] = new
