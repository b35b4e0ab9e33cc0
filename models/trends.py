"""Risers and fallers that are more than noise. Here: the test. Not here: which periods are compared."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

FALSE_DISCOVERIES = 0.10
FEWEST = 10  # units of both periods together, for a pair to tell how counts scatter
MEDIAN_OF_CHI_SQUARE = 0.4549
Numbers = NDArray[np.float64]


def changes(pairs: pl.DataFrame, false_discoveries: float = FALSE_DISCOVERIES) -> pl.DataFrame:
    """`pairs` (units_before, units_now of periods of equal length) with z_score, p_value and is_significant.

    Two counts of one rate m differ by noise of variance 2 (m + α m²), α ≥ 0 being how much more all counts scatter than Poisson's
    (negative binomial): z = (now − before) ÷ √(t + α t² / 2), t = before + now. α is the one that makes the median of z² that of
    χ² with one degree of freedom, 0.455, so that most products are taken not to have changed. Which changes are significant is
    decided for all at once, so that at most one in ten of those shown is noise (Benjamini and Hochberg, 1995).

    20 units after 80: z = −60 ÷ √100 = −6 with α = 0, −60 ÷ √(100 + 500) = −2.4 with α = 0.1.
    """
    before, now = (np.maximum(pairs[name].to_numpy().astype(float), 0) for name in ("units_before", "units_now"))
    total, apart = before + now, now - before
    alpha = _scatter(apart[total >= FEWEST], total[total >= FEWEST])
    z = np.divide(apart, np.sqrt(total + alpha * total**2 / 2), out=np.zeros_like(total), where=total > 0)
    p = 2 * special.ndtr(-np.abs(z))
    return pairs.with_columns(
        z_score=pl.Series(z), p_value=pl.Series(p), is_significant=pl.Series(discovered(p, false_discoveries))
    )


def _scatter(apart: Numbers, total: Numbers) -> float:
    """α of the negative binomial, by halving the interval; 0 where counts scatter no more than Poisson's."""

    def median_of_squares(alpha: float) -> float:
        return float(np.median(apart**2 / (total + alpha * total**2 / 2))) if len(total) else 0.0

    low, high = 0.0, 10.0
    if median_of_squares(low) <= MEDIAN_OF_CHI_SQUARE:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if median_of_squares(middle) > MEDIAN_OF_CHI_SQUARE else (low, middle)
    return high


def discovered(p: Numbers, rate: float = FALSE_DISCOVERIES) -> NDArray[np.bool_]:
    """Which of the tests with these p-values stand out, so that at most `rate` of them are chance: all up to the largest k with
    p(k) ≤ rate · k ÷ n, in ascending order (Benjamini and Hochberg, 1995). p = 0.01, 0.04, 0.5 at 10 %: the first two."""
    order = np.argsort(p)
    passes = p[order] <= rate * np.arange(1, len(p) + 1) / max(len(p), 1)
    found = np.zeros(len(p), dtype=bool)
    if passes.any():
        found[order[: int(np.max(np.nonzero(passes)[0])) + 1]] = True
    return found
