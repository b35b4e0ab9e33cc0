"""Accuracy: every figure against a loop written from its definition, and the worked examples of the docstrings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models import accuracy
from tests.models.builders import QUICK

NAN = float("nan")
HISTORY = np.array([[0.0, 2, 6, 3]])
units = st.integers(0, 50).map(float)
known_or_not = st.one_of(units, st.just(NAN))


def rows(elements: st.SearchStrategy[float], periods: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, (3, periods), elements=elements)


def test_the_docstrings_examples():
    assert accuracy.wape(np.array([[3.0, 5]]), np.array([[4.0, 4]])) == 0.25
    assert accuracy.bias(np.array([[3.0, 6]]), np.array([[4.0, 4]])) == 0.125
    assert accuracy.naive_scale(HISTORY).tolist() == [3.5]
    assert accuracy.naive_scale(HISTORY, 2).tolist() == [12.5]
    assert accuracy.rmsse(np.array([[9.0, 4]]), np.array([[4.0, 4]]), HISTORY).tolist() == [1.0]
    levels = np.array([0.9])
    loss = accuracy.pinball(np.array([[[10.0], [10.0]]]), np.array([[11.0, 9.0]]), levels)
    assert loss.ravel().tolist() == pytest.approx([0.9, 0.1])
    assert accuracy.scaled_pinball(np.array([[[10.0]]]), np.array([[11.0]]), levels, HISTORY)[0] == pytest.approx(0.9 / 3.5)
    assert accuracy.coverage(np.array([[2.0, 2]]), np.array([[8.0, 8]]), np.array([[3.0, 9]])) == 0.5
    assert accuracy.tracking_signal(np.array([[2.0, 2, -1]]), np.zeros((1, 3))).tolist() == pytest.approx([1.8])
    assert accuracy.forecast_value_added(0.4, 0.5) == pytest.approx(0.2)


def test_hyndmans_example_of_mase():
    """A naive forecast of a history scores 1 on a future that moves as much."""
    history = np.array([[10.0, 12, 10, 12, 10]])
    assert np.abs(12 - 10) / accuracy.naive_scale(history)[0] == 1.0


def test_over_forecast_is_positive_everywhere():
    high, actual = np.full((1, 4), 6.0), np.full((1, 4), 5.0)
    assert accuracy.bias(high, actual) > 0
    assert accuracy.tracking_signal(high, actual)[0] == 4.0


def test_what_is_not_known_does_not_count():
    actual = np.array([[4.0, NAN]])
    assert accuracy.wape(np.array([[5.0, 100]]), actual) == 0.25
    assert accuracy.bias(np.array([[5.0, 100]]), actual) == 0.25
    assert accuracy.coverage(np.array([[4.0, 0]]), np.array([[4.0, 0]]), actual) == 1.0
    assert accuracy.naive_scale(np.array([[1.0, NAN, 5, 7]])).tolist() == [2.0]
    nothing = np.full((1, 2), NAN)
    assert math.isnan(accuracy.wape(nothing, nothing)) and math.isnan(accuracy.coverage(nothing, nothing, nothing))
    assert np.isnan(accuracy.naive_scale(np.array([[0.0, 0, 0], [4.0, 4, 4], [0, 0, 3.0]]))).all()


@QUICK
@given(rows(units, 4), rows(known_or_not, 4), rows(known_or_not, 6))
def test_point_figures_equal_loops(forecast: np.ndarray, actual: np.ndarray, history: np.ndarray):
    pairs = [(f, a) for f, a in zip(forecast.ravel(), actual.ravel(), strict=True) if not math.isnan(a)]
    sold = sum(a for _, a in pairs)
    if sold:
        assert accuracy.wape(forecast, actual) == pytest.approx(sum(abs(f - a) for f, a in pairs) / sold)
        assert accuracy.bias(forecast, actual) == pytest.approx(sum(f - a for f, a in pairs) / sold)
    found = accuracy.rmsse(forecast, actual, history)
    for i in range(3):
        steps, begun = [], False
        for before, after in zip(history[i], history[i][1:], strict=False):
            begun = begun or before > 0
            if begun and not math.isnan(before) and not math.isnan(after):
                steps.append((after - before) ** 2)
        errors = [(f - a) ** 2 for f, a in zip(forecast[i], actual[i], strict=True) if not math.isnan(a)]
        if steps and sum(steps) > 0 and errors:
            assert found[i] == pytest.approx(math.sqrt((sum(errors) / len(errors)) / (sum(steps) / len(steps))))
        else:
            assert math.isnan(found[i])


@QUICK
@given(arrays(np.float64, (3, 2, 2), elements=units), rows(known_or_not, 2))
def test_quantile_figures_equal_loops(quantiles: np.ndarray, actual: np.ndarray):
    levels, history = (0.1, 0.9), np.array([[1.0, 3, 2]] * 3)
    found = accuracy.scaled_pinball(quantiles, actual, np.array(levels), history)
    inside, known = 0, 0
    for i in range(3):
        losses = []
        for p in range(2):
            a = actual[i, p]
            if math.isnan(a):
                continue
            known += 1
            inside += quantiles[i, p, 0] <= a <= quantiles[i, p, 1]
            for k, level in enumerate(levels):
                q = quantiles[i, p, k]
                losses.append(level * (a - q) if a >= q else (1 - level) * (q - a))
        assert math.isnan(found[i]) if not losses else found[i] == pytest.approx(sum(losses) / len(losses) / 1.5)
    if known:
        assert accuracy.coverage(quantiles[:, :, 0], quantiles[:, :, 1], actual) == pytest.approx(inside / known)
