"""Base stock: each period, or each sale, fills the position up to one level. Here: levels and service. Not here: fixed order costs."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.textbook.loss import normal_loss, standard_loss
from models.textbook.newsvendor import Level, normal_level, poisson_level

Array = NDArray[np.float64]
Floats = Array | float


def periodic_level(
    holding_cost: Floats,
    backorder_cost: Floats,
    mean: Floats,
    std: Floats,
    lead_time: Floats,
    review: Floats = 1.0,
) -> Level:
    """Level for normal demand per period, reviewed every `review` periods: a newsvendor over lead time + review.

    Snyder & Shen (2019) section 4.3.4. Example: h 0.18, p 0.70, 50 ± 8 a day, lead time 4 days: 264.77, cost 4.467.
    """  # fmt: skip
    span = np.asarray(lead_time, dtype=np.float64) + review
    return normal_level(holding_cost, backorder_cost, np.asarray(mean) * span, np.asarray(std) * np.sqrt(span))


def continuous_level(holding_cost: Floats, backorder_cost: Floats, rate: Floats, lead_time: Floats) -> Level:
    """Level for Poisson demand where each sale is reordered at once, (S−1, S). Zipkin (2000) section 6.2. Example: h 1, p 4, 6 in the lead time: 8."""
    return poisson_level(holding_cost, backorder_cost, np.asarray(rate) * lead_time)


def fill_rate(level: Floats, mean: Floats, std: Floats, lead_time: Floats, review: Floats = 1.0) -> Array:
    """Share of normal demand served at once: 1 − units newly short per review ÷ demand per review; backorders.

    Newly short is what lacks at the end of a cycle less what lacked at its start. Silver, Pyke & Thomas (2017) section 6.7.
    Example: 100 ± 30 a week, lead time 1, level 240: 0.989.
    """
    m, s, lead = (np.asarray(x, dtype=np.float64) for x in (mean, std, lead_time))
    end, start = lead + review, np.maximum(lead, 1e-12)
    short = normal_loss(level, m * end, s * np.sqrt(end)) - normal_loss(level, m * start, s * np.sqrt(start))
    return 1 - short / (m * np.asarray(review))


def safety_stock(z: Floats, mean: Floats, std: Floats, lead_time: Floats, lead_time_std: Floats, review: Floats = 0.0) -> Array:
    """z·√((L + R)·σ² + d̄²·σ_L²), in units: the full textbook formula, with a random lead time.

    mean d̄ and std σ per period; lead_time L, its std σ_L and review R in periods. Silver, Pyke & Thomas (2017) section 6.10.
    Example: z 1.645, 20 ± 5 a day, lead time 9 ± 2 days, reviewed at once: 70.2.
    """  # fmt: skip
    variance = (np.asarray(lead_time) + review) * np.asarray(std) ** 2 + (np.asarray(mean) * lead_time_std) ** 2
    return np.asarray(z) * np.sqrt(variance)


def service_factor(cycle_service_level: Floats) -> Array:
    """z of a chance of no stock-out per cycle. Example: 0.90 gives 1.28."""
    return stats.norm.ppf(cycle_service_level)


def fill_rate_factor(unit_fill_rate: float, quantity: float, lead_time_std: float) -> float:
    """z that leaves (1 − fill rate)·Q units short per order of Q: the loss function, inverted.

    lead_time_std: of demand over the lead time, units. Silver, Pyke & Thomas (2017) section 6.7.
    Example: fill rate 0.99, Q 200, std 11.4: loss 0.1754, z 0.58.
    """
    from scipy.optimize import brentq

    loss = quantity * (1 - unit_fill_rate) / lead_time_std
    return float(brentq(lambda z: float(standard_loss(z)) - loss, -loss - 10, 40))
