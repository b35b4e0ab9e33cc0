"""Which part of which days could be bought: by hand, and against the demo merchant's own knowledge in test_path."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from models.in_stock import out_spells, paused_spells, selling_hours, unseen_days, without_ended
from tests.models.builders import CUTOFF, STOCK, day, frame

SALES = {"sku": pl.String, "location_id": pl.String, "channel": pl.String, "demand_date": pl.Date, "ordered_at": pl.Datetime("us", "UTC"),
         "is_served": pl.Boolean}  # fmt: skip
RECEIPTS = {"sku": pl.String, "location_id": pl.String, "received_at": pl.Datetime("us", "UTC"), "received_units": pl.Int64}
STATES = {"channel": pl.String, "listing_id": pl.String, "observed_at": pl.Datetime("us", "UTC"), "is_selling": pl.Boolean}
LISTINGS = {"channel": pl.String, "listing_id": pl.String, "sku": pl.String}
SELLING = {"sku": pl.String, "location_id": pl.String, "channel": pl.String, "first_date": pl.Date}


def at(back: int, hour: float) -> datetime:
    return datetime.combine(day(back), datetime.min.time(), UTC) + timedelta(hours=hour)


def stock(*rows: tuple[int, float, int]) -> pl.DataFrame:
    return frame(STOCK, [("X", "A", at(back, hour), units, None) for back, hour, units in rows])


def sales(*rows: tuple[int, float], served: bool = True) -> pl.DataFrame:
    return frame(SALES, [("X", "A", "web", day(back), at(back, hour), served) for back, hour in rows])


def receipts(*rows: tuple[int, float]) -> pl.DataFrame:
    return frame(RECEIPTS, [("X", "A", at(back, hour), 5) for back, hour in rows])


def test_a_shelf_is_empty_from_its_last_sale_to_its_next_receipt() -> None:
    levels = stock((9, 23, 4), (7, 23, 0), (4, 23, 6))
    spells = out_spells(levels, sales((9, 12), (7, 11.5), (4, 20)), receipts((4, 8)))
    assert spells.rows() == [("X", "A", at(7, 11.5), at(4, 8))]


def test_without_a_sale_or_a_receipt_whole_days_are_hidden() -> None:
    levels = stock((9, 23, 4), (7, 15, 0), (4, 9, 6))
    assert out_spells(levels, sales(), receipts((2, 1))).rows() == [("X", "A", at(7, 0), at(3, 0))]
    later = sales((7, 12), served=False)
    assert out_spells(levels, later, receipts())["from_at"].to_list() == [at(7, 0)], (
        "what the seller cancelled took nothing from a shelf"
    )


def test_a_shelf_that_is_still_empty_has_no_end_unless_nothing_is_on_order() -> None:
    spells = out_spells(stock((90, 9, 0)), sales(), receipts())
    assert spells.rows() == [("X", "A", at(90, 0), None)]
    order = {"sku": pl.String, "location_id": pl.String, "is_closed": pl.Boolean}
    assert without_ended(spells, frame(order, [("X", "A", True)]))["until_at"].to_list() == [at(34, 0)]
    assert without_ended(spells, frame(order, [("X", "A", False)]))["until_at"].to_list() == [None]


def test_a_day_is_hidden_by_the_share_of_its_usual_orders() -> None:
    spells = pl.DataFrame({"sku": "X", "location_id": "A", "from_at": [at(5, 12)], "until_at": [at(3, 6)]})
    lines = sales(*((20, hour + 0.5) for hour in range(24)))
    selling = frame(SELLING, [("X", "A", "web", day(30)), ("X", "A", "new", day(4)), ("X", "B", "web", day(30))])
    hidden = unseen_days(spells, selling, selling_hours(lines), CUTOFF)
    assert dict(hidden.select("demand_date", "hidden_rate").rows()) == {
        day(5): pytest.approx(0.5), day(4): pytest.approx(1.0), day(3): pytest.approx(0.25),
    }  # fmt: skip
    assert set(hidden["channel"]) == {"web"}, "no hours are known of a channel that never sold"


def test_days_of_channels_far_from_utc_are_their_own() -> None:
    """New York: orders of a business date come in from 13:00 to 01:00 UTC; a shelf empty in the UTC night hides the evening before."""
    lines = pl.concat([sales((20, 13 + hour)) for hour in range(12)])
    spells = pl.DataFrame({"sku": "X", "location_id": "A", "from_at": [at(3, 0)], "until_at": [at(3, 12)]})
    hidden = unseen_days(spells, frame(SELLING, [("X", "A", "web", day(30))]), selling_hours(lines), CUTOFF)
    assert hidden.select("demand_date", "hidden_rate").rows() == [(day(4), pytest.approx(1 / 12, abs=1e-6))]


def test_a_sku_is_paused_while_all_its_listings_are() -> None:
    states = frame(STATES, [
        ("web", "L1", at(20, 9), True), ("web", "L2", at(20, 9), True), ("web", "L1", at(9, 9), False),
        ("web", "L2", at(7, 9), False), ("web", "L2", at(5, 9), True), ("web", "Y", at(3, 9), False),
    ])  # fmt: skip
    listings = frame(LISTINGS, [("web", "L1", "X"), ("web", "L2", "X")])
    found = paused_spells(states, listings).select("sku", "from_at", "until_at").sort("sku").rows()
    assert found == [("X", at(7, 9), at(5, 9)), ("Y", at(3, 9), None)]
