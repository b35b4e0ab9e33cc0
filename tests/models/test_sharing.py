"""What a further unit is worth, and who gets it: by hand, and against every way of sharing."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.sharing import shared, unit_values
from tests.models.builders import QUICK


def test_by_hand():
    assert unit_values(3, 2, 0, 2).tolist() == pytest.approx([stats.poisson.sf(3, 2), stats.poisson.sf(4, 2)], rel=1e-4)
    assert unit_values(-2, 0, 0, 3, value=7).tolist() == [7, 7, 0]
    assert shared(3, [np.array([0.9, 0.5]), np.array([0.6, 0.4])]).tolist() == [2, 1]
    assert shared(9, [np.array([0.9, 0.0]), np.array([])]).tolist() == [1, 0]
    assert shared(2, []).tolist() == []


@QUICK
@given(st.integers(0, 8), st.lists(st.lists(st.integers(0, 20), max_size=4), min_size=1, max_size=4))
def test_no_other_way_of_sharing_is_worth_more(units: int, values: list[list[int]]):
    falling = [np.array(sorted(v, reverse=True), dtype=float) for v in values]
    best = max(
        sum(v[:n].sum() for v, n in zip(falling, counts, strict=True))
        for counts in product(*(range(len(v) + 1) for v in falling)) if sum(counts) <= units
    )  # fmt: skip
    found = shared(units, falling)
    assert found.sum() <= units
    assert sum(v[:n].sum() for v, n in zip(falling, found, strict=True)) == best


@QUICK
@given(st.integers(-5, 30), st.floats(0.1, 30), st.floats(0, 20), st.integers(1, 30))
def test_values_fall_and_sum_to_the_units_served(position: int, mean: float, std: float, units: int):
    values = unit_values(position, mean, std, units, 2.0)
    assert (np.diff(values) <= 1e-12).all()
    assert (values >= 0).all()
    assert (values <= 2).all()
