"""The simulated merchant: same bytes for the same arguments, nothing made or lost, and files that tell the truth."""

import csv
import hashlib
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines.demo import generate
from pipelines.demo.rates import expected_demand

END = date(2026, 1, 20)
ORDERS, DAYS = 2000, 120


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "merchant"
    generate(folder, orders=ORDERS, days=DAYS, end=END)
    return folder


def truth(merchant: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(merchant / "truth" / name / "*.parquet")


def feed(merchant: Path, pattern: str) -> list[dict[str, str]]:
    """Rows of all files of a CSV feed, in the order of their dates."""
    rows = []
    for path in sorted((merchant / "inbox").glob(pattern)):
        with path.open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def digest(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_arguments_give_the_same_bytes_and_replace_what_stood_there(merchant: Path) -> None:
    again = merchant.parent / "again"
    again.mkdir()
    (again / "old.txt").write_text("old")
    generate(again, orders=ORDERS, days=DAYS, end=END)
    assert digest(again) == digest(merchant)
    assert sorted(p.name for p in merchant.parent.iterdir()) == ["again", "merchant"]


def test_another_seed_gives_another_merchant(tmp_path: Path, merchant: Path) -> None:
    days: list[tuple[int, int]] = []
    generate(tmp_path / "m", orders=100, days=60, seed=8, end=END, progress=lambda done, total: days.append((done, total)))
    assert days[-1] == (60, 60)
    products = "inbox/master/products.csv"
    assert (tmp_path / "m" / products).read_bytes() != (merchant / products).read_bytes()


def test_a_generation_that_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(folder, orders=50, days=60, end=END, progress=stop)
    assert [p.name for p in folder.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(("orders", "days"), [(0, 120), (10, 59)])
def test_sizes_that_make_no_sense_are_refused(tmp_path: Path, orders: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        generate(tmp_path / "m", orders=orders, days=days, end=END)


def test_about_as_many_orders_as_wanted(merchant: Path) -> None:
    assert abs(len(truth(merchant, "orders")) - ORDERS) < ORDERS / 10


def test_stock_is_neither_made_nor_lost(merchant: Path) -> None:
    stock = pl.read_parquet(merchant / "inbox/warehouse/stock_*.parquet").sort("observed_at")
    total = pl.col("on_hand") + pl.col("unsellable")
    opening = stock.group_by("location_id", "sku", maintain_order=True).agg(total.first())
    balance = Counter({(w, s): n for w, s, n in opening.iter_rows()})
    for row in feed(merchant, "erp/receipts_*.csv"):
        balance[row["warehouse"], row["sku"]] += int(row["units"])
    demand = truth(merchant, "demand")
    served = pl.col("demand_units") - pl.col("lost_units") - pl.col("seller_cancelled_units")
    assert demand.filter((served < 0) | (pl.col("lost_units") < 0)).is_empty()
    for w, s, n in demand.group_by("location_id", "sku").agg(served.sum()).iter_rows():
        balance[w, s] -= n
    end = pl.read_parquet(merchant / "truth/stock_end.parquet")
    closing = {(r["location_id"], r["sku"]): r["on_hand"] + r["unsellable"] for r in end.iter_rows(named=True)}
    assert dict(balance) == closing
    assert end.select(pl.min_horizontal("on_hand", "unsellable", "committed", "on_order").min()).item() >= 0
    last = stock.group_by("location_id", "sku").agg(pl.col("on_hand", "unsellable", "committed").last())
    assert last.join(end, on=last.columns, how="anti").is_empty()


def test_demand_is_the_orders_and_what_was_lost(merchant: Path) -> None:
    """Lines of orders that count, bundles taken apart, add up to demand less what was lost."""
    parts: dict[str, list[tuple[str, int]]] = {}
    for row in feed(merchant, "master/bundles.csv"):
        parts.setdefault(row["bundle_sku"], []).append((row["component_sku"], int(row["units"])))
    orders, lines = truth(merchant, "orders"), truth(merchant, "order_lines")
    is_demand = ~pl.col("is_test") & ~pl.col("is_payment_failed") & (pl.col("cancelled_by").fill_null("") != "customer")
    wanted: Counter[tuple[object, ...]] = Counter()
    counted = lines.join(orders.filter(is_demand), on=["channel", "order_id"]).filter(~pl.col("is_gift_card"))
    for line in counted.iter_rows(named=True):
        for sku, units in parts.get(line["sku"], [(line["sku"], 1)]):
            wanted[line["business_date"], sku, line["location_id"], line["channel"]] += units * line["ordered_units"]
    seen = truth(merchant, "demand").filter(pl.col("demand_units") > pl.col("lost_units"))
    keys = seen.select("date", "sku", "location_id", "channel").iter_rows()
    assert wanted == dict(zip(keys, (seen["demand_units"] - seen["lost_units"]).to_list(), strict=True))


def test_stock_outs_hide_demand(merchant: Path) -> None:
    facts = json.loads((merchant / "truth/facts.json").read_text())
    assert 0.02 < facts["stock_out_rate"] < 0.08
    assert facts["lost_units"] > 0


def test_feeds_tell_the_true_events(merchant: Path) -> None:
    """The newest row of a payment, shipment or return is the true one."""
    sent = {(r["shipment_id"], r["sku"]): r for r in feed(merchant, "warehouse/shipments_*.csv")}
    true = truth(merchant, "shipments")
    assert len(sent) == len(true)
    for t in true.iter_rows(named=True):
        row = sent[t["shipment_id"], t["sku"]]
        delivered = f"{t['delivered_at']:%Y-%m-%dT%H:%M:%SZ}" if t["delivered_at"] else ""
        assert (row["units"], row["delivered_at"]) == (str(t["shipped_units"]), delivered)
    paid = {r["payment_id"]: Decimal(r["amount"]) for r in feed(merchant, "payments/*.csv")}
    assert paid == dict(truth(merchant, "payments").select("payment_id", "amount").iter_rows())
    back = {r["return_id"]: Decimal(r["refund_amount"]) for r in feed(merchant, "warehouse/returns_*.csv")}
    assert back == dict(truth(merchant, "returns").select("return_id", "refund_amount").iter_rows())


def test_no_more_is_shipped_or_returned_than_was_ordered(merchant: Path) -> None:
    key = ["channel", "order_id", "sku"]
    ordered = truth(merchant, "order_lines").group_by(key).agg(pl.col("ordered_units").sum(), pl.col("cancelled_units").sum())
    shipped = truth(merchant, "shipments").group_by(key).agg(pl.col("shipped_units").sum())
    both = shipped.join(ordered, on=key, how="left")
    assert both.filter((pl.col("shipped_units") > pl.col("ordered_units") - pl.col("cancelled_units")).fill_null(True)).is_empty()
    returned = truth(merchant, "returns").join(ordered, on=key, how="left")
    assert returned.filter((pl.col("returned_units") > pl.col("ordered_units")).fill_null(True)).is_empty()


def test_every_feature_occurs(merchant: Path) -> None:
    facts = json.loads((merchant / "truth/facts.json").read_text())
    names = ("is_test", "is_payment_failed", "is_cancelled", "is_expedited", "is_customised", "edited", "late_in_export")
    assert all(facts[f"orders_{name}"] > 0 for name in names), facts
    lines = truth(merchant, "order_lines")
    assert lines["is_gift_card"].any()
    assert lines["sku"].str.starts_with("BUNDLE-").any()
    assert (lines.group_by("channel", "order_id", "sku", "ordered_units").len()["len"] > 1).any()
    assert set(lines.group_by("channel", "order_id").len()["len"]) == {1, 2, 3, 4, 5}
    assert set(truth(merchant, "payments")["payment_kind"]) == {"authorisation", "capture", "refund", "failed"}
    assert len(truth(merchant, "returns")) > 0
    parcels = truth(merchant, "shipments").group_by("channel", "order_id").agg(pl.col("shipment_id").n_unique())
    assert parcels["shipment_id"].max() == 2
    closed = {r["po_id"]: r["closed"] for r in feed(merchant, "erp/purchase_orders_*.csv")}
    assert set(closed.values()) == {"yes", "no"}
    assert sum(r["end_date"] > str(END) for r in feed(merchant, "master/promotions.csv")) >= 2


def test_the_truth_tells_what_units_cost(merchant: Path) -> None:
    told = {(row["sku"], row["valid_from"]): Decimal(row["unit_cost"]) for row in feed(merchant, "master/product_costs.csv")}
    real = pl.read_parquet(merchant / "truth" / "product_costs.parquet").iter_rows()
    assert {(sku, str(day)): cost for sku, day, cost in real} == told


def test_true_demand_is_drawn_around_its_expected_rates(merchant: Path) -> None:
    wanted = truth(merchant, "demand").group_by("location_id").agg(pl.col("demand_units").sum())
    rates = expected_demand(ORDERS, DAYS, 7, END)
    sums = rates.filter(pl.col("demand_date") <= END).group_by("location_id").agg(pl.col("expected_units").sum())
    for expected, units in sums.join(wanted, on="location_id").select("expected_units", "demand_units").rows():
        assert abs(units - expected) < 5 * (3 * expected) ** 0.5  # three times a Poisson's variance, for lots and moods of days
    assert (rates["expected_units"] >= 0).all()
