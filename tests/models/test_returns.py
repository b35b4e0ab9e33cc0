"""How complete returns are at an age, and which products come back too often: worked examples and simulated orders."""

import numpy as np
import pytest

from models.returns import completion, excess_p_values
from models.trends import discovered


def test_the_chain_ladder_of_its_docstring() -> None:
    share = completion(np.array([9, 9]), np.array([1, 2]), np.array([4.0, 2.0]), 3)
    assert share[1:] == pytest.approx([4 / 6, 1, 1])


def test_young_orders_tell_nothing_of_days_they_have_not_seen() -> None:
    """Orders one day old with a return do not lower the factor of day 2."""
    with_young = completion(np.array([9, 9, 1]), np.array([1, 2, 1]), np.array([4.0, 2.0, 50.0]), 3)
    assert with_young[1:] == pytest.approx([4 / 6, 1, 1])


def test_the_curve_of_simulated_returns_is_found_though_most_orders_are_young() -> None:
    rng = np.random.default_rng(5)
    age, delay = rng.integers(0, 60, 200_000), rng.geometric(0.1, 200_000)
    seen = delay <= age
    share = completion(age[seen], delay[seen], np.ones(seen.sum()), 60)
    true = 1 - 0.9 ** np.arange(61)
    assert np.abs(share - true)[5:].max() < 0.02


def test_excess_is_a_binomial_tail() -> None:
    assert excess_p_values(np.array([5.0]), np.array([20.0]), np.array([0.1]))[0] == pytest.approx(0.0432, abs=1e-4)
    assert excess_p_values(np.array([0.0]), np.array([20.0]), np.array([0.1]))[0] == 1


def test_few_products_are_flagged_by_chance() -> None:
    rng = np.random.default_rng(6)
    returned = np.append(rng.binomial(200, 0.03, 400), 40).astype(float)
    flagged = discovered(excess_p_values(returned, np.full(401, 200.0), np.full(401, 0.03)))
    assert flagged[-1]
    assert flagged[:-1].sum() <= 2
