"""Scorecards, lines at risk and classes of products from rows made by hand, with stated answers."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.channels.merchant import Classes, Scorecard
from pipelines.contracts import table
from pipelines.insights.products import product_classes
from pipelines.insights.returns import return_outlook
from pipelines.insights.scorecards import REPORTED_ONLY, UNKNOWN, all_rules, channel_scorecards
from pipelines.insights.shipping import ship_risk
from tests.marts.ledgers import DAY

HOUR = timedelta(hours=1)
OWN = [
    Scorecard(name="slow orders", platform="amazon", meaning="the merchant's own", counts="late", window_days=5, bound_rate=0.5)
]
AS_OF = DAY + 40 * 24 * HOUR


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    contract = table(name)
    return contract.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else contract.empty()


def line(order_id: str, days_ago: int, shipped_after: int | None, place: str = "W", **more: Any) -> dict[str, Any]:
    """A line of two units, promised within 48 hours, that left after so many hours or is open."""
    ordered_at = AS_OF - timedelta(days=days_ago)
    promise = ordered_at + 48 * HOUR
    shipped_at = None if shipped_after is None else ordered_at + shipped_after * HOUR
    return {"channel": "amazon", "order_id": order_id, "sku": "A", "location_id": place, "ordered_at": ordered_at, "ship_by_at": promise,
            "ship_by_date": promise.date(), "due_units": 2, "shipped_at": shipped_at, "open_units": 2 if shipped_after is None else 0,
            "deliver_by_at": promise, "deliver_by_date": promise.date(), "delivered_in_time_units": 0, "is_delivery_known": False,
            "is_expedited": False} | more  # fmt: skip


def scorecards(lines: list[dict], shipments: list[dict], reported: list[dict] = ()) -> dict[str, dict[str, Any]]:
    lives = [
        {
            "channel": "amazon",
            "order_id": row["order_id"],
            "location_id": row["location_id"],
            "placed_at": row["ordered_at"],
            "shipped_at": row["shipped_at"],
        }
        for row in lines
    ]
    found = channel_scorecards(
        all_rules(OWN), {"amazon": "amazon"}, {"amazon": "FBA US"}, frame("fulfilment_lines", *lines), frame("order_lives", *lives),
        frame("shipments", *shipments),
        frame("account_health", *reported), AS_OF,
    )  # fmt: skip
    return {row["component"]: row for row in found.to_dicts()}


def test_late_orders_are_counted_by_their_deadline_and_amazons_own_are_not_judged() -> None:
    lines = [
        line("good", 6, 20),
        line("late", 6, 60),
        line("open", 5, None),
        line("long ago", 30, 60),
        line("amazons", 6, 90, "FBA US"),
    ]
    ten, thirty = (scorecards(lines, [])[f"late shipment rate, {days} days"] for days in (10, 30))
    assert (ten["bad"], ten["counted"], ten["rate"], ten["standing"]) == (2, 3, 2 / 3, "broken")
    assert (thirty["bad"], thirty["counted"]) == (3, 4)
    own = scorecards(lines, [])["slow orders"]
    assert (own["bad"], own["counted"], own["window_days"], own["bound_rate"]) == (2, 3, 5, 0.5)


def test_what_no_interface_tells_is_reported_only_and_what_is_not_loaded_is_unknown() -> None:
    parcel = {
        "channel": "amazon",
        "shipment_id": "1",
        "order_id": "good",
        "shipped_at": AS_OF - timedelta(days=3),
        "location_id": "W",
    }
    reported = [
        {"channel": "amazon", "component": "late shipment rate, 10 days", "reported_date": AS_OF.date(), "reported_rate": 0.25}
    ]
    found = scorecards([line("good", 6, 20)], [parcel], reported)
    assert found["order defect rate, FBA, 60 days"]["standing"] == REPORTED_ONLY
    assert found["order defect rate, FBA, 60 days"]["rate"] is None
    assert found["valid tracking rate, 30 days"]["standing"] == UNKNOWN
    assert found["late shipment rate, 10 days"]["difference_rate"] == -0.25
    tracked = scorecards([], [parcel | {"tracking_number": "T"}, parcel | {"shipment_id": "2"}])["valid tracking rate, 30 days"]
    assert (tracked["rate"], tracked["standing"]) == (0.5, "broken"), "one of two parcels, and 95 % is the floor"


def test_open_lines_are_late_at_risk_or_on_track() -> None:
    past = [line(f"p{n}", 20, hours) for n, hours in enumerate([10] * 20 + [70] * 30)]
    waiting = [line("late", 3, None), line("fresh", 0, None), line("old", 1, None)]
    found = ship_risk(
        frame("fulfilment_lines", *past, *waiting),
        frame("order_lives"),
        frame("sales_entries").select("channel", "order_id", "sku"),
        AS_OF,
    )
    buckets = dict(found.select("order_id", "ship_by_bucket").rows())
    assert buckets == {"late": "late", "fresh": "at risk", "old": "at risk"}
    chances = dict(found.select("order_id", "late_probability").rows())
    assert chances["fresh"] == 31 / 52, "30 of 50 took longer than 48 hours"
    assert chances["old"] == 31 / 32, "and all of those that took longer than a day"


def test_products_are_classed_and_a_broken_run_of_sizes_is_told() -> None:
    monday = DAY.date() - timedelta(days=DAY.weekday() + 7)
    weeks = [
        {"sku": sku, "week_start_date": monday - timedelta(weeks=n), "sold_units": units, "wanted_units": units,
         "net_sales_amount": units * 10, "is_promoted": False}
        for sku, units in (("S", 80), ("M", 15), ("L", 5)) for n in range(20)
    ]  # fmt: skip
    attributes = [{"sku": sku, "category": "shirts", "style_id": "shirt"} for sku in "SML"]
    shelves = [
        {"location_id": "W", "sku": sku, "on_hand_units": held, "demand_28d_units": 9, "censored_28d_days": gone}
        for sku, held, gone in (("S", 4, 0), ("M", 0, 14))
    ]
    found = product_classes(
        frame("sku_weeks", *weeks),
        frame("sku_attributes", *attributes),
        frame("inventory_health", *shelves),
        Classes(),
        DAY.date(),
    )
    rows = {row["sku"]: row for row in found.to_dicts()}
    assert {sku: row["abc_class"] for sku, row in rows.items()} == {"S": "A", "M": "B", "L": "C"}
    assert all(row["is_size_run_broken"] for row in rows.values()), "M is sold out and S is not"
    assert (rows["S"]["in_stock_days_rate"], rows["M"]["in_stock_days_rate"], rows["L"]["in_stock_days_rate"]) == (1.0, 0.5, None)
    assert not any(row["is_significant"] or row["is_dying"] for row in rows.values())


def test_returns_of_young_orders_are_held_to_what_their_age_has_seen() -> None:
    """Returns come on day 10: orders of 30 days show 2 of 20, orders of 5 days none of 20 yet; both months will end at 10 %."""
    sold = pl.DataFrame(
        [("A", "2026-05", 30, 10, 20, 2), ("A", "2026-06", 5, None, 20, 0), ("B", "2026-05", 30, 10, 200, 60), ("C", "2026-05", 30, None, 2000, 0)],
        schema={"sku": pl.String, "month": pl.String, "age_days": pl.Int64, "delay_days": pl.Int64, "sold_units": pl.Int64, "returned_units": pl.Int64},
        orient="row",
    ).with_columns(channel=pl.lit("shop"))  # fmt: skip
    attributes = frame("sku_attributes", *({"sku": sku, "category": "cups"} for sku in "ABC"))
    found = {(row["group_kind"], row["group_value"]): row for row in return_outlook(sold, attributes).to_dicts()}
    assert found["sku", "A"]["return_rate"] == 2 / 40
    assert found["sku", "A"]["expected_return_rate"] == pytest.approx(0.1)
    assert found["sku", "A"]["usual_rate"] == pytest.approx(62 / 2220)
    assert [found["sku", sku]["is_return_prone"] for sku in "ABC"] == [False, True, False]
    assert found["month", "2026-06"]["expected_return_rate"] is None, "no day on which returns come has been seen"
