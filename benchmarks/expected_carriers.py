"""What the ledger has to hold of parcels that EasyPost follows, from the merchant's truth in plain loops. Not here: shops."""

from typing import Any

import polars as pl

from benchmarks.expected import AT, MONEY, Asked, euros, frame, second
from pipelines.demo.servers import easypost
from pipelines.demo.servers.shop import Shop


def tracked() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for p in (p for o in shop.orders for p in o.parcels):
            there = second(p.delivered_at + asked.skew) if p.delivered_at else None
            is_back = easypost.is_turned_back(p)
            rows.append((f"trk_{p.id}", easypost.tracking_code(p), second(easypost.bought_at(p) + asked.skew),
                         second(p.shipped_at + easypost.SCANNED_AFTER + asked.skew), None if is_back else there, there if is_back else None))  # fmt: skip
        return frame(
            rows,
            tracker_id=pl.String,
            tracking_number=pl.String,
            labelled_at=AT,
            first_scan_at=AT,
            delivered_at=AT,
            returned_at=AT,
        )

    read = "SELECT tracker_id, tracking_number, labelled_at, first_scan_at, delivered_at, returned_at FROM tracked_parcels"
    return ["tracker_id"], expect, read


def bought() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((f"shp_{p.id}", easypost.tracking_code(p), euros(easypost.cost(p))) for o in shop.orders for p in o.parcels)
        return frame(rows, label_id=pl.String, tracking_number=pl.String, label_cost_amount=MONEY)

    return ["label_id"], expect, "SELECT label_id, tracking_number, label_cost_amount FROM shipping_labels"


EASYPOST: dict[str, Any] = {"tracked_parcels": tracked(), "shipping_labels": bought()}
