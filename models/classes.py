"""Classes of products: ABC by value, XYZ by how steady they sell. Here: the classes. Not here: where sales come from."""

import polars as pl

ABC_BOUNDS, XYZ_BOUNDS = (0.80, 0.95), (0.5, 1.0)


def abc_classes(values: pl.DataFrame, bounds: tuple[float, float] = ABC_BOUNDS) -> pl.DataFrame:
    """`values` (sku, value) with abc_class and cumulative_rate: the greatest values first until 80 %, then until 95 % of their sum.

    A SKU belongs to the class in which its own value begins, so that the one that passes 80 % is still A. Values of 0 or less
    are C and take no part in the sum. Values 70, 20, 6, 4: cumulative 70, 90, 96, 100 %: A, A, B, C.
    """
    ordered = values.sort("value", "sku", descending=[True, False])
    positive = pl.when(pl.col("value") > 0).then(pl.col("value").cast(pl.Float64)).otherwise(0.0)
    total = positive.sum()
    ordered = ordered.with_columns(_to=pl.when(total > 0).then(positive.cum_sum() / total), _own=positive / total)
    begins = pl.col("_to") - pl.col("_own")
    rounded = begins.round(12)
    abc = (
        pl.when((pl.col("value") <= 0) | pl.col("_to").is_null()).then(pl.lit("C"))
        .when(rounded < bounds[0]).then(pl.lit("A")).when(rounded < bounds[1]).then(pl.lit("B")).otherwise(pl.lit("C"))
    )  # fmt: skip
    return ordered.with_columns(abc_class=abc, cumulative_rate="_to").drop("_to", "_own")


def xyz_classes(weeks: pl.DataFrame, bounds: tuple[float, float] = XYZ_BOUNDS) -> pl.DataFrame:
    """Per SKU the coefficient of variation of weekly units after season and promotions, and its class: X up to 0.5, Y up to 1.0, else Z.

    `weeks` has a row for every sku and week of the SKU's life (sku, week, season_group, units, is_promoted, is_full). Weeks of
    promotion or without stock are left out. Season is the week's share of its group's sales, so that a SKU that sells as its
    group does is steady. CV = standard deviation (n − 1) ÷ mean; fewer than 8 weeks, or a mean of 0, give no class.
    """
    plain = weeks.filter(~pl.col("is_promoted") & pl.col("is_full")).sort("sku", "week")
    by_week = plain.group_by("season_group", "week", maintain_order=True).agg(units=pl.col("units").sum(), skus=pl.len())
    level = pl.col("units") / pl.col("skus")
    index = by_week.with_columns(
        index=pl.when(level.mean().over("season_group") > 0).then(level / level.mean().over("season_group"))
    )
    smooth = plain.join(
        index.select("season_group", "week", "index"), on=["season_group", "week"], how="left", maintain_order="left"
    ).filter(pl.col("index") > 0.05)
    steady = smooth.with_columns(units=pl.col("units") / pl.col("index")).group_by("sku", maintain_order=True).agg(
        weeks=pl.len(), mean=pl.col("units").mean(), spread=pl.col("units").std()
    )  # fmt: skip
    cv = pl.when((pl.col("weeks") >= 8) & (pl.col("mean") > 0)).then(pl.col("spread") / pl.col("mean"))
    steady = steady.with_columns(demand_cv=cv)
    xyz = (
        pl.when(pl.col("demand_cv").is_null()).then(None).when(pl.col("demand_cv") <= bounds[0]).then(pl.lit("X"))
        .when(pl.col("demand_cv") <= bounds[1]).then(pl.lit("Y")).otherwise(pl.lit("Z"))
    )  # fmt: skip
    return steady.select("sku", "demand_cv", xyz_class=xyz)
