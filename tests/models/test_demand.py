"""Demand against hand-built ledgers and against plain loops."""

from datetime import UTC, datetime, time
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.demand import (
    cutoff_before,
    daily_demand,
    fill_unknown,
    full_week_units,
    selling_since,
    series_facts,
    told_units,
    unsold_series,
    wanted_lines,
    weekly_history,
    with_conditions,
)  # fmt: skip
from tests.models.builders import (
    BUNDLES,
    CUTOFF,
    DEMAND,
    HIDDEN,
    LINES,
    ORDERS,
    PROMOTIONS,
    QUICK,
    STOCK,
    WEEKLY,
    day,
    frame,
    line,
    order,
    weekly_of,
)

SEEDS = st.integers(0, 10**6)
LAUNCHES = {"sku": pl.String, "launched_date": pl.Date}


def wanted(lines: list[dict], orders: list[dict], bundles: list[tuple] = []) -> pl.DataFrame:  # noqa: B006
    return wanted_lines(frame(LINES, lines), frame(ORDERS, orders), frame(BUNDLES, bundles), "MAIN")


def test_only_what_was_wanted_counts():
    orders = [
        order("plain"), order("test", is_test=True), order("unpaid", payment_status="failed"), order("pending", payment_status="pending"),
        order("credit", order_kind="credit"), order("regret", cancelled_by="customer"), order("sold out", cancelled_by="seller"),
        order("part"), order("elsewhere", location_id="STORE"),
    ]  # fmt: skip
    lines = [
        *(line(o["order_id"], "CUP", 2) for o in orders[:5]),
        line("regret", "CUP", 2, cancelled_units=2), line("sold out", "CUP", 3, cancelled_units=3),
        line("part", "CUP", 5, cancelled_units=1), line("elsewhere", "CUP", 1), line("plain", None, 9, line_number=2),
        line("plain", "POSTAGE", 1, line_number=3, is_goods=False), line("plain", "GIFT", 1, line_number=4, is_gift_card=True),
        line("plain", "SAMPLE", 1, line_number=5, unit_price_amount=0), line("no order", "CUP", 1),
    ]  # fmt: skip
    found = wanted(lines, orders)
    assert set(found["sku"]) == {"CUP"}
    assert sorted(found.select("location_id", "demand_units").rows()) == [
        ("MAIN", 2), ("MAIN", 2), ("MAIN", 3), ("MAIN", 4), ("STORE", 1),
    ]  # fmt: skip


def test_a_bundle_counts_as_its_components():
    found = wanted([line("o", "SET", 2)], [order("o")], [("SET", "CUP", 3), ("SET", "POT", 1)])
    assert sorted(found.select("sku", "demand_units").rows()) == [("CUP", 6), ("POT", 2)]


def test_prices_are_told_by_what_was_paid_at_first():
    lines = [line("a", "CUP", 2, discount_amount=2), line("b", "CUP", 1), line("c", "SET", 1)]
    orders = [order("a", business_date=day(20)), order("b", business_date=day(5)), order("c", business_date=day(5))]
    found = wanted(lines, orders, [("SET", "POT", 1)])
    daily = daily_demand(found, selling_since(found, frame(STOCK), frame(LAUNCHES)), frame(HIDDEN), frame(PROMOTIONS), CUTOFF)
    assert daily.select("sku", "price_rate").rows() == [("CUP", 1.0), ("CUP", 5 / 4), ("POT", None)]
    promotions = frame(PROMOTIONS, [("CUP", day(12), day(6)), ("CUP", day(6), day(6))])
    weekly = with_conditions(weekly_history(daily, CUTOFF), daily, promotions, CUTOFF).filter(sku="CUP")
    assert weekly["promoted_rate"].to_list() == [0, 6 / 7, 1 / 7]
    assert weekly["price_rate"].to_list() == [1, 1, 5 / 4], "the last known price holds"


def test_products_just_launched_are_series_where_they_are_stocked():
    daily = frame(DEMAND | {"price_rate": pl.Float64}, [("OLD", "A", "web", day(3), 2, 1.0, False, None)])
    facts = series_facts(daily, weekly_history(daily, CUTOFF), frame(STOCK))
    dates = {"launched_date": pl.Date, "discontinued_date": pl.Date}
    products = frame(
        {"sku": pl.String} | dates,
        [
            ("NEW", day(5), None),
            ("NEXT", day(-10), None),
            ("FAR", day(-100), None),
            ("ENDED", day(9), day(1)),
            ("AGED", day(200), None),
            ("OLD", day(5), None),
        ],
    )
    places = frame(
        {"sku": pl.String, "location_id": pl.String}, [(sku, "A") for sku in products["sku"]] + [("NEW", "B"), ("NEW", "B")]
    )
    found = unsold_series(products, places, facts, CUTOFF, 4)
    assert found.select("sku", "location_id", "demand_class").rows() == [
        ("NEW", "A", "new"),
        ("NEW", "B", "new"),
        ("NEXT", "A", "new"),
    ]
    assert pl.concat([facts, found]).height == 4


def random_ledger(rng: Random) -> tuple[list[dict], list[dict], list[tuple]]:
    orders = [
        order(
            str(i), channel=rng.choice(["web", "shop"]), business_date=day(rng.randint(-3, 20)), is_test=rng.random() < 0.1,
            payment_status=rng.choice(["paid", "failed", "unknown"]), order_kind=rng.choice(["sale", "sale", "sale", "credit"]),
            cancelled_by=rng.choice([None, "customer", "seller"]), location_id=rng.choice([None, "A", "B"]),
        )
        for i in range(rng.randint(0, 15))
    ]  # fmt: skip
    lines = [
        line(
            o["order_id"], rng.choice([None, "X", "Y", "SET"]), units := rng.randint(-1, 5), channel=o["channel"], line_number=n,
            cancelled_units=rng.randint(0, max(units, 0)), is_goods=rng.random() < 0.9, is_gift_card=rng.random() < 0.1,
            unit_price_amount=rng.choice([0, 3]),
        )
        for o in orders for n in range(rng.randint(1, 3))
    ]  # fmt: skip
    return lines, orders, [("SET", "X", 2), ("SET", "Z", 1)]


def naive_wanted(lines: list[dict], orders: list[dict], bundles: list[tuple]) -> list[tuple]:
    by_id = {(o["channel"], o["order_id"]): o for o in orders}
    found = []
    for l in lines:  # noqa: E741
        o = by_id[l["channel"], l["order_id"]]
        if o["is_test"] or o["payment_status"] == "failed" or o["order_kind"] != "sale":
            continue
        if not l["is_goods"] or l["is_gift_card"] or l["sku"] is None or l["unit_price_amount"] <= 0:
            continue
        units = l["ordered_units"] - (0 if o.get("cancelled_by") == "seller" else l["cancelled_units"])
        if units <= 0:
            continue
        parts = [(component, n) for bundle, component, n in bundles if bundle == l["sku"]] or [(l["sku"], 1)]
        found += [(sku, o["location_id"] or "MAIN", l["channel"], o["business_date"], n * units) for sku, n in parts]
    return found


def naive_firsts(rows: list[tuple], stocked: list[tuple], launched: list[tuple]) -> list[tuple]:
    """When each SKU, location and channel came on sale: first sold, or first in stock on a channel that sells, once launched."""
    found = []
    for sku, place, channel in {row[:3] for row in rows}:
        began = min(row[3] for row in rows if row[2] == channel)
        sold = min(row[3] for row in rows if row[:3] == (sku, place, channel))
        seen = [day(back) for s, p, back, units in stocked if (s, p) == (sku, place) and (5 if units is None else units) > 0]
        waits = [day(back) for s, back in launched if s == sku and back is not None]
        found.append((sku, place, channel, min([sold, *([max(began, min(seen), *waits)] if seen else [])])))
    return found


def at(back: int) -> datetime:
    return datetime.combine(day(back), time(9), UTC)


@QUICK
@given(SEEDS)
def test_wanted_and_daily_equal_a_plain_loop(seed: int):
    rng = Random(seed)
    ledger = random_ledger(rng)
    out = sorted(
        {(rng.choice("XYZ"), rng.choice(["A", "B"]), rng.choice(["web", "shop"]), day(rng.randint(0, 20))) for _ in range(15)}
    )
    hidden = [(*key, rng.choice([0.25, 1.0])) for key in out]
    promotions = [(rng.choice("XYZ"), day(start := rng.randint(-4, 20)), day(start - rng.randint(0, 6))) for _ in range(2)]
    stocked = [(rng.choice("XYZ"), rng.choice("AB"), rng.randint(-3, 40), rng.choice([None, 0, 4])) for _ in range(8)]
    launched = [(rng.choice("XYZ"), rng.choice([None, rng.randint(0, 40)])) for _ in range(4)]
    lines = wanted(*ledger)
    rows = naive_wanted(*ledger)
    assert sorted(lines.select("sku", "location_id", "channel", "demand_date", "demand_units").rows()) == sorted(rows)

    totals: dict[tuple, int] = {}
    for sku, location, channel, on, units in rows:
        if on <= CUTOFF:
            totals[sku, location, channel, on] = totals.get((sku, location, channel, on), 0) + units
    unseen = {key[:4]: key[4] for key in hidden}
    for first in naive_firsts(rows, stocked, launched):
        if first[3] <= CUTOFF:
            totals.setdefault(first, 0)
    expected = [
        (
            *key,
            totals.get(key, 0),
            key in unseen,
            1 - unseen.get(key, 0),
            any(s == key[0] and a <= key[3] <= b for s, a, b in promotions),
        )
        for key in sorted(totals.keys() | unseen.keys())
    ]
    levels = frame(STOCK, [(sku, place, at(back), 5, units) for sku, place, back, units in stocked])
    launches = frame(LAUNCHES, [(sku, None if back is None else day(back)) for sku, back in launched])
    daily = daily_demand(
        lines, selling_since(lines, levels, launches), frame(HIDDEN, hidden), frame(PROMOTIONS, promotions), CUTOFF
    )
    columns = ["sku", "location_id", "channel", "demand_date", "demand_units", "is_censored", "seen_rate", "is_promoted"]
    assert daily.select(columns).rows() == expected


def test_nothing_gives_nothing():
    lines = wanted([], [])
    daily = daily_demand(lines, selling_since(lines, frame(STOCK), frame(LAUNCHES)), frame(HIDDEN), frame(PROMOTIONS), CUTOFF)
    weekly = weekly_history(daily, CUTOFF)
    facts = series_facts(daily, weekly, frame(STOCK))
    assert [f.height for f in (lines, daily, weekly, facts)] == [0] * 4
    assert {"sku", "location_id", "demand_class", "has_stock_figures", "seen_days"} <= set(facts.columns)


def observed(*rows: tuple[int, int, int | None]) -> pl.DataFrame:
    at = [datetime.combine(day(back), time(9 + i % 10), UTC) for i, (back, _, _) in enumerate(rows)]
    return frame(STOCK, [("X", "A", t, on_hand, available) for t, (_, on_hand, available) in zip(at, rows, strict=True)])


def demand(*rows: tuple[str, int, int, bool]) -> pl.DataFrame:
    return frame(
        DEMAND, [("X", "A", channel, day(back), units, 1.0 - censored, censored) for channel, back, units, censored in rows]
    )


def test_weeks_end_on_the_cutoff():
    weekly = weekly_history(
        demand(("web", 27, 1, False), ("web", 7, 2, False), ("web", 6, 3, False), ("web", 0, 4, False)), CUTOFF
    )
    assert weekly["week"].to_list() == [-3, -2, -1, 0]
    assert weekly["units"].to_list() == [1, 0, 2, 7]
    assert set(weekly["seen_days"]) == {7}


def test_a_broken_first_week_is_left_out_unless_it_is_all_there_is():
    assert weekly_history(demand(("web", 7, 9, False), ("web", 2, 5, False)), CUTOFF).select("week", "units").rows() == [(0, 5)]
    assert weekly_history(demand(("web", 2, 5, False)), CUTOFF).select("week", "units").rows() == [(0, 5)]


def test_a_day_is_seen_as_far_as_the_channel_that_saw_least_of_it():
    rows = demand(("web", 6, 7, False), ("shop", 3, 50, False), ("web", 3, 0, True))
    assert weekly_history(rows, CUTOFF).select("units", "seen_days").rows() == [(57, 6)]
    rows = rows.with_columns(seen_rate=pl.when(pl.col("seen_rate") < 1).then(0.25).otherwise(0.75))
    assert weekly_history(rows, CUTOFF)["seen_days"].to_list() == [6.0]


def test_demand_after_the_cutoff_is_unknown():
    rows = demand(("web", 6, 7, False), ("web", -3, 50, False))
    later = demand(("web", -3, 50, False))
    assert weekly_history(rows, CUTOFF)["units"].to_list() == [7]
    assert weekly_history(later, CUTOFF).is_empty()


@QUICK
@given(SEEDS)
def test_weekly_history_equals_a_plain_loop(seed: int):
    rng = Random(seed)
    keys = sorted({(rng.choice("XY"), "A", rng.choice(["web", "shop"]), day(rng.randint(-3, 40))) for _ in range(30)})
    rows = [(*key, rng.randint(0, 5), rng.choice([1.0, 1.0, 0.5, 0.0])) for key in keys]
    expected = []
    for sku in "XY":
        own = [((CUTOFF - on).days, units, seen) for s, _, _, on, units, seen in rows if s == sku and on <= CUTOFF]
        if not own:
            continue
        least = {back: min(seen for other, _, seen in own if other == back) for back, _, _ in own}
        whole = max((max(back for back, _, _ in own) + 1) // 7, 1)
        for week in range(whole - 1, -1, -1):
            days = range(7 * week, min(7 * week + 7, max(back for back, _, _ in own) + 1))
            units = sum(u for back, u, _ in own if back in days)
            expected.append((sku, "A", -week, units, sum(least.get(back, 1.0) for back in days)))
    rng.shuffle(rows)
    assert weekly_history(frame(DEMAND, [(*row, row[-1] < 1) for row in rows]), CUTOFF).select(*WEEKLY).rows() == expected


def test_too_little_of_a_week_says_nothing_of_the_rest():
    weeks = pl.DataFrame({"units": [6, 6, 2, 0], "seen_days": [3.0, 7, 2.9, 0]})
    assert weeks.select(full_week_units()).to_series().to_list() == [6, 6, None, None]


def test_what_sold_in_unseen_weeks_alone_is_told_as_estimated():
    weekly = weekly_of([[9, 0, 0, 0], [9, 0, 2, 0]], seen=[[1, 0, 7, 7], [1, 0, 7, 7]])
    told = weekly.select("sku", told_units()).group_by("sku", maintain_order=True).all().to_series(1).to_list()
    assert told == [[9, 0, 0, 0], [None, None, 2, 0]]


@pytest.mark.parametrize(
    ("weeks", "demand_class"),
    [
        ([4, 0] * 10, "intermittent"),
        ([4] * 20, "smooth"),
        ([1, 1, 1, 12] * 5, "erratic"),
        ([1, 0, 20, 0, 0] * 4, "lumpy"),
        ([0] * 20, "lumpy"),
        ([4] * 12, "new"),
        ([4] * 13, "smooth"),
    ],
)  # fmt: skip
def test_class_by_hand(weeks: list[int], demand_class: str):
    assert class_of(weekly_of([weeks])) == demand_class


def class_of(weekly: pl.DataFrame) -> str:
    any_demand = frame(DEMAND, [("S000", "L", "web", CUTOFF, 0, 1.0, False)])
    return series_facts(any_demand, weekly, frame(STOCK))["demand_class"].item()


@QUICK
@given(SEEDS)
def test_class_equals_a_plain_loop(seed: int):
    rng = np.random.default_rng(seed)
    weeks = rng.negative_binomial(rng.uniform(0.2, 5), rng.uniform(0.1, 0.9), 30)
    busy = weeks[weeks > 0]
    interval = len(weeks) / len(busy) if len(busy) else float("inf")
    cv2 = float(np.std(busy) / np.mean(busy)) ** 2 if len(busy) else float("inf")
    name = {(True, True): "smooth", (True, False): "erratic", (False, True): "intermittent", (False, False): "lumpy"}
    assert class_of(weekly_of([weeks])) == name[interval <= 1.32, cv2 <= 0.49]


def test_a_stock_out_does_not_make_a_series_intermittent():
    assert class_of(weekly_of([[5, 0] * 10], seen=[[7, 0] * 10])) == "smooth"
    assert class_of(weekly_of([[10, 9] * 10], seen=[[7, 4] * 10])) == "smooth"


def test_facts_tell_the_span_and_what_was_seen():
    rows = demand(("web", 13, 2, False), ("web", 5, 3, False), ("web", 4, 1, True))
    stock = observed((9, 4, None))
    facts = series_facts(rows, weekly_history(rows, CUTOFF), stock).row(0, named=True)
    assert (facts["first_date"], facts["last_demand_date"], facts["total_units"]) == (day(13), day(4), 6)
    assert (facts["seen_days"], facts["censored_days"], facts["weeks"]) == (13, 1, 2)
    assert (facts["has_stock_figures"], facts["demand_class"]) == (True, "new")


def test_the_cutoff_is_the_day_before():
    assert cutoff_before(day(-1)) == CUTOFF


def test_unknown_weeks_are_filled_from_their_neighbours():
    assert fill_unknown(np.array([4, np.nan, 6])).tolist() == [4, 5, 6]
    assert fill_unknown(np.array([np.nan, np.nan])).tolist() == [0, 0]
    assert fill_unknown(np.array([np.nan, 3.0])).tolist() == [3, 3]
    assert fill_unknown(np.array([*range(9), np.nan])).tolist()[-1] == 4.5
    assert fill_unknown(np.array([])).tolist() == []
