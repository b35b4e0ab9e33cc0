"""Risers and fallers that are more than noise. Here: the test. Not here: which periods are compared."""

import numpy as np
import polars as pl
from scipy.stats import norm

FALSE_DISCOVERIES = 0.10


def changes(pairs: pl.DataFrame, false_discoveries: float = FALSE_DISCOVERIES) -> pl.DataFrame:
    """`pairs` (units_before, units_now of periods of equal length) with z_score, p_value and is_significant.

    Two counts of one rate differ by noise of variance φ(before + now), φ ≥ 1 being the overdispersion of all pairs (the median
    of squared z ÷ 0.455, the median of χ² with one degree of freedom). z = (now − before) ÷ √(φ (before + now)). Which changes
    are significant is decided for all at once, so that at most one in ten of those shown is noise (Benjamini and Hochberg, 1995).

    20 units after 80: z = −60 ÷ √100 = −6 with φ = 1.
    """
    before, now = (pairs[name].to_numpy().astype(float) for name in ("units_before", "units_now"))
    total = np.maximum(before, 0) + np.maximum(now, 0)
    raw = np.divide(now - before, np.sqrt(total), out=np.zeros_like(total), where=total > 0)
    seen = raw[total >= 10]
    dispersion = max(float(np.median(seen**2)) / 0.4549, 1.0) if len(seen) else 1.0
    z = raw / np.sqrt(dispersion)
    p = 2 * norm.sf(np.abs(z))
    return pairs.with_columns(
        z_score=pl.Series(z), p_value=pl.Series(p), is_significant=pl.Series(_discovered(p, false_discoveries))
    )


def _discovered(p: np.ndarray, rate: float) -> np.ndarray:  # type: ignore[type-arg]
    """Benjamini–Hochberg: all up to the largest k with p(k) ≤ rate · k ÷ n."""
    order = np.argsort(p)
    passes = p[order] <= rate * np.arange(1, len(p) + 1) / max(len(p), 1)
    found = np.zeros(len(p), dtype=bool)
    if passes.any():
        found[order[: int(np.max(np.nonzero(passes)[0])) + 1]] = True
    return found
