"""A long frame's columns in their types. Here: what text is read as, and what is said of rows that can't be. Not here: series, calendars."""

import polars as pl

from models.forecast.problem import Note, Problem

FLAGS = dict.fromkeys(("true", "yes", "y", "t", "1", "ja", "j"), True) | dict.fromkeys(
    ("false", "no", "n", "f", "0", "nee", "nein"), False
)
AS_NUMBERS = 19000101, 21001231  # dates written as whole numbers
OFFSET = r"([T ]\d{2}:\d{2}.*?)\s*(?:Z|[+-]\d{2}:?\d{2})$"
MOST = 1e15  # demand beyond which a double holds no single unit
EXTRA = ("is_in_stock", "price", "promotion")


def typed(history: pl.DataFrame, notes: list[Note], *, is_within_day: bool = False) -> pl.DataFrame:
    """unique_id, ds without time zone (local wall-clock time; UTC where periods are within a day), y and what there is of EXTRA, as numbers.

    Rows without id or date are left out, numbers that can't be read are unknown; both are said. Raises Problem where a column can't be used.
    """
    missing = [name for name in ("unique_id", "ds", "y") if name not in history.columns]
    if missing:
        raise Problem(f"The history has no column {', '.join(missing)}; it has {', '.join(history.columns) or 'none'}.")
    if history.is_empty():
        raise Problem("The history has no rows.")
    ids = history["unique_id"]
    if ids.dtype.is_nested():
        raise Problem(f"Column unique_id holds {ids.dtype}, not names; make one text of it.")
    ids = ids.cast(pl.String) if ids.dtype in (pl.Categorical, pl.Enum) else ids
    y = number(history["y"], notes)
    columns = [
        ids,
        dates(history["ds"], notes, is_within_day=is_within_day),
        _meant(y, notes),
    ]
    for name in EXTRA:
        if name in history.columns:
            columns.append(_flag(history[name]) if name == "is_in_stock" else number(history[name], notes))
    rows = pl.DataFrame(columns)
    kept = rows.drop_nulls(["unique_id", "ds"])
    if kept.height < rows.height:
        notes.append(Note(f"{rows.height - kept.height:,} rows without unique_id or a date in ds were left out.", True))
    if kept.is_empty():
        raise Problem("Every row of the history lacks unique_id or ds.")
    return kept


def _meant(y: pl.Series, notes: list[Note]) -> pl.Series:
    """Demand that can be meant; else unknown."""
    known = pl.select(pl.when(y.is_finite() & (y.abs() <= MOST)).then(y)).to_series()
    beyond = (y.is_finite() & (y.abs() > MOST)).arg_true()
    if len(beyond):
        notes.append(
            Note(
                f"{len(beyond):,} rows with demand above {MOST:g} count as unknown (the first is row {beyond[0] + 1}: {y[int(beyond[0])]:g})."
            )
        )
    return known


def dates(column: pl.Series, notes: list[Note], *, is_within_day: bool) -> pl.Series:
    """ds as instants without time zone; not a date where text can't be read as one."""
    if column.dtype == pl.String:
        return _dates_of_text(column, notes, is_within_day=is_within_day)
    if column.dtype.is_integer() and column.is_between(*AS_NUMBERS).all():
        return _dates_of_text(column.cast(pl.String), notes, is_within_day=is_within_day)
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        if is_within_day and column.dtype.time_zone:
            column = column.dt.convert_time_zone("UTC")  # a clock that is set back has one hour twice
        return column.dt.replace_time_zone(None).dt.cast_time_unit("us")
    raise Problem(f"Column ds holds {column.dtype}, not dates such as 2026-01-31.")


def _dates_of_text(column: pl.Series, notes: list[Note], *, is_within_day: bool) -> pl.Series:
    """Dates with or without a time, which may end in an offset from UTC; where days and months may be meant either way, the way that reads every one."""
    text = column.str.strip_chars()
    dated = pl.select(pl.when(text.str.contains(r"\d")).then(text)).to_series()
    if not is_within_day:
        dated = dated.str.replace(OFFSET, "${1}")  # the local day is meant
    found = max(_read(dated), key=lambda read: read.count(), default=None)
    if found is None or not found.count():
        raise Problem("Column ds holds text that is not a date such as 2026-01-31.")
    _say("ds", "date such as 2026-01-31", text, found, notes)
    return found.alias("ds")


def _read(text: pl.Series) -> list[pl.Series]:
    """Each way of reading dates; those with the day first before those with the month first, of which the former are taken where both read as many."""
    found = []
    for layout in (None, "%Y%m%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m/%d/%Y", "%m-%d-%Y"):
        try:
            if layout is None:
                read = text.str.to_datetime(time_unit="us", strict=False)
                found.append(read.dt.replace_time_zone(None))
            else:
                found.append(text.str.to_date(layout, strict=False).cast(pl.Datetime("us")))
        except pl.exceptions.PolarsError:
            continue
    return found


def number(column: pl.Series, notes: list[Note]) -> pl.Series:
    """A column as numbers, unknown where text can't be read as one, which is said. Raises Problem where none can, or the column holds something else."""
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        found = text.cast(pl.Float64, strict=False)
        if text.str.len_chars().sum() and not found.count():
            mend = "write points for decimal commas" if text.str.contains(r"^-?\d+,\d+$").any() else "write them as 12.5"
            raise Problem(f"Column {column.name} holds text such as '{text.drop_nulls()[0]}', not numbers; {mend}.")
        _say(column.name, "number", text, found, notes)
        return found
    if not column.dtype.is_numeric() and column.dtype not in (pl.Boolean, pl.Null):
        raise Problem(f"Column {column.name} holds {column.dtype}, not numbers; cast it first.")
    return column.cast(pl.Float64)


def _flag(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        text = column.str.strip_chars().str.to_lowercase()
        found = text.replace_strict(FLAGS, default=None, return_dtype=pl.Boolean)
        wrong = text.filter(found.is_null() & (text.fill_null("") != ""))
        if len(wrong):
            raise Problem(f"Column {column.name} holds '{wrong[0]}'; write true or false.")
        return found
    if not column.dtype.is_numeric() and column.dtype not in (pl.Boolean, pl.Null):
        raise Problem(f"Column {column.name} holds {column.dtype}; write true or false.")
    return column.cast(pl.Boolean)


def _say(name: str, kind: str, text: pl.Series, found: pl.Series, notes: list[Note]) -> None:
    wrong = (found.is_null() & (text.fill_null("") != "")).arg_true()
    if len(wrong):
        first = f"the first is row {wrong[0] + 1}: '{text[wrong[0]]}'"
        notes.append(Note(f"{len(wrong):,} rows whose {name} is no {kind} count as blank ({first})."))
