"""Time between two instants as a number, on every engine: the one thing about time that narwhals lacks on Spark."""

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]


def hours_between(frame: Frame, earlier: nw.Expr, later: nw.Expr) -> nw.Expr:
    """Hours from one instant of `frame` to another, in whole seconds; negative where they are the other way round."""
    seconds = (
        later.cast(nw.Int64) - earlier.cast(nw.Int64)
        if frame.implementation.is_spark_like()
        else (later - earlier).dt.total_seconds()
    )
    return seconds.cast(nw.Float64) / 3600.0
