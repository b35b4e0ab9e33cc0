"""`fulcast backtest-policy`: from a merchant's tables to figures per policy, what-ifs that pull the right way, sentences for what is lacking."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models import backtest
from models.width import WIDTHS
from pipelines.channels.merchant import Planning
from pipelines.contracts import table
from pipelines.errors import InputError
from pipelines.policies import DRAWS, WhatIf, known_of, lead_weeks, shown, what_was_done

SUNDAY = date(2026, 11, 22)
PLANNING = Planning(
    lead_time_days=14, lead_time_std_days=0, review_period_days=7, cycle_service_level=0.95, horizon_weeks=8, holding_rate=0.25
)
WEEKS, N = 30, 4  # too little for a boosted model, so that the tests are quick


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(0)
    days = [SUNDAY - timedelta(days=k) for k in range(7 * WEEKS)]
    skus = [f"S{i}" for i in range(N)]
    demand = pl.DataFrame(
        {"sku": np.repeat(skus, len(days)), "location_id": "L", "channel": "shop", "demand_date": days * N, "is_censored": False, "seen_rate": 1.0,
         "demand_units": rng.poisson(np.repeat(np.linspace(1, 6, N), len(days)))}
    )  # fmt: skip
    series = pl.DataFrame({"sku": skus, "location_id": "L", "has_stock_figures": True})
    terms = pl.DataFrame(
        {"supplier_id": "P", "sku": skus[:-1], "priority": 1, "lead_time_days": 14.0, "lead_time_std_days": 4.0, "review_period_days": 7.0,
         "moq_units": 1, "case_pack_units": 1}
    )  # fmt: skip
    stock = demand.select(
        "sku", "location_id", observed_at=pl.col("demand_date").cast(pl.Datetime("us", "UTC")), on_hand_units=pl.lit(120)
    )
    return {
        "demand": demand, "demand_layers": table("demand_layers").empty(),
        "demand_series": series, "supplier_terms": terms, "stock_levels": stock.with_columns(available_units=pl.lit(None, pl.Int64)),
        "products": pl.DataFrame({"sku": skus, "category": "Cups"}),
        "unit_costs": pl.DataFrame({"sku": skus[:-1], "unit_cost_amount": 5.0}),
    }  # fmt: skip


def prices(*skus: str) -> pl.DataFrame:
    return pl.DataFrame({"sku": skus, "price_amount": [12.0] * len(skus)}, schema={"sku": pl.String, "price_amount": pl.Float64})


def test_every_policy_is_played_on_the_same_weeks_and_what_was_done_beside_them(tables):
    series, known, said = known_of(tables, prices("S0", "S1"), PLANNING, WhatIf(weeks=10))
    assert series.height == N - 1 and known.demand.shape == (N - 1, WEEKS)
    assert any("Left out: 1 series" in sentence for sentence in said) and any(
        "Without a price above the cost: 1 series;" in sentence for sentence in said
    )
    found = backtest.compare(known)
    rows = [{"policy": name} | backtest.summed(frame) for name, frame in found.items()]
    rows.append({"policy": "what you did"} | what_was_done(tables["stock_levels"], tables["demand"], series, known))
    table = shown(rows)
    assert set(table["policy"]) == {backtest.OURS, backtest.TEXTBOOK, backtest.BY_HAND, "what you did"}
    assert len({frame["demand_units"].sum() for frame in found.values()}) == 1
    done = table.filter(policy="what you did").row(0, named=True)
    assert done["capital_amount"] == 120 * 5 * (N - 1) and done["unit_fill_rate"] == 1 and done["shortage_amount"] == 0
    total = {row["policy"]: row["total_amount"] for row in table.iter_rows(named=True)}
    assert total[backtest.OURS] < total[backtest.BY_HAND] and total[backtest.OURS] < total["what you did"]


def test_an_moq_that_nobody_would_order_is_left_out_by_name_and_spoils_no_total(tables):
    terms = tables["supplier_terms"].with_columns(moq_units=pl.when(pl.col("sku") == "S1").then(100_000).otherwise(1))
    series, known, said = known_of(tables | {"supplier_terms": terms}, prices(), PLANNING, WhatIf(weeks=10))
    assert series["sku"].to_list() == ["S0", "S2"] and known.moq.max() == 1
    assert any("above two years' demand" in sentence and sentence.endswith("S1 at L (100,000).") for sentence in said)
    assert said[0].startswith("Left out: 1 series with under")
    with pytest.raises(InputError, match="Every MOQ"):
        known_of(
            tables | {"supplier_terms": terms.with_columns(moq_units=100_000)},
            prices(),
            PLANNING,
            WhatIf(weeks=10, moq_units=None),
        )
    asked = known_of(tables | {"supplier_terms": terms}, prices(), PLANNING, WhatIf(weeks=10, moq_units=24))
    assert asked[0].height == N - 1 and (asked[1].moq == 24).all(), "an MOQ that is asked for replaces all"


def test_a_young_series_shortens_no_other_ones_history_and_too_young_a_one_is_left_out(tables):
    def with_weeks(weeks: int) -> dict[str, pl.DataFrame]:
        is_there = (pl.col("sku") != "S0") | (pl.col("demand_date") > SUNDAY - timedelta(weeks=weeks))
        return tables | {"demand": tables["demand"].filter(is_there)}

    asked = WhatIf(weeks=4)  # after 4 weeks until orders of 2 to 3 weeks have come, and 13 before those
    series, known, _ = known_of(with_weeks(22), prices(), PLANNING, asked)
    assert known.weekly.group_by("unique_id", maintain_order=True).len()["len"].to_list() == [22, WEEKS, WEEKS]
    assert np.isnan(known.demand).sum(axis=1).tolist() == [WEEKS - 22, 0, 0]
    point, level = backtest.textbook_levels(known)
    assert np.isfinite(level).all() and (point == level - 1).all()
    series, known, said = known_of(with_weeks(20), prices(), PLANNING, asked)
    assert series["sku"].to_list() == ["S1", "S2"] and known.weeks == 8 and "Left out: 2 series with under 21 weeks" in said[0]


def test_errors_made_while_playing_change_how_wide_the_next_forecast_is(tables):
    _, known, _ = known_of(tables, prices(), PLANNING, WhatIf(weeks=4))
    calm = backtest.past_forecasts(known).dispersions
    jump = known.demand.copy()
    jump[0, -known.weeks + 1] = 60
    weekly = known.weekly.with_columns(y=pl.Series(jump.ravel()))
    wild = backtest.past_forecasts(replace(known, weekly=weekly, demand=jump)).dispersions
    assert calm.shape == (known.weeks, N - 1) and (calm >= 1).all()
    assert wild[:2].tolist() == calm[:2].tolist() and (wild[2:, 0] > 2 * calm[2:, 0]).all()


def test_widths_come_of_the_weeks_before_the_played_ones_alone(tables):
    _, known, _ = known_of(tables, prices(), PLANNING, WhatIf(weeks=4))
    dispersion = np.full(N - 1, 40.0)
    learnt = backtest.widths_before(known, dispersion)
    assert set(learnt) <= set(WIDTHS) and learnt[-1] < 1, "demand is Poisson: errors of 40 times its mean are far too wide"

    def with_demand(changed: np.ndarray) -> backtest.Known:
        return replace(known, weekly=known.weekly.with_columns(y=pl.Series(changed.ravel())), demand=changed)

    later, sooner = known.demand.copy(), known.demand.copy()
    later[:, -known.weeks :] *= 7
    sooner[:, -known.weeks - 4 : -known.weeks] *= 7
    assert backtest.widths_before(with_demand(later), dispersion).tolist() == learnt.tolist(), (
        "the played weeks are not known yet"
    )
    assert backtest.widths_before(with_demand(sooner), dispersion)[-1] > learnt[-1]


def test_too_short_a_past_leaves_forecasts_as_wide_as_they_erred(tables):
    _, known, _ = known_of(tables, prices(), PLANNING, WhatIf(weeks=10))
    assert backtest.widths_before(known, np.full(N - 1, 1.5)).tolist() == [1.0, 1.0, 1.0]


def test_what_an_empty_shelf_lost_is_what_you_did_in_weeks_seen_well_too(tables):
    """Seven units lost over two days of S0's last week, of which five days were seen: nobody ordered them."""
    days = [SUNDAY - timedelta(days=k) for k in (1, 2)]
    usual = {"sku": "S0", "location_id": "L", "channel": "shop", "layer": "lost", "is_applied": True, "reason": "empty shelf"}
    lost = [usual | {"demand_date": day, "units": units} for day, units in zip(days, (3.0, 4.0), strict=True)]
    layers = table("demand_layers").conform(pl.DataFrame(lost))
    seen = pl.when((pl.col("sku") == "S0") & pl.col("demand_date").is_in(days)).then(0.0).otherwise("seen_rate")
    changed = tables | {"demand_layers": layers, "demand": tables["demand"].with_columns(seen_rate=seen)}
    series, known, _ = known_of(changed, prices("S0"), PLANNING, WhatIf(weeks=10))
    done = what_was_done(changed["stock_levels"], changed["demand"], series, known)
    assert done["shortage_amount"] == pytest.approx(7 * (12 - 5)) and done["stock_out_weeks"] == 1


def test_stock_counted_before_the_weeks_holds_in_them(tables):
    """Counted once, 150 days before the end, and once since without a figure: what stood then stands all along."""
    series, known, _ = known_of(tables, prices("S0"), PLANNING, WhatIf(weeks=10))
    ages = (pl.lit(SUNDAY) - pl.col("observed_at").dt.date()).dt.total_days()
    blank = pl.when(ages == 150).then("on_hand_units").alias("on_hand_units")
    seldom = tables["stock_levels"].filter(ages.is_in([7, 150])).with_columns(blank)
    done = what_was_done(seldom, tables["demand"], series, known)
    assert done["capital_amount"] == what_was_done(tables["stock_levels"], tables["demand"], series, known)["capital_amount"]


def test_what_ifs_pull_the_right_way(tables):
    def played(**asked: float) -> dict[str, dict[str, float]]:
        budget = asked.pop("budget", None)
        _, known, _ = known_of(tables, prices(), PLANNING, WhatIf(weeks=14, **asked))
        return {name: backtest.summed(frame) for name, frame in backtest.compare(known, budget).items()}

    def served(**asked: float) -> float:
        """Mean of three drawings of lead times: one stock-out more or less of three series is chance."""
        _, known, _ = known_of(tables, prices(), PLANNING, WhatIf(weeks=14, **asked))
        past = backtest.past_forecasts(known)
        found = [backtest.play(known, backtest.Ours(known, past, seed), seed) for seed in range(3)]
        return float(np.mean([backtest.summed(frame)["unit_fill_rate"] for frame in found]))

    usual = played()
    ours = usual[backtest.OURS]
    assert served(lead_time_days=28) < served()
    assert played(moq_units=80)[backtest.OURS]["capital_amount"] > ours["capital_amount"]
    assert played(shortage_ratio=2.0)[backtest.OURS]["unit_fill_rate"] < ours["unit_fill_rate"]
    assert played(cycle_service_level=0.8)[backtest.TEXTBOOK]["capital_amount"] < usual[backtest.TEXTBOOK]["capital_amount"]
    budget = 0.8 * ours["capital_amount"]
    assert played(budget=budget)[backtest.OURS]["capital_amount"] <= budget


def test_lead_times_are_spread_as_the_terms_say():
    weeks = lead_weeks(pl.DataFrame({"lead_time_days": [14.0, 21.0], "lead_time_std_days": [0.0, 7.0]}), None)
    assert weeks.shape == (2, DRAWS) and (weeks[0] == 2).all()
    assert weeks[1].mean() == pytest.approx(3, abs=0.1) and weeks[1].std() == pytest.approx(1, abs=0.15)


def test_a_merchant_without_enough_history_gets_a_sentence(tables):
    with pytest.raises(InputError, match="No series has 113 weeks"):
        known_of(tables, prices(), PLANNING, WhatIf(weeks=100))


def test_the_textbook_example():
    """d̄ 10, σ 4 (weeks of 6 and 14), lead 1 or 3 weeks, z 1.645: 30 + 1.645·√(3·16 + 100·1) = 50.01, rounded up."""
    demand = np.tile([6.0, 14.0], 20)[None]
    one = np.ones(1)
    known = backtest.Known(
        pl.DataFrame(), demand, 4, np.array([[1, 3]]), one, one, one, one, holding_rate=0.2, cycle_service_level=0.95
    )
    assert backtest.textbook_levels(known)[1][0].tolist() == [51.0] * 4
