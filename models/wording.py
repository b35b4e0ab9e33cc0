"""Numbers in sentences as a person writes them. Here: no bare .0, one day and two days. Not here: the sentences."""

import polars as pl


def short(value: pl.Expr, digits: int = 2) -> pl.Expr:
    """A number as text, rounded, without decimals that are nothing. Example: 14.0 is "14", 2.346 is "2.35"."""
    rounded = value.cast(pl.Float64).round(digits)
    return pl.when(rounded == rounded.round(0)).then(rounded.cast(pl.Int64).cast(pl.String)).otherwise(rounded.cast(pl.String))


def percent(rate: pl.Expr) -> pl.Expr:
    """A rate as a person says it. Example: 0.954 is "95.4 %"."""
    return pl.format("{} %", short(100 * rate, 1))


def counted(value: pl.Expr, noun: str, digits: int = 2) -> pl.Expr:
    """A number with its noun, which agrees with it. Example: "1 day", "2 days", "0.5 days"."""
    text = short(value, digits)
    return pl.when(text == "1").then(pl.lit(f"1 {noun}")).otherwise(pl.format(f"{{}} {noun}s", text))


def are(value: pl.Expr, noun: str, digits: int = 2) -> pl.Expr:
    """The same with its verb. Example: "1 unit is", "2 units are"."""
    verb = pl.when(short(value, digits) == "1").then(pl.lit("is")).otherwise(pl.lit("are"))
    return pl.format("{} {}", counted(value, noun, digits), verb)
