"""A sample of the trials and of the damaged records that `make bench` runs at full size. Not here: their numbers (docs/benchmarks.md).

Each channel's platform is a server of its own, polled over HTTP for months of a shop's life: these are among `make systems`.
"""

from pathlib import Path

import pytest

from benchmarks.fuzz import fuzz
from benchmarks.trials import CHANNELS, run_trial
from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.shop import load_shop

pytestmark = pytest.mark.systems


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_ledger_equals_the_merchants_truth_after_a_life_under_faults(kind: str, demo_files: Path, tmp_path: Path) -> None:
    shop = load_shop(demo_files / "truth", CHANNELS[kind], 160)
    trial = run_trial(kind, shop, 7, tmp_path / "trial")
    assert trial.notes == []
    assert (trial.lost, trial.duplicated, trial.wrong) == (0, 0, 0)
    assert sum(trial.faults.values()) > 0


def test_polls_alone_lose_what_a_modified_date_does_not_cover(demo_files: Path, tmp_path: Path) -> None:
    """The comparison can fail: without overlap and reconciliation Shopify's deliveries go unseen."""
    shop = load_shop(demo_files / "truth", CHANNELS["shopify"], 160)
    trial = run_trial("shopify", shop, 7, tmp_path / "trial", Weather(), is_plain=True)
    assert trial.wrong > 0


@pytest.mark.parametrize("kind", CHANNELS)
def test_damaged_records_end_in_the_ledger_or_in_quarantine(kind: str, demo_files: Path) -> None:
    assert "0 crashes, 0 lost" in fuzz(kind, 150, seed=4, truth=demo_files / "truth")
