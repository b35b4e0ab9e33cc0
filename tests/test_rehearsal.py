"""Past weeks forecast as they would have been: nothing that came later changes them, and what people said then is in them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines import rehearsal
from pipelines.contracts import table
from pipelines.settings import DEMO_CONFIG, Settings
from pipelines.warehouse.duckdb import connect, read_table
from tests.conftest import END, environment

ORIGIN = END - timedelta(weeks=5)


@pytest.fixture(scope="module")
def known(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    copy = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    copy.write_bytes((demo_home / "warehouse.duckdb").read_bytes())
    connection = connect(copy, read_only=True)
    frames = {name: read_table(connection, name) for name in rehearsal.TABLES}
    connection.close()
    some = frames["products"]["sku"].sort().gather_every(4)
    for name in ("order_lines", "stock_levels", "products"):
        frames[name] = frames[name].filter(pl.col("sku").is_in(some.implode()))
    return frames


def rehearsed(frames: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """Without the models of all series, whose training is tested elsewhere."""
    monkeypatch.setattr(rehearsal, "choose", lambda *told: (None, ()))
    with environment(Path("none"), Path("none"), DEMO_CONFIG):
        config = Settings().merchant_config
    return next(rehearsal.rehearsed(frames, [ORIGIN], config))


def test_a_rehearsal_does_not_know_what_came_after(known: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    late = known["orders"].filter(pl.col("business_date") > ORIGIN).select("channel", "order_id", is_late=True)
    lines = known["order_lines"].join(late, on=["channel", "order_id"], how="left")
    noise = pl.when(pl.col("is_late")).then(pl.col("ordered_units") * 9 + 1).otherwise("ordered_units")
    is_late = pl.col("observed_at").dt.date() > ORIGIN
    later = datetime(ORIGIN.year, ORIGIN.month, ORIGIN.day, tzinfo=UTC) + timedelta(days=2)
    in_part = known["order_lines"].filter(pl.col("cancelled_units") > 0)
    regretted = known["orders"].filter(pl.col("business_date") <= ORIGIN, pl.col("cancelled_at").is_null())
    regretted = regretted.join(in_part, on=["channel", "order_id"], how="anti").gather_every(5)
    is_regretted = pl.struct("channel", "order_id").is_in(
        regretted.select(pl.struct("channel", "order_id")).to_series().implode()
    )
    units = pl.when(is_regretted).then("ordered_units").otherwise("cancelled_units")
    arrives = known["receipts"].filter(pl.col("received_at") >= later)["purchase_order_id"].unique()
    closed = pl.col("is_closed") | pl.col("purchase_order_id").is_in(arrives.implode())
    empty = [pl.when(is_late).then(0).otherwise(pl.col(name)).alias(name) for name in ("on_hand_units", "available_units")]
    disturbed = known | {
        "order_lines": lines.with_columns(ordered_units=noise).drop("is_late").with_columns(cancelled_units=units),
        "orders": known["orders"].with_columns(cancelled_at=pl.when(is_regretted).then(pl.lit(later)).otherwise("cancelled_at")),
        "purchase_orders": known["purchase_orders"].with_columns(is_closed=closed),
        "stock_levels": known["stock_levels"].with_columns(empty),
        "products": known["products"].with_columns(
            discontinued_date=pl.coalesce("discontinued_date", pl.lit(ORIGIN + timedelta(days=3)))
        ),
        "knowledge": pl.concat([known["knowledge"], override(ORIGIN + timedelta(days=1), known["products"]["sku"][0])]),
    }
    before, after = rehearsed(known, monkeypatch), rehearsed(disturbed, monkeypatch)
    assert before.height > 100 and before["mean_units"].sum() > 0
    assert before.equals(after)


def test_what_people_had_said_by_then_is_in_it(known: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = rehearsed(known, monkeypatch)
    best = plain.sort("mean_units", descending=True)["sku"][0]
    said = rehearsed(known | {"knowledge": override(ORIGIN - timedelta(days=1), best)}, monkeypatch)
    changed = said.filter(pl.col("entry_ids") == "KN-1")
    assert (
        changed.height > 0
        and changed.select(((pl.col("mean_units") - 2 * pl.col("statistical_units")).abs() < 0.01).all()).item()
    )
    assert said["statistical_units"].equals(plain["statistical_units"])


def override(entered: date, sku: str) -> pl.DataFrame:
    """Twice the demand of a SKU, as ana said that day; since then withdrawn."""
    row = {
        "entry_id": "KN-1", "number": 1, "kind": "override", "sku": sku, "start_date": ORIGIN - timedelta(days=9), "end_date": ORIGIN + timedelta(days=200),
        "change_rate": 1.0, "author": "ana", "reason": "r", "expires_date": ORIGIN + timedelta(days=200), "state": "withdrawn",
        "entered_at": datetime(entered.year, entered.month, entered.day, 9, tzinfo=UTC), "withdrawn_at": datetime(2026, 1, 19, tzinfo=UTC),
    }  # fmt: skip
    return table("knowledge").conform(pl.DataFrame([row]))
