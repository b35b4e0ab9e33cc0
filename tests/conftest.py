"""What tests share: reference data, a small demo merchant run once, and no skipping where nothing may be skipped."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.demo import generate
from pipelines.operations.files import held
from pipelines.settings import DEMO_CONFIG, PROJECT, Settings
from tests.connected import connect

__all__ = ["connect"]  # a fixture of all tests

END = date(2026, 1, 20)
DEAREST = (
    "tests/test_path.py",
    "intake/test_channels_under_faults.py",  # these two need no run, while the first one is made
    "metrics/test_against_loops.py",
    "e2e/test_planning.py",
    "defs/test_definitions.py",
    "e2e/test_pages.py",
    "tests/test_cli.py",
    "warehouse/test_facts.py",
    "systems/test_spark_protocol.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The dearest files begin, so that no worker is left alone with one of them at the end."""
    items.sort(key=lambda item: next((n for n, file in enumerate(DEAREST) if item.path.match(file)), len(DEAREST)))


def require(condition: bool, reason: str) -> None:
    """Skips with the reason, or fails where nothing may be skipped."""
    if condition:
        return
    if os.environ.get("FULCAST_NOTHING_SKIPPED"):
        pytest.fail(f"nothing may be skipped here: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    folder = Path(os.environ.get("FULCAST_REFERENCE_DATA", PROJECT.parent / "shared" / "data"))
    require(folder.is_dir() and any(folder.iterdir()), f"no reference data in {folder}; set FULCAST_REFERENCE_DATA")
    return folder


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def demo_files(shared: Path) -> Path:
    """A small demo merchant: inbox/ and truth/. To be read only."""
    folder = shared / "small" / "demo"
    with held(shared / "demo_files.lock"):
        if not folder.exists():
            folder.parent.mkdir()
            generate(folder, orders=2500, days=200, seed=11, end=END)
    return folder


@pytest.fixture(scope="session")
def demo_home(demo_files: Path, shared: Path) -> Path:
    """The small demo merchant after one whole run. To be read only: copy it to run again."""
    from pipelines.running import execute

    home = shared / "home"
    with held(shared / "demo_home.lock"), environment(home, demo_files / "inbox"):
        if not (home / "finished").exists():
            outcome = execute("refresh_all", Settings())
            assert not outcome.failures, outcome.failures
            assert not outcome.refused, outcome.refused
            (home / "finished").touch()
    return home


class environment:  # noqa: N801  (reads as a with-statement)
    """Points settings to a home and an input folder, and back; everything is judged on the morning after the small demo ends."""

    def __init__(self, home: Path, inbox: Path, config: Path = DEMO_CONFIG, as_of: date | None = END) -> None:
        self.wanted = {"FULCAST_HOME": str(home), "FULCAST_INPUT": str(inbox), "FULCAST_CONFIG": str(config)}
        if as_of:
            self.wanted["FULCAST_AS_OF"] = f"{as_of + timedelta(days=1)}T06:30:00+00:00"

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in (*self.wanted, "DAGSTER_HOME")}
        os.environ.update(self.wanted)

    def __exit__(self, *exception: object) -> None:
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
