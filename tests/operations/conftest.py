"""An empty outbox, one suggestion to vary with `dataclasses.replace`, and a runner for scenarios with several processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.operations import Outbox, Suggestion


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state/outbox.db"


@pytest.fixture
def outbox(url: str) -> Iterator[Outbox]:
    with Outbox(url) as opened:
        yield opened


@pytest.fixture(scope="session")
def at() -> datetime:
    return datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def base() -> Suggestion:
    return Suggestion(
        kind="reorder",
        sku="MUG-RED",
        location_id="DC-1",
        supplier_id="ACME",
        from_location_id=None,
        quantity_units=24,
        unit_cost_amount=Decimal("2.5125"),
        amount=Decimal("60.3000"),
        currency_code="EUR",
        needed_by=date(2026, 12, 1),
        explanation={"reorder_point_units": 30},
    )


@pytest.fixture
def processes(tmp_path: Path) -> Callable[[str], list[str]]:
    def run(scenario: str) -> list[str]:
        """The lines that a scenario of processes.py prints; its files are in `tmp_path`."""
        command = [sys.executable, str(Path(__file__).with_name("processes.py")), scenario, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2], check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run
