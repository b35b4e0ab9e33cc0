"""EasyPost's records: first moments of each stage, parcels that come back, what labels cost. Not here: fetching, which shipment it is."""

from decimal import Decimal
from typing import Any

import pytest

from tests.channels.api.records import faults, parsed

SCANS = [("pre_transit", "2026-01-05T10:00:00Z"), ("in_transit", "2026-01-05T19:00:00+01:00"), ("in_transit", "2026-01-06T02:00:00Z"),
         ("out_for_delivery", "2026-01-07T07:00:00Z"), ("delivered", "2026-01-07T11:00:00Z")]  # fmt: skip


def tracker(*scans: tuple[str, str], **changed: Any) -> dict[str, Any]:
    return {
        "id": "trk_1", "object": "Tracker", "tracking_code": "EZ1000000001", "status": "delivered", "carrier": "USPS", "created_at": "2026-01-05T09:59:00Z",
        "updated_at": "2026-01-07T11:05:00Z", "tracking_details": [{"status": status, "datetime": at} for status, at in scans], **changed,
    }  # fmt: skip


def stages(*scans: tuple[str, str]) -> list[str | None]:
    row = parsed("easypost", "trackers", tracker(*scans)).frames["tracked_parcels"].row(0, named=True)
    return [
        f"{row[name]:%d %H}" if row[name] else None for name in ("labelled_at", "first_scan_at", "delivered_at", "returned_at")
    ]


def test_each_stage_has_its_first_moment_whatever_the_order_of_scans() -> None:
    assert stages(*SCANS) == stages(*reversed(SCANS)) == ["05 10", "05 18", "07 11", None]


def test_what_arrives_after_it_was_turned_back_has_arrived_at_the_sender() -> None:
    back = ("return_to_sender", "2026-01-07T09:00:00Z")
    assert stages(*SCANS, back) == ["05 10", "05 18", None, "07 11"]


@pytest.mark.parametrize("status", ["unknown", "error", "cancelled"])
def test_a_parcel_that_nobody_has_in_hand_was_not_scanned(status: str) -> None:
    assert stages((status, "2026-01-05T10:00:00Z")) == [None] * 4


def test_a_scan_without_a_time_costs_only_itself() -> None:
    result = parsed(
        "easypost", "trackers", tracker(*SCANS[:2], ("delivered", "soon")), tracker(id="trk_2", tracking_details=None)
    )
    assert faults(result) == []
    assert result.frames["tracked_parcels"]["delivered_at"].to_list() == [None, None]


def test_a_parcel_without_a_number_waits_in_quarantine() -> None:
    assert faults(parsed("easypost", "trackers", tracker(tracking_code=None))) == [
        (1, "", "tracking_number", "tracking_number is blank")
    ]


def label(**changed: Any) -> dict[str, Any]:
    return {
        "id": "shp_1", "tracking_code": "9400", "created_at": "2026-01-05T09:00:00Z", "is_return": False, "refund_status": None,
        "selected_rate": {"rate": "4.81", "currency": "USD", "carrier": "USPS", "service": "First"},
        "postage_label": {"label_date": "2026-01-05T09:30:00Z"}, **changed,
    }  # fmt: skip


def test_a_label_costs_its_rate_until_it_is_given_back() -> None:
    frame = parsed(
        "easypost", "labels", label(), label(id="shp_2", refund_status="refunded"), label(id="shp_3", is_return=True)
    ).frames["shipping_labels"]
    told = frame.select("label_id", "label_cost_amount", "currency_code", "service_level", "is_return").rows()
    assert told == [
        ("shp_1", Decimal("4.81"), "USD", "First", False),
        ("shp_2", 0, "USD", "First", False),
        ("shp_3", Decimal("4.81"), "USD", "First", True),
    ]


def test_a_label_without_a_rate_is_not_guessed() -> None:
    assert faults(parsed("easypost", "labels", label(selected_rate=None)))[0][2:] == (
        "label_cost_amount",
        "label_cost_amount is blank",
    )
