"""The benchmark's own paths on a small sample: every field of every explanation is filled, and sums agree."""

from pathlib import Path

import duckdb
import pytest

from benchmarks import stock_speed


def test_a_few_thousand_suggestions_are_explained_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stock_speed, "SERIES", 3000)
    monkeypatch.setattr(stock_speed, "PARTS", 2)
    stock_speed.store(tmp_path)
    stock_speed.decide_many(tmp_path)
    with duckdb.connect(str(tmp_path / "stock.duckdb")) as connection:
        made = connection.sql("SELECT * FROM suggestions").pl()
    assert made.height == 3000 and made["series"].n_unique() == 3000
    assert made.drop("stock_out_date").null_count().sum_horizontal().item() == 0, "a date is blank beyond a year's cover only"
    ordered = made.filter(made["order_quantity_units"] > 0)
    assert (ordered["order_quantity_units"] % ordered["case_pack_units"] == 0).all()
    assert (ordered["inventory_position_units"] < ordered["order_up_to_level_units"]).all()
    assert made["unit_fill_rate"].is_between(0, 1).all() and made["cycle_service_level"].is_between(0, 1).all()


def test_the_simulations_benchmark_runs(monkeypatch: pytest.MonkeyPatch):
    for name, value in (("SKUS", 60), ("DAYS", 40), ("FUTURES", 5), ("AT_A_TIME", 25)):
        monkeypatch.setattr(stock_speed, name, value)
    stock_speed.simulate_many(Path())
