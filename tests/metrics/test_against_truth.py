"""The registry's answers on the demo merchant against what really happened; twenty merchants in `python -m benchmarks truth`."""

from pathlib import Path

import pytest

from benchmarks.truth import compare
from pipelines.warehouse.snapshots import current, open_snapshot


def test_every_figure_equals_the_truth(demo_home: Path, demo_files: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        found = list(compare(demo_files / "truth", connection))
    assert len(found) == 11
    for name, expected, answered in found:
        assert answered == pytest.approx(expected, abs=1e-9), name
