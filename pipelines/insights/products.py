"""What each product is: A to C, X to Z, rising or falling, new or dying, a broken run of sizes. Not here: the arithmetic (models)."""

from datetime import date, timedelta

import polars as pl

from models.classes import abc_classes, xyz_classes
from models.trends import changes
from pipelines.channels.merchant import Classes
from pipelines.contracts import table

YEAR_WEEKS, RECENT_WEEKS, NEW_DAYS, DYING_WEEKS = 52, 4, 90, 8
RECENT_DAYS = 28


def product_classes(
    sku_weeks: pl.DataFrame, sku_attributes: pl.DataFrame, inventory_health: pl.DataFrame, rules: Classes, as_of_date: date
) -> pl.DataFrame:
    """One row per SKU sold in the last 52 whole weeks, with its classes and how it moves."""
    weeks = sku_weeks["week_start_date"].unique().sort().to_list()[-YEAR_WEEKS:]
    year = sku_weeks.filter(pl.col("week_start_date").is_in(weeks))
    value = pl.col("margin_amount") if rules.abc_by == "margin" else pl.col("net_sales_amount")
    values = year.group_by("sku").agg(
        value=value.sum(), net_sales_amount=pl.col("net_sales_amount").sum(), sold_units=pl.col("sold_units").sum()
    )
    ranked = abc_classes(values, rules.abc_bounds)
    lives = _every_week(year, sku_attributes, weeks)
    found = (
        ranked.join(xyz_classes(lives, rules.xyz_bounds), on="sku", how="left")
        .join(_moves(lives, weeks), on="sku", how="left")
        .join(sku_attributes, on="sku", how="left")
        .join(_shelves(inventory_health), on="sku", how="left")
    )
    found = found.join(_broken(found), on="style_id", how="left")
    recent = as_of_date - timedelta(days=NEW_DAYS)
    first = (
        lives.filter(pl.col("units") > 0)
        .group_by("sku")
        .agg(first_week_date=pl.col("week").min(), last_week_date=pl.col("week").max())
    )
    found = found.join(first, on="sku", how="left").with_columns(
        is_new=(pl.coalesce("launched_date", "first_week_date") > recent).fill_null(False),
        is_dying=(pl.col("last_week_date") < as_of_date - timedelta(weeks=DYING_WEEKS)).fill_null(True) | pl.col("discontinued_date").is_not_null(),
        is_size_run_broken=pl.col("is_size_run_broken").fill_null(False),
        is_significant=pl.col("is_significant").fill_null(False),
    )  # fmt: skip
    return table("product_classes").conform(found.rename({"value": "abc_value_amount"}))


def _every_week(year: pl.DataFrame, attributes: pl.DataFrame, weeks: list[date]) -> pl.DataFrame:
    """Every week of each SKU's life, those without a sale as 0; the season is its category's."""
    first = year.group_by("sku").agg(first=pl.col("week_start_date").min())
    grid = first.join(pl.DataFrame({"week": weeks}, schema={"week": pl.Date}), how="cross").filter(
        pl.col("week") >= pl.col("first")
    )
    sold = year.select("sku", "is_promoted", week="week_start_date", units="wanted_units")
    lives = grid.join(sold, on=["sku", "week"], how="left").join(attributes.select("sku", "category"), on="sku", how="left")
    return lives.select(
        "sku", "week", units=pl.col("units").fill_null(0), is_promoted=pl.col("is_promoted").fill_null(False), is_full=pl.lit(True),
        season_group=pl.col("category").fill_null("(none)"),
    )  # fmt: skip


def _moves(lives: pl.DataFrame, weeks: list[date]) -> pl.DataFrame:
    """Units of the last four weeks against the four before, and whether that is more than noise."""
    now, before = weeks[-RECENT_WEEKS:], weeks[-2 * RECENT_WEEKS : -RECENT_WEEKS]
    pairs = lives.group_by("sku").agg(
        units_before=pl.col("units").filter(pl.col("week").is_in(before)).sum(),
        units_now=pl.col("units").filter(pl.col("week").is_in(now)).sum(),
    ).sort("sku")  # fmt: skip
    return changes(pairs)


def _shelves(health: pl.DataFrame) -> pl.DataFrame:
    """Stock at all locations, and the share of the last 28 days that a SKU was on the shelves where it is wanted."""
    is_wanted = (pl.col("demand_28d_units") > 0) | (pl.col("censored_28d_days") > 0)
    days = pl.col("censored_28d_days").filter(is_wanted)
    return health.group_by("sku", maintain_order=True).agg(
        on_hand_units=pl.col("on_hand_units").sum(),
        in_stock_days_rate=1 - days.sum().cast(pl.Float64) / (RECENT_DAYS * pl.when(days.len() > 0).then(days.len())),
        has_stock_figures=pl.col("on_hand_units").is_not_null().any(),
    )


def _broken(found: pl.DataFrame) -> pl.DataFrame:
    """Styles of two or more variants of which some are sold out and others not."""
    is_out = pl.col("has_stock_figures") & (pl.col("on_hand_units") <= 0)
    styles = found.filter(pl.col("style_id").is_not_null() & pl.col("discontinued_date").is_null()).group_by("style_id")
    return styles.agg(is_size_run_broken=is_out.any() & ~is_out.all() & (pl.len() > 1))
