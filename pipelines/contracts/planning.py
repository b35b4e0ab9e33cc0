"""What was wanted and what will be. Here: columns of demand and forecast. Not here: models."""

import dataframely as dy

from pipelines.contracts.base import code, date, flag, key, number, register, text, units

DEMAND_CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "new")


@register(
    "demand",
    "Units wanted per SKU, location, channel and day; a day without a row, between the first and the cutoff, is a seen zero",
)
class Demand(dy.Schema):
    sku = key("Stock keeping unit as consumed (bundles as their components)")
    location_id = key("Location that serves it")
    channel = key("Sales channel")
    demand_date = date("Local date of the channel", primary_key=True)
    demand_units = units("Units wanted, as far as seen")
    is_censored = flag("The day was not fully seen: out of stock where the channel stops selling")
    is_promoted = flag("A promotion ran")


@register("demand", "One row per series that is forecast")
class DemandSeries(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    first_date = date("First day with demand or stock")
    last_demand_date = date("Last day with demand")
    total_units = units("Units wanted in all")
    seen_days = units("Days fully seen")
    censored_days = units("Days not fully seen")
    demand_class = code("Shape of the series", DEMAND_CLASSES)
    has_stock_figures = flag("Stock was observed, so that censoring is known")


@register("forecast", "Forecast demand per week after the cutoff", identity=())
class Forecasts(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    cutoff_date = date("Last day that was known", primary_key=True)
    horizon = key("Week after the cutoff, 1 is the next seven days", dtype=dy.Int64)
    quantile = dy.Float64(
        primary_key=True, min=0, max=1, description="Probability that demand is at most this", metadata={"unit": "rate"}
    )
    forecast_units = number("Demand of the week at that quantile", "units", nullable=False, min=0)


@register("forecast", "Mean forecast per week, the model behind it and its backtest error")
class ForecastMeans(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    cutoff_date = date("Last day that was known", primary_key=True)
    horizon = key("Week after the cutoff, 1 is the next seven days", dtype=dy.Int64)
    mean_units = number("Expected demand of the week", "units", nullable=False, min=0)
    model = text("Model that made it", nullable=False)
    backtest_wape = number("Absolute error ÷ demand over the backtest of its class", "rate")
    level_cv = number("Spread of the forecast's level that all weeks share, from the backtest", "rate", nullable=False, min=0)
    dispersion = number("Negative-binomial α of weekly demand: variance = mean + α mean²", "rate", nullable=False, min=0)
