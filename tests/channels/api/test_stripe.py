"""Stripe's records: its own example bodies, amounts in smallest units, payouts that came back. Not here: fetching."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.channels.minor_units import major
from tests.channels.api.records import faults, parsed


def entry(**changed: Any) -> dict[str, Any]:
    return {
        "id": "txn_1", "object": "balance_transaction", "amount": 2500, "fee": 103, "net": 2397, "currency": "eur", "created": 1768000000, "type": "charge",
        "reporting_category": "charge", "source": {"id": "ch_1", "metadata": {"order_id": "7"}}, "payout": "po_1", **changed,
    }  # fmt: skip


def payout(**changed: Any) -> dict[str, Any]:
    return {
        "id": "po_1",
        "amount": 2397,
        "arrival_date": 1768200000,
        "created": 1768100000,
        "currency": "eur",
        "status": "paid",
        **changed,
    }


@pytest.mark.parametrize(
    ("raw", "currency", "amount"),
    [("1999", "EUR", "19.99"), ("-5", "usd", "-0.05"), ("0", "EUR", "0.00"), ("1999", "JPY", "1999"), ("1999", "kwd", "1.999"), ("7", "CLF", "0.0007")],
)  # fmt: skip
def test_smallest_units_become_amounts(raw: str, currency: str, amount: str) -> None:
    assert pl.select(major(pl.lit(raw), pl.lit(currency))).item() == amount


@pytest.mark.parametrize("raw", ["1.5", "1e3", "", "ten", "9" * 30])
def test_what_is_no_whole_unit_is_refused_and_not_read_as_something_else(raw: str) -> None:
    result = parsed("stripe", "payouts", payout(amount=raw), payout(id="po_2"))
    assert faults(result) == [(1, "", "net_amount", "net_amount can't be read as an amount")]
    assert result.frames["payouts"]["payout_id"].to_list() == ["po_2"]


def test_an_entry_and_its_payout() -> None:
    row = parsed("stripe", "payout_entries", entry(), orders_of="shop_uk").frames["payout_entries"].row(0, named=True)
    told = [
        row[name]
        for name in ("channel", "payout_id", "order_id", "entry_kind", "amount", "fee_amount", "net_amount", "currency_code")
    ]
    assert told == ["shop_uk", "po_1", "7", "charge", 25, Decimal("-1.03"), Decimal("23.97"), "EUR"]
    paid = parsed("stripe", "payouts", payout()).frames["payouts"].row(0, named=True)
    assert (paid["channel"], paid["net_amount"], f"{paid['paid_at']}") == ("shop", Decimal("23.97"), "2026-01-12 06:40:00+00:00")


@pytest.mark.parametrize(
    ("category", "kind"),
    [("dispute", "chargeback"), ("payout", "transfer"), ("payout_reversal", "adjustment"), ("fee", "fee"), ("something_new", "other"), (None, "other")],
)  # fmt: skip
def test_kinds_of_entries(category: str | None, kind: str) -> None:
    result = parsed("stripe", "payout_entries", entry(reporting_category=category, fee=0))
    assert result.frames["payout_entries"].select("entry_kind", "fee_amount").row(0) == (kind, 0)


def test_a_fee_that_was_given_back_is_positive() -> None:
    assert parsed("stripe", "payout_entries", entry(fee=-103)).frames["payout_entries"]["fee_amount"].item() == Decimal("1.03")


def test_a_yen_is_a_yen() -> None:
    assert parsed("stripe", "payouts", payout(amount=2397, currency="jpy")).frames["payouts"]["net_amount"].item() == 2397


@pytest.mark.reference
def test_stripes_own_examples(reference_data: Path) -> None:
    folder = reference_data / "channel_payloads/stripe"
    for file, stream, column, amount in (
        ("balance_transactions.json", "payout_entries", "net_amount", -4),
        ("payouts.json", "payouts", "net_amount", 11),
    ):
        result = parsed("stripe", stream, *json.loads((folder / file).read_text())["data"])
        assert faults(result) == []
        assert result.frames[stream][column].to_list() == [amount]
