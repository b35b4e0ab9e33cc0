"""What is known of periods before they come. Here: public holidays of each series' country, planned prices and promotions. Not here: features."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.panel import Panel
from models.forecast.problem import Note, Problem
from models.forecast.reading import dates, number

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
COUNTRY = "country_code"
PLANNED = ("price", "promotion")
USUAL = 8  # periods whose median is the usual price: a sale of some weeks isn't, a new price soon is


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


def read_ahead(
    panel: Panel,
    horizon: int,
    planned: pl.DataFrame | None,
    notes: list[Note],
    told: tuple[str, ...] = (),
    *,
    as_planned: bool = False,
) -> Ahead:
    """What is known of the `horizon` periods after the panel's last, and of those in it.

    Holidays are those of the attribute country_code (ISO 3166-1, such as DE). planned: unique_id, ds and price or promotion, of periods
    to come; rows of other series or periods are left out with a note. Where no price is planned the usual one counts, where no promotion is there
    is none. told: of PLANNED, that a kept selection was told of, whether or not anything is planned now. as_planned: what a history says of its
    own prices and promotions was planned. Raises Problem where a column is lacking or can't be read.
    """
    starts = _starts(panel, horizon + 1)
    codes = next((a for a in panel.attributes if a.name == COUNTRY and a.kind[0] == "category"), None)
    names = codes.kind[1] if codes else ()
    rows = [_holidays(starts, name, notes) for name in names]
    unknown = np.full(len(starts) - 1, np.nan)
    country = np.where(np.isfinite(codes.values), np.nan_to_num(codes.values), len(names)) if codes else np.zeros(len(panel.ids))
    return Ahead(
        np.stack([*rows, unknown]), country.astype(np.int64), _told(panel, starts[:-2], planned, notes, told, as_planned)
    )


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


def _told(
    panel: Panel, starts: pl.Series, planned: pl.DataFrame | None, notes: list[Note], names: tuple[str, ...], as_planned: bool
) -> dict[str, Array]:
    """Per name of PLANNED that anything is planned of, was when a selection was made, or is taken as planned: (n, T + horizon)."""
    rows = pl.DataFrame(schema={"unique_id": panel.ids.dtype, "ds": pl.Datetime("us")})
    if planned is not None:
        missing = [name for name in ("unique_id", "ds") if name not in planned.columns]
        if missing or not set(PLANNED) & set(planned.columns):
            raise Problem(
                f"What is planned has no column {', '.join(missing) or 'price or promotion'}; it has {', '.join(planned.columns)}."
            )
        rows = _rows(panel, planned, notes)
    i, t, values = _placed(panel, starts, rows, notes)
    found = {}
    for name in PLANNED:
        known: Array | None = getattr(panel, name)
        if name not in rows.columns and name not in names and not (as_planned and known is not None):
            continue
        whole = np.full((len(panel.ids), len(starts)), np.nan)
        whole[:, : len(panel.dates)] = np.nan if known is None else known
        if name in rows.columns:
            whole[i, t] = values[name].to_numpy()
        found[name] = _until_the_end(whole, panel.last, name == "price")
    return found


def _rows(panel: Panel, planned: pl.DataFrame, notes: list[Note]) -> pl.DataFrame:
    """unique_id, ds and what is planned, in their types."""
    ids = planned["unique_id"].cast(panel.ids.dtype, strict=False)
    days = dates(planned["ds"], notes, is_within_day=panel.freq.is_within_day)
    return pl.DataFrame([ids, days, *(number(planned[name], notes) for name in PLANNED if name in planned.columns)])


def _placed(panel: Panel, starts: pl.Series, rows: pl.DataFrame, notes: list[Note]) -> tuple[Ints, Ints, pl.DataFrame]:
    """Places (series, period) of rows that are planned of periods to come, and these rows; what is said of the others."""
    last = pl.DataFrame([panel.ids.alias("unique_id"), pl.Series("_last", panel.last)]).with_row_index("_i")
    ours = rows.join(last, on="unique_id", maintain_order="left")
    if strange := rows.height - ours.height:
        notes.append(Note(f"{strange:,} planned rows are of no series of the history and were left out."))
    on_time = ours.join(starts.to_frame("ds").with_row_index("_t"), on="ds", how="left", maintain_order="left")
    kept = on_time.filter(pl.col("_t") > pl.col("_last"))
    if kept.height < ours.height:
        first = on_time.filter((pl.col("_t") > pl.col("_last")).fill_null(False).not_()).row(0, named=True)
        said = (
            f"the first: {first['unique_id']}, {first['ds']:%Y-%m-%d}"
            if first["ds"]
            else f"the first, of {first['unique_id']}, has no date"
        )
        notes.append(
            Note(f"{ours.height - kept.height:,} planned rows are of no period that is forecast and were left out ({said}).")
        )
    once = kept.unique(["_i", "_t"], keep="last", maintain_order=True)
    if once.height < kept.unique().height:
        notes.append(
            Note(
                f"{kept.unique().height - once.height:,} planned periods stand twice, with different values; the last one counts."
            )
        )
    return once["_i"].to_numpy().astype(np.int64), once["_t"].to_numpy().astype(np.int64), once


def _until_the_end(values: Array, last: Ints, is_price: bool) -> Array:
    """`values` (n, T + horizon) whose unknown periods after each series' `last` have the usual price, the median of the USUAL last known ones, or no
    promotion.
    """
    periods = np.arange(values.shape[1])
    usual = np.zeros(len(values))
    if is_price:
        known = [row[: end + 1][np.isfinite(row[: end + 1])] for row, end in zip(values, last, strict=True)]
        usual = np.array([np.median(row[-USUAL:]) if len(row) else np.nan for row in known])
    return np.where((periods > last[:, None]) & ~np.isfinite(values), usual[:, None], values)
