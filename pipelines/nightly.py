"""What the nightly forecast is told, and what it keeps. Here: tables to the models' frames and back. Not here: forecasting (models), assets (defs)."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from models import changes, demand, knowledge
from models.forecast import Forecast, choose, forecast
from models.forecast.engine import Selection
from models.forecast.problem import Note, Problem
from models.layers import layered
from models.past_forecasts import remembered
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
INSTANT = pl.Datetime("us", "UTC")
Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Told:
    """weekly: every series' history; series: what is known of each; planned: promotions of the coming weeks; entries: what people know,
    and planned promotions as they sell; selling: sku, location_id of what has sold something itself."""

    weekly: pl.DataFrame
    series: pl.DataFrame
    planned: pl.DataFrame
    entries: pl.DataFrame
    selling: pl.DataFrame
    cutoff: date
    horizon: int


@dataclass(frozen=True)
class Made:
    """frames: the tables of the step forecast; remembered: what of them is kept for good; notes: what was said on the way."""

    frames: Frames
    remembered: pl.DataFrame
    notes: str


def made(t: Frames, cutoff: date, horizon: int) -> Made:
    """The coming weeks' forecast of every series, with what people know, and what it rests on.

    t: `TABLES`, forecast_selection, and forecast_explanations as they were made last.
    """
    known = told(t, cutoff, horizon)
    selection, notes = kept_selection(t["forecast_selection"])
    statistical = forecast(known.weekly, known.series, cutoff, horizon, selection, known.planned, explained=True)
    final = knowledge.adjusted(statistical.means, statistical.quantiles, known.entries, known.selling)
    frames = {
        "forecasts": final.quantiles, "forecast_means": final.means, "forecast_adjustments": final.adjustments,
        "forecast_explanations": _explained(t, known, statistical, final.means),
    }  # fmt: skip
    kept = as_remembered(known, statistical, final)
    return Made(
        {name: table(name).conform(frame) for name, frame in frames.items()}, kept, f"{notes} {said(statistical.notes)}".strip()
    )


def as_remembered(known: Told, statistical: Forecast, final: knowledge.Adjusted) -> pl.DataFrame:
    """A forecast as forecast_history has it, without actuals."""
    return remembered(known.weekly, final.means, statistical.own, final.quantiles, final.adjustments, known.series)


def _explained(t: Frames, known: Told, statistical: Forecast, final: pl.DataFrame) -> pl.DataFrame:
    last, kept = t["forecast_explanations"], _newest_first(t["forecast_selection"])
    chosen_at, chosen_before = (frame["chosen_at"].max() for frame in (kept.head(1), last))
    with_last = statistical.means
    if not last.is_empty() and chosen_at != chosen_before:
        selection, _ = kept_selection(kept.filter(pl.col("chosen_at") == pl.lit(chosen_before, INSTANT)))
        with_last = forecast(known.weekly, known.series, known.cutoff, known.horizon, selection, known.planned).means
    means = changes.Means(statistical.means, final, with_last)
    rows = changes.explained(statistical.drivers, *_as_imported(t, known.cutoff), means, last)
    return rows.with_columns(cutoff_date=pl.lit(known.cutoff), chosen_at=pl.lit(chosen_at, INSTANT))


def _as_imported(t: Frames, cutoff: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weekly history as imported, and with every layer but the estimate of lost demand."""
    entries, above = in_force(t["knowledge"]), t["demand_layers"].filter(pl.col("layer") != "lost")
    days = t["demand"], layered(t["demand"], above)
    plain, shaped = (demand.weekly_history(knowledge.with_inherited(history, entries), cutoff) for history in days)
    return plain, shaped


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
    alike = knowledge.launched_like(entries, placed["location_id"].unique(), cutoff)
    series = placed.join(described, on="sku", how="left").join(alike, on=demand.SERIES, how="left")
    planned = demand.promoted_ahead(placed, promotions, cutoff, horizon)
    selling = t["demand"].filter(pl.col("demand_units") > 0).select(demand.SERIES).unique()
    return Told(weekly, series, planned, _as_planned(t, entries, cutoff), selling, cutoff, horizon)


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


def chosen(known: Told, before: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """forecast_selection: what is chosen now and what was chosen last; nothing where there is no history."""
    try:
        selection, notes = choose(known.weekly, known.series, known.cutoff, known.horizon, known.planned)
    except Problem:
        return table("forecast_selection").empty()
    last = _newest_first(before).filter(pl.col("cutoff_date") != known.cutoff).head(1)
    row = {
        "cutoff_date": known.cutoff, "chosen_at": at, "horizon_weeks": known.horizon, "series": known.weekly.n_unique(demand.SERIES),
        "notes": said(notes), "selection": selection.to_json(),
    }  # fmt: skip
    return pl.concat([table("forecast_selection").conform(pl.DataFrame([row])), last])


def _newest_first(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.sort("chosen_at", descending=True)


def kept_selection(kept: pl.DataFrame) -> tuple[Selection | None, str]:
    """What was chosen last, and a sentence where nothing is or it is of another version."""
    if kept.is_empty():
        return None, "No models are chosen yet: each series is forecast from its own history until the next nightly run."
    try:
        return Selection.from_json(_newest_first(kept)["selection"][0]), ""
    except (ValueError, KeyError, TypeError):
        return (
            None,
            "The models kept are of another version: each series is forecast from its own history until the next nightly run.",
        )


def said(notes: tuple[Note, ...]) -> str:
    """Notes as one text."""
    return " ".join(note.sentence for note in notes)
