"""The registry's answers on the demo merchant against what really happened; twenty merchants in `python -m benchmarks truth`."""

from pathlib import Path

from benchmarks.truth import UNTOLD, compare, differs
from benchmarks.truth_figures import expected
from pipelines.metrics import all_metrics
from pipelines.warehouse.snapshots import current, open_snapshot


def test_every_figure_equals_the_truth(demo_home: Path, demo_files: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        found = list(compare(demo_files / "truth", connection))
    assert len(found) > 50
    assert not [figure for figure in found if differs(*figure[1:])]


def test_every_metric_is_told_by_the_truth_or_known_not_to_be(demo_files: Path) -> None:
    assert set(expected(demo_files / "truth")) == {one.name for one in all_metrics()} - UNTOLD
