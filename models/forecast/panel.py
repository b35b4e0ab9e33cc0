"""Everybody's series side by side. Here: reading a long frame into arrays, and what is said of bad rows. Not here: forecasts."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.attributes import Attribute, Kind, attributes
from models.forecast.frequency import Frequency, frequency
from models.forecast.problem import Note, Problem
from models.forecast.reading import typed

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
NAMED = 3  # series that a sentence names
LATEST_DAY = 28  # that every month has


@dataclass(frozen=True)
class Panel:
    """n series on one calendar of T periods.

    y: (n, T) demand, not a number where unknown, before `first` and after the last row. first, last: (n,) positions of the first
    demand, or the first period said to be in stock if that is earlier (T where there is no demand), and of the last row; series are
    forecast from their own last row on. price, promotion: (n, T).
    """

    ids: pl.Series
    dates: pl.Series
    freq: Frequency
    y: Array
    first: Ints
    last: Ints
    attributes: tuple[Attribute, ...]
    price: Array | None
    promotion: Array | None
    ds_type: pl.DataType
    notes: tuple[Note, ...] = ()

    @property
    def phase(self) -> int:
        """Periods from 1970 to the first of the calendar, so that a place in the year stays when older periods drop out."""
        count, unit = int(self.freq.every.rstrip("mhdwoqy")), self.freq.every.lstrip("0123456789")
        first = self.dates[0]
        months = {"mo": 1, "q": 3, "y": 12}.get(unit)
        if months:
            return (first.year * 12 + first.month - 1) // (months * count)
        seconds = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit] * count
        return int((first - datetime(1970, 1, 1)).total_seconds()) // seconds

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """(n,) whether every known demand is a whole number."""
        return np.all(~np.isfinite(self.y) | (self.y == np.rint(self.y)), axis=1)

    def ahead(self, horizon: int) -> pl.Series:
        """(n × horizon,) dates of the periods after each series' last row, in the type that ds came in."""
        start = self.dates.gather(np.minimum(self.last, len(self.dates) - 1)).alias("ds").to_frame()
        every, unit = self.freq.every.rstrip("mhdwoqy"), self.freq.every.lstrip("0123456789")
        steps = pl.int_ranges(1, pl.lit(horizon + 1)) * int(every)
        dates = start.with_columns(_step=steps).explode("_step").select(
            pl.col("ds").dt.offset_by(pl.format("{}" + unit, "_step"))
        ).to_series()  # fmt: skip
        if isinstance(self.ds_type, pl.Datetime):
            if self.freq.is_within_day and self.ds_type.time_zone:
                return (
                    dates.dt.cast_time_unit(self.ds_type.time_unit)
                    .dt.replace_time_zone("UTC")
                    .dt.convert_time_zone(self.ds_type.time_zone)
                )
            return dates.dt.cast_time_unit(self.ds_type.time_unit).dt.replace_time_zone(
                self.ds_type.time_zone, ambiguous="earliest", non_existent="null"
            )
        return dates.dt.date() if self.ds_type == pl.Date or self.freq.every[-1] in "dwoqy" else dates

    def until(self, back: int) -> "Panel":
        """The panel as it stood `back` periods before each series' end; nothing later is in it."""
        last = np.maximum(self.last - back, 0)
        later = np.arange(self.y.shape[1]) > (self.last - back)[:, None]
        cut = {
            name: None if (a := getattr(self, name)) is None else np.where(later, np.nan, a) for name in ("price", "promotion")
        }
        y = np.where(later, np.nan, self.y)
        first = np.where((y > 0).any(axis=1), self.first, y.shape[1])
        return Panel(**{**self.__dict__, **cut, "y": y, "last": last, "first": first})


def read_panel(
    history: pl.DataFrame,
    freq: str,
    statics: pl.DataFrame | None = None,
    until: date | None = None,
    kinds: tuple[Kind, ...] | None = None,
) -> Panel:
    """The panel of a long frame (unique_id, ds, y; optional is_in_stock, price, promotion) and of attributes per unique_id.

    A period without a row is unknown, unless the whole history has no row with 0: then it lists only what sold, and what is not
    in it is 0, also after a series' last row. Rows before the first demand count where is_in_stock says that they were on
    sale. Series with contradicting rows or dates between periods are refused with a note, the others are kept.
    """
    every = frequency(freq)
    notes: list[Note] = []
    rows = typed(history, notes, is_within_day=every.is_within_day)
    rows = _not_later(rows, until, every, notes)
    rows = _one_row_each(rows, notes)
    dates = _calendar(rows, every)
    rows = _on_calendar(_not_older(rows, dates, notes), dates, every, notes)
    ids = rows["unique_id"].unique().sort()
    at = ids.to_frame().with_row_index("_i")
    rows = rows.join(at, on="unique_id").join(dates.to_frame("ds").with_row_index("_t"), on="ds")
    y, last = _demand(rows, len(ids), len(dates), notes)
    _say_unknown(y, ids, notes)
    first = _first(y, _scatter(rows, "is_in_stock", y.shape) if "is_in_stock" in rows.columns else None)
    y[np.arange(len(dates)) < first[:, None]] = np.nan
    extra = {name: _scatter(rows, name, y.shape) if name in rows.columns else None for name in ("price", "promotion")}
    return Panel(
        ids,
        dates,
        every,
        y,
        first,
        last,
        attributes(ids, statics, kinds),
        extra["price"],
        extra["promotion"],
        history["ds"].dtype,
        tuple(notes),
    )


def _not_later(rows: pl.DataFrame, until: date | None, every: Frequency, notes: list[Note]) -> pl.DataFrame:
    """Rows up to the day `until`, without a period that begins before its end and isn't over; of weeks, which may be named by their last day, that
    is only said.
    """
    if until is None:
        return rows
    kept = rows.filter(pl.col("ds").dt.date() <= until)
    if kept.is_empty():
        raise Problem(f"Every row of the history lies after {until}.")
    if kept.height < rows.height:
        notes.append(Note(f"{rows.height - kept.height:,} rows after {until} were left out: they lie in the future."))
    if every.is_within_day:
        return kept
    is_over = pl.col("ds").dt.offset_by(every.every).dt.date() <= until
    whole = kept.filter(is_over)
    if whole.height == kept.height:
        return kept
    newest = kept.filter(~is_over)["ds"].dt.date().max()
    if every.every.endswith("w") or whole.is_empty():
        notes.append(Note(f"If {newest!s} is the first day of its period, that isn't over yet: leave its rows out."))
        return kept
    notes.append(Note(f"{kept.height - whole.height:,} rows of the period from {newest!s} were left out: it isn't over yet."))
    return whole


def _not_older(rows: pl.DataFrame, dates: pl.Series, notes: list[Note]) -> pl.DataFrame:
    """Rows since the first period that is looked at; series that have none of them are refused."""
    kept = rows.filter(pl.col("ds") >= dates[0])
    if kept.height < rows.height:
        notes.append(Note(f"{rows.height - kept.height:,} rows before {dates[0]:%Y-%m-%d} are too old to be looked at."))
        old = rows.join(kept.select("unique_id").unique(), on="unique_id", how="anti")
        return _refused(rows, old["unique_id"], f"have no row since {dates[0]:%Y-%m-%d}", notes).filter(pl.col("ds") >= dates[0])
    return kept


def _one_row_each(rows: pl.DataFrame, notes: list[Note]) -> pl.DataFrame:
    """Rows that repeat exactly count once; series whose rows contradict each other are refused."""
    unique = rows.unique() if rows.select(pl.struct("unique_id", "ds").is_duplicated().any()).item() else rows
    if unique.height < rows.height:
        notes.append(Note(f"{rows.height - unique.height:,} rows that repeat another exactly were counted once."))
    twice = unique.filter(pl.struct("unique_id", "ds").is_duplicated())
    return _refused(unique, twice["unique_id"], "have two different rows for one ds; sum or remove one", notes)


def _refused(rows: pl.DataFrame, ids: pl.Series, why: str, notes: list[Note]) -> pl.DataFrame:
    bad = ids.unique().sort()
    if not len(bad):
        return rows
    named = ", ".join(map(str, bad.head(NAMED))) + (" …" if len(bad) > NAMED else "")
    sentence = f"{len(bad):,} series {why} ({named})."
    kept = rows.filter(~pl.col("unique_id").is_in(bad.implode()))
    if kept.is_empty():
        raise Problem(f"No series can be used: {sentence}")
    notes.append(Note(sentence, is_refusal=True))
    return kept


def _calendar(rows: pl.DataFrame, every: Frequency) -> pl.Series:
    """Every period from the first to the last, the newest `keep` of them; anchored where the name says or most rows lie."""
    on_clock = pl.col("ds").dt.time() == pl.col("ds").dt.time().mode().min() if every.every[-1] in "dwoqy" else pl.lit(True)
    on_day = pl.lit(True)
    if every.is_month_start:
        on_day = pl.col("ds").dt.day() == 1
    elif every.every == "1w":
        on_day = pl.col("ds").dt.weekday() == (every.weekday or pl.col("ds").dt.weekday().mode().min())
    days = rows.select("ds").filter(on_clock, on_day).to_series()
    if not len(days):
        raise Problem(
            f"No ds lies on a period of --freq {every.name}; the first is {rows['ds'].sort().dt.strftime('%Y-%m-%d (%a)')[0]}."
        )
    low, high = days.min(), days.max()
    if every.every[-1] in "oqy" and (days.dt.day() > LATEST_DAY).any():
        raise Problem(f"Months don't all have the day {days.dt.day().max()!s}; name each period by its first day (--freq MS).")
    assert isinstance(low, datetime) and isinstance(high, datetime)  # noqa: S101  (for the type checker)
    newest = pl.select(pl.lit(high).dt.offset_by(f"-{every.keep}{every.every.lstrip('0123456789')}")).item()
    steps = pl.datetime_range(low, high, every.every, eager=True)
    return steps.filter(steps > newest) if len(steps) > every.keep else steps


def _on_calendar(rows: pl.DataFrame, dates: pl.Series, every: Frequency, notes: list[Note]) -> pl.DataFrame:
    """Rows of the calendar; series with dates between periods are refused, and so is a calendar that nobody fills."""
    astray = rows.filter(~pl.col("ds").is_in(dates.implode()))
    first = f", such as {astray['ds'].dt.date().min()!s}" if astray.height else ""
    rows = _refused(rows, astray["unique_id"], f"have dates that are no period of --freq {every.name}{first}", notes)
    used = dates.is_in(rows["ds"].unique().implode())
    apart = np.diff(np.flatnonzero(used.to_numpy()))
    if len(apart) >= 8 and (step := int(np.gcd.reduce(apart))) > 1:
        raise Problem(
            f"The dates lie {step} periods of --freq {every.name} apart, all of them: name the frequency that they have."
        )
    return rows


def _demand(rows: pl.DataFrame, n: int, periods: int, notes: list[Note]) -> tuple[Array, Ints]:
    """(n, T) demand and each series' last position; see read_panel for what a missing row means."""
    negative = rows.filter(pl.col("y") < 0)
    if negative.height:
        first = negative.row(0, named=True)
        named = f"the first: {first['unique_id']}, {first['ds']:%Y-%m-%d}: {first['y']:g}"
        notes.append(Note(f"{negative.height:,} rows with demand below 0 were taken as 0 ({named})."))
    lists_zeros = bool((rows["y"] == 0).any())
    known = pl.col("y").clip(0.0)
    if "is_in_stock" in rows.columns:
        known = pl.when(pl.col("is_in_stock").fill_null(True)).then(known)
    rows = rows.with_columns(y=known)
    span = rows.group_by("_i").agg(pl.col("_t").min().alias("from"), pl.col("_t").max().alias("to")).sort("_i")
    start, last = (span[c].to_numpy().astype(np.int64) for c in ("from", "to"))
    y = _scatter(rows, "y", (n, periods))
    gaps = int((last - start + 1).sum()) - rows.height
    if gaps and not lists_zeros:
        silent = int((periods - start).sum()) - rows.height
        notes.append(Note(f"The history has no row with 0: {silent:,} periods without a row were taken as 0."))
        absent = np.isnan(_scatter(rows.with_columns(_one=pl.lit(1.0)), "_one", (n, periods)))
        y[absent & (np.arange(periods) >= start[:, None])] = 0.0
        last = np.full(n, periods - 1)
    elif gaps:
        notes.append(Note(f"{gaps:,} periods without a row were taken as unknown."))
    return y, last


def _say_unknown(y: Array, ids: pl.Series, notes: list[Note]) -> None:
    blank = np.flatnonzero(~np.isfinite(y).any(axis=1))
    if len(blank):
        named = ", ".join(str(ids[int(i)]) for i in blank[:NAMED]) + (" …" if len(blank) > NAMED else "")
        notes.append(Note(f"{len(blank):,} series have no period with known demand ({named}): their forecasts of 0 say nothing."))


def _first(y: Array, in_stock: Array | None) -> Ints:
    """(n,) position of the first demand, or of the first period known to be in stock; T where there is no demand."""
    begun = y > 0 if in_stock is None else (y > 0) | (in_stock > 0)
    return np.where((y > 0).any(axis=1), np.argmax(begun, axis=1), y.shape[1])


def _scatter(rows: pl.DataFrame, column: str, shape: tuple[int, ...]) -> Array:
    grid = np.full(shape, np.nan)
    values = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    grid[rows["_i"].to_numpy(), rows["_t"].to_numpy()] = values
    return grid
