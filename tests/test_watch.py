"""Orders held against forecasts: alerts in words and money, once a night; only series out of range are forecast anew."""

from datetime import date, timedelta

import polars as pl
import pytest

from models import alerts
from pipelines import nightly, watch
from pipelines.contracts import table
from tests.models.builders import CUTOFF
from tests.models.test_alerts import forecasts, sold

TODAY = CUTOFF + timedelta(days=1)
NO_ACCURACY = table("series_accuracy").empty()
PRICES = pl.DataFrame({"sku": ["S0"], "price_amount": [20.0]})


def seen(
    units: int, standing: pl.DataFrame | None = None, before: pl.DataFrame | None = None, accuracy: pl.DataFrame = NO_ACCURACY
) -> watch.Seen:
    none = forecasts(7.0).clear()
    return watch.Seen(
        sold({1: units}), none if standing is None else standing, none if before is None else before, none.with_columns(actual_units=pl.lit(None, pl.Float64)),
        accuracy, PRICES,
    )  # fmt: skip


def raised(what: watch.Seen, last: pl.DataFrame | None = None, cutoff: date = CUTOFF, today: date = TODAY) -> pl.DataFrame:
    found = watch.raised(what, table("forecast_alerts").empty() if last is None else last, cutoff, today)
    table("forecast_alerts").schema.validate(found)
    return found


def test_todays_orders_raise_an_alert_with_money_and_a_sentence():
    found = raised(seen(9, forecasts(7.0))).row(0, named=True)
    assert (found["kind"], found["cutoff_date"], found["is_reforecast"]) == (alerts.ABOVE, CUTOFF, False)
    assert float(found["at_risk_amount"]) == pytest.approx((9 - 1) * 20)
    assert found["reason"].startswith(
        f"9 wanted from {TODAY} to {TODAY}; 1.0 were expected, and 99 of 100 such spans stay within 0 and "
    )
    assert raised(seen(1, forecasts(7.0))).is_empty()
    assert raised(seen(9)).is_empty(), "before the first forecast"


def test_what_was_forecast_anew_is_not_again_until_the_next_nights_forecast():
    first = raised(seen(9, forecasts(7.0))).with_columns(is_reforecast=pl.lit(True))
    assert raised(seen(9, forecasts(7.0)), first)["is_reforecast"].to_list() == [True]
    next_night = raised(
        seen(9, forecasts(7.0, cutoff=TODAY), before=forecasts(7.0)), cutoff=TODAY, today=TODAY + timedelta(days=1)
    )
    assert next_night["is_reforecast"].to_list() == [True], "yesterday's orders are in tonight's forecast"


def test_a_forecast_that_leans_is_told_in_units_a_week():
    row = {
        "sku": "S0",
        "location_id": "L",
        "weeks": 13,
        "error_units": 2.0,
        "bias_units": 2.0,
        "tracking_signal": 13.0,
        "tracking_bound": 11.64,
        "is_biased": True,
    }
    found = raised(seen(0, accuracy=table("series_accuracy").conform(pl.DataFrame([row])))).row(0, named=True)
    assert (found["kind"], float(found["at_risk_amount"])) == (alerts.TOO_MUCH, 2 * 13 * 20)
    assert found["reason"] == "2.0 a week too high over 13 weeks, one week ahead: tracking signal 13.0, bound 11.6."


def test_only_waiting_series_are_forecast_anew_from_a_history_with_todays_orders(monkeypatch: pytest.MonkeyPatch):
    contract = table("demand")
    days = [
        {"sku": sku, "location_id": "L", "channel": "web", "demand_date": CUTOFF, "demand_units": 1, "seen_rate": 1.0}
        for sku in ("S0", "S1")
    ]
    history = contract.conform(pl.DataFrame(days)).with_columns(is_promoted=pl.lit(False))
    later = contract.conform(pl.DataFrame([day | {"demand_date": TODAY, "demand_units": 8} for day in days])).with_columns(
        is_promoted=pl.lit(False)
    )
    told: list[pl.DataFrame] = []

    def made(t: nightly.Frames, cutoff: date, horizon: int) -> nightly.Made:
        told.append(t["demand"])
        return nightly.Made({name: means(name, 99.0) for name in watch.REMADE}, pl.DataFrame(), "")

    def means(name: str, units: float) -> pl.DataFrame:
        rows = pl.DataFrame({"sku": ["S0", "S1"], "location_id": "L", "mean_units": units})
        return table(name).conform(rows)

    monkeypatch.setattr(nightly, "made", made)
    waiting = raised(seen(9, forecasts(7.0)))
    standing = {name: means(name, 1.0) for name in watch.REMADE} | {"demand": history}
    frames = watch.reforecast(standing, pl.concat([history, later]), waiting, 13)
    assert told[0].sort("sku")["demand_units"].to_list() == [9, 1], (
        "today's orders count as the last known day's, of that series alone"
    )
    assert told[0].columns == history.columns
    assert sorted(frames["forecast_means"].select("sku", "mean_units").rows()) == [("S0", 99.0), ("S1", 1.0)]
