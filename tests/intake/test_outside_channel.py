"""A channel of another package, found by its entry point, polled, reconciled and loaded. Not here: Fulcast's own channels."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path

import polars as pl
import pytest

from pipelines.channels import base
from pipelines.channels.base import Context, Kind, Listed, Record, RecordStream, Rows, Session, Setting, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.mapping import Config
from pipelines.channels.totals import ZERO, finish_lines, finish_orders
from pipelines.intake.poll import poll
from pipelines.intake.reconcile import reconcile
from pipelines.ledger.load import load, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing

AT = datetime(2026, 1, 20, tzinfo=UTC)
SHOP = [
    {"no": f"K-{n}", "at": f"2026-01-{n + 1:02d}T10:00:00Z", "total": f"{n + 1}.00", "article": "CUP", "pieces": "1"}
    for n in range(10)
]
HIDDEN = "K-3"  # the kiosk's list of changes forgets it


def _record(order: dict[str, str]) -> Record:
    return Record(order["no"], order["at"], order["total"], json.dumps(order).encode())


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    yield [_record(o) for o in SHOP if o["no"] != HIDDEN and (since is None or datetime.fromisoformat(o["at"]) >= since)]


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    yield [_record(o) for o in SHOP if o["no"] in ids]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    yield [Listed(o["no"], o["total"], datetime.fromisoformat(o["at"]), Decimal(o["total"])) for o in SHOP]


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    decoded, broken = decode(payloads, dict.fromkeys(("no", "at", "total", "article", "pieces"), TEXT))
    heads = decoded.with_columns(channel=pl.lit(context.channel), order_id="no", currency_code=pl.lit("EUR"))
    orders = heads.select(
        "record", "channel", "order_id", "currency_code", order_kind=pl.lit("sale"), ordered_at="at", payment_status=pl.lit("paid"), is_cancelled=pl.lit(False),
        stated_total_amount="total", shipping_amount=ZERO, shipping_tax_amount=ZERO,
        **dict.fromkeys(("is_test", "is_expedited", "is_gift", "is_customised", "has_note", "is_changed"), pl.lit(False)),
    )  # fmt: skip
    lines = heads.select(
        "record", "channel", "order_id", "currency_code", line_id=pl.lit("1"), listed_sku="article", sku="article", ordered_units="pieces",
        unit_price_amount="total", gross_amount="total", discount_amount=ZERO, tax_amount=ZERO, duty_amount=ZERO, line_at="at",
        is_goods=pl.lit(True), is_gift_card=pl.lit(False), line_number=pl.lit(1, pl.Int64),
    )  # fmt: skip

    def finish(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        whole = frames["order_lines"].with_columns(
            cancelled_units=pl.lit(0, pl.Int64), cancelled_net_amount=pl.lit(None, pl.Decimal(18, 4))
        )
        done = finish_lines(whole)
        return frames | {"order_lines": done, "orders": finish_orders(frames["orders"], done, context)}

    required = ("order_id", "ordered_at")
    return Tables(
        (
            Rows("orders", orders, required=required),
            Rows("order_lines", lines, pl.lit("line"), ("ordered_units", "gross_amount")),
        ),
        finish,
        broken,
    )


KIND = Kind(
    name="kiosk", title="Kiosk", settings=(Setting("address", "Address"),), check=lambda session: "The kiosk answers.",
    open=lambda channel, settings, time_zone, patience: Session(channel, settings, time_zone, None),
    streams=(RecordStream("orders", "orders", timedelta(0), timedelta(hours=1), timedelta(days=30), "", changed, parse, by_id, listing),),
)  # fmt: skip


@pytest.fixture
def kiosk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    point = EntryPoint("kiosk", f"{__name__}:KIND", base.ENTRY_POINTS)
    monkeypatch.setattr(base, "entry_points", lambda group: [point])
    base.kinds.cache_clear()
    yield Config.model_validate({
        "merchant": {"name": "m"},
        "channel": [{"name": "corner", "kind": "kiosk", "currency": "EUR", "connection": {"address": "here"}}],
    })  # fmt: skip
    base.kinds.cache_clear()


def test_a_channel_that_lives_elsewhere(kiosk: Config, tmp_path: Path) -> None:
    landing, warehouse = Landing(tmp_path / "landing"), Warehouse(tmp_path / "warehouse.duckdb")
    assert poll(kiosk, landing, AT).landed == {"corner.orders": 9}
    assert reconcile(kiosk, landing, AT).missed == {"corner.orders": 1}
    load(kiosk, landing, warehouse, b"key", AT)
    orders = warehouse.query("SELECT count(*), sum(total_amount), bool_and(is_balanced) FROM orders").row(0)
    assert orders == (10, Decimal(55), True)
    assert unaccounted_rows(warehouse) == []


def test_a_broken_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "entry_points", lambda group: [EntryPoint("odd", "no_such_package:KIND", base.ENTRY_POINTS)])
    base.kinds.cache_clear()
    with pytest.raises(Exception, match="The channel 'odd' of no_such_package:KIND can't be loaded"):
        base.kinds()
    base.kinds.cache_clear()
