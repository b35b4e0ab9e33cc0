"""Past forecasts beside what was wanted. Here: loops over them as the history has them. Not here: how it came to be."""

from typing import Any

from tests.metrics.loops.basis import Keep, Loop, Row, Tables


def _weeks(t: Tables, keep: Keep) -> list[Row]:
    return [w for w in t["forecast_history"] if w["actual_units"] is not None and keep(w["location_id"], w["week_end_date"])]


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _wape(t: Tables, keep: Keep) -> Any:
    weeks = _weeks(t, keep)
    return _over(sum(abs(w["mean_units"] - w["actual_units"]) for w in weeks), sum(w["actual_units"] for w in weeks))


def _bias(t: Tables, keep: Keep) -> Any:
    weeks = _weeks(t, keep)
    return _over(sum(w["mean_units"] - w["actual_units"] for w in weeks), sum(w["actual_units"] for w in weeks))


def _value_added(t: Tables, keep: Keep) -> Any:
    weeks = _weeks(t, keep)
    naive = sum(abs(w["naive_units"] - w["actual_units"]) for w in weeks)
    return _over(naive - sum(abs(w["mean_units"] - w["actual_units"]) for w in weeks), naive)


def _coverage(t: Tables, keep: Keep) -> Any:
    weeks = _weeks(t, keep)
    return _over(sum(1 for w in weeks if w["q10_units"] <= w["actual_units"] <= w["q90_units"]), len(weeks))


LOOPS: dict[str, Loop] = {
    "forecast_wape 1": _wape,
    "forecast_bias 1": _bias,
    "forecast_value_added 1": _value_added,
    "forecast_coverage_80_rate 1": _coverage,
}
