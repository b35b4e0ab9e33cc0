"""Two runs at once, and runs killed at any moment: afterwards the ledger is as if nothing had happened. Not here: orders of arrival."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.ledger.load import land, pseudonym_key, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from tests.ledger.merchant import AT, config, ledger, run, write
from tests.ledger.test_arrival import VERSIONS, line

SCRIPT = Path(__file__).with_name("merchant.py")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Twelve small files whose orders overlap, one of them malformed and one that is refused."""
    folder = tmp_path / "inbox"
    for n in range(12):
        orders = [line(str(order), "AB"[n % 2], str(n + 1), VERSIONS[(n + order) % 3]) for order in range(n, n + 4)]
        write(folder, {f"{n:02}.csv": [*orders, line(str(n), units="two")]})
    (folder / "11.csv").write_text("order\n")
    return folder


def play(scenario: str, inbox: Path, root: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), scenario, str(inbox), str(root)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def all_as(undisturbed: Path, root: Path) -> None:
    expected = ledger(undisturbed)
    for home in root.iterdir():
        assert unaccounted_rows(Warehouse(home / "w.duckdb")) == []
        found = ledger(home)
        for name, frame in expected.items():
            assert found[name].equals(frame), (home.name, name)


def test_two_runs_at_once(inbox: Path, tmp_path: Path) -> None:
    run(inbox, tmp_path / "alone")
    assert play("together", inbox, tmp_path / "both") == ["0 0"] * 2
    all_as(tmp_path / "alone", tmp_path / "both")


@pytest.mark.long
def test_a_killed_run_leaves_nothing_half_done(inbox: Path, tmp_path: Path) -> None:
    run(inbox, tmp_path / "undisturbed")
    codes = play("killed", inbox, tmp_path / "killed")
    assert codes.count("-9") > 10
    assert set(codes) <= {"-9", "0"}
    assert codes[4::5] == ["0"] * 5
    all_as(tmp_path / "undisturbed", tmp_path / "killed")


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = pseudonym_key(tmp_path / "home", None)
    assert (tmp_path / "home" / "pseudonym.key").stat().st_mode & 0o777 == 0o600
    assert pseudonym_key(tmp_path / "home", None) == key
    assert len(key) == 64
    assert pseudonym_key(tmp_path / "home", "own") == b"own"


def test_nothing_to_land(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    with pytest.raises(InputError) as missing:
        land(config(), tmp_path / "in", landing, AT)
    assert (
        str(missing.value)
        == f"The folder {tmp_path / 'in'} of merchant 'tiny' does not exist; put the files there or give --input."
    )
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError) as empty:
        land(config(), tmp_path / "in", landing, AT)
    assert (
        str(empty.value)
        == f"No file in {tmp_path / 'in'} matches *.csv, *.tsv; put the exports there or mend `files` in the mapping."
    )


def test_landing_the_same_file_again_adds_nothing(inbox: Path, tmp_path: Path) -> None:
    landing = Landing(tmp_path / "landing")
    assert land(config(), inbox, landing, AT).new_files == 12
    before = sorted(tmp_path.rglob("*"))
    again = land(config(), inbox, landing, AT)
    assert (again.new_files, again.known_files) == (0, 12)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_name_that_is_not_text_is_landed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / os.fsdecode(b"caf\xe9.csv")).write_text("order,sku,qty,price,at,v\n1,A,1,1,2026-01-05,2026-01-05\n")
    assert run(tmp_path / "in", tmp_path / "home").totals()["rows_in"] == 1
