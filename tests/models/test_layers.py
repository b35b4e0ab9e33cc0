"""Layers of the history: worked examples, what each leaves alone, and that all of them can be taken back."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from models.demand import DAYS, full_week_units, weekly_history
from models.layers import COLUMNS, Switches, kept_days, layered, layers, returned, uplifts
from models.layers.lost import lost
from models.layers.outliers import outliers
from models.layers.rates import DECAY, local_rates
from models.layers.uplift import promoted
from tests.models.builders import BUNDLES, CUTOFF, ORDERS, PROMOTIONS, day, frame, order

DAILY = {"sku": pl.String, "location_id": pl.String, "channel": pl.String, "demand_date": pl.Date, "demand_units": pl.Int64,
         "seen_rate": pl.Float64, "is_censored": pl.Boolean, "is_promoted": pl.Boolean}  # fmt: skip
ORDER_UNITS = {"sku": pl.String, "location_id": pl.String, "channel": pl.String, "demand_date": pl.Date, "order_units": pl.Int64}
BACK = {**{name: ORDER_UNITS[name] for name in DAYS}, "units": pl.Float64, "reason": pl.String}
KEPT = {"kind": pl.String, "sku": pl.String, "location_id": pl.String, "start_date": pl.Date, "end_date": pl.Date}


def daily(*rows: tuple[int, int], seen: float = 1.0, promoted: bool = False, sku: str = "X") -> pl.DataFrame:
    return frame(DAILY, [(sku, "A", "web", day(back), units, seen, seen < 1, promoted) for back, units in rows])


def one_each(days: pl.DataFrame) -> pl.DataFrame:
    return days.select(*DAYS, order_units="demand_units")


def test_the_rate_between_two_weeks_by_hand() -> None:
    days = pl.concat([daily((20, 7), (0, 14)), daily(*((back, 0) for back in range(7, 14)), seen=0.0)])
    found = dict(local_rates(days, CUTOFF).select("week", "rate_units").rows())
    quiet, busy = 7 * 37 / 40.5, 7 * 44 / 40.5
    assert found[-1] == pytest.approx((DECAY * 7 + DECAY * 14 + 5) / (DECAY * (quiet + busy) + 5 / 1.5))
    assert found[0] == pytest.approx((14 + DECAY**2 * 7 + 5) / (busy + DECAY**2 * quiet + 5 / 1.5) * 44 / 40.5)


def test_a_channels_busy_week_is_told_to_a_shelf_that_missed_it() -> None:
    others = [daily(*((back, 9 if back < 7 else 3) for back in range(70)), sku=f"S{k}") for k in range(9)]
    missed = pl.concat([daily(*((back, 1) for back in range(7, 70))), daily(*((back, 0) for back in range(7)), seen=0.0)])
    found = local_rates(pl.concat([*others, missed]), CUTOFF).filter(sku="X").sort("week")["rate_units"]
    assert found[-2] == pytest.approx(1, rel=0.2)
    assert found[-1] == pytest.approx(9 / 3.6, rel=0.25), "as busy as the week was against the mean of the ten"


def test_the_rate_of_a_shelf_that_ends_its_own_days_is_not_biased() -> None:
    """Ten units are on the shelf, and the day ends with the last of them: dropping such days would lose the best ones."""
    rng = np.random.default_rng(1)
    n, rate = 4000, 9.0
    wait = np.cumsum(rng.exponential(1 / rate, (n, 10)), axis=1)
    seen = np.minimum(wait[:, 9], 1.0)
    units = (wait < 1).sum(axis=1) + (wait[:, 9] < 1) * 0
    rows = [
        ("X", "A", "web", CUTOFF - timedelta(days=k), int(u), float(s), bool(s < 1), False)
        for k, (u, s) in enumerate(zip(units, seen, strict=True))
    ]
    found = local_rates(frame(DAILY, rows), CUTOFF)["rate_units"]
    assert found.mean() == pytest.approx(rate, rel=0.02)
    assert units[seen == 1].mean() < 0.85 * rate


def test_what_an_empty_shelf_lost() -> None:
    usual = daily(*((back, 2) for back in range(1, 70)))
    half = daily((0, 1), seen=0.5)
    whole = daily((0, 0), seen=0.0)
    taken = daily((0, 5), seen=0.0)
    assert lost(pl.concat([usual, half]), CUTOFF)["units"].item() == pytest.approx(1.0, rel=0.05)
    assert lost(pl.concat([usual, whole]), CUTOFF)["units"].item() == pytest.approx(2.0, rel=0.05)
    assert lost(pl.concat([usual, taken]), CUTOFF)["units"].item() == 0, "orders taken for an empty shelf are known demand"


def test_weekdays_differ_by_channel() -> None:
    seen = [(back, 6 if day(back).weekday() == 5 else 1) for back in range(8, 78)]
    sold = pl.concat([daily(*seen), daily(*((back, 0) for back in range(1, 8)), seen=0.0)])
    found = lost(sold, CUTOFF).with_columns(weekday=pl.col("demand_date").dt.weekday())
    saturday, other = found.filter(pl.col("weekday") == 6)["units"].item(), found.filter(pl.col("weekday") == 2)["units"].item()
    assert saturday == pytest.approx(6 * other, rel=0.01)


def test_a_bulk_order_is_taken_back_to_the_usual_by_hand() -> None:
    days = daily(*zip(range(9), [1, 2, 1, 1, 3, 1, 2, 48, 1], strict=True))
    orders = frame(ORDER_UNITS, [("X", "A", "web", day(7), units) for units in (45, 1, 2)])
    found = outliers(days, orders)
    assert found.select("demand_date", "units").rows() == [(day(7), -44.0)]
    assert "an order of 45 units where 1.0 are a usual day and 7.0 the bound" in found["reason"].item()


def test_many_small_orders_promotions_and_short_series_are_left_alone() -> None:
    days = daily(*zip(range(9), [1, 2, 1, 1, 3, 1, 2, 48, 1], strict=True))
    small = frame(ORDER_UNITS, [("X", "A", "web", day(7), 2)] * 24)
    assert outliers(days, small).is_empty()
    sale = days.with_columns(is_promoted=pl.col("demand_units") == 48)
    assert outliers(sale, one_each(sale)).is_empty()
    assert outliers(days.head(7).vstack(days[7:8]).tail(7), one_each(days)).is_empty()


def test_counts_by_chance_are_hardly_ever_outliers() -> None:
    rng = np.random.default_rng(0)
    for mean in (0.3, 2.0, 12.0):
        days = daily(*enumerate(rng.negative_binomial(2, 2 / (2 + mean), 3000).tolist()))
        found = outliers(days, one_each(days.filter(pl.col("demand_units") > 0)))
        assert found.height <= 0.005 * days.height


def test_promotions_sell_by_the_ratio_that_made_them_drawn_to_everybodys() -> None:
    usual = [(back, 2) for back in range(120) if back not in range(50, 60)]
    days = pl.concat([daily(*usual), daily(*((back, 5) for back in range(50, 60)), promoted=True)])
    promotions = frame(PROMOTIONS, [("X", day(59), day(50))])
    rate = uplifts(days, promotions, CUTOFF)["uplift_rate"].item()
    assert rate == pytest.approx(2.5, rel=0.02), "one SKU is everybody"
    taken = promoted(days, promotions, CUTOFF)
    assert taken["units"].to_list() == pytest.approx([5 / rate - 5] * 10, abs=1e-3)
    other = daily(*((back, 1) for back in range(90)), sku="Y")
    assert uplifts(pl.concat([days, other]), promotions, CUTOFF).filter(sku="Y")["uplift_rate"].item() == pytest.approx(51 / 21)
    none = uplifts(other, frame(PROMOTIONS), CUTOFF)
    assert none["uplift_rate"].to_list() == [1.0]


def test_what_has_sold_under_promotion_alone_tells_nothing_of_it() -> None:
    old = daily(*((back, 2) for back in range(200)), sku="OLD")
    new = daily(*((back, 5) for back in range(20, 30)), sku="NEW", promoted=True)
    found = uplifts(pl.concat([old, new]), frame(PROMOTIONS, [("NEW", day(29), day(20))]), CUTOFF)
    assert dict(found.rows()) == {"NEW": 1.0, "OLD": 1.0}


def test_a_weekday_on_which_a_channel_does_not_sell_loses_nothing() -> None:
    """Four each Monday to Friday, and not to be bought on a Monday and a Saturday."""
    working = [(back, 4) for back in range(20, 150) if day(back).weekday() < 5]
    monday = next(back for back in range(1, 20) if day(back).weekday() == 0)
    saturday = next(back for back in range(1, 20) if day(back).weekday() == 5)
    found = lost(pl.concat([daily(*working), daily((monday, 0), (saturday, 0), seen=0.0)]), CUTOFF)
    units = dict(found.select("demand_date", "units").rows())
    assert units[day(saturday)] == 0
    assert units[day(monday)] > 1


def test_what_came_back_is_taken_from_the_day_of_its_order() -> None:
    schema = {"channel": pl.String, "order_id": pl.String, "sku": pl.String, "business_date": pl.Date, "returned_units": pl.Int64}
    lines = frame(schema, [("web", "o", "SET", day(7), 2), ("web", "o", "CUP", day(7), 1), ("web", "p", "CUP", day(3), 0)])
    found = returned(lines, frame(ORDERS, [order("o")]), frame(BUNDLES, [("SET", "CUP", 3), ("SET", "POT", 1)]), "MAIN")
    assert sorted(found.select("sku", "location_id", "demand_date", "units").rows()) == [
        ("CUP", "MAIN", day(7), -7.0), ("POT", "MAIN", day(7), -2.0),
    ]  # fmt: skip


@pytest.fixture
def history() -> pl.DataFrame:
    """Two a day, a bulk order, a promotion, two days without stock."""
    plain = daily(*((back, 2) for back in range(100) if back not in (5, 20, 21, *range(40, 50))))
    return pl.concat([
        plain, daily((5, 60)), daily(*((back, 4) for back in range(40, 50)), promoted=True), daily((20, 0), (21, 0), seen=0.0)
    ]).sort(DAYS)  # fmt: skip


def made(history: pl.DataFrame, switches: Switches = Switches(), kept: pl.DataFrame = frame(KEPT)) -> pl.DataFrame:  # noqa: B008
    promotions, back = frame(PROMOTIONS, [("X", day(49), day(40))]), frame(BACK, [("X", "A", "web", day(9), -1.0, "came back")])
    return layers(history, one_each(history), promotions, back, kept_days(kept), switches, CUTOFF)


def test_the_layers_leave_what_is_usual(history: pl.DataFrame) -> None:
    above = made(history)
    assert above.columns == COLUMNS
    assert dict(above.group_by("layer").len().rows()) == {"outlier": 1, "promotion": 10, "lost": 2, "returned": 1}
    assert above.filter(~pl.col("is_applied"))["layer"].to_list() == ["returned"], "returns are netted only where asked for"
    usual = layered(history, above)
    assert usual["demand_units"].to_numpy() == pytest.approx(2.0, rel=0.1)
    assert usual.filter(pl.col("seen_rate") < 1).height == 2, "estimated days stay unseen"


def test_every_layer_can_be_switched_off_and_then_the_history_is_as_imported(history: pl.DataFrame) -> None:
    above = made(history, Switches(False, False, False, False))
    assert above.height == made(history).height and not above["is_applied"].any(), "switched off, but shown"
    plain = layered(history, above)
    assert plain["demand_units"].to_list() == history["demand_units"].to_list()
    assert plain["seen_rate"].to_list() == plain["known_rate"].to_list() == history["seen_rate"].to_list(), "unseen stays unknown"


def test_without_the_estimate_a_pause_is_unknown_and_no_zero() -> None:
    """Three a day, not to be bought for 41 days and two earlier ones, by one of two channels."""
    paused = [*range(41), 58, 60]
    web = pl.concat(
        [daily(*((back, 3) for back in range(120) if back not in paused)), daily(*((b, 0) for b in paused), seen=0.0)]
    )
    shop = daily(*((back, 1) for back in range(120))).with_columns(channel=pl.lit("shop"))
    history = pl.concat([web, shop])
    weekly = weekly_history(layered(history, made(history, Switches(lost_demand=False))), CUTOFF)
    known = weekly.select("week", units=full_week_units()).drop_nulls()
    assert known["week"].to_list() == list(range(-16, -5)), "a week seen on under three days stays unknown"
    assert known["units"].to_list() == pytest.approx([28.0] * 11)


def test_days_without_stock_that_a_person_keeps_count_as_imported(history: pl.DataFrame) -> None:
    kept = frame(KEPT, [("imported", "X", None, day(21), day(20))])
    for switch in (True, False):
        plain = layered(history, made(history, Switches(lost_demand=switch), kept))
        assert (plain.filter(pl.col("demand_date").is_between(day(21), day(20)))["seen_rate"] == 1).all()
        assert (plain["known_rate"] == 1).all()


def test_a_person_keeps_days_as_imported(history: pl.DataFrame) -> None:
    kept = frame(
        KEPT,
        [
            ("imported", "X", None, day(5), day(5)),
            ("imported", "X", "B", day(20), day(20)),
            ("override", "X", None, day(21), day(21)),
        ],
    )
    above = made(history, kept=kept)
    assert not above.filter(demand_date=day(5))["is_applied"].any()
    assert above.filter(pl.col("layer") == "lost")["is_applied"].all(), (
        "another location's and another kind's entries keep nothing"
    )
    assert layered(history, above).filter(demand_date=day(5))["demand_units"].to_list() == [60]


def test_nothing_after_the_cutoff_is_looked_at(history: pl.DataFrame) -> None:
    earlier = CUTOFF - timedelta(days=30)
    noise = history.with_columns(demand_units=pl.when(pl.col("demand_date") > earlier).then(99).otherwise("demand_units"))
    promotions, back = frame(PROMOTIONS, [("X", day(49), day(40))]), frame(BACK)
    found = [layers(h, one_each(h), promotions, back, kept_days(frame(KEPT)), Switches(), earlier) for h in (history, noise)]
    assert found[0].equals(found[1]) and not found[0].is_empty()
