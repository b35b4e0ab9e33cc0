"""How much stock each series aims at. Here: terms, aims and forecast to levels. Not here: the mathematics of levels (models), quantities."""

import polars as pl

from models.demand import SERIES
from models.lead_times import learned_lead_times
from models.safety_stock import Wanted, stock_levels, wanted
from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Planning
from pipelines.decisions.aims import with_aims
from pipelines.decisions.calendars import with_calendar
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.network import Network, with_ways
from pipelines.decisions.schedule import followed, of_moved
from pipelines.decisions.terms import usable, with_terms
from pipelines.decisions.widths import with_widths


def decided_terms(inputs: Inputs, network: Network, config: Config) -> pl.DataFrame:
    """Each series with its terms, its aim and how wide its forecast is taken. A series that has appeared since the last forecast gets its levels
    with the next one.
    """
    forecast = inputs.series.join(inputs.means.select(*SERIES).unique(), on=SERIES, how="semi")
    supplier_terms = with_calendar(usable(inputs.supplier_terms), inputs.suppliers, inputs.as_of)
    terms = with_terms(forecast, supplier_terms, inputs.unit_costs, config.planning)
    terms = with_ways(learned_lead_times(terms, inputs.observed_lead_times), network)
    terms = with_aims(terms, inputs, config).join(inputs.spreads, on=SERIES, how="left")
    return with_widths(terms, inputs.means, inputs.widths)


def decided_levels(
    terms: pl.DataFrame, schedule: pl.DataFrame, inputs: Inputs, planning: Planning
) -> tuple[Wanted, pl.DataFrame]:
    """What is wanted of each series of `terms` after the stock of `schedule`, and the rows of safety_stock in the same order."""
    known = wanted(terms, inputs.means, inputs.quantiles, stock=followed(schedule, terms))
    return known, _levels(known, planning)


def levels_after(
    known: Wanted, terms: pl.DataFrame, schedule: pl.DataFrame, inputs: Inputs, planning: Planning
) -> tuple[Wanted, pl.DataFrame]:
    """The same where this run's moves, which `schedule` counts, have changed the stock that levels follow; only series that lose or gain are drawn
    anew.
    """
    moved = terms.join(of_moved(schedule), on=SERIES, how="semi")
    if known.is_sampled and moved.height:
        known = known.renewed(wanted(moved, inputs.means, inputs.quantiles, stock=followed(schedule, moved)))
    return known, _levels(known, planning)


def _levels(known: Wanted, planning: Planning) -> pl.DataFrame:
    levels = stock_levels(known, planning.budget_amount, planning.service_of == "class")
    return levels.with_columns(protection_interval_days=pl.col("lead_time_days") + pl.col("review_period_days"))
