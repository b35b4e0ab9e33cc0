"""How wide forecasts are taken to decide by costs. Here: the merchant's past that widths are learnt from, and the width of each series. Not here:
playing levels over it (models/width.py).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from models.demand import SERIES
from models.forecast.boosting import QUANTILES
from models.futures import WEEK
from models.levels import COST
from models.past_forecasts import LEVELS
from models.protection import within
from models.reorder import by_series
from models.safety_stock import aim_of, completed, most_level, terms_of
from models.width import CLASSES, LEAST_ORIGINS, MOST_SERIES, PLAIN, Past, learn_widths, volume_class
from pipelines.channels.merchant import Planning
from pipelines.contracts import table
from pipelines.contracts.planning import VOLUMES
from pipelines.nightly import CHOSEN_FOR_DAYS

ORIGINS = 26  # weeks of the past that levels are played over
WHOLE_WEEKS = (("lead_time_days", 0.0), ("review_period_days", 1.0))  # and their least number
MOST_DAYS_APART = 10  # of two forecasts of neighbouring weeks


def decides_by_costs(planning: Planning) -> bool:
    """Whether any series is to aim at costs: only then is there a width to learn."""
    return COST in {planning.aim, *(one.aim for one in planning.service_class)}


def is_due(kept: pl.DataFrame, planning: Planning, cutoff: date) -> bool:
    """Whether widths have to be learnt: none are, or a week ago; where nothing aims at costs any more, they go."""
    if not decides_by_costs(planning):
        return not kept.is_empty()
    age = (pl.lit(cutoff) - pl.col("cutoff_date")).dt.total_days()
    return kept.filter(age.is_between(0, CHOSEN_FOR_DAYS - 1)).is_empty()


def learnt_widths(terms: pl.DataFrame, means: pl.DataFrame, history: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Rows of decision_widths: by what the standard deviation of demand would best have been multiplied, per class of volume.

    terms: of decided_terms. Played are the last ORIGINS weeks, with the forecasts that history (forecast_history) keeps of them and today's terms, over
    series that aim at costs, buy for themselves alone and go on; none before LEAST_ORIGINS weeks are over, where every width is 1.
    """
    going_on = terms.filter((pl.col("aim") == COST) & (pl.col("left_amount") == 0) & (pl.col("downstream_days") == 0))
    origins = _in_a_row(history.filter(pl.col("cutoff_date") < cutoff)["cutoff_date"].unique())
    known = history.filter(pl.col("cutoff_date").is_in(origins)).join(going_on, on=SERIES, how="semi")
    if len(origins) < LEAST_ORIGINS or known.is_empty():
        return table("decision_widths").empty()
    horizon = int(known.group_by("cutoff_date").agg(pl.col("horizon").max())["horizon"].min())  # type: ignore[arg-type]
    known = known.filter(pl.col("horizon") <= horizon)
    whole = known.group_by(SERIES).len().filter(pl.col("len") == len(origins) * horizon).sort(SERIES)
    chosen = whole.sample(min(MOST_SERIES, whole.height), seed=0).select(SERIES).sort(SERIES)
    if chosen.is_empty():
        return table("decision_widths").empty()
    past = _past(chosen.join(going_on, on=SERIES, maintain_order="left"), known, (len(origins), chosen.height, horizon), means)
    of_class = np.bincount(volume_class(past.means.mean(axis=0), past.terms), minlength=len(VOLUMES))
    return table("decision_widths").conform(
        pl.DataFrame({"volume_class": VOLUMES, "least_units": [0.0, *CLASSES], "width": learn_widths(past), "series": of_class}).with_columns(
            weeks=pl.lit(len(origins)), cutoff_date=pl.lit(cutoff)
        )
    )  # fmt: skip


def with_widths(terms: pl.DataFrame, means: pl.DataFrame, widths: pl.DataFrame) -> pl.DataFrame:
    """`terms` with width: what was learnt for its volume where costs decide, 1 where a service does: its target is a chance, not a cost."""
    if widths.is_empty() or terms.is_empty():
        return terms.with_columns(width=pl.lit(PLAIN))
    ordered = completed(terms).join(by_series(means), on=SERIES, how="left", maintain_order="left")
    kind = volume_class(np.stack(ordered["mean_units"].to_list()), terms_of(ordered))
    learnt = widths.sort("least_units")["width"].to_numpy()[kind]
    return terms.with_columns(width=pl.when(pl.col("aim") == COST).then(pl.Series(learnt)).otherwise(PLAIN))


def _in_a_row(dates: Iterable[date]) -> list[date]:
    """The latest dates of which each is about a week after the one before, oldest first, at most ORIGINS."""
    latest: list[date] = []
    for day in sorted(dates, reverse=True):
        if latest and (latest[-1] - day).days > MOST_DAYS_APART:
            break
        latest.append(day)
    return latest[:ORIGINS][::-1]


def _past(series: pl.DataFrame, known: pl.DataFrame, shape: tuple[int, int, int], means: pl.DataFrame) -> Past:
    """series: sorted; known: forecast_history of (origins, series, weeks) `shape`, and of others. The game goes by whole weeks and orders come when
    they should, so levels are told the same: a width must not make up for either.
    """
    rows = known.join(series.select(SERIES), on=SERIES, how="semi").sort("cutoff_date", *SERIES, "horizon")
    forecast = rows["mean_units"].to_numpy().reshape(shape)
    quantiles = rows.select(LEVELS).to_numpy().reshape(*shape, len(LEVELS))
    came = rows.filter(pl.col("horizon") == 1)["actual_units"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    ordered = completed(series)
    lead, review = (WEEK * np.maximum(np.rint(ordered[name].to_numpy() / WEEK), least) for name, least in WHOLE_WEEKS)
    terms = replace(terms_of(ordered), lead_days=lead, lead_std_days=np.zeros_like(lead), review_days=review)
    weekly = forecast.mean(axis=0)
    aim = aim_of(ordered, terms.review_days, within(weekly, terms.review_days), most_level(weekly))
    return Past(
        forecast, quantiles, np.array(QUANTILES), float(means["week_correlation"][0]), came.reshape(shape[:2]).T, terms, aim
    )
