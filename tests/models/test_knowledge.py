"""What people know, applied: worked examples, and a plain loop over days as the second opinion."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import knowledge
from models.knowledge import Adjusted, launched_like, with_inherited, with_planned, with_promotions

CUTOFF = date(2026, 3, 1)
SCHEMA = {
    "entry_id": pl.String, "number": pl.Int64, "kind": pl.String, "sku": pl.String, "location_id": pl.String, "other_sku": pl.String, "start_date": pl.Date,
    "end_date": pl.Date, "weekly_units": pl.Float64, "change_rate": pl.Float64, "discount_rate": pl.Float64,
}  # fmt: skip


def known(*rows: dict[str, Any]) -> pl.DataFrame:
    numbered = [{"entry_id": f"KN-{n}", "number": n} | row for n, row in enumerate(rows, 1)]
    return pl.DataFrame(numbered, schema=SCHEMA)


def adjusted(means: pl.DataFrame, quantiles: pl.DataFrame, entries: pl.DataFrame, *selling: str) -> Adjusted:
    """selling: SKUs that sell themselves at DC."""
    sells = pl.DataFrame(
        {"sku": selling, "location_id": ["DC"] * len(selling)}, schema={"sku": pl.String, "location_id": pl.String}
    )
    return knowledge.adjusted(means, quantiles, entries, sells)


def forecast(units: list[float], sku: str = "A", location: str = "DC") -> tuple[pl.DataFrame, pl.DataFrame]:
    weeks = range(1, len(units) + 1)
    means = pl.DataFrame(
        {"sku": sku, "location_id": location, "cutoff_date": CUTOFF, "horizon": list(weeks), "mean_units": units, "model": "m"}
    )
    levels = pl.DataFrame({"quantile": [0.1, 0.5, 0.9], "share": [0.5, 1.0, 2.0]})
    quantiles = means.join(levels, how="cross").with_columns(forecast_units=pl.col("mean_units") * pl.col("share"))
    return means, quantiles.drop("share", "mean_units", "model")


def day(n: int) -> date:
    return CUTOFF + timedelta(days=n)


def test_an_override_holds_on_its_days_alone_and_the_statistical_forecast_stays_beside_it() -> None:
    entries = known(
        {"kind": "override", "sku": "A", "location_id": "DC", "start_date": day(4), "end_date": day(14), "weekly_units": 28.0}
    )
    made = adjusted(*forecast([14.0, 14.0, 14.0]), entries)
    assert made.means["mean_units"].to_list() == [pytest.approx(22.0), pytest.approx(28.0), 14.0]
    assert made.adjustments["horizon"].to_list() == [1, 2]
    assert made.adjustments["statistical_mean_units"].to_list() == [14.0, 14.0]
    assert made.adjustments["entry_ids"].to_list() == ["KN-1", "KN-1"]
    second = made.quantiles.filter(pl.col("horizon") == 2)["forecast_units"].to_list()
    assert second == [14.0, 28.0, 56.0]
    assert made.quantiles.filter(pl.col("horizon") == 3)["forecast_units"].to_list() == [7.0, 14.0, 28.0]


def test_the_latest_override_of_a_day_rules_and_promotions_multiply() -> None:
    dates = {"start_date": day(1), "end_date": day(7)}
    entries = known(
        {"kind": "override", "sku": "A", "change_rate": 1.0, **dates},
        {"kind": "override", "sku": "A", "change_rate": 0.5, **dates},
        {"kind": "promotion", "sku": "A", "change_rate": 1.0, **dates},
        {"kind": "promotion", "sku": "A", "discount_rate": 0.2, "start_date": day(8), "end_date": day(9)},
    )
    made = adjusted(*forecast([10.0, 10.0]), entries)
    assert made.means["mean_units"].to_list() == [pytest.approx(30.0), 10.0]
    assert made.adjustments["entry_ids"].to_list() == ["KN-2 KN-3"]


def test_ends_launches_and_supersessions_close_the_days_off_sale() -> None:
    entries = known(
        {"kind": "end", "sku": "A", "end_date": day(7)},
        {"kind": "launch", "sku": "B", "start_date": day(8)},
        {"kind": "supersession", "sku": "C", "other_sku": "D", "start_date": day(8)},
    )
    parts = [forecast([7.0, 7.0], sku) for sku in "ABCDE"]
    made = adjusted(pl.concat([m for m, _ in parts]), pl.concat([q for _, q in parts]), entries)
    units = {sku: rows["mean_units"].to_list() for (sku,), rows in made.means.group_by("sku", maintain_order=True)}
    assert units == {"A": [7.0, 0.0], "B": [0.0, 7.0], "C": [7.0, 0.0], "D": [0.0, 7.0], "E": [7.0, 7.0]}
    assert made.quantiles.filter((pl.col("sku") == "A") & (pl.col("horizon") == 2))["forecast_units"].sum() == 0


def test_where_nothing_was_expected_quantiles_are_those_of_poisson() -> None:
    entries = known(
        {"kind": "override", "sku": "A", "location_id": "DC", "start_date": day(1), "end_date": day(7), "weekly_units": 4.0}
    )
    assert adjusted(*forecast([0.0]), entries).quantiles["forecast_units"].to_list() == [2.0, 4.0, 7.0]


def test_nothing_known_changes_nothing() -> None:
    means, quantiles = forecast([3.0, 4.0])
    made = adjusted(means, quantiles, known())
    assert made.means.equals(means)
    assert made.quantiles.equals(quantiles)
    assert made.adjustments.is_empty()


def demand(*rows: tuple[str, int, int, bool]) -> pl.DataFrame:
    return pl.DataFrame(
        [(sku, "DC", "shop", day(n), units, is_censored, 1.0 - is_censored, False) for sku, n, units, is_censored in rows],
        schema={"sku": pl.String, "location_id": pl.String, "channel": pl.String, "demand_date": pl.Date, "demand_units": pl.Int64,
                "is_censored": pl.Boolean, "seen_rate": pl.Float64, "is_promoted": pl.Boolean},
        orient="row",
    )  # fmt: skip


def test_the_old_skus_history_flows_along_a_chain_to_those_that_follow() -> None:
    history = demand(("OLD", -9, 3, False), ("OLD", -1, 5, True), ("NEW", -1, 2, False))
    entries = known(
        {"kind": "supersession", "sku": "OLD", "other_sku": "NEW", "start_date": day(-2)},
        {"kind": "supersession", "sku": "NEW", "other_sku": "NEXT", "start_date": day(20)},
    )
    made = with_inherited(history, entries)
    of = {sku: dict(rows.select("demand_date", "demand_units").rows()) for (sku,), rows in made.group_by("sku")}
    assert of["NEW"] == of["NEXT"] == {day(-9): 3, day(-1): 7}
    assert of["OLD"] == {day(-9): 3, day(-1): 5}
    hidden = made.filter("is_censored").select("sku", "demand_date").rows()
    assert sorted(hidden) == [("OLD", day(-1))], "once NEW is there, an empty shelf of OLD hides nothing of it"


def test_a_successor_does_not_inherit_what_the_old_sku_lost_since() -> None:
    """Ten a day of OLD until NEW follows; then ten of NEW, and ten that OLD is estimated to have lost."""
    history = demand(("OLD", -2, 10, False), ("OLD", 0, 10, True), ("NEW", 0, 10, False)).with_columns(known_rate=pl.lit(1.0))
    history = history.with_columns(pl.col("demand_units").cast(pl.Float64))
    made = with_inherited(history, known({"kind": "supersession", "sku": "OLD", "other_sku": "NEW", "start_date": day(-1)}))
    assert dict(made.filter(sku="NEW").select("demand_date", "demand_units").rows()) == {day(-2): 10, day(0): 10}


def superseding(*links: str) -> pl.DataFrame:
    """Links such as AB (A is followed by B), each from a day later than the one before."""
    rows = [
        {"kind": "supersession", "sku": link[0], "other_sku": link[1], "start_date": day(n - 5)} for n, link in enumerate(links)
    ]
    return known(*rows)


def test_of_two_successors_the_one_entered_later_inherits_and_demand_counts_once() -> None:
    entries = superseding("AX", "AY")
    made = with_inherited(demand(("A", -9, 2, False)), entries)
    assert dict(made.select("sku", "demand_units").rows()) == {"A": 2, "Y": 2}
    at_one = entries.with_columns(location_id=pl.when(pl.col("other_sku") == "Y").then(pl.lit("SHOP")))
    both = pl.concat([demand(("A", -9, 2, False)), demand(("A", -9, 3, False)).with_columns(location_id=pl.lit("SHOP"))])
    heirs = with_inherited(both, at_one).filter(pl.col("sku") != "A")
    assert sorted(heirs.select("sku", "location_id", "demand_units").rows()) == [("X", "DC", 2), ("Y", "SHOP", 3)]


@pytest.mark.parametrize(("links", "ended"), [(("AB", "BA"), "B"), (("AB", "BC", "CA"), "BC"), (("BC", "CA", "AB"), "CA")])
def test_of_successors_in_a_circle_the_oldest_link_goes(links: tuple[str, ...], ended: str) -> None:
    skus = sorted(set("".join(links)))
    made = with_inherited(demand(*((sku, -9, 1, False) for sku in skus)), superseding(*links))
    heir = next(sku for sku in skus if sku not in ended)
    assert dict(made.select("sku", "demand_units").rows())[heir] == len(skus)
    means, quantiles = (pl.concat(parts) for parts in zip(*(forecast([7.0], sku) for sku in skus), strict=True))
    units = dict(adjusted(means, quantiles, superseding(*links)).means.select("sku", "mean_units").rows())
    assert units == {sku: 7.0 if sku == heir else 0.0 for sku in skus}


def test_a_sku_that_follows_several_sells_from_the_first_of_them() -> None:
    entries = known(
        {"kind": "supersession", "sku": "A", "other_sku": "X", "start_date": day(1)},
        {"kind": "supersession", "sku": "B", "other_sku": "X", "start_date": day(30)},
    )
    assert adjusted(*forecast([7.0], "X"), entries).means["mean_units"].to_list() == [7.0]


def test_what_follows_and_sells_already_goes_on_with_its_own_part_until_it_follows() -> None:
    """C sells 4 a week and D, with C's history, 14: 10 are its own; at SHOP, where D never sold, nothing is on sale before."""
    entries = known({"kind": "supersession", "sku": "C", "other_sku": "D", "start_date": day(8)})
    units = {("C", "DC"): [4.0, 4.0], ("D", "DC"): [14.0, 14.0], ("C", "SHOP"): [4.0, 4.0], ("D", "SHOP"): [4.0, 4.0]}
    parts = [forecast(weeks, sku, place) for (sku, place), weeks in units.items()]
    made = adjusted(pl.concat([m for m, _ in parts]), pl.concat([q for _, q in parts]), entries, "C", "D")
    found = {key: rows["mean_units"].to_list() for key, rows in made.means.group_by("sku", "location_id")}
    assert found == {
        ("C", "DC"): [4.0, 0.0], ("D", "DC"): [pytest.approx(10.0), 14.0], ("C", "SHOP"): [4.0, 0.0], ("D", "SHOP"): [0.0, 4.0]
    }  # fmt: skip
    assert made.adjustments.filter(pl.col("sku") == "D")["entry_ids"].unique().to_list() == ["KN-1"]
    both = entries.with_columns(start_date=pl.lit(day(4)))
    mixed = adjusted(pl.concat([m for m, _ in parts]), pl.concat([q for _, q in parts]), both, "C", "D").means
    first = mixed.filter((pl.col("sku") == "D") & (pl.col("location_id") == "DC"))["mean_units"][0]
    assert first == pytest.approx(10 * 3 / 7 + 14 * 4 / 7)


def test_a_later_end_mends_an_earlier_one() -> None:
    entries = known({"kind": "end", "sku": "A", "end_date": day(0)}, {"kind": "end", "sku": "A", "end_date": day(7)})
    assert adjusted(*forecast([7.0, 7.0]), entries).means["mean_units"].to_list() == [7.0, 0.0]


def test_a_launch_borrows_its_look_alikes_history_until_it_starts() -> None:
    history = demand(("LIKE", -9, 4, False), ("LIKE", -1, 4, False))
    entries = known({"kind": "launch", "sku": "NEW", "other_sku": "LIKE", "change_rate": 0.5, "start_date": day(-5)})
    made = with_inherited(history, entries).filter(pl.col("sku") == "NEW")
    assert made.select("demand_date", "demand_units").rows() == [(day(-9), 6)]


def test_launches_like_another_are_told_with_their_rate_and_age() -> None:
    entries = known(
        {"kind": "launch", "sku": "NEW", "other_sku": "X", "change_rate": -0.2, "start_date": day(-6)},
        {"kind": "launch", "sku": "NEW", "other_sku": "Y", "location_id": "SHOP", "start_date": day(8)},
        {"kind": "launch", "sku": "ALONE", "start_date": day(8)},
    )
    told = launched_like(entries, ["DC", "SHOP"], CUTOFF).sort("location_id").rows()
    assert told == [("NEW", "DC", "X", 0.8, 1.0), ("NEW", "SHOP", "Y", 1.0, 0.0)]


def test_entered_promotions_stand_beside_the_merchants() -> None:
    ledger = pl.DataFrame(
        {"promotion_id": ["P1"], "sku": ["A"], "start_date": [day(1)], "end_date": [day(2)], "discount_rate": [0.1]}
    )
    entries = known(
        {"kind": "promotion", "sku": "B", "start_date": day(3), "end_date": day(4)},
        {"kind": "end", "sku": "B", "end_date": day(9)},
    )
    assert with_promotions(ledger, entries)["promotion_id"].to_list() == ["P1", "KN-1"]


ENTRY = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["promotion", "override", "end", "launch"]), "location_id": st.sampled_from([None, "DC", "SHOP"]),
        "start": st.integers(-5, 30), "length": st.integers(0, 20), "rate": st.sampled_from([-1.0, -0.5, 0.0, 1.0]), "weekly": st.sampled_from([None, 0.0]),
    }
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRY, max_size=5))
def test_a_plain_loop_over_days_says_the_same(drawn: list[dict[str, Any]]) -> None:
    rows = [entered(one) for one in drawn]
    weeks = [7.0, 14.0, 3.5, 0.0]
    made = adjusted(*forecast(weeks), known(*rows))
    here = [row for row in rows if row["location_id"] in (None, "DC")]
    expected = [sum(day_units(weeks[w] / 7, day(7 * w + n), here) for n in range(1, 8)) for w in range(4)]
    assert made.means["mean_units"].to_list() == pytest.approx(expected, abs=1e-5)
    spread = made.quantiles.sort("horizon", "quantile")["forecast_units"].to_numpy().reshape(4, 3)
    assert (np.diff(spread, axis=1) >= 0).all()


def entered(drawn: dict[str, Any]) -> dict[str, Any]:
    kind, start = drawn["kind"], drawn["start"]
    row = {"kind": kind, "sku": "A", "location_id": drawn["location_id"], "start_date": day(start)}
    row["end_date"] = None if kind == "launch" else day(start + drawn["length"])
    if kind == "override" and drawn["weekly"] is not None:
        return row | {"weekly_units": drawn["weekly"]}
    return row | {"change_rate": drawn["rate"]} if kind in ("override", "promotion") else row


def day_units(units: float, day: date, rows: list[dict[str, Any]]) -> float:
    override = None
    latest = {row["kind"]: row for row in rows}
    for row in rows:
        holds = row["end_date"] is not None and row["start_date"] <= day <= row["end_date"]
        if row["kind"] == "promotion" and holds:
            units *= 1 + row["change_rate"]
        if row["kind"] == "override" and holds:
            override = row
    is_over = "end" in latest and day > latest["end"]["end_date"]
    if is_over or ("launch" in latest and day < latest["launch"]["start_date"]):
        return 0.0
    if override is None:
        return units
    return override["weekly_units"] / 7 if "weekly_units" in override else units * (1 + override["change_rate"])


def test_planned_promotions_sell_more_by_what_earlier_ones_did() -> None:
    entries = known(
        {"kind": "promotion", "sku": "A", "start_date": day(1), "end_date": day(7)},
        {"kind": "promotion", "sku": "B", "start_date": day(1), "end_date": day(7), "change_rate": 0.1},
        {"kind": "override", "sku": "C", "start_date": day(1), "end_date": day(7), "change_rate": 0.5},
    )
    spans = [("P1", "A", 5, 9), ("P2", "B", 20, 25), ("P3", "C", -3, 2), ("P4", "D", -9, -1)]
    promotions = pl.DataFrame(
        [(name, sku, day(first), day(last), 0.2) for name, sku, first, last in spans],
        schema=["promotion_id", "sku", "start_date", "end_date", "discount_rate"], orient="row",
    )  # fmt: skip
    uplifts = pl.DataFrame({"sku": ["A", "B", "C", "D"], "uplift_rate": [1.8, 2.0, 1.5, 3.0]})
    found = with_planned(entries, promotions, uplifts, CUTOFF)
    rates = {row["entry_id"]: row["change_rate"] for row in found.iter_rows(named=True)}
    assert rates == {
        "KN-1": pytest.approx(0.8), "KN-2": 0.1, "KN-3": 0.5, "P2": pytest.approx(1.0), "P3": pytest.approx(0.5)
    }  # fmt: skip
    made = adjusted(*forecast([14.0], sku="C"), found.filter(pl.col("kind") == "promotion"))
    assert made.means["mean_units"].to_list() == [pytest.approx(14 + 2 * 2 * 0.5)]
