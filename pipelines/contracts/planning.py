"""What was wanted and what will be. Here: columns of demand and forecast. Not here: models."""

import dataframely as dy

from pipelines.contracts.base import code, count, date, flag, instant, key, number, register, text, units

LAYERS = ("outlier", "promotion", "lost", "returned")
TOTALS = ("sku", "category", "location", "total")
PERIODS = ("day", "week", "month")
VOLUMES = ("slow", "usual", "fast")  # of models.width.CLASSES
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
    seen_rate = number("Share of the day's usual demand that could be seen", "rate", nullable=False, min=0, max=1)
    is_censored = flag("The day was not fully seen: out of stock where the channel stops selling, or every listing paused")
    is_promoted = flag("A promotion ran")
    price_rate = number("Mean price paid ÷ the first one known of that SKU and channel; blank where none is known", "rate", min=0)


@register(
    "demand", "What is known better than the demand as imported, in layers; the forecast is made from demand and those applied"
)
class DemandLayers(dy.Schema):
    sku = key("Stock keeping unit as consumed")
    location_id = key("Location that serves it")
    channel = key("Sales channel")
    demand_date = date("Local date of the channel", primary_key=True)
    layer = dy.String(primary_key=True, regex=f"^({'|'.join(LAYERS)})$", description=f"What it is about: {', '.join(LAYERS)}")
    units = number("What it adds to the units wanted; negative where it takes away", "units", nullable=False)
    is_applied = flag("The forecast is made with it: switched on, and nobody keeps the day as imported")
    is_kept = flag("A person has the day count as imported")
    reason = text("Why, in a sentence", nullable=False)


@register("demand", "How much more of each SKU its promotions sell")
class PromotionUplifts(dy.Schema):
    sku = key("Stock keeping unit")
    uplift_rate = number("Demand on days of promotions ÷ usual demand of the same days", "rate", nullable=False, min=1)


@register("demand", "One row per series that is forecast")
class DemandSeries(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    first_date = date("First day with demand or stock")
    last_demand_date = date("Last day with demand; blank for a product just launched", nullable=True)
    total_units = units("Units wanted in all")
    seen_days = units("Days fully seen")
    censored_days = units("Days not fully seen")
    demand_class = code("Shape of the series", DEMAND_CLASSES)
    has_stock_figures = flag("Stock was observed, so that censoring is known")


@register("selection", "What the nightly forecast forecasts with, chosen anew every week")
class ForecastSelection(dy.Schema):
    cutoff_date = date("Last day that was known when it was chosen", primary_key=True)
    chosen_at = instant("When it was chosen", nullable=False)
    horizon_weeks = dy.Int64(description="Weeks ahead that it was chosen for")
    series = count("Series that it was learnt from")
    notes = text("What was said on the way, such as why there is no boosted model", nullable=False)
    selection = text("The models themselves and how they are blended, as JSON", nullable=False)


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


@register("forecast", "Mean forecast per week and what made it")
class ForecastMeans(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    cutoff_date = date("Last day that was known", primary_key=True)
    horizon = key("Week after the cutoff, 1 is the next seven days", dtype=dy.Int64)
    mean_units = number("Expected demand of the week", "units", nullable=False, min=0)
    model = text("What made it: own, boosted and own, look-alikes, or that it never sold", nullable=False)
    backtest_wape = number(
        "Absolute error ÷ demand of its class, weeks 1 to 8 of forecasts from own histories as of a horizon ago; blank where none is known",
        "rate",
    )
    week_correlation = number(
        "How far errors of coming weeks go together, 0 to 1, for totals over several", "rate", nullable=False, min=0
    )


@register(
    "forecast", "What each forecast is made of and what changed since the last run, in units of a week, mean over all weeks ahead"
)
class ForecastExplanations(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    cutoff_date = date("Last day that was known")
    mean_units = number(
        "Expected demand of a week; what stands from imported to people sums up to it", "units", nullable=False, min=0
    )
    imported_units = number("Wanted a week as imported, last 13 weeks", "units", nullable=False, min=0)
    layers_units = number(
        "What outliers and promotions taken out of the history, and returns, change of it", "units", nullable=False
    )
    stock_out_units = number("What days not fully seen would have added", "units", nullable=False)
    trend_units = number("How far it sells above that by now, in the same season", "units", nullable=False)
    season_units = number("What the coming weeks' place in the year adds", "units", nullable=False)
    others_units = number("How far all series together say otherwise, as far as they are believed", "units", nullable=False)
    holidays_units = number("What public holidays add or take away", "units", nullable=False)
    promotion_units = number("What price and promotion differing from the usual add", "units", nullable=False)
    correction_units = number("Correction of bias found in weeks held back", "units", nullable=False)
    look_alikes_units = number("What drawing a new product to its look-alikes adds", "units", nullable=False)
    life_units = number("What launch and end take away", "units", nullable=False)
    people_units = number("What people know better", "units", nullable=False)
    winner = text("Model that weighs most in the mean")
    winner_share = number("How much of the mean it makes", "rate", min=0, max=1)
    winner_units = number("What it says alone", "units", min=0)
    runner_up = text("Model that weighs most after it")
    runner_up_share = number("How much of the mean it makes", "rate", min=0, max=1)
    runner_up_units = number("What it says alone", "units")
    chosen_at = instant("When the models were chosen; blank where each series is forecast from its own history")
    previous_cutoff_date = date("Last day that the run before knew; blank where this is the first", nullable=True)
    previous_units = number("What the run before expected", "units", min=0)
    new_demand_units = number("Change by demand that came since", "units")
    selection_units = number("Change by models that were chosen again", "units")
    promotion_change_units = number("Change by price and promotion", "units")
    people_change_units = number("Change by what people know", "units")
    reason = text("What changed and why, in a sentence", nullable=False)


@register(
    "insights", "Forecasts of totals that add up: over SKUs, categories, locations and everything; in days, weeks and months"
)
class ForecastTotals(dy.Schema):
    level = dy.String(primary_key=True, regex=f"^({'|'.join(TOTALS)})$", description=f"What is summed: {', '.join(TOTALS)}")
    name = key("Which of them")
    period_kind = dy.String(primary_key=True, regex=f"^({'|'.join(PERIODS)})$", description=f"How long: {', '.join(PERIODS)}")
    period_start_date = date("First day of it that is forecast", primary_key=True)
    cutoff_date = date("Last day that was known")
    days = dy.Int64(description="Days of it that are forecast; a month's rest, or its beginning, has fewer than the calendar")
    mean_units = number("Expected demand: the sum of its series' means", "units", nullable=False, min=0)
    q05_units = number("Demand is at most this with a chance of 5 %; blank for days", "units", min=0)
    q10_units = number("10 %", "units", min=0)
    q25_units = number("25 %", "units", min=0)
    q50_units = number("50 %", "units", min=0)
    q75_units = number("75 %", "units", min=0)
    q90_units = number("90 %", "units", min=0)
    q95_units = number("95 %", "units", min=0)


@register("insights", "How a week of a series falls on its days; day forecasts are the week's mean times it")
class ForecastWeekdays(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    weekday = key("1 is Monday, 7 Sunday", dtype=dy.Int64)
    weekday_rate = number("Share of the week; the seven of a series sum to 1", "rate", nullable=False, min=0, max=1)


@register("spreads", "How far each series' past forecasts erred one week ahead")
class ForecastSpreads(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    dispersion_rate = number(
        "Variance ÷ mean of demand against its forecast; blank where no forecast is old enough", "rate", min=0
    )


@register("spreads", "How wide forecasts are best taken to decide by costs, learnt once a week by playing levels over the past")
class DecisionWidths(dy.Schema):
    volume_class = dy.String(primary_key=True, description=f"Class of volume: {', '.join(VOLUMES)}")
    least_units = number("Mean demand over lead time and review from which a series is of it", "units", nullable=False, min=0)
    width = number("By what the standard deviation of demand is multiplied", "rate", nullable=False, min=0)
    series = count("Series that it was learnt from")
    weeks = count("Weeks that were played")
    cutoff_date = date("Last day that was known then")
