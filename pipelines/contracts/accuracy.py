"""What was forecast when, and how good it was. Here: columns. Not here: measures (models/accuracy.py), the forecast that stands (planning.py)."""

import dataframely as dy

from models.alerts import KINDS
from models.past_forecasts import LAYERS
from pipelines.contracts.base import code, count, date, flag, key, money, number, register, text

GROUPINGS = ("total", "demand_class", "category")


@register("accuracy", "Past forecasts, one cutoff a week, beside what was wanted", identity=("cutoff_date",))
class ForecastHistory(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    cutoff_date = date("Last day that was known", primary_key=True)
    horizon = key("Week after the cutoff, 1 is the next seven days", dtype=dy.Int64)
    week_end_date = date("Last day of the week")
    is_backtest = flag("Made later as it would have been made then, without anything that came after")
    model = text("What made it", nullable=False)
    demand_class = text("Shape of the series then", nullable=False)
    naive_units = number("The last fully known week before the cutoff, repeated", "units", nullable=False, min=0)
    seasonal_naive_units = number(
        "The same week a year before; where none is known, the last one", "units", nullable=False, min=0
    )
    own_units = number("From the series' own history alone", "units", nullable=False, min=0)
    statistical_units = number("Expected demand, before people changed it", "units", nullable=False, min=0)
    mean_units = number("Expected demand with what people know", "units", nullable=False, min=0)
    q05_units = number("Quantile 0.05", "units", nullable=False, min=0)
    q10_units = number("Quantile 0.1", "units", nullable=False, min=0)
    q25_units = number("Quantile 0.25", "units", nullable=False, min=0)
    q50_units = number("Quantile 0.5", "units", nullable=False, min=0)
    q75_units = number("Quantile 0.75", "units", nullable=False, min=0)
    q90_units = number("Quantile 0.9", "units", nullable=False, min=0)
    q95_units = number("Quantile 0.95", "units", nullable=False, min=0)
    q975_units = number("Quantile 0.975", "units", nullable=False, min=0)
    q99_units = number("Quantile 0.99", "units", nullable=False, min=0)
    entry_ids = text("Entries of people that changed it")
    actual_units = number("What was wanted; blank while the week isn't over or was not fully seen", "units", min=0)


@register("accuracy", "How good past forecasts were, by group, horizon and layer")
class ForecastAccuracy(dy.Schema):
    grouping = dy.String(primary_key=True, description=f"What is grouped by: {', '.join(GROUPINGS)}")
    member = key("The group: a demand class, a category, or all")
    horizon = key("Week ahead; 0 is all of them", dtype=dy.Int64)
    layer = dy.String(primary_key=True, description=f"Which forecast: {', '.join(LAYERS)}")
    series = count("Series that count")
    weeks = count("Forecast weeks that count: over, and fully seen")
    backtest_weeks = count("Those of them from backtests")
    actual_units = number("What was wanted in them", "units", nullable=False, min=0)
    wape = number("Absolute error ÷ demand", "rate", min=0)
    bias = number("Error ÷ demand; above 0 is over-forecast", "rate")
    rmsse = number("Root mean squared error of a series ÷ that of its weekly steps, mean over series", "rate", min=0)
    scaled_pinball = number("Pinball loss of the quantiles ÷ mean weekly step, mean over series", "rate", min=0)
    coverage_50 = number("Share of weeks within the 50 % range", "rate", min=0, max=1)
    coverage_80 = number("Share of weeks within the 80 % range", "rate", min=0, max=1)
    coverage_90 = number("Share of weeks within the 90 % range", "rate", min=0, max=1)
    value_added_to_naive = number("Share of the error of repeating the last week that it takes away; below 0 it did harm", "rate")
    value_added = number("The same against the layer before", "rate")


@register("accuracy", "Each series' recent forecasts one week ahead, and whether they lean to one side")
class SeriesAccuracy(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    weeks = count("Forecasts one week ahead that count")
    wape = number("Absolute error ÷ demand, one week ahead; blank without demand", "rate", min=0)
    error_units = number("Mean absolute error of a week, one week ahead", "units", nullable=False, min=0)
    bias_units = number("Mean error of a week; above 0 is over-forecast", "units", nullable=False)
    value_added_to_naive = number("Share of the error of repeating the last week that the forecast takes away", "rate")
    tracking_signal = number("Sum of errors ÷ mean absolute error", "rate", nullable=False)
    tracking_bound = number("What chance alone exceeds in one of a hundred series", "rate", nullable=False)
    is_biased = flag("Beyond the bound: it forecasts too much, or too little, time after time")


@register("accuracy", "What each entry of people did to the error of the weeks that it changed")
class KnowledgeScores(dy.Schema):
    entry_id = key("Entry")
    sku = text("Stock keeping unit it is about", nullable=False)
    kind = text("What it tells", nullable=False)
    author = text("Who says so", nullable=False)
    weeks = count("Forecast weeks that it changed, that are over and fully seen")
    statistical_error_units = number("Absolute error that the forecast would have made", "units", min=0)
    error_units = number("Absolute error with the entry", "units", min=0)
    value_added_units = number("Error that it took away; below 0 it added some", "units")
    value_added = number("The same as a share of the error before", "rate")
    verdict = code("Whether it has paid", ("paid", "no difference", "has not paid", "too early"))


@register("alerts", "Forecasts that orders contradict: outside the 99 % range, or wrong to one side time after time")
class ForecastAlerts(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    kind = dy.String(primary_key=True, description=f"What is wrong: {', '.join(KINDS)}")
    cutoff_date = date("Last day that the forecast knew")
    last_date = date("Last day that is looked at; today's orders count as far as they are in")
    observed_units = number("Wanted after the cutoff, up to and with the last day", "units", min=0)
    expected_units = number("What the forecast expected of those days", "units", min=0)
    low_units = number("Lower end of the 99 % range of those days", "units", min=0)
    high_units = number("Upper end of the 99 % range of those days", "units", min=0)
    bias_units = number("Mean error of a week, one week ahead; above 0 is over-forecast", "units")
    tracking_signal = number("Sum of errors ÷ mean absolute error", "rate")
    at_risk_amount = money(
        "Net sales of the units that were wrong, at the last 91 days' price, reporting currency", nullable=True
    )
    is_reforecast = flag("The series has been forecast anew since")
    reason = text("The alert in a sentence", nullable=False)
