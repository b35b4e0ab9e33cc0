"""What the nightly forecast is told, and what it keeps. Here: tables to the models' frames. Not here: forecasting (models), assets (defs)."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from models import demand, knowledge
from models.forecast import choose
from models.forecast.engine import Selection
from models.forecast.problem import Note, Problem
from models.layers import layered
from pipelines.contracts import table

TABLES = (
    "demand",
    "demand_layers",
    "promotion_uplifts",
    "demand_series",
    "products",
    "supplier_terms",
    "promotions",
    "knowledge",
    "locations",
)
CHOSEN_FOR_DAYS = 7
Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Told:
    """weekly: every series' history; series: what is known of each; planned: promotions of the coming weeks; entries: what people know,
    and planned promotions as they sell."""

    weekly: pl.DataFrame
    series: pl.DataFrame
    planned: pl.DataFrame
    entries: pl.DataFrame
    cutoff: date
    horizon: int


def told(t: Frames, cutoff: date, horizon: int) -> Told:
    """The models' frames from `TABLES`, with what people know."""
    entries = in_force(t["knowledge"])
    history = knowledge.with_inherited(layered(t["demand"], t["demand_layers"]), entries)
    promotions = knowledge.with_promotions(t["promotions"], entries)
    weekly = demand.with_conditions(demand.weekly_history(history, cutoff), history, promotions, cutoff)
    supplier = t["supplier_terms"].sort("sku", "priority", "supplier_id").unique("sku", keep="first", maintain_order=True)
    products = t["products"].select("sku", "category", "brand", "launched_date", "discontinued_date").unique("sku", keep="first")
    described = products.join(supplier.select("sku", "supplier_id"), on="sku", how="full", coalesce=True)
    placed = t["demand_series"].join(t["locations"].select("location_id", "country_code"), on="location_id", how="left")
    series, planned = placed.join(described, on="sku", how="left"), demand.promoted_ahead(placed, promotions, cutoff, horizon)
    return Told(weekly, series, planned, _as_planned(t, entries, cutoff), cutoff, horizon)


def _as_planned(t: Frames, entries: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """`entries` with what planned promotions will sell more, where the history is told without what past ones sold more."""
    is_plain = not t["demand_layers"].filter((pl.col("layer") == "promotion") & pl.col("is_applied")).is_empty()
    return knowledge.with_planned(entries, t["promotions"], t["promotion_uplifts"], cutoff) if is_plain else entries


def in_force(known: pl.DataFrame) -> pl.DataFrame:
    """Entries of people that are applied."""
    return known.filter(pl.col("state") == "in force")


def is_due(kept: pl.DataFrame, cutoff: date, horizon: int) -> bool:
    """Whether models have to be chosen: none are, for another horizon, or a week ago."""
    fresh = kept.filter(
        (pl.col("horizon_weeks") == horizon)
        & ((pl.lit(cutoff) - pl.col("cutoff_date")).dt.total_days().is_between(0, CHOSEN_FOR_DAYS - 1))
    )
    return fresh.is_empty()


def chosen(known: Told, at: datetime) -> pl.DataFrame:
    """The row of forecast_selection; none where there is no history."""
    try:
        selection, notes = choose(known.weekly, known.series, known.cutoff, known.horizon, known.planned)
    except Problem:
        return table("forecast_selection").empty()
    row = {
        "cutoff_date": known.cutoff, "chosen_at": at, "horizon_weeks": known.horizon, "series": known.weekly.n_unique(demand.SERIES),
        "notes": said(notes), "selection": selection.to_json(),
    }  # fmt: skip
    return table("forecast_selection").conform(pl.DataFrame([row]))


def kept_selection(kept: pl.DataFrame) -> tuple[Selection | None, str]:
    """What was chosen last, and a sentence where nothing is or it is of another version."""
    if kept.is_empty():
        return None, "No models are chosen yet: each series is forecast from its own history until the next nightly run."
    try:
        return Selection.from_json(kept["selection"][0]), ""
    except (ValueError, KeyError, TypeError):
        return (
            None,
            "The models kept are of another version: each series is forecast from its own history until the next nightly run.",
        )


def said(notes: tuple[Note, ...]) -> str:
    """Notes as one text."""
    return " ".join(note.sentence for note in notes)
