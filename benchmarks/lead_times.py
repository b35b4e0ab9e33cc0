"""Lead times learned from simulated suppliers against the truth. `python -m benchmarks lead_times`.

Peers, on the same orders: the term that the supplier states, and the plain mean of what its receipts took.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from models.lead_times import learned_lead_times, observed_lead_times

Array = NDArray[np.float64]
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
WORLDS = 20
INSTANT = pl.Datetime("us", "UTC")
ORDERS = {
    "purchase_order_id": pl.String, "supplier_id": pl.String, "sku": pl.String, "location_id": pl.String, "ordered_units": pl.Int64,
    "ordered_at": INSTANT, "is_closed": pl.Boolean,
}  # fmt: skip
RECEIPTS = {
    "purchase_order_id": pl.String, "sku": pl.String, "location_id": pl.String, "received_units": pl.Int64, "received_at": INSTANT,
}  # fmt: skip
SERIES = {
    "sku": pl.String,
    "location_id": pl.String,
    "supplier_id": pl.String,
    "lead_time_days": pl.Float64,
    "lead_time_std_days": pl.Float64,
}


def measure(worlds: int = WORLDS) -> Iterator[str]:
    """Mean error in logs of the lead time, coverage of the 95 % quantile, and the bias of a short history."""
    errors = compared(worlds)
    covered = np.mean(errors["covered"], axis=0)
    told = ", ".join(f"{name} {np.mean(errors[name]):.3f}" for name in ("stated", "receipts", "learned"))
    yield f"{worlds} worlds of 12 suppliers with 0 to 40 orders in 200 days, mean error of the lead time in logs: {told}"
    yield f"  the 95 % quantile covers: learned {covered[0]:.0%}, as stated {covered[1]:.0%}"
    with_open, without = (np.mean(one) for one in short_history(worlds))
    yield f"{worlds} worlds with 40 days of history, bias in logs: open orders counted {with_open:+.3f}, left out {without:+.3f}"


def compared(worlds: int) -> dict[str, list[object]]:
    """Per world: error of what is stated, of the supplier's mean receipt, of what is learned; coverage (learned, stated)."""
    found: dict[str, list[object]] = {"stated": [], "receipts": [], "learned": [], "covered": []}
    for seed in range(worlds):
        one = world(seed, 200, (0, 1, 3, 10, 40))
        learned = learned_lead_times(one.series, one.observed)
        means = one.observed.filter(~pl.col("is_open")).group_by("supplier_id").agg(mean=pl.col("days").mean())
        raw = one.series.join(means, on="supplier_id", how="left", maintain_order="left")
        found["stated"].append(error(one, one.series["lead_time_days"]))
        found["receipts"].append(error(one, raw.select(pl.coalesce("mean", "lead_time_days")).to_series()))
        found["learned"].append(error(one, learned["lead_time_days"]))
        found["covered"].append((one.covered(learned), one.covered(one.series)))
    return found


def short_history(worlds: int) -> tuple[list[float], list[float]]:
    """Per world with 40 days of history: bias with open orders counted, and with them left out."""
    seen: list[float] = []
    blind: list[float] = []
    for seed in range(worlds):
        one = world(seed, 40, (5, 10, 40))
        for bias, rows in ((seen, one.observed), (blind, one.observed.filter(~pl.col("is_open")))):
            bias.append(float(np.log(learned_lead_times(one.series, rows)["lead_time_days"].to_numpy() / one.true_mean).mean()))
    return seen, blind


class World(NamedTuple):
    """Series with stated terms, what was observed, and the truth: median and log spread of each series' lead time."""

    series: pl.DataFrame
    observed: pl.DataFrame
    median: Array
    sigma: Array

    @property
    def true_mean(self) -> Array:
        """(series,) mean days."""
        return np.asarray(self.median * np.exp(self.sigma**2 / 2))

    def covered(self, found: pl.DataFrame) -> float:
        """True chance of staying within what should be the 95 % quantile."""
        mean, std = found["lead_time_days"].to_numpy(), found["lead_time_std_days"].to_numpy()
        spread = np.sqrt(np.log1p((std / mean) ** 2))
        quantile = np.exp(np.log(mean) - spread**2 / 2 + 1.645 * spread)
        return float(stats.norm.cdf(np.log(quantile / self.median) / self.sigma).mean())


def world(seed: int, window: float, orders_of: tuple[int, ...]) -> World:
    """Suppliers that are later than they state, on two lanes, with SKUs that differ a little; those still on their way are open."""
    rng = np.random.default_rng(seed)
    orders, receipts, series, median, sigma = [], [], [], [], []
    for number in range(12):
        supplier, stated, cv, bias = (
            f"s{number}",
            float(rng.integers(7, 45)),
            float(rng.uniform(0.1, 0.35)),
            rng.normal(0.15, 0.25),
        )
        lanes, skus, s = rng.normal(0, 0.1, 2), rng.normal(0, 0.08, 5), float(np.sqrt(np.log1p(cv**2)))
        for lane, k in np.ndindex(2, 5):
            series.append((f"{supplier}k{k}", f"L{lane}", supplier, stated, stated * cv * rng.uniform(0.5, 1)))
            median.append(stated * np.exp(bias + lanes[lane] + skus[k]))
            sigma.append(s)
        for n in range(orders_of[number % len(orders_of)]):
            name, lane, at, shock = (
                f"{supplier}P{n}",
                int(rng.integers(2)),
                AS_OF - timedelta(days=rng.uniform(0, window)),
                rng.normal(0, s),
            )
            for k in rng.choice(5, 3, replace=False):
                arrives = at + timedelta(days=float(stated * np.exp(bias + lanes[lane] + skus[k] + shock)))
                orders.append((name, supplier, f"{supplier}k{k}", f"L{lane}", 10, at, arrives <= AS_OF))
                receipts.append((name, f"{supplier}k{k}", f"L{lane}", 10, arrives))
    seen = observed_lead_times(
        pl.DataFrame(orders, schema=ORDERS, orient="row"), pl.DataFrame(receipts, schema=RECEIPTS, orient="row"), AS_OF
    )
    return World(pl.DataFrame(series, schema=SERIES, orient="row"), seen, np.array(median), np.array(sigma))


def error(world: World, days: pl.Series) -> float:
    """Mean distance of `days` from the true means, in logs."""
    return float(np.abs(np.log(days.to_numpy() / world.true_mean)).mean())
