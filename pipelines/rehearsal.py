"""Forecasts of past weeks as they would have been made then, so that a merchant's first day has a past. Here: what was known then.

Models are chosen once, at the oldest origin, and only refreshed at later ones, as the nightly run does between its choices. Not here: forecasting.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl

from models import knowledge
from models.forecast import choose, forecast
from models.forecast.engine import Selection
from models.forecast.problem import Problem
from pipelines import histories, nightly
from pipelines.channels.mapping import Config

ORIGINS = 13  # weeks back, one a week
HAPPENED = {"stock_levels": "observed_at", "receipts": "received_at", "purchase_orders": "ordered_at"}
TABLES = (*histories.TABLES, "supplier_terms", "knowledge", "locations")


def origins(cutoff: date) -> list[date]:
    """The same weekday of each of the last weeks, oldest first."""
    return [cutoff - timedelta(weeks=back) for back in range(ORIGINS, 0, -1)]


def rehearsed(t: nightly.Frames, cutoffs: list[date], config: Config) -> Iterator[pl.DataFrame]:
    """A forecast of each of `cutoffs` (oldest first) as forecast_history has it; none while there was no history.

    t: TABLES as they stand now; nothing that came after a cutoff is looked at.
    """
    selection: Selection | None = None
    horizon = config.planning.horizon_weeks
    for cutoff in cutoffs:
        known = nightly.told(known_then(t, cutoff, config), cutoff, horizon)
        if known.series.is_empty():
            continue
        try:
            selection = selection or choose(known.weekly, known.series, cutoff, horizon, known.planned)[0]
        except Problem:
            continue
        made = forecast(known.weekly, known.series, cutoff, horizon, selection, known.planned, explained=True)
        final = knowledge.adjusted(made.means, made.quantiles, known.entries, known.selling)
        yield nightly.as_remembered(known, made, final)


def known_then(t: nightly.Frames, cutoff: date, config: Config) -> nightly.Frames:
    """`t` as it stood on the evening of `cutoff`: orders, cancellations and stock so far and the history made of them, purchase orders open of which
    something came later, entries that were made and not withdrawn yet, promotions that had begun, products that nobody had ended yet.

    When a return came back isn't looked at; it bears on demand only where `[history]` asks for returns.
    """
    ended = pl.when(pl.col("discontinued_date") <= cutoff).then("discontinued_date")
    evening = _evening(cutoff)
    happened = {name: t[name].filter(pl.col(column) < evening) for name, column in HAPPENED.items()}
    came_later = t["receipts"].filter(pl.col("received_at") >= evening)["purchase_order_id"].drop_nulls().unique()
    was_closed = pl.col("is_closed") & ~pl.col("purchase_order_id").is_in(came_later.implode())
    cancelled_later = t["orders"].filter(pl.col("cancelled_at") >= evening).select("channel", "order_id", is_later=True)
    lines = t["order_lines"].join(cancelled_later, on=["channel", "order_id"], how="left", maintain_order="left")
    cancelled = pl.when(pl.col("is_later").is_null()).then("cancelled_units").otherwise(0)
    then = (
        t
        | happened
        | {
            "orders": t["orders"].filter(pl.col("business_date") <= cutoff),
            "order_lines": lines.with_columns(cancelled_units=cancelled).drop("is_later"),
            "purchase_orders": happened["purchase_orders"].with_columns(is_closed=was_closed),
            "knowledge": _entries_then(t["knowledge"], cutoff),
            "products": t["products"].with_columns(discontinued_date=ended),
            "promotions": t["promotions"].filter(pl.col("start_date") <= cutoff),
        }
    )
    return then | histories.made(then, then["knowledge"], config, cutoff)


def _entries_then(entries: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Entries made by the end of that day, with the state that they had then."""
    until = _evening(cutoff)
    state = (
        pl.when(pl.col("withdrawn_at") < until).then(pl.lit("withdrawn"))
        .when(pl.col("expires_date") <= cutoff).then(pl.lit("expired")).otherwise(pl.lit("in force"))
    )  # fmt: skip
    return entries.filter(pl.col("entered_at") < until).with_columns(state=state)


def _evening(day: date) -> pl.Expr:
    return pl.lit(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1))
