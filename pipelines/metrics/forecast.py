"""How good past forecasts were. One row is one week of one series as it was forecast at one cutoff; weeks not fully seen don't count."""

import narwhals as nw

from pipelines.metrics.registry import Expression, Metric, Ratio, Shared, column, rows, when

_PAST: Shared = {
    "subject": "forecast", "fact": "forecast_history", "grain": "a week of a SKU at a location, forecast at one cutoff a week, 1 to 13 weeks ahead",
    "dated_by": "week_end_date", "clock": "the forecast as it was made, backtests where none was made", "not_by": ("entry_ids",),
    "open_items": "weeks that aren't over, or were not fully seen, do not count", "calendar": "weeks count on their last day",
    "only": lambda as_of: ~nw.col("actual_units").is_null(),
}  # fmt: skip


def _missed(point: str) -> Expression:
    """Absolute error of a forecast in units."""
    return lambda as_of: (nw.col(point) - nw.col("actual_units")).abs()


METRICS = (
    Metric(
        name="forecast_wape", title="Forecast error", unit="rate", better="lower", meaning="How far forecasts were off, weighted by demand.",
        formula="Σ |forecast − demand| ÷ Σ demand", measure=Ratio(_missed("mean_units"), column("actual_units")), **_PAST,
    ),
    Metric(
        name="forecast_bias", title="Forecast bias", unit="rate", meaning="How much more was forecast than wanted; below 0 it was too little.",
        formula="Σ (forecast − demand) ÷ Σ demand",
        measure=Ratio(lambda as_of: nw.col("mean_units") - nw.col("actual_units"), column("actual_units")), **_PAST,
    ),
    Metric(
        name="forecast_value_added", title="Forecast value added", unit="rate", better="higher",
        meaning="Share of the error of repeating the last week that forecasts, with what people know, took away; below 0 they did harm.",
        formula="1 − Σ |forecast − demand| ÷ Σ |last known week − demand|",
        measure=Ratio(lambda as_of: _missed("naive_units")(as_of) - _missed("mean_units")(as_of), _missed("naive_units")), **_PAST,
    ),
    Metric(
        name="forecast_coverage_80_rate", title="Within the 80 % range", unit="rate",
        meaning="Share of weeks whose demand lay within the forecast's 80 % range; 80 % is right, less is overconfident.",
        formula="weeks with quantile 0.1 ≤ demand ≤ quantile 0.9 ÷ weeks",
        measure=Ratio(
            when(lambda as_of: (nw.col("actual_units") >= nw.col("q10_units")) & (nw.col("actual_units") <= nw.col("q90_units"))), rows()
        ),
        **_PAST,
    ),
)  # fmt: skip
