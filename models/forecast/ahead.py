"""What is known of periods before they come. Here: public holidays of each series' country, planned prices and promotions. Not here: features."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.panel import Panel
from models.forecast.problem import Note, Problem
from models.forecast.reading import dates

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
COUNTRY = "country_code"
PLANNED = ("price", "promotion")


@dataclass(frozen=True)
class Ahead:
    """holidays: (countries + 1, T + horizon + 1) public holidays in each period; the last row, of no country, is not a number.
    country: (n,) each series' row of it. planned: per name (n, T + horizon), what was in force and what is planned."""

    holidays: Array
    country: Ints
    planned: dict[str, Array]

    def holidays_in(self, i: Ints, period: Ints) -> Array:
        """Public holidays in periods of the calendar; not a number before it."""
        return np.where(period >= 0, self.holidays[self.country[i], np.maximum(period, 0)], np.nan)

    def planned_in(self, name: str, i: Ints, period: Ints) -> Array:
        """Planned price or share of promotion; not a number where nothing is planned."""
        return self.planned[name][i, period] if name in self.planned else np.full(len(i), np.nan)


def read_ahead(panel: Panel, horizon: int, planned: pl.DataFrame | None, notes: list[Note]) -> Ahead:
    """What is known of the `horizon` periods after the panel's last, and of those in it.

    Holidays are those of the attribute country_code (ISO 3166-1, such as DE). planned: unique_id, ds and price or promotion, of periods
    to come; rows of other series or periods are left out. Raises Problem where it lacks a column.
    """
    starts = _starts(panel, horizon + 1)
    codes = next((a for a in panel.attributes if a.name == COUNTRY and a.kind[0] == "category"), None)
    names = codes.kind[1] if codes else ()
    rows = [_holidays(starts, name, notes) for name in names]
    unknown = np.full(len(starts) - 1, np.nan)
    country = np.where(np.isfinite(codes.values), np.nan_to_num(codes.values), len(names)) if codes else np.zeros(len(panel.ids))
    return Ahead(np.stack([*rows, unknown]), country.astype(np.int64), _planned(panel, starts[:-2], planned, notes))


def _starts(panel: Panel, further: int) -> pl.Series:
    """First instants of the panel's periods, of `further` ones after them, and of the one that follows."""
    every, unit = panel.freq.every.rstrip("mhdwoqy"), panel.freq.every.lstrip("0123456789")
    until = pl.select(pl.lit(panel.dates[-1]).dt.offset_by(f"{int(every) * (further + 1)}{unit}")).item()
    return pl.datetime_range(panel.dates[0], until, panel.freq.every, eager=True).head(len(panel.dates) + further + 1)


def _holidays(starts: pl.Series, country: str, notes: list[Note]) -> Array:
    """Public holidays in each period, of periods shorter than a day whether it is one; not a number for a country that nobody knows."""
    from holidays import country_holidays

    began = starts.to_numpy().astype("datetime64[us]")
    try:
        known = country_holidays(country.upper(), years=range(starts[0].year, starts[-1].year + 1))
    except NotImplementedError:
        notes.append(Note(f"The public holidays of country_code {country} are not known; give ISO 3166-1 codes such as DE."))
        return np.full(len(starts) - 1, np.nan)
    days = np.array(sorted(known), dtype="datetime64[D]")
    if began[1] - began[0] < np.timedelta64(1, "D"):
        return np.isin(began[:-1].astype("datetime64[D]"), days).astype(np.float64)
    at = np.searchsorted(began, days.astype("datetime64[us]"), side="right") - 1
    return np.bincount(at[(at >= 0) & (at < len(began) - 1)], minlength=len(began) - 1).astype(np.float64)


def _planned(panel: Panel, starts: pl.Series, planned: pl.DataFrame | None, notes: list[Note]) -> dict[str, Array]:
    if planned is None:
        return {}
    missing = [name for name in ("unique_id", "ds") if name not in planned.columns]
    named = [name for name in PLANNED if name in planned.columns]
    if missing or not named:
        raise Problem(
            f"What is planned has no column {', '.join(missing) or 'price or promotion'}; it has {', '.join(planned.columns)}."
        )
    ids, days = (
        planned["unique_id"].cast(panel.ids.dtype, strict=False),
        dates(planned["ds"], notes, is_within_day=panel.freq.is_within_day),
    )
    rows = pl.DataFrame([ids, days, *(planned[name] for name in named)])
    rows = rows.join(panel.ids.to_frame("unique_id").with_row_index("_i"), on="unique_id")
    rows = rows.join(starts.to_frame("ds").with_row_index("_t"), on="ds").filter(pl.col("_t") >= len(panel.dates))
    i, t = rows["_i"].to_numpy(), rows["_t"].to_numpy()
    found = {}
    for name in named:
        known: Array | None = getattr(panel, name)
        whole = np.full((len(panel.ids), len(starts)), np.nan)
        whole[:, : len(panel.dates)] = np.nan if known is None else known
        whole[i, t] = rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        found[name] = whole
    return found
