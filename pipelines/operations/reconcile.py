"""What the ERP's ledger says about decisions: acknowledged, received, or not as decided. Not here: reading the ERP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl

from pipelines.operations.outbox import Outbox
from pipelines.operations.states import SUPPLY_STATES, Refused

_PLACE = ("purchase_order_id", "sku", "location_id")
_NEVER_ORDERED = ("suggested", "rejected", "superseded", "failed")


@dataclass(frozen=True)
class ReconcileOutcome:
    """Ids of the decisions that moved, and a sentence for each thing that a person must look at."""

    acknowledged: tuple[str, ...]
    received: tuple[str, ...]
    exceptions: tuple[str, ...]


def reconcile(outbox: Outbox, purchase_orders: pl.DataFrame, receipts: pl.DataFrame, at: datetime) -> ReconcileOutcome:
    """Acknowledges decisions that stand on a purchase order and closes those whose goods are in. Repeating changes nothing.

    `purchase_orders` has purchase_order_id, line_number, sku, location_id, ordered_units, decision_id, is_closed;
    `receipts` has purchase_order_id, sku, location_id, received_units. What does not fit is an exception; the rest goes on.
    """
    named = _named(outbox, purchase_orders)
    exceptions = list(_exceptions(named))
    acknowledged: list[str] = []
    for decision_id, reference in _to_acknowledge(named).iter_rows():
        _attempt(partial(outbox.acknowledge, decision_id, reference, at), decision_id, acknowledged, exceptions)
    received: list[str] = []
    for decision_id, units in _to_receive(_lines(purchase_orders, receipts), outbox.decisions("acknowledged")).iter_rows():
        _attempt(partial(outbox.receive, decision_id, units, at), decision_id, received, exceptions)
    return ReconcileOutcome(tuple(acknowledged), tuple(received), tuple(exceptions))


def _attempt(step: Callable[[], None], decision_id: str, done: list[str], exceptions: list[str]) -> None:
    """Takes one step; one that somebody else took or forbade meanwhile is an exception, not the end."""
    try:
        step()
        done.append(decision_id)
    except Refused as refusal:
        exceptions.append(str(refusal))


def _named(outbox: Outbox, purchase_orders: pl.DataFrame) -> pl.DataFrame:
    """Each decision id, purchase order and SKU that stand together, with what the outbox knows of the decision."""
    lines = purchase_orders.select("decision_id", "purchase_order_id", "sku").drop_nulls("decision_id").unique()
    known = outbox.find(lines.get_column("decision_id").unique().to_list())
    known = known.select("decision_id", "state", "reference", decided_sku="sku")
    return lines.join(known, on="decision_id", how="left").sort("decision_id", "purchase_order_id", "sku")


def _exceptions(named: pl.DataFrame) -> Iterator[str]:
    for row in named.iter_rows(named=True):
        order, decision = row["purchase_order_id"], row["decision_id"]
        if row["state"] is None:
            yield f"Purchase order {order} names {decision}, which does not exist."
        elif row["sku"] != row["decided_sku"]:
            yield f"Purchase order {order} names {decision} for {row['sku']}, but the decision is about {row['decided_sku']}."
        elif row["state"] in _NEVER_ORDERED:
            yield f"Purchase order {order} names {decision}, which is {row['state']}."
    for decision, orders in _orders(named).filter(pl.col("orders").list.len() > 1).select("decision_id", "orders").iter_rows():
        yield f"{decision} stands on purchase orders {' and '.join(orders)}; leave it on one of them."


def _orders(named: pl.DataFrame) -> pl.DataFrame:
    """Each decision with all purchase orders for its SKU, the one that acknowledged it among them."""
    orders = pl.concat_list("purchase_order_id", "reference").explode().drop_nulls().unique().sort()
    fitting = named.filter(pl.col("sku") == pl.col("decided_sku"))
    return fitting.group_by("decision_id", maintain_order=True).agg(pl.col("state").first(), orders=orders)


def _to_acknowledge(named: pl.DataFrame) -> pl.DataFrame:
    """Decisions on their way that stand on exactly one purchase order, with its number."""
    is_due = pl.col("state").is_in(SUPPLY_STATES) & (pl.col("orders").list.len() == 1)
    return _orders(named).filter(is_due).select("decision_id", pl.col("orders").list.first())


def _lines(purchase_orders: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Purchase order lines with received_units and is_complete.

    A receipt names no line: what arrived fills an order's lines for one SKU and location in turn, the last takes the excess.
    """
    arrived = receipts.group_by(_PLACE).agg(arrived_units=pl.col("received_units").sum())
    lines = purchase_orders.sort(*_PLACE, "line_number").join(arrived, on=_PLACE, how="left", maintain_order="left")
    before = pl.col("ordered_units").cum_sum().over(_PLACE) - pl.col("ordered_units")
    left = (pl.col("arrived_units").fill_null(0) - before).clip(lower_bound=0)
    is_last = pl.int_range(pl.len()).over(_PLACE) == pl.len().over(_PLACE) - 1
    lines = lines.with_columns(received_units=pl.when(is_last).then(left).otherwise(pl.min_horizontal(left, "ordered_units")))
    is_filled = pl.col("received_units") >= pl.col("ordered_units")
    return lines.with_columns(is_complete=is_filled | pl.col("is_closed").fill_null(False))


def _to_receive(lines: pl.DataFrame, acknowledged: pl.DataFrame) -> pl.DataFrame:
    """Acknowledged decisions whose lines are all complete, with the units received.

    A line belongs to the decision that it names; where an order names none for it, to the one for its SKU and location.
    """
    expected = acknowledged.select("decision_id", "sku", "location_id", purchase_order_id="reference")
    own = lines.join(expected, on=("decision_id", "purchase_order_id", "sku"), how="semi")
    unnamed = lines.filter(pl.col("decision_id").is_null()).drop("decision_id")
    without = expected.join(own, on="decision_id", how="anti").unique(_PLACE, keep="first", maintain_order=True)
    parts = ("decision_id", "received_units", "is_complete")
    belonging = pl.concat([own.select(parts), unnamed.join(without, on=_PLACE).select(parts)])
    totals = belonging.group_by("decision_id").agg(pl.col("received_units").sum(), pl.col("is_complete").all())
    return totals.filter("is_complete").select("decision_id", "received_units").sort("decision_id")
