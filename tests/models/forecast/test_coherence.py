"""The ways of reconciling that the benchmark of totals compares: they add up, they keep what adds up already, errors are shrunk as published."""

from datetime import date

import numpy as np
import pytest

from benchmarks.coherence import WAYS, World, _reconciled, shrunk

GROUPS = {"total": np.zeros(6, dtype=np.int64), "category": np.array([0, 0, 0, 1, 1, 1])}


@pytest.fixture
def summing() -> np.ndarray:
    return World("w", "W-MON", [date(2026, 1, 5)], 1, np.ones((6, 1)), GROUPS).summing


@pytest.mark.parametrize("way", [way for way in WAYS if way != "as forecast"])
def test_reconciled_forecasts_add_up_and_are_not_negative(way: str, summing: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    base, past = rng.gamma(1, 4, (9, 3)), rng.normal(0, 1, (9, 20))
    found = _reconciled(way, base, summing, past)
    assert found == pytest.approx(summing @ found[-6:]) and (found >= 0).all()
    coherent = summing @ base[-6:]
    assert _reconciled(way, coherent, summing, past) == pytest.approx(coherent)


def test_a_level_that_is_trusted_more_moves_the_others(summing: np.ndarray) -> None:
    base = summing @ np.full((6, 1), 10.0)
    base[0] += 30
    past = np.random.default_rng(1).normal(0, 1, (9, 50))
    past[1:] *= 10
    assert _reconciled("wls_var", base, summing, past)[0, 0] == pytest.approx(90, abs=2)


def test_covariances_are_shrunk_as_far_as_they_are_noise() -> None:
    rng = np.random.default_rng(2)
    apart = shrunk(rng.normal(0, 1, (5, 30)))
    assert np.abs(apart[~np.eye(5, dtype=bool)]).max() < 0.2
    common = rng.normal(0, 1, 400)
    together = shrunk(np.stack([common * 3 + rng.normal(0, 1, 400) for _ in range(5)]))
    assert together[~np.eye(5, dtype=bool)] == pytest.approx(9.0, rel=0.2)
