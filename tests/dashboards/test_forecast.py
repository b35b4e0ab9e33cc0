"""What the page Forecast shows is what the snapshot holds; an older snapshot without some tables still opens."""

from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards.queries import forecast, layers, totals
from pipelines.warehouse.duckdb import connect
from pipelines.warehouse.snapshots import current, open_snapshot


@pytest.fixture
def older(demo_home: Path, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A copy of the snapshot as an earlier version would have made it."""
    path = tmp_path / "older.duckdb"
    path.write_bytes(current(demo_home / "snapshots").path.read_bytes())
    connection = connect(path)
    connection.execute("DROP TABLE knowledge; DROP TABLE forecast_adjustments; DROP TABLE demand_layers").fetchall()
    return connection


def test_every_series_is_listed_once_in_each_order(demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        known = connection.sql("SELECT count(DISTINCT (sku, location_id)) FROM forecast_means").fetchall()[0][0]
        for order in forecast.ORDERS:
            rows = forecast.series(connection, order)
            assert rows.height == known
            assert rows.select("sku", "location_id").is_unique().all()
        values = forecast.series(connection, "Most valuable first")["weekly_amount"].drop_nulls()
        assert values.is_sorted(descending=True)


def test_the_layers_of_a_year_sum_to_what_the_forecast_is_made_from(demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        sku, place = connection.sql(
            "SELECT sku, location_id FROM demand_series WHERE censored_days BETWEEN 5 AND 60 ORDER BY total_units DESC, sku LIMIT 1"
        ).fetchall()[0]
        weeks, days = layers.weeks(connection, sku, place), layers.entries(connection, sku, place)
        units = connection.sql(
            "SELECT sum(demand_units) FROM demand WHERE sku = ? AND location_id = ? AND demand_date > ?::DATE - 7",
            params=[sku, place, weeks["week_end"].min()],
        ).fetchall()[0][0]
    assert weeks["imported_units"].sum() == units
    moved = weeks.select(
        pl.sum_horizontal("imported_units", "outlier_units", "promotion_units", "returned_units", "lost_units")
    ).to_series()
    known = weeks["layered_units"].is_not_null()
    assert moved.filter(known).to_list() == pytest.approx(weeks["layered_units"].filter(known).to_list())
    assert weeks.filter(weeks["seen_days"] == 7)["lost_units"].sum() == 0
    assert weeks["lost_units"].sum() > 0
    assert set(days["layer"]) >= {"lost"} and (days["units"] != 0).all()


def test_an_older_snapshot_still_opens(older: duckdb.DuckDBPyConnection) -> None:
    rows = forecast.series(older, "Changed by people")
    sku, place = rows.row(0)[0], rows["location_id"][0]
    assert rows["changed_weeks"].sum() == 0
    assert forecast.fan(older, sku, place)["statistical"].null_count() == forecast.fan(older, sku, place).height
    assert forecast.known_then(older).is_empty()
    assert layers.entries(older, sku, place).is_empty()
    older.close()


def test_each_week_stands_beside_the_same_of_a_year_before(demo_home: Path) -> None:
    """By a plain sum of the days; blank before the series began."""
    with open_snapshot(current(demo_home / "snapshots")) as snapshot:
        weekly = "SELECT sku, location_id, first_date FROM demand_series ORDER BY {} LIMIT 1"
        for order in ("total_units DESC", "first_date DESC"):
            sku, place, first = snapshot.sql(weekly.format(order)).fetchall()[0]
            for week_end, units in forecast.fan(snapshot, sku, place).select("week_end", "last_year").rows():
                last = week_end - timedelta(days=364)
                days = "SELECT coalesce(sum(demand_units), 0) FROM demand WHERE sku = ? AND location_id = ? AND demand_date BETWEEN ? AND ?"
                there = snapshot.sql(days, params=[sku, place, last - timedelta(days=6), last]).fetchall()[0][0]
                assert units == (there if last - timedelta(days=6) >= first else None)
        for period, ago in (("week", "364 days"), ("month", "1 year")):
            shown = totals.fan(snapshot, "total", "total", period)
            one = shown.filter(pl.col("mean_units").is_not_null() & pl.col("days").is_in([7, 28, 30, 31])).row(0, named=True)
            start = one["period_start_date"]
            there = snapshot.sql(
                f"SELECT sum(demand_units) FROM demand WHERE demand_date BETWEEN DATE '{start}' - INTERVAL {ago!r} "
                f"AND DATE '{start}' - INTERVAL {ago!r} + INTERVAL '{one['days'] - 1} days'"
            ).fetchall()[0][0]
            assert one["last_year_units"] == there
