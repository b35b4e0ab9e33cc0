"""Tables and charts of pages: every number that the registry can answer is the registry's answer to the same question."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from dashboards.filters import Chosen
from dashboards.queries import best_sellers, fulfilment, reorder, stock, today
from models.worklist import WhatIf
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer, as_of
from pipelines.operations import Outbox
from pipelines.warehouse.snapshots import current, open_snapshot

STAGES = fulfilment.STAGES
CENT = 0.0051


@pytest.fixture(scope="module")
def snapshot(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        connection.execute("SET TimeZone = 'UTC'").fetchall()
        yield connection


@pytest.fixture(scope="module", params=[(), (("channel", ("shop_uk", "amazon_us")),)], ids=["everything", "two channels"])
def chosen(request: pytest.FixtureRequest, snapshot: duckdb.DuckDBPyConnection) -> Chosen:
    day = as_of(snapshot).date()
    return Chosen(day - timedelta(days=91), day - timedelta(days=1), request.param, "period before")


def told(connection: duckdb.DuckDBPyConnection, name: str, chosen: Chosen | None, *by: str, **asked: Any) -> dict[Any, Any]:
    period = {"since": chosen.since, "until": chosen.until, "where": dict(chosen.where)} if chosen else {}
    found = answer(connection, Question(metric(name), by, **period, **asked))
    return {row[0]: row[1] for row in found.rows()}


def shown(frame: pl.DataFrame, key: str, value: str) -> dict[Any, Any]:
    return dict(frame.select(key, value).rows())


def agree(page: dict[Any, Any], registry: dict[Any, Any], within: float = 0) -> None:
    """What the page shows is what the registry says; of a group that only got returns the registry counts no order."""
    assert page, "the page shows nothing"
    for key, value in page.items():
        assert float(value) == pytest.approx(float(registry.get(key) or 0), abs=within), key


@pytest.mark.parametrize("group", ["SKU", "Style", "Category", "Brand", "Supplier"])
def test_the_ranking_shows_sales_units_and_margin(snapshot: duckdb.DuckDBPyConnection, chosen: Chosen, group: str) -> None:
    key = best_sellers.GROUPS[group]
    ranked = best_sellers.ranking(snapshot, chosen, group).filter(pl.col(key).is_not_null())
    agree(shown(ranked, key, "net_sales_amount"), told(snapshot, "net_sales", chosen, key), CENT)
    agree(shown(ranked, key, "sold_units"), told(snapshot, "sold_units", chosen, key))
    agree(shown(ranked, key, "orders"), told(snapshot, "orders", chosen, key))
    before = told(snapshot, "net_sales", chosen.before(), key)
    compared = ranked.filter(pl.col("compared_net_sales_amount").is_not_null())
    agree(shown(compared, key, "compared_net_sales_amount"), before, CENT)
    costed = ranked.filter(pl.col("margin_amount").is_not_null())
    agree(shown(costed, key, "margin_amount"), told(snapshot, "gross_margin", chosen, key), CENT)


def test_stage_times_are_the_registrys_percentiles(snapshot: duckdb.DuckDBPyConnection, chosen: Chosen) -> None:
    times = fulfilment.stage_times(snapshot, chosen)
    assert times.height > 2
    for row in times.iter_rows(named=True):
        question = Question(metric(STAGES[row["stage"]]), (), chosen.since, chosen.until, dict(chosen.where))
        found = answer(snapshot, question).row(0, named=True)
        assert row["orders"] == found["counted"]
        assert [row[f"{p}_hours"] for p in ("p50", "p90", "p95")] == pytest.approx([found["p50"], found["p90"], found["p95"]])


def test_open_orders_by_age_are_all_open_orders(snapshot: duckdb.DuckDBPyConnection, chosen: Chosen) -> None:
    ages = fulfilment.ageing(snapshot, chosen)
    asked = Question(metric("open_orders"), where=dict(chosen.where))
    assert ages["orders"].sum() == answer(snapshot, asked)["value"][0]


def test_sales_by_day_are_net_sales_of_the_day(snapshot: duckdb.DuckDBPyConnection) -> None:
    days = today.sales_by_day(snapshot)
    agree(
        shown(days.filter(pl.col("net_sales_amount") != 0), "day", "net_sales_amount"),
        told(snapshot, "net_sales", None, "day"),
        CENT,
    )
    last_year = told(snapshot, "net_sales", None, "day")
    calendar = dict(snapshot.sql("SELECT calendar_date, same_day_last_year_date FROM retail_calendar").fetchall())
    held = days.filter(pl.col("last_year_amount").is_not_null())
    agree(
        {calendar[day]: amount for day, amount in held.select("day", "last_year_amount").rows()} or {0: 0},
        last_year | {0: 0},
        CENT,
    )


def test_stock_at_cost_by_category_is_stock_value_and_excess(snapshot: duckdb.DuckDBPyConnection) -> None:
    everything = Chosen(as_of(snapshot).date(), as_of(snapshot).date(), (), "last year")
    categories = stock.by_category(snapshot, everything)
    value, excess = told(snapshot, "stock_value", None, "category"), told(snapshot, "excess_value", None, "category")
    for row in categories.iter_rows(named=True):
        assert row["wanted"] + (row["excess"] or 0) == pytest.approx(float(value[row["category"]]), abs=CENT)
        assert (row["excess"] or 0) == pytest.approx(float(excess[row["category"]] or 0), abs=CENT)


def test_the_plan_shows_what_was_sold_and_what_is_expected(snapshot: duckdb.DuckDBPyConnection) -> None:
    plan = best_sellers.plan(snapshot)
    day = as_of(snapshot).date()
    past, ahead = (plan.filter(pl.col("week_start_date") < day - timedelta(days=7)), plan.filter(pl.col("week_start_date") > day))
    sold = answer(snapshot, Question(metric("net_sales"), ("category", "week")))
    weeks = {(row["category"], row["week"]): row["value"] for row in sold.iter_rows(named=True)}
    for row in past.filter(pl.col("net_sales_amount").is_not_null()).iter_rows(named=True):
        assert float(row["net_sales_amount"]) == pytest.approx(float(weeks[row["category"], row["week_start_date"]]), abs=CENT)
    assert past["forecast_net_sales_amount"].null_count() == past.height
    assert ahead.filter(pl.col("week_start_date") < day + timedelta(weeks=8))["forecast_net_sales_amount"].null_count() == 0
    open_to_buy = plan.filter(pl.col("on_order_amount").is_not_null()).row(0, named=True)
    assert open_to_buy["open_to_buy_amount"] == open_to_buy["planned_receipts_amount"] - open_to_buy["on_order_amount"]


def test_baskets_hold_what_is_suggested_and_their_changes_are_told(snapshot: duckdb.DuckDBPyConnection) -> None:
    suggested = "SELECT supplier_id, sum(order_amount) AS amount, count(*) AS lines FROM reorder_suggestions WHERE order_quantity_units > 0 GROUP BY ALL"
    held = "SELECT supplier_id, sum(amount) AS amount, sum(lines)::BIGINT AS lines FROM supplier_baskets GROUP BY ALL HAVING sum(lines) > 0"
    assert snapshot.sql(f"SELECT * FROM ({suggested}) EXCEPT SELECT * FROM ({held})").fetchall() == []
    together = reorder.joint_baskets(snapshot)
    assert together.height, "the demo merchant buys in containers"
    assert (together["value_amount"] <= together["bound_amount"] * (1 + 1e-9)).all()
    changed = reorder.changed_by_baskets(snapshot)
    assert (changed["order_quantity_units"] != changed["sku_quantity_units"]).all()
    assert set(changed["supplier_id"]) <= set(together["supplier_id"])


def test_what_is_to_decide_today_is_what_nobody_has_decided() -> None:
    needs = pl.DataFrame({"sku": ["A", "B", "C"], "location_id": "DC", "at_risk_amount": [3.0, 4.5, None]})
    rows = [("reorder", "A", 5), ("reorder", "B", 7), ("reorder", "C", 0), ("transfer", "A", 2)]
    undecided = pl.DataFrame(rows, schema=["kind", "sku", "quantity_units"], orient="row").with_columns(location_id=pl.lit("DC"))
    found = {
        row["what"]: (row["how_many"], row["at_risk_amount"]) for row in today.to_decide(needs, undecided).iter_rows(named=True)
    }
    assert found == {
        "Reorders to decide": (2, 7.5), "Needs that wait for a supplier's order": (1, None), "Transfers to decide": (1, None)
    }  # fmt: skip
    assert today.to_decide(needs, undecided.filter(pl.col("sku") == "A"))["how_many"].sum() == 2
    assert today.to_decide(needs, undecided.clear()).is_empty()


def test_the_list_of_today_holds_decisions_and_the_rest_in_one(snapshot: duckdb.DuckDBPyConnection, demo_home: Path) -> None:
    with Outbox(f"sqlite:///{demo_home}/outbox.sqlite") as outbox:
        undecided = outbox.undecided()
        suggested = outbox.decisions("suggested", "reorder").filter(pl.col("quantity_units") > 0)
    decisions, rest = today.to_decide(today.needs(snapshot), undecided), today.waiting(snapshot)
    assert decisions.schema == rest.schema
    assert dict(decisions.select("what", "how_many").rows())["Reorders to decide"] == suggested.height
    assert (decisions.filter(pl.col("what") == "Reorders to decide")["at_risk_amount"] > 0).all()


def test_with_nothing_moved_what_if_is_what_the_run_would_order_alone(snapshot: duckdb.DuckDBPyConnection) -> None:
    found = reorder.what_if(snapshot, WhatIf())
    assert found.height == snapshot.sql("SELECT count(*) FROM reorder_suggestions").fetchall()[0][0]
    assert found["quantity_units"].equals(found["planned_quantity_units"])
    assert found["amount"].equals(found["planned_amount"])
    assert found["planned_quantity_units"].sum() > 0


def test_every_exception_stands_on_its_suggestion(snapshot: duckdb.DuckDBPyConnection) -> None:
    listed = reorder.exceptions(snapshot)
    flagged = snapshot.sql("SELECT sku, location_id FROM reorder_suggestions WHERE data_exception <> ''").pl()
    assert set(flagged.rows()) == set(listed.filter(pl.col("sku") != "all").select("sku", "location_id").rows())


def test_orders_under_way_begin_with_the_most_money(snapshot: duckdb.DuckDBPyConnection) -> None:
    """At risk or in cash; what is at risk is priced as on the page Reorder, and the table's own figure of the same name doesn't rank it."""
    told = stock.order_messages(snapshot)
    worth = told.select(pl.max_horizontal(pl.col("at_risk_amount", "cash_effect_amount").cast(pl.Float64).abs())).to_series()
    assert told.height > 3 and worth.is_sorted(descending=True, nulls_last=True)
    prices = snapshot.sql("SELECT sku, location_id, price_amount FROM reorder_suggestions WHERE price_amount IS NOT NULL").pl()
    priced = told.join(prices, on=["sku", "location_id"])
    assert priced["at_risk_amount"].to_list() == pytest.approx(
        (priced["at_risk_units"] * priced["price_amount"]).to_list(), nan_ok=True
    )
    assert priced["at_risk_amount"].sum() > 0
