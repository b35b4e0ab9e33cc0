"""Lead times as distributions, learned from purchase orders and receipts. Here: mean and spread per SKU and location. Not here: demand over them.

A supplier's stated term is where learning starts. What is learned is the ratio of actual to stated days, on a log scale, at four levels:
all suppliers, the supplier, its lane to a location, the SKU. Each level is drawn towards the one above it the more, the fewer its orders
(empirical Bayes), so that one late order doesn't double a lead time and a supplier of whom nothing is known is as late as the others.
"""

from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Index = NDArray[np.int64]
LINE = ("purchase_order_id", "sku", "location_id")
LEAST_DAYS = 0.5  # goods of the same day; below it hours of bookkeeping would count
LOST_AFTER_TERMS, LOST_AFTER_DAYS = 6.0, 90.0  # an order open for longer than both says nothing of lead times
LEAST_CV = 0.05  # a term stated without any spread is not believed that far
# Of log ratios between groups, before anything is known
USUAL_SPREAD = {"merchant": 0.10, "supplier": 0.15, "lane": 0.08, "sku": 0.08}
SPREAD_WEIGHT = 4.0  # groups that the usual spread counts for
VARIANCE_WEIGHT = 5.0  # orders that a stated (or the level above's) spread counts for
ROUNDS = 25


def observed_lead_times(purchase_orders: pl.DataFrame, receipts: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """What each line of a purchase order tells: one row per receipt, and one for what is still open.

    purchase_orders: purchase_order_id, supplier_id, sku, location_id, ordered_units, ordered_at, is_closed; receipts: purchase_order_id,
    sku, location_id, received_units, received_at. Returns the line's keys, supplier_id, ordered_at, days since ordering, share of the line's
    units, is_open (days is then what has passed already, a lower bound) and `problem`, blank where the row can be used. What a closed order
    lacks came short and tells no lead time.

    Example: 10 ordered, 6 received after 9 days, the rest open on day 20: a share of 0.6 at 9 days and 0.4 open at 20.
    """
    lines = purchase_orders.filter(pl.col("ordered_units") > 0).group_by(*LINE).agg(
        pl.col("supplier_id", "ordered_at").min(), pl.col("ordered_units").sum(), pl.col("is_closed").all()
    )  # fmt: skip
    came = lines.join(receipts.filter(pl.col("received_at") <= as_of), on=LINE, how="inner")
    arrived = came.with_columns(
        arrived_at=pl.col("received_at"), share=pl.col("received_units") / pl.col("ordered_units"), is_open=pl.lit(False)
    )
    lacking = lines.filter(~pl.col("is_closed")).join(
        came.group_by(*LINE).agg(pl.col("received_units").sum()), on=LINE, how="left"
    )
    lacking = lacking.with_columns(
        arrived_at=pl.lit(as_of), is_open=pl.lit(True),
        share=1 - pl.col("received_units").fill_null(0) / pl.col("ordered_units"),
    )  # fmt: skip
    rows = pl.concat([arrived, lacking], how="diagonal_relaxed").filter(pl.col("share") > 0)
    days = (pl.col("arrived_at") - pl.col("ordered_at")).dt.total_seconds() / 86400
    problem = (
        pl.when(pl.col("ordered_at") > as_of)
        .then(pl.lit("ordered in the future"))
        .when(days < -1)
        .then(pl.lit("received before it was ordered"))
    )
    return rows.select(
        *LINE, "supplier_id", "ordered_at", days=days.clip(LEAST_DAYS), share=pl.col("share").clip(0, 1).cast(pl.Float64), is_open="is_open", problem=problem
    ).sort(*LINE, "days")  # fmt: skip


def learned_lead_times(series: pl.DataFrame, observed: pl.DataFrame) -> pl.DataFrame:
    """Mean and standard deviation of each series' lead time, after what its supplier and others have done.

    series: sku, location_id, supplier_id (blank where unknown), lead_time_days and lead_time_std_days as stated or assumed; observed: of
    `observed_lead_times`. Returns the series with lead_time_days and lead_time_std_days replaced, stated_lead_time_days, and
    lead_time_orders: the supplier's purchase orders that the figures rest on. The lead time is lognormal; its spread includes what isn't
    known of its mean. Without any usable order everything stays as stated.

    Example: 14 ± 3 days are stated, the supplier's 40 orders took 20 ± 4: about 20 ± 4.5; had it one order, of 28 days: about 18 ± 9.
    """
    stated = series.select("supplier_id", "sku", "lead_time_days", "lead_time_std_days").unique(
        ["supplier_id", "sku"], keep="first", maintain_order=True
    )
    rows = _usable(observed, stated)
    counts = rows.group_by("supplier_id").agg(lead_time_orders=pl.col("purchase_order_id").n_unique().cast(pl.Int64))
    kept = series.with_columns(stated_lead_time_days="lead_time_days").join(
        counts, on="supplier_id", how="left", maintain_order="left"
    )
    kept = kept.with_columns(pl.col("lead_time_orders").fill_null(0))
    if rows.is_empty():
        return kept
    mean, variance, unsure = _posterior(series, rows)
    spread = variance + unsure
    days = series["lead_time_days"].to_numpy() * np.exp(mean + spread / 2)
    return kept.with_columns(lead_time_days=pl.Series(days), lead_time_std_days=pl.Series(days * np.sqrt(np.expm1(spread))))


def _usable(observed: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Observations with the term stated for them (else the supplier's usual one), without those that say nothing."""
    usual = stated.group_by("supplier_id").agg(
        usual_days=pl.col("lead_time_days").median(), usual_std=pl.col("lead_time_std_days").median()
    )
    rows = (
        observed.filter(pl.col("problem").is_null())
        .join(stated, on=["supplier_id", "sku"], how="left")
        .join(usual, on="supplier_id", how="inner")
    )
    rows = rows.with_columns(
        term=pl.coalesce("lead_time_days", "usual_days"),
        cv=pl.coalesce("lead_time_std_days", "usual_std") / pl.coalesce("lead_time_days", "usual_days"),
    )
    is_lost = pl.col("is_open") & (pl.col("days") > pl.max_horizontal(pl.lit(LOST_AFTER_DAYS), LOST_AFTER_TERMS * pl.col("term")))
    return rows.filter(~is_lost).with_columns(
        log_ratio=(pl.col("days") / pl.col("term")).log(), variance=_log_variance(pl.col("cv"))
    )


def _log_variance(cv: pl.Expr) -> pl.Expr:
    return (1 + cv.clip(LEAST_CV) ** 2).log()


class _Seen(NamedTuple):
    """Observed log ratios, each one's weight (share of an order), and whether it is only a lower bound."""

    log_ratio: Array
    weight: Array
    is_open: NDArray[np.bool_]


class _Level(NamedTuple):
    """One level's groups: mean log ratio, variance of single orders around it, variance of the mean itself, spread between groups."""

    mean: Array
    variance: Array
    unsure: Array
    between: float

    def of(self, groups: Index) -> "_Level":
        """The figures of some groups, in their order."""
        return _Level(self.mean[groups], self.variance[groups], self.unsure[groups], self.between)


def _posterior(series: pl.DataFrame, rows: pl.DataFrame) -> tuple[Array, Array, Array]:
    """Mean, variance and uncertainty of the mean of each series' log ratio, level by level."""
    orders = _orders(rows)
    seen = _Seen(*(orders[name].to_numpy() for name in ("log_ratio", "share", "is_open")))
    suppliers, supplier_of = _grouped(orders, ["supplier_id"])
    lanes, lane_of = _grouped(orders, ["supplier_id", "location_id"])
    one = np.zeros(orders.height, dtype=np.int64)
    stated = float(np.average(orders["variance"], weights=seen.weight))
    start = _Level(np.array([-stated / 2]), np.array([stated]), np.zeros(1), 0.0)
    whole = _fitted(seen, one, start, "merchant", _few_parts(seen.weight, one, supplier_of, "supplier"))
    own = np.bincount(supplier_of, seen.weight * orders["variance"].to_numpy()) / np.bincount(supplier_of, seen.weight)
    above = whole.of(np.zeros(suppliers.height, dtype=np.int64))._replace(variance=own * whole.variance[0] / stated)
    supplier = _fitted(seen, supplier_of, above, "supplier", _few_parts(seen.weight, supplier_of, lane_of, "lane"))
    lane = _fitted(seen, lane_of, supplier.of(_looked_up(lanes, suppliers, ["supplier_id"])), "lane")
    return _of_series(series, rows, whole, (suppliers, supplier), (lanes, lane))


def _orders(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines of one order that came on one day are one observation: they were late together."""
    keys = ["purchase_order_id", "supplier_id", "location_id"]
    lines = pl.struct("sku").n_unique().over(keys)
    parts = rows.with_columns(share=pl.col("share") / lines).group_by(*keys, "is_open", pl.col("days").round(0))
    return parts.agg(pl.col("log_ratio", "variance").mean(), pl.col("share").sum()).sort(*keys, "is_open", "days")


def _of_series(
    series: pl.DataFrame, rows: pl.DataFrame, whole: _Level, suppliers: tuple[pl.DataFrame, _Level], lanes: tuple[pl.DataFrame, _Level]
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The lane's figures, else the supplier's, else all suppliers'; and on top what the SKU adds to its lanes."""
    variance = series.select(v=_log_variance(pl.col("lead_time_std_days") / pl.col("lead_time_days")))["v"].to_numpy().copy()
    unknown = suppliers[1].between + lanes[1].between
    mean, unsure = np.full(series.height, whole.mean[0]), np.full(series.height, whole.unsure[0] + unknown)
    for (groups, level), by, beyond in (
        (suppliers, ["supplier_id"], lanes[1].between),
        (lanes, ["supplier_id", "location_id"], 0.0),
    ):
        place = _looked_up(series, groups, by)
        known = place >= 0
        mean[known], variance[known] = level.mean[place[known]], level.variance[place[known]]
        unsure[known] = level.unsure[place[known]] + beyond
    place, sku = _by_sku(series, rows, lanes)
    known = place >= 0
    mean[known] += sku.mean[place[known]]
    unsure += np.where(known, sku.unsure[place], sku.between)
    return mean, variance, unsure


def _by_sku(series: pl.DataFrame, rows: pl.DataFrame, lanes: tuple[pl.DataFrame, _Level]) -> tuple[Index, _Level]:
    """What each SKU's lines took beyond their lanes, and each series' place among them."""
    by = ["supplier_id", "sku"]
    lane_of = _looked_up(rows, lanes[0], ["supplier_id", "location_id"])
    skus, sku_of = _grouped(rows, by)
    usual = np.bincount(sku_of, lanes[1].variance[lane_of]) / np.bincount(sku_of)
    seen = _Seen(rows["log_ratio"].to_numpy() - lanes[1].mean[lane_of], rows["share"].to_numpy(), rows["is_open"].to_numpy())
    start = _Level(np.zeros(len(usual)), usual, np.zeros(len(usual)), 0.0)
    return _looked_up(series, skus, by), _fitted(seen, sku_of, start, "sku")


def _few_parts(weight: Array, group: Index, part: Index, name: str) -> Array:
    """Variance of each group's mean because it has few parts: the usual spread between parts ÷ their effective number."""
    sizes = np.bincount(part, weight)
    group_of = np.zeros(len(sizes), dtype=np.int64)
    group_of[part] = group
    total = np.bincount(group_of, sizes)
    return USUAL_SPREAD[name] ** 2 * np.bincount(group_of, sizes**2) / total**2


def _fitted(seen: _Seen, group: Index, above: _Level, name: str, few_parts: Array | float = 0.0) -> _Level:
    """Each group's log ratio given its parent's: a censored normal by expectation-maximisation, drawn towards the parent.

    An open order counts with what it would take on average beyond what has passed already. Tobin (1958); Morris (1983).
    """
    count, usual = len(above.mean), USUAL_SPREAD[name] ** 2
    number = np.bincount(group, seen.weight, count)
    mean, variance = above.mean.copy(), above.variance.copy()
    between, pull = usual, np.ones(count)
    for _ in range(ROUNDS):
        expected, doubt = _completed(seen.log_ratio, seen.is_open, mean[group], variance[group])
        own = np.bincount(group, seen.weight * expected, count) / number
        noise = variance / number + few_parts
        trust = (usual / (usual + noise)) ** 2
        surplus = trust @ ((own - above.mean) ** 2 - noise)
        between = max((SPREAD_WEIGHT * usual + surplus) / (SPREAD_WEIGHT + trust.sum()), 1e-4)
        pull = noise / (noise + between)
        mean = pull * above.mean + (1 - pull) * own
        squares = np.bincount(group, seen.weight * ((expected - mean[group]) ** 2 + doubt), count)
        variance = (VARIANCE_WEIGHT * above.variance + squares) / (VARIANCE_WEIGHT + number)
    return _Level(mean, variance, pull * between + pull**2 * above.unsure, between)


def _completed(y: Array, is_open: NDArray[np.bool_], mean: Array, variance: Array) -> tuple[Array, Array]:
    """Expected value, and variance around it, of each observation; of an open one given that it exceeds y."""
    std = np.sqrt(variance)
    z = (y - mean) / std
    hazard = np.exp(-(z**2) / 2 - np.log(np.sqrt(2 * np.pi)) - special.log_ndtr(-z))
    return np.where(is_open, mean + std * hazard, y), np.where(
        is_open, variance * np.maximum(1 + z * hazard - hazard**2, 0.0), 0.0
    )


def _grouped(rows: pl.DataFrame, by: list[str]) -> tuple[pl.DataFrame, Index]:
    groups = rows.select(by).unique(maintain_order=True).with_row_index("group")
    return groups, _looked_up(rows, groups, by)


def _looked_up(rows: pl.DataFrame, groups: pl.DataFrame, by: list[str]) -> Index:
    """Number of each row's group; −1 where there is none."""
    found = rows.select(by).join(groups, on=by, how="left", maintain_order="left")["group"].cast(pl.Int64).fill_null(-1)
    return found.to_numpy()
