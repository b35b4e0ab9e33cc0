"""How much stock each series aims at. Here: terms and forecast to levels. Not here: the mathematics of levels (models), quantities."""

import polars as pl

from models.demand import SERIES
from models.lead_times import learned_lead_times
from models.safety_stock import stock_levels_of
from pipelines.channels.merchant import Planning
from pipelines.decisions.calendars import with_calendar
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.terms import usable, with_terms


def stock_levels(inputs: Inputs, planning: Planning) -> pl.DataFrame:
    """The rows of safety_stock. A series that has appeared since the last forecast gets its levels with the next one."""
    forecast = inputs.series.join(inputs.means.select(*SERIES).unique(), on=SERIES, how="semi")
    supplier_terms = with_calendar(usable(inputs.supplier_terms), inputs.suppliers, inputs.as_of)
    terms = with_terms(forecast, supplier_terms, inputs.unit_costs, planning)
    terms = learned_lead_times(terms, inputs.observed_lead_times)
    levels = stock_levels_of(terms, inputs.means, inputs.quantiles)
    return levels.with_columns(protection_interval_days=pl.col("lead_time_days") + pl.col("review_period_days"))
