"""Every published example, to the digits that were printed."""

import pytest

from benchmarks.textbook_examples import EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_published_examples(example):
    assert example.found() == example.printed


def test_no_example_counts_twice():
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES) >= 40
