"""What each series aims at, and what its units cost. Here: settings by category and service class to columns. Not here: levels (models)."""

import polars as pl

from models.demand import SERIES
from models.levels import COST, CYCLE, FILL
from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Planning
from pipelines.decisions.inputs import Inputs

DAYS_OF_YEAR = 365.0


def with_aims(terms: pl.DataFrame, inputs: Inputs, config: Config) -> pl.DataFrame:
    """`terms` with aim, target_rate, abc_class, xyz_class, is_lost, policy, and what `with_costs` adds; assumptions name what was not given."""
    planning = config.planning
    facts = inputs.products.select("sku", "category").unique("sku", keep="first")
    classes = inputs.product_classes.select("sku", "abc_class", "xyz_class")
    rows = terms.join(facts, on="sku", how="left").join(classes, on="sku", how="left")
    rows = with_costs(rows.join(inputs.prices, on="sku", how="left"), planning)
    rows = rows.join(_yearly(inputs.means), on=SERIES, how="left").join(_owed(inputs, config), on=SERIES, how="left")
    aim, target = _aims(planning)
    rows = rows.with_columns(aim=aim, is_lost=~pl.col("is_owed").fill_null(False)).with_columns(target_rate=target)
    return _at_the_end(_with_lots(rows, planning), planning).drop("is_owed", "category")


def with_costs(rows: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """Adds holding_rate (per year), shortage_rate, holding_amount per unit and day, margin_amount and shortage_amount per unit.

    rows: unit_cost_amount and price_amount (blank where unknown), category, assumptions. Where no price is above the cost a unit earns
    margin_rate of its cost; where no cost is known all amounts are for a unit that costs 1, and only their ratio counts.
    """
    by_category = {one.name: one for one in planning.category}
    holding, shortage = (
        pl.col("category").replace_strict(
            {name: getattr(one, field) for name, one in by_category.items() if getattr(one, field) is not None},
            default=getattr(planning, field), return_dtype=pl.Float64,
        )
        for field in ("holding_rate", "shortage_rate")
    )  # fmt: skip
    cost, price = (pl.col(name).cast(pl.Float64) for name in ("unit_cost_amount", "price_amount"))
    known, is_priced = cost.fill_null(1.0), (price > cost).fill_null(False)
    bare = pl.when(is_priced).then(pl.lit("")).otherwise(pl.lit(f"margin {planning.margin_rate:.0%} of the cost"))
    rows = rows.with_columns(
        holding_rate=holding, shortage_rate=shortage, margin_amount=pl.when(is_priced).then(price - known).otherwise(planning.margin_rate * known),
        assumptions=_joined("assumptions", bare),
    )  # fmt: skip
    return rows.with_columns(
        holding_amount=known * pl.col("holding_rate") / DAYS_OF_YEAR, shortage_amount=pl.col("shortage_rate") * pl.col("margin_amount")
    )  # fmt: skip


def _joined(name: str, more: pl.Expr) -> pl.Expr:
    return (
        pl.when((pl.col(name) == "") | (more == ""))
        .then(pl.concat_str(name, more))
        .otherwise(pl.concat_str(name, more, separator=", "))
    )


def _aims(planning: Planning) -> tuple[pl.Expr, pl.Expr]:
    """Aim and target of each row: of the first service class that it falls into, else the merchant's."""
    usual = {COST: None, CYCLE: planning.cycle_service_level, FILL: planning.unit_fill_rate}
    aim: pl.Expr = pl.lit(planning.aim)
    target: pl.Expr = pl.lit(usual[planning.aim], pl.Float64)
    for one in reversed(planning.service_class):
        asked = [pl.col(f"{name}_class") == getattr(one, name) for name in ("abc", "xyz") if getattr(one, name) is not None]
        falls_into = pl.all_horizontal(asked).fill_null(False) if asked else pl.lit(True)
        wanted = one.target_rate if one.target_rate is not None else usual[one.aim]
        aim = pl.when(falls_into).then(pl.lit(one.aim)).otherwise(aim)
        target = pl.when(falls_into).then(pl.lit(wanted, pl.Float64)).otherwise(target)
    return aim, target


def _yearly(means: pl.DataFrame) -> pl.DataFrame:
    """Forecast demand of a year, and days until the forecast ends for good (blank where it doesn't within its horizon)."""
    weeks = means.group_by(*SERIES).agg(
        yearly_demand_units=pl.col("mean_units").mean() * DAYS_OF_YEAR / 7, last=pl.col("horizon").filter(pl.col("mean_units") > 0).max(),
        horizon=pl.col("horizon").max(),
    )  # fmt: skip
    return weeks.select(
        *SERIES, "yearly_demand_units", ends_in_days=pl.when(pl.col("last") < pl.col("horizon")).then(7.0 * pl.col("last"))
    )


def _owed(inputs: Inputs, config: Config) -> pl.DataFrame:
    """Series whose every channel goes on selling when the shelf is empty: what is missing there is owed, not lost."""
    patient = [channel.name for channel in config.channels if channel.backorders]
    return inputs.demand.group_by(*SERIES).agg(is_owed=pl.col("channel").is_in(patient).all())


def _with_lots(rows: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """eoq_units: what an order of one line is best worth where placing it costs something, √(2·A·D ÷ (v·r)); 1 where it is free."""
    held = DAYS_OF_YEAR * pl.col("holding_amount")
    eoq = (2 * planning.order_line_amount * pl.col("yearly_demand_units") / pl.when(held > 0).then(held)).sqrt()
    return rows.with_columns(eoq_units=eoq.fill_null(1.0).clip(1.0).round().cast(pl.Int64))


def _at_the_end(rows: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """A product that ends, or expires, before the next order could serve it is a newsvendor's: what is left over loses its cost less what it still brings;
    what ends before this order arrives isn't ordered at all.
    """
    ends, days = pl.col("ends_in_days"), pl.col("lead_time_days") + pl.col("review_period_days")
    expires = pl.col("shelf_life_days") <= pl.col("review_period_days") - pl.col("order_wait_days")
    is_over, is_last = (
        (ends <= pl.col("lead_time_days") + pl.col("order_wait_days")).fill_null(False),
        (ends <= days).fill_null(False) | expires.fill_null(False),
    )
    left = pl.col("unit_cost_amount").cast(pl.Float64).fill_null(1.0) * (1 - planning.salvage_rate)
    policy = (
        pl.when(is_over).then(pl.lit("run-down")).when(is_last).then(pl.lit("newsvendor"))
        .when(pl.col("eoq_units") > 1).then(pl.lit("R,s,S")).otherwise(pl.lit("R,S"))
    )  # fmt: skip
    return rows.with_columns(
        policy=policy, aim=pl.when(is_last).then(pl.lit(COST)).otherwise("aim"), target_rate=pl.when(~is_last).then("target_rate"),
        left_amount=pl.when(is_last).then(left).otherwise(0.0), shortage_amount=pl.when(is_over).then(0.0).otherwise("shortage_amount"),
    ).drop("ends_in_days")  # fmt: skip
