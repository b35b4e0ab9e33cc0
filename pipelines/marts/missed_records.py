"""What polls missed, and what the record still lacks, by the channels' own account of their days. Here: the comparison. Not here: asking."""

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("channel_days", "orders", "refunds")
KEYS = ("channel", "stream", "channel_date")


def missed_records(channel_days: Frame, orders: Frame, refunds: Frame) -> Frame:
    """Per channel, kind of record and day: how many the channel has, how many no poll had brought, how many are in no ledger yet.

    Amounts are compared as stated: a difference without a missing record is an order that changed since the channel was asked.
    """
    asked = channel_days.group_by(*KEYS).agg(
        reconciled_at=nw.col("reconciled_at").max(),
        missed_records=nw.col("missed_records").sum(),
        stale_records=nw.col("stale_records").sum(),
    )
    last = channel_days.select(*KEYS, "reconciled_at", "channel_records", "channel_total_amount")
    told = asked.join(last, on=[*KEYS, "reconciled_at"], how="inner")
    held = nw.concat(
        [
            _held(orders, asked, "orders", "order_id", "stated_total_amount"),
            _held(refunds, asked, "refunds", "refund_id", "total_amount"),
        ],
        how="vertical",
    )
    days = told.join(held, on=list(KEYS), how="left").with_columns(ledger_records=nw.col("ledger_records").fill_null(0))
    missing = nw.max_horizontal(nw.col("channel_records") - nw.col("ledger_records"), nw.lit(0))
    ledger = nw.coalesce(nw.col("ledger_total_amount"), nw.col("channel_total_amount") * 0)
    return days.with_columns(missing_records=missing, ledger_total_amount=ledger).with_columns(
        difference_amount=nw.col("channel_total_amount") - nw.col("ledger_total_amount")
    )


def _held(rows: Frame, asked: Frame, stream: str, record_id: str, amount: str) -> Frame:
    """Records and their sum per channel and day in the ledger, of the days that were asked for."""
    wanted = asked.filter(nw.col("stream") == stream).select("channel", "channel_date")
    dated = rows.with_columns(channel_date=nw.col("business_date")).join(wanted, on=["channel", "channel_date"], how="semi")
    days = dated.group_by("channel", "channel_date")
    counted = days.agg(ledger_records=nw.col(record_id).n_unique(), ledger_total_amount=nw.col(amount).sum())
    return counted.select("channel", "channel_date", "ledger_records", "ledger_total_amount", stream=nw.lit(stream))
