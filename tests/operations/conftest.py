"""An empty outbox, and suggestions to put in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.operations import Outbox


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state/outbox.db"


@pytest.fixture
def outbox(url: str) -> Iterator[Outbox]:
    with Outbox(url) as opened:
        yield opened
