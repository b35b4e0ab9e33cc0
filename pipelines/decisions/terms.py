"""Each series with its supplier's terms. Here: the first supplier, defaults, their names in `assumptions`. Not here: learnt lead times (models)."""

import polars as pl

from models.demand import SERIES
from pipelines.channels.merchant import Planning


def with_terms(series: pl.DataFrame, supplier_terms: pl.DataFrame, unit_costs: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """Each series with its first supplier's terms; what the merchant didn't give is assumed and named in `assumptions`."""
    is_tied = (pl.len().over("sku", "priority") > 1).alias("is_tied")
    first = supplier_terms.with_columns(is_tied).sort("sku", "priority", "supplier_id")
    first = first.unique("sku", keep="first", maintain_order=True).select(
        "sku",
        "is_tied",
        "supplier_id",
        "lead_time_days",
        "lead_time_std_days",
        "review_period_days",
        "moq_units",
        "case_pack_units",
    )
    rows = (
        series.select(*SERIES, "has_stock_figures")
        .join(first, on="sku", how="left")
        .join(unit_costs.select("sku", "unit_cost_amount"), on="sku", how="left")
        .with_columns(pl.when(pl.col("unit_cost_amount") > 0).then("unit_cost_amount"))
    )
    defaults: list[tuple[str, float, str]] = [
        ("lead_time_days", planning.lead_time_days, "lead time {} days"),
        ("lead_time_std_days", planning.lead_time_std_days, "lead time spread {} days"),
        ("review_period_days", planning.review_period_days, "review period {} days"),
        ("moq_units", 1, "MOQ {}"),
        ("case_pack_units", 1, "case pack {}"),
    ]
    named = [pl.when(pl.col(name).is_null()).then(pl.lit(words.format(f"{value:g}"))) for name, value, words in defaults]
    named.append(pl.when(pl.col("unit_cost_amount").is_null()).then(pl.lit("cost unknown or zero, value blank")))
    named.append(pl.when(pl.col("is_tied")).then(pl.lit("the first of several suppliers of the same priority")))
    assumptions = pl.concat_str(named, separator=", ", ignore_nulls=True)
    filled = [pl.col(name).fill_null(value) for name, value, _ in defaults]
    rows = rows.with_columns(assumptions=assumptions).with_columns(filled)
    return rows.with_columns(cycle_service_level=pl.lit(planning.cycle_service_level))
