"""A planner's list: what to look at first, and what a changed quantity does. Pure. Here: ranking, effects, baskets, what-if.

Not here: the suggestions themselves (models/reorder.py), levels (models/safety_stock.py), approving (pipelines/operations).
rows, everywhere here: suggestions with sku, location_id, supplier_id, mean_demand_units over lead_time_days + review_period_days,
inventory_position_units, moq_units, case_pack_units, unit_cost_amount, stock_out_date, position_out_date, expected_lost_units, at_risk_amount,
quantity_units (as suggested or edited), order_quantity_units and sku_quantity_units (as suggested, in its basket and alone), data_exception and
order_exception (empty where none), price_amount (net, of one unit; may be unknown), price_break_units, price_break_cost_amount and
order_by_at (may be blank), downstream_days.
"""

import math
from dataclasses import dataclass
from datetime import date

import polars as pl
from scipy import special

from models.demand import SERIES
from models.levels import CYCLE
from models.quantity import LEAST_YEARLY, arrival_date, paid_amount
from models.reorder import is_held_back, suggest_orders
from models.safety_stock import LEVELS, Wanted, missing_units, stock_levels, wanted

YEAR_DAYS = 365.0
LATE_QUANTILE = 0.95
WAITS = "waits for the supplier's order"
_ORDERED = ("inventory_position_units", "needed_units", "order_quantity_units", "rounding_rule")


def ranked(rows: pl.DataFrame, today: date) -> pl.DataFrame:
    """Adds exception; exceptions first, then the most money at risk."""
    known = rows.with_columns(exception=_exception(today))
    order = [pl.col("exception").is_null(), pl.col("at_risk_amount").fill_null(0.0), pl.col("sku"), pl.col("location_id")]
    return known.sort(order, descending=[False, True, False, False])


def with_risk(rows: pl.DataFrame, known: Wanted) -> pl.DataFrame:
    """Adds at_risk_amount: net sales that stock-outs would cost if nothing is ordered, E[(D − position)⁺] × price; at cost where no price is known.

    rows: sorted as known.series; late_units of the position come after lead time and review and serve none of that demand.
    It never exceeds what demand and what is owed would sell for. Example: Poisson demand of 2, position 2, price 10: 5.41.
    """
    serves = pl.col("inventory_position_units") - pl.col("late_units")
    position = rows.select(serves.cast(pl.Float64).fill_null(float("nan"))).to_series().to_numpy()
    missing = pl.Series(missing_units(known, position)).fill_nan(None)
    return rows.with_columns(at_risk_amount=missing * pl.coalesce(pl.col("price_amount", "unit_cost_amount").cast(pl.Float64)))


def _exception(today: date) -> pl.Expr:
    """What about a suggestion a person has to look at: that it waits, that it comes too late, what is wrong with its data; blank where nothing is."""
    a_year = pl.col("mean_demand_units") / (pl.col("lead_time_days") + pl.col("review_period_days")) * YEAR_DAYS
    arrival = arrival_date(today)
    loses = (pl.col("stock_out_date") < arrival) & (pl.col("expected_lost_units") >= 1)
    urgent = (
        pl.when(pl.col("inventory_position_units").is_null()).then(pl.lit("stock is unknown"))
        .when(pl.col("position_out_date") < arrival).then(pl.lit("runs out before it can arrive"))
        .when(loses).then(pl.lit("runs out before what is on its way comes"))
    )  # fmt: skip
    terms = (
        pl.when(pl.col("supplier_id").is_null()).then(pl.lit("no supplier"))
        .when(pl.col("unit_cost_amount").is_null()).then(pl.lit("cost is unknown"))
        .when((pl.col("moq_units") > a_year) & (a_year >= LEAST_YEARLY)).then(pl.lit("MOQ is more than a year's demand"))
    )  # fmt: skip
    waits = pl.when(is_held_back() & (pl.col("quantity_units").fill_null(0) == 0)).then(pl.lit(WAITS))
    said = pl.concat_str(
        waits, urgent, pl.coalesce(_said("data_exception"), _said("order_exception"), terms), separator="; ", ignore_nulls=True
    )
    return pl.when(said != "").then(said)


def _said(name: str) -> pl.Expr:
    """A text column, blank where it is empty."""
    return pl.when(pl.col(name) != "").then(name)


def with_effects(rows: pl.DataFrame, today: date) -> pl.DataFrame:
    """Adds what quantity_units comes to: amount, cover_after_days, arrival_date, arrival_late_date, remark.

    cover_after_days: (position + quantity) ÷ mean daily demand. Arrival: the supplier's next order day (today where it has no calendar)
    + mean lead time, and late as 1 of 20 is.
    Example: position 10, quantity 20, mean 14 over 7 days: 15 days.
    """
    daily = pl.col("mean_demand_units") / (pl.col("lead_time_days") + pl.col("review_period_days"))
    late = pl.col("lead_time_days") + special.ndtri(LATE_QUANTILE) * pl.col("lead_time_std_days")
    packs = pl.col("case_pack_units")
    is_ordered = pl.col("quantity_units") > 0
    remark = (
        pl.when(is_ordered & (pl.col("quantity_units") < pl.col("moq_units"))).then(pl.format("below the MOQ of {}", "moq_units"))
        .when(is_ordered & (pl.col("quantity_units") % packs != 0)).then(pl.format("not whole case packs of {}", "case_pack_units"))
        .when(pl.col("quantity_units") == 0).then(pl.lit("not ordered"))
    )  # fmt: skip
    cover = (pl.col("inventory_position_units") + pl.col("quantity_units")) / pl.when(daily > 0).then(daily)
    return rows.with_columns(
        amount=paid_amount("quantity_units"),
        cover_after_days=cover.clip(lower_bound=0.0),
        arrival_date=arrival_date(today),
        arrival_late_date=arrival_date(today, late),
        remark=remark,
    )


def baskets(rows: pl.DataFrame, limits: pl.DataFrame, approved: pl.DataFrame) -> pl.DataFrame:
    """One order per supplier: lines, units, amount, volume and containers against what the supplier asks, arrival; the largest first.

    rows: also unit_volume_m3 and unit_weight_kg (may be blank). limits: supplier_id, supplier_name, order_minimum_amount, order_fixed_amount,
    container_amount (reporting currency), order_minimum_units, container_volume_m3, container_weight_kg. Containers are counted per location: none
    goes to two. approved: supplier_id, quantity_units, amount of what goes out with it and is decided: it counts for the minimum.
    landed_amount: units' cost + what placing the order costs + what its containers cost, where these are known.
    `unvalued_lines` have no cost and count as 0, SKUs of unknown size as 0 m³.
    Example: 72 of units, 15 an order, 3 containers at 20: 147 landed.
    """
    ordered = rows.filter(pl.col("quantity_units") > 0)
    sums = ordered.group_by("supplier_id").agg(
        lines=pl.len(), units=pl.col("quantity_units").sum(), amount=pl.col("amount").sum(), unvalued_lines=pl.col("amount").is_null().sum(),
        at_risk_amount=pl.col("at_risk_amount").sum(), arrival_date=pl.col("arrival_date").max(), arrival_late_date=pl.col("arrival_late_date").max(),
    )  # fmt: skip
    known = sums.join(limits, on="supplier_id", how="left").join(_boxed(ordered, limits), on="supplier_id", how="left")
    decided = approved.group_by("supplier_id").agg(
        decided_amount=pl.col("amount").sum(), decided_units=pl.col("quantity_units").sum()
    )
    known = known.join(decided, on="supplier_id", how="left")
    boxes = pl.col("containers") * pl.col("container_amount")
    return (
        known.with_columns(
            landed_amount=pl.sum_horizontal("amount", "order_fixed_amount", boxes).cast(pl.Decimal(18, 4)),
            lacking_amount=(pl.col("order_minimum_amount") - pl.col("amount") - pl.col("decided_amount").fill_null(0)).clip(
                lower_bound=0
            ),
            lacking_units=(pl.col("order_minimum_units") - pl.col("units") - pl.col("decided_units").fill_null(0)).clip(
                lower_bound=0
            ),
        )
        .drop("decided_amount", "decided_units")
        .sort("amount", "supplier_id", descending=[True, False], nulls_last=True)
    )


def _boxed(ordered: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Per supplier the volume and weight of what is ordered, and the containers that it takes, location by location."""
    volume, weight = (pl.col(name).fill_null(0) * pl.col("quantity_units") for name in ("unit_volume_m3", "unit_weight_kg"))
    places = ordered.group_by("supplier_id", "location_id").agg(volume_m3=volume.sum(), weight_kg=weight.sum())
    rooms = places.join(limits, on="supplier_id", how="left")
    needed = pl.max_horizontal(
        pl.col("volume_m3") / pl.col("container_volume_m3"), pl.col("weight_kg") / pl.col("container_weight_kg")
    )
    counted = rooms.with_columns(containers=(needed - 1e-9).ceil().cast(pl.Int64))
    has_any = pl.col("containers").is_not_null().any()
    return counted.group_by("supplier_id").agg(
        pl.col("volume_m3", "weight_kg").sum(), containers=pl.when(has_any).then(pl.col("containers").sum())
    )


@dataclass(frozen=True)
class WhatIf:
    """What to decide anew with. cycle_service_level: of every series, none: what each aims at. budget_amount: most that all levels together may bind on
    average, none: no limit; is_together: series of one aim and target reach it together; spend_amount: most to spend on this run's orders.
    """

    cycle_service_level: float | None = None
    lead_time_rate: float = 1.0
    budget_amount: float | None = None
    is_together: bool = False
    spend_amount: float | None = None


def what_if(
    rows: pl.DataFrame, means: pl.DataFrame, quantiles: pl.DataFrame, stock: pl.DataFrame, moved: pl.DataFrame, asked: WhatIf
) -> pl.DataFrame:
    """`rows` decided anew: quantity_units with what is `asked`.

    rows: also mean_stock_units. stock: what levels follow, as `models.safety_stock.wanted` takes it, before the run's transfers and redirects; moved: the
    same of the series that these bring or take something, after them. What is on its way comes when it does, whatever lead times become.
    Each SKU is decided alone, before its basket: with the run's own settings quantity_units are sku_quantity_units. An amount to spend buys what has
    most money at risk per unit of money first; what doesn't fit into what is left is not ordered. Suggestions whose stock is unknown stay blank. A
    location that supplies others keeps its levels, which are for all of them, and what they bind of a budget.
    """
    service = [] if asked.cycle_service_level is None else _aimed(asked.cycle_service_level)
    cost = pl.col("unit_cost_amount").cast(pl.Float64)
    lead = [pl.col(name) * asked.lead_time_rate for name in ("lead_time_days", "lead_time_std_days")]
    is_source = pl.col("downstream_days") > 0
    free = rows.filter(~is_source).drop(*LEVELS, *_ORDERED, strict=False)
    free = free.with_columns(*lead, *service, holding_amount=cost.fill_null(1.0) * pl.col("holding_rate") / YEAR_DAYS)
    free = free.join(means.select(*SERIES).unique(), on=SERIES, how="semi")
    known = wanted(free, means, quantiles, stock=stock)
    again = free.join(moved, on=SERIES, how="semi")
    if known.is_sampled and again.height:  # as the run draws them
        known = known.renewed(wanted(again, means, quantiles, stock=moved))
    bound = rows.filter(is_source).select((cost.fill_null(0.0) * pl.col("mean_stock_units")).sum()).item()
    budget = None if asked.budget_amount is None else asked.budget_amount - bound
    anew = suggest_orders(stock_levels(known, budget, asked.is_together)).with_columns(quantity_units="order_quantity_units")
    decided = pl.concat([with_risk(anew, known), rows.filter(is_source)], how="diagonal_relaxed")
    return decided if asked.spend_amount is None else _within(decided, asked.spend_amount)


def _aimed(target_rate: float) -> list[pl.Expr]:
    """Another cycle service level of all series but those that end: what nobody can sell later is never ordered for a service."""
    goes_on = (pl.col("policy") != "newsvendor") & (pl.col("policy") != "run-down")
    anew = {"aim": pl.lit(CYCLE), "target_rate": pl.lit(target_rate), "width": pl.lit(1.0)}
    return [pl.when(goes_on).then(value).otherwise(name).alias(name) for name, value in anew.items()]


def _within(rows: pl.DataFrame, spend_amount: float) -> pl.DataFrame:
    """Rows whose quantity_units are 0 where the amount is spent: a line of 60 is left out of the last 50, the next of 40 is bought."""
    cost = paid_amount("quantity_units").cast(pl.Float64)
    worth = (pl.col("at_risk_amount") / cost).fill_null(math.inf)
    by_worth = rows.sort(worth, "sku", descending=[True, False], nulls_last=True)
    left, fits = spend_amount, []
    for amount in by_worth.select(cost.fill_null(0.0)).to_series():
        fits.append(amount <= left)
        left -= amount if fits[-1] else 0.0
    is_bought = pl.Series(fits, dtype=pl.Boolean) | by_worth["quantity_units"].is_null()
    return by_worth.with_columns(quantity_units=pl.when(is_bought).then("quantity_units").otherwise(0)).sort(*SERIES)
