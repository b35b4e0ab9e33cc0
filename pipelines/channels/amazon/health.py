"""Amazon's own judgement of the account → account health. Not here: how Fulcast judges it (pipelines/insights/scorecards)."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode

COMPONENTS = {
    "lateShipmentRate": "late shipment rate, 30 days",
    "prefulfillmentCancelRate": "pre-fulfilment cancel rate, 7 days",
    "validTrackingRate": "valid tracking rate, 30 days",
    "unitOnTimeDeliveryRate": "unit on-time delivery rate, 14 days",
    "orderDefectRate.mfn": "order defect rate, own-fulfilled, 60 days",
    "orderDefectRate.afn": "order defect rate, FBA, 60 days",
}  # the report's name of each, and the scorecard's
SHAPE = {"component": TEXT, "rate": TEXT, "reportingDateRange": {"reportingDateTo": TEXT}}


def stated(report: bytes) -> Iterator[tuple[str, bytes]]:
    """The components that a report states a rate of, each with its part of the report as it stands there."""
    metrics = json.loads(report).get("performanceMetrics") or [{}]
    for name in COMPONENTS:
        part: Any = metrics[0] if isinstance(metrics, list) else metrics
        for step in name.split("."):
            part = part.get(step) if isinstance(part, dict) else None
        if isinstance(part, dict) and part.get("rate") is not None:
            yield name, json.dumps({"component": name, **part}).encode()


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per component and end of its reporting range."""
    decoded, broken = decode(payloads, SHAPE)
    until = pl.col("reportingDateRange").struct.field("reportingDateTo")
    frame = decoded.select(
        "record",
        channel=pl.lit(context.channel),
        component=pl.col("component").replace_strict(COMPONENTS, default=None),
        reported_rate="rate",
        reported_date=until.str.head(10),
    )
    required = ("component", "reported_date", "reported_rate")
    return Tables((Rows("account_health", frame, required=required),), lambda frames: frames, broken)
