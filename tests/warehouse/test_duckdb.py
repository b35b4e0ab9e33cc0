"""The warehouse after an upgrade: marts get their new columns, the ledger asks to be made anew."""

from pathlib import Path

import pytest

from pipelines.contracts import table
from pipelines.errors import InputError
from pipelines.warehouse.duckdb import Warehouse


def test_a_mart_of_an_earlier_version_is_made_anew(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.open() as connection:
        connection.execute("ALTER TABLE order_lives DROP COLUMN parcels").fetchall()
        connection.execute("INSERT INTO fact_states VALUES ('facts', 1, 'x', now())").fetchall()
    assert list(warehouse.read("order_lives")["order_lives"].columns) == list(table("order_lives").columns)
    assert warehouse.query("SELECT count(*) FROM fact_states").item() == 0, "so that the next run makes every fact"


def test_a_ledger_of_an_earlier_version_asks_for_a_rebuild(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.open() as connection:
        connection.execute("ALTER TABLE orders DROP COLUMN deliver_by_at").fetchall()
    with pytest.raises(InputError, match="orders has another version's columns; run `fulcast rebuild`"), warehouse.open():
        pass
