"""Levels by moments against scipy's own distributions, against sampled decisions, and the promises of a quantile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.protection import chance_at_most, expected_missing, interval_moments, quantile
from tests.models.builders import QUICK


def of(*values: float) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


def test_the_docstrings_examples():
    assert interval_moments(*of(140, 14 * 25, 0, 10, 4))[1] == pytest.approx(1950)
    assert quantile(*of(0.95, 14, 14)) == 20
    assert expected_missing(*of(2, 2, 2)) == pytest.approx(0.5413, abs=1e-4)


@QUICK
@given(st.floats(0.01, 400), st.floats(1.0, 9.0), st.floats(0.02, 0.999))
def test_quantiles_and_what_is_missing_equal_scipys(mean: float, dispersion: float, ratio: float):
    variance = mean * dispersion
    shape = min(mean**2 / max(variance - mean, mean**2 / 1e6), 1e6)
    exact = stats.nbinom(shape, shape / (shape + mean))
    found = quantile(*of(ratio, mean, variance))[0]
    assert exact.cdf(found) >= ratio - 1e-9 and (found == 0 or exact.cdf(found - 1) < ratio + 1e-9)
    assert chance_at_most(*of(found, mean, variance))[0] == pytest.approx(exact.cdf(found))
    units = np.arange(0, exact.ppf(1 - 1e-12) + 2)
    assert expected_missing(*of(found, mean, variance))[0] == pytest.approx(
        (np.maximum(units - found, 0) * exact.pmf(units)).sum(), abs=1e-6 * mean + 1e-9
    )


def test_no_demand_asks_for_nothing():
    assert quantile(*of(0.99, 0, 0)) == 0 and expected_missing(*of(0, 0, 0)) == 0 and chance_at_most(*of(0, 0, 0)) == 1
