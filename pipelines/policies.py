"""`fulcast backtest-policy`. Here: a merchant's demand, stock and terms from the newest snapshot, the comparison on the terminal, sentences about
what was assumed. Not here: the policies and their costs (models/backtest.py).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import typer
from numpy.typing import NDArray
from scipy import special

from models import backtest
from models.demand import SERIES, fill_unknown, told_units, weekly_history
from models.layers import layered
from models.quantity import YEARS_OF_DEMAND
from pipelines import terminal
from pipelines.decisions import recent_prices, with_costs, with_terms
from pipelines.errors import InputError
from pipelines.warehouse.snapshots import current, open_snapshot

Array = NDArray[np.float64]
TABLES = ("demand", "demand_layers", "demand_series", "supplier_terms", "unit_costs", "products", "sku_days", "stock_levels")
DRAWS = 20  # equally likely lead times per series
LEAST_WEEKS = 13  # of history before the first played week
ACTUAL = "what you did"
NAMED = 5  # series that a sentence names


@dataclass(frozen=True)
class WhatIf:
    """What the merchant asks to be otherwise; blank is as it is."""

    weeks: int = 26
    cycle_service_level: float | None = None
    shortage_ratio: float | None = None
    lead_time_days: float | None = None
    moq_units: int | None = None
    budget_amount: float | None = None
    holding_rate: float | None = None


def compare_policies(settings: Any, asked: WhatIf) -> None:
    """Prints what each policy would have cost over the last weeks, against what was done."""
    with open_snapshot(current(settings.home_folder / "snapshots")) as snapshot:
        tables = {name: snapshot.sql(f"SELECT * FROM {name}").pl() for name in TABLES}
        today = snapshot.sql("SELECT as_of FROM run_info").fetchall()[0][0].date()
    prices = recent_prices(tables["sku_days"], today)
    planning = settings.merchant_config.planning
    series, known, said = known_of(tables, prices, planning, asked)
    found = backtest.compare(known, asked.budget_amount or planning.budget_amount)
    rows = [{"policy": name} | backtest.summed(frame) for name, frame in found.items()]
    done = what_was_done(tables["stock_levels"], tables["demand"], series, known)
    if done is not None:
        rows.append({"policy": ACTUAL} | done)
    terminal.table(
        _headed(shown(rows)),
        f"{len(series):,} series, {asked.weeks} weeks, {settings.merchant_config.merchant.reporting_currency}",
    )
    if asked.budget_amount is None and planning.budget_amount is not None:
        said.append(f"Fulcast's stock binds at most {planning.budget_amount:,.0f} on average, the configuration's budget.")
    for sentence in said:
        typer.echo(sentence)


def shown(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """One row per policy as a person reads it, the cheapest first."""
    frame = pl.DataFrame(rows).with_columns(pl.selectors.float().fill_nan(None)).sort("total_amount")
    amounts = [
        pl.col(name).round(0).cast(pl.Int64) for name in ("total_amount", "holding_amount", "shortage_amount", "capital_amount")
    ]
    return frame.with_columns(
        *amounts,
        pl.col("unit_fill_rate").round(4),
        pl.col("turns_per_year").round(1),
        pl.col("stock_out_weeks", "orders").round(0).cast(pl.Int64),
    )


def _headed(table: pl.DataFrame) -> pl.DataFrame:
    return table.rename(lambda name: name.removesuffix("_amount").removesuffix("_per_year").replace("_", " "))


def known_of(
    tables: dict[str, pl.DataFrame], prices: pl.DataFrame, planning: Any, asked: WhatIf
) -> tuple[pl.DataFrame, backtest.Known, list[str]]:
    """Series (sku, location_id) that can be judged, what is known of them, and sentences about what was assumed or left out.

    Raises InputError when none is long enough.
    """
    cutoff = tables["demand"]["demand_date"].max()
    if cutoff is None:
        raise InputError("There is no demand yet; run `fulcast run` first.")
    wanted = layered(tables["demand"], tables["demand_layers"].filter(pl.col("layer") == "lost"))
    weekly = weekly_history(wanted, cutoff).with_columns(full_units=told_units())  # type: ignore[arg-type]
    terms, warm, kept_back = _judged(tables, weekly, prices, planning, asked)
    cost, margin = (terms[name].cast(pl.Float64).to_numpy() for name in ("unit_cost_amount", "shortage_amount"))
    rate = asked.holding_rate or planning.holding_rate
    if asked.shortage_ratio is not None:
        margin = asked.shortage_ratio * cost * rate / backtest.WEEKS_A_YEAR
    span = weekly.join(terms.select(*SERIES), on=SERIES, how="semi").sort(*SERIES, "week")
    history = span.select(
        unique_id=pl.concat_str(*SERIES, separator="\x1f"), ds=(pl.lit(cutoff) + pl.duration(days=7 * pl.col("week") - 6)).dt.truncate("1w"),
        y=pl.col("full_units").round(0), is_in_stock=pl.col("full_units").is_not_null(),
    )  # fmt: skip
    known = backtest.Known(
        history, _side_by_side(span), asked.weeks + warm, lead_weeks(terms, asked.lead_time_days), cost, margin,
        _whole(terms["moq_units"], asked.moq_units), _whole(terms["case_pack_units"], None), rate,
        asked.cycle_service_level or planning.cycle_service_level,
    )  # fmt: skip
    left_out = tables["demand_series"].height - terms.height - kept_back.height
    said = _said(terms, span, left_out, asked.weeks + warm + LEAST_WEEKS, planning)
    return terms.select(*SERIES), known, [*said, *_kept_back(kept_back)]


def _judged(
    tables: dict[str, pl.DataFrame], weekly: pl.DataFrame, prices: pl.DataFrame, planning: Any, asked: WhatIf
) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """Terms and costs of the series that are long enough; how many weeks are played before the counted ones: until orders have come that were placed
    in them, where any history is that long; and the terms of series that decisions wouldn't order either: their MOQ or case pack is above two years'
    demand.
    """
    needed = asked.weeks + LEAST_WEEKS
    lengths = weekly.group_by(*SERIES).agg(
        weeks=pl.len(), sold=pl.col("units").sum(), yearly=365 / 7 * pl.col("full_units").mean()
    )
    lengths = lengths.filter(pl.col("sold") > 0).drop("sold")
    priced = tables["unit_costs"].filter(pl.col("unit_cost_amount") > 0).select("sku")
    enough = lengths.filter(pl.col("weeks") >= needed).join(priced, on="sku", how="semi")
    if enough.is_empty():
        raise InputError(f"No series has {needed} weeks of demand and a unit cost; ask for fewer --weeks, or give product costs.")
    series = tables["demand_series"].join(enough, on=SERIES, how="semi")
    terms = with_terms(series, tables["supplier_terms"], tables["unit_costs"], planning).join(enough, on=SERIES)
    facts = tables["products"].select("sku", "category").unique("sku", keep="first")
    terms = with_costs(terms.join(facts, on="sku", how="left").join(prices, on="sku", how="left"), planning)
    moq = pl.lit(0) if asked.moq_units is not None else pl.col("moq_units")
    terms = terms.with_columns(least=pl.max_horizontal(moq, "case_pack_units"))
    is_too_much = (pl.col("least") > YEARS_OF_DEMAND * pl.col("yearly")) & (pl.col("least") > 1)
    is_kept_back = is_too_much.fill_null(False)
    kept_back, terms = terms.filter(is_kept_back).sort(*SERIES), terms.filter(~is_kept_back)
    if terms.is_empty():
        raise InputError("Every MOQ or case pack is above two years' demand; mend supplier_terms.")
    reach = int(lead_weeks(terms, asked.lead_time_days).max()) + 1
    warm = min(reach, int(terms["weeks"].max()) - needed)  # type: ignore[arg-type]
    return terms.filter(pl.col("weeks") >= needed + warm).sort(*SERIES), warm, kept_back


def _kept_back(series: pl.DataFrame) -> list[str]:
    """Which series are left out because nobody would order them as their supplier asks."""
    if series.is_empty():
        return []
    named = ", ".join(f"{sku} at {place} ({least:,})" for sku, place, least in series.select(*SERIES, "least").head(NAMED).rows())
    more = f" and {series.height - NAMED:,} more" if series.height > NAMED else ""
    return [
        f"Left out as their MOQ or case pack is above two years' demand, so that decisions order nothing either: {named}{more}."
    ]


def _side_by_side(span: pl.DataFrame) -> Array:
    """(n, T) whole demand of each series up to the last week, unknown weeks estimated, not a number before its first; span: sorted."""
    rows = span.group_by(*SERIES, maintain_order=True).agg(pl.col("full_units"))["full_units"]
    demand = np.full((len(rows), int(rows.list.len().max())), np.nan)  # type: ignore[arg-type]
    for at, row in enumerate(rows):
        known = row.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        demand[at, -len(known) :] = np.rint(fill_unknown(known))
    return demand


def _said(terms: pl.DataFrame, span: pl.DataFrame, left_out: int, needed: int, planning: Any) -> list[str]:
    """What was left out and assumed, in sentences."""
    price, cost = (pl.col(name).cast(pl.Float64) for name in ("price_amount", "unit_cost_amount"))
    said = [f"Left out: {left_out:,} series with under {needed} weeks of demand, or no unit cost."]
    if bare := terms.select((~(price > cost).fill_null(False)).sum()).item():
        said.append(
            f"Without a price above the cost: {bare:,} series; a lost unit loses {planning.margin_rate:.0%} of its cost there."
        )
    unseen = float(span.select(pl.col("full_units").is_null().mean()).item())
    neighbours = (
        f"Lost demand is estimated from neighbouring weeks, later ones too: {unseen:.1%} of the weeks were not seen well enough."
    )
    return [*said, neighbours]


def lead_weeks(terms: pl.DataFrame, days: float | None) -> NDArray[np.int64]:
    """(n, DRAWS) equally likely lead times in whole weeks, normal around the terms'. Example: 14 ± 0 days: 2 weeks, always."""
    mean, spread = (terms[name].to_numpy().astype(np.float64) for name in ("lead_time_days", "lead_time_std_days"))
    mean = np.full(len(mean), days) if days is not None else mean
    scores = special.ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    return np.maximum(np.rint((mean[:, None] + spread[:, None] * scores) / 7), 0).astype(np.int64)


def what_was_done(
    stock_levels: pl.DataFrame, demand: pl.DataFrame, series: pl.DataFrame, known: backtest.Known
) -> dict[str, float] | None:
    """The same figures of the stock that stood there and the demand beyond the orders that came; None where no stock was ever observed."""
    dates = known.weekly["ds"].unique().sort()[-known.weeks :]
    first = int(known.lead_times.max(initial=0)) + 1
    level = pl.coalesce("available_units", "on_hand_units").clip(0)
    observed = stock_levels.select(*SERIES, ds=pl.col("observed_at").dt.date().dt.truncate("1w"), at="observed_at", level=level)
    observed = (
        observed.drop_nulls("level")
        .join(series, on=SERIES, how="semi")
        .sort("at")
        .unique([*SERIES, "ds"], keep="last", maintain_order=True)
    )
    grid = series.with_row_index("row").join(dates.to_frame().cast(pl.Date), how="cross").sort("ds")
    grid = grid.join_asof(observed.sort("ds"), on="ds", by=list(SERIES), strategy="backward", check_sortedness=False)
    stock = grid.sort("row", "ds")["level"].cast(pl.Float64).fill_null(float("nan"))
    held = stock.to_numpy().reshape(len(series), -1)[:, first:]
    if not np.isfinite(held).any():
        return None
    back = (demand["demand_date"].max() - pl.col("demand_date")).dt.total_days() // 7  # type: ignore[operator]
    ordered = demand.group_by(*SERIES, back=back).agg(units=pl.col("demand_units").sum())
    weeks_back = pl.DataFrame({"back": range(known.weeks - 1, -1, -1)}, schema={"back": ordered.schema["back"]})
    came = series.join(weeks_back, how="cross").join(ordered, on=[*SERIES, "back"], how="left", maintain_order="left")
    seen = came["units"].cast(pl.Float64).fill_null(0.0).to_numpy().reshape(len(series), -1)[:, first:]
    wanted = known.demand[:, -known.weeks :][:, first:]
    missing = np.maximum(wanted - seen, 0.0)
    capital = float((np.nanmean(np.nan_to_num(held), axis=1) * known.unit_cost_amount).sum())
    served_cost = float(((wanted - missing).sum(axis=1) * known.unit_cost_amount).sum())
    holding = float((np.nan_to_num(held).sum(axis=1) * known.holding_amount).sum())
    shortage = float((missing.sum(axis=1) * known.margin_amount).sum())
    weeks = held.shape[1]
    return {
        "total_amount": holding + shortage, "holding_amount": holding, "shortage_amount": shortage,
        "unit_fill_rate": float(1 - missing.sum() / wanted.sum()) if wanted.sum() else float("nan"), "stock_out_weeks": float((missing > 0).sum()),
        "turns_per_year": served_cost / capital * backtest.WEEKS_A_YEAR / weeks if capital else float("nan"), "capital_amount": capital,
        "orders": float("nan"),
    }  # fmt: skip


def _whole(column: pl.Series, instead: int | None) -> Array:
    values = column.cast(pl.Float64).fill_null(1.0).to_numpy()
    return np.full(len(values), float(instead)) if instead is not None else values
