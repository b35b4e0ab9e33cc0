"""What the page Forecast says of past forecasts and of what a forecast is made of; a snapshot without those tables still opens."""

import itertools
from pathlib import Path

import duckdb
import pytest

from dashboards.queries import accuracy, forecast, today
from pipelines.contracts.base import all_tables
from pipelines.warehouse.duckdb import connect
from pipelines.warehouse.snapshots import current, open_snapshot


@pytest.fixture
def older(demo_home: Path, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A copy of the snapshot as a version that kept no past forecasts would have made it."""
    path = tmp_path / "older.duckdb"
    path.write_bytes(current(demo_home / "snapshots").path.read_bytes())
    connection = connect(path)
    for table in (*all_tables("accuracy"), *all_tables("alerts")):
        connection.execute(f"DROP TABLE {table.name}").fetchall()
    connection.execute("DROP TABLE forecast_explanations").fetchall()
    return connection


def test_every_forecast_is_reached_by_its_drivers_step_by_step(demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        expected = dict(
            connection.sql(
                "SELECT (sku, location_id)::VARCHAR, avg(mean_units) FROM forecast_means GROUP BY sku, location_id"
            ).fetchall()
        )
        some = connection.sql("SELECT sku, location_id FROM forecast_explanations ORDER BY mean_units DESC LIMIT 20").fetchall()
        for sku, place in some:
            rows = accuracy.steps(accuracy.explanation(connection, sku, place)).rows(named=True)
            assert rows[-1]["driver"] == "forecast"
            assert rows[-1]["to_units"] == pytest.approx(expected[f"({sku}, {place})"])
            assert rows[-2]["to_units"] == pytest.approx(rows[-1]["to_units"], abs=0.02), "what is too small to draw is left out"
            assert all(b["from_units"] == pytest.approx(a["to_units"], abs=0.02) for a, b in itertools.pairwise(rows[:-1]))


def test_the_first_forecast_is_remembered_and_has_no_actuals_yet(demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        sku, place = connection.sql("SELECT sku, location_id FROM forecast_means ORDER BY mean_units DESC LIMIT 1").fetchall()[0]
        past = accuracy.past(connection, sku, place, 4)
        means = connection.sql(
            "SELECT mean_units FROM forecast_means WHERE sku = ? AND location_id = ? AND horizon = 4", params=[sku, place]
        ).fetchall()
        assert past["mean_units"].to_list() == [pytest.approx(means[0][0], abs=0.001)]
        assert past["actual_units"].null_count() == 1
        assert accuracy.accuracy(connection, "total").is_empty()


def test_an_older_snapshot_shows_no_accuracy_and_no_error(older: duckdb.DuckDBPyConnection) -> None:
    sku, place = older.sql("SELECT sku, location_id FROM forecast_means LIMIT 1").fetchall()[0]
    for found in (
        accuracy.alerts(older), accuracy.entries(older), accuracy.accuracy(older, "category"), accuracy.by_horizon(older),
        accuracy.explanation(older, sku, place), accuracy.past(older, sku, place, 1),
    ):  # fmt: skip
        assert found.is_empty()
    assert forecast.series(older, "Worst first").height > 0
    assert forecast.fan(older, sku, place)["then"].null_count() == forecast.fan(older, sku, place).height
    assert "Forecasts that orders contradict" not in today.waiting(older)["what"].to_list()
    older.close()
