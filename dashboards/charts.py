"""Frame → chart. Here: how figures are drawn. Not here: where they come from."""

import altair as alt
import polars as pl

PALETTE = ["#1F6F5C", "#E0A83C", "#3B6FB6", "#B4532A", "#7A5BA6", "#5E8C31"]
HEIGHT = 280


def sales_by_week(frame: pl.DataFrame, currency: str) -> alt.Chart:
    """Stacked bars of net sales per week and channel."""
    return _base(frame).mark_bar().encode(
        x=alt.X("week:T", title=None),
        y=alt.Y("net_sales_amount:Q", title=f"net sales, {currency}", axis=alt.Axis(format="~s")),
        color=alt.Color("channel:N", scale=alt.Scale(range=PALETTE), legend=alt.Legend(orient="top", title=None)),
        tooltip=["week:T", "channel:N", alt.Tooltip("net_sales_amount:Q", format=",.0f", title=currency)],
    )  # fmt: skip


def late_by_week(frame: pl.DataFrame) -> alt.Chart:
    """Lines of the late rate per week and location."""
    return _base(frame).mark_line(point=True).encode(
        x=alt.X("week:T", title=None),
        y=alt.Y("late_rate:Q", title="late of due", axis=alt.Axis(format="%")),
        color=alt.Color("location_id:N", scale=alt.Scale(range=PALETTE), legend=alt.Legend(orient="top", title=None)),
        tooltip=["week:T", "location_id:N", alt.Tooltip("late_rate:Q", format=".1%"), "due_lines:Q"],
    )  # fmt: skip


def forecast_fan(frame: pl.DataFrame) -> alt.LayerChart:
    """Past weekly demand as bars (hollow where not fully seen), the forecast's mean and its 80 % range."""
    x = alt.X("week_end:T", title="week ending")
    base = _base(frame)
    bars = base.transform_filter("isValid(datum.actual)").mark_bar(color=PALETTE[0]).encode(
        x=x, y=alt.Y("actual:Q", title="units a week"),
        opacity=alt.condition("datum.is_censored", alt.value(0.35), alt.value(0.9)),
        tooltip=["week_end:T", "actual:Q", "is_censored:N"],
    )  # fmt: skip
    ahead = base.transform_filter("isValid(datum.mean)")
    band = ahead.mark_area(color=PALETTE[1], opacity=0.3).encode(x=x, y="low:Q", y2="high:Q")
    line = ahead.mark_line(color=PALETTE[1], point=True).encode(
        x=x, y="mean:Q", tooltip=["week_end:T", alt.Tooltip("mean:Q", format=".1f"), "low:Q", "high:Q"]
    )
    return bars + band + line


def _base(frame: pl.DataFrame) -> alt.Chart:
    return alt.Chart(frame).properties(height=HEIGHT)
