"""On-time shipping per due date, channel and location. Here: facts about leaving the building. Not here: delivery, cost."""

from datetime import datetime
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("fulfilment_lines",)
KEYS = ("ship_by_date", "channel", "location_id")


def daily_fulfilment(fulfilment_lines: Frame, as_of: datetime) -> Frame:
    """Lines due by `as_of` (UTC) and those of them that left whole in time; a line still open past its promise is late.

    Divides by what was due, not by what was shipped: an unshipped order must hurt the rate.
    """
    due = fulfilment_lines.filter((nw.col("ship_by_at") <= as_of) & (nw.col("due_units") > 0))
    on_time = (nw.col("shipped_at") <= nw.col("ship_by_at")).fill_null(False).cast(nw.Int64)
    open_late = nw.col("shipped_at").is_null().cast(nw.Int64)
    sums = due.with_columns(on_time=on_time, open_late=open_late).group_by(*KEYS).agg(
        due_lines=nw.len(), on_time_lines=nw.col("on_time").sum(), open_late_lines=nw.col("open_late").sum()
    )  # fmt: skip
    return sums.with_columns(late_lines=nw.col("due_lines") - nw.col("on_time_lines"))
