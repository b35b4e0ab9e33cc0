"""How good forecasts were, alerts, and what a forecast is made of. Parts of the page Forecast."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, frame
from dashboards.queries import accuracy as queries
from models.past_forecasts import LAYERS

GROUPINGS = {"All series": "total", "Demand class": "demand_class", "Category": "category"}
NONE_YET = (
    "No week that was forecast is over yet. Run `fulcast run --job refresh_forecasts`: it also rehearses the last 13 weeks."
)


def alerts() -> None:
    """Forecasts that orders contradict, where there are some, and entries of this person that haven't paid."""
    found = frame.ask(queries.alerts)
    if not found.is_empty():
        with st.expander(
            f"{found.height} alerts: orders outside the 99 % range, forecasts that lean to one side",
            icon=":material/notifications:",
        ):
            frame.table(found, "alerts", height=260)
    author = frame.known_author()
    unpaid = frame.ask(queries.entries).filter((pl.col("verdict") == "has not paid") & (pl.col("author") == author))
    if not unpaid.is_empty():
        st.warning(
            f"{author}, {unpaid.height} of your entries made the forecast worse so far: {', '.join(unpaid['entry_id'].head(5))}. "
            "They stay until you take them back.",
            icon=":material/trending_down:",
        )


def past(one: dict[str, Any]) -> None:
    """Past forecasts of a series against what came."""
    ahead = st.segmented_control(
        "How far ahead", list(queries.HORIZONS), default=next(iter(queries.HORIZONS)), required=True, key="ahead"
    )
    rows = frame.ask(queries.past, one["sku"], one["location_id"], queries.HORIZONS[ahead or next(iter(queries.HORIZONS))])
    if rows.is_empty():
        st.info(NONE_YET)
        return
    st.caption(
        "Bars: wanted, where the week is over and was fully seen · line: forecast then · band: 8 of 10 weeks should fall within."
    )
    st.altair_chart(charts.past_forecasts(rows), width="stretch")
    frame.table(rows, "past-forecasts", height=220)


def why(one: dict[str, Any]) -> None:
    """Drivers of the forecast in units a week, the models behind it, and what changed since the last run."""
    found = frame.ask(queries.explanation, one["sku"], one["location_id"])
    if found.is_empty():
        st.info("This series is new since the last forecast; the next nightly run says more.")
        return
    row = found.row(0, named=True)
    st.write(row["reason"])
    left, right = st.columns(2)
    with left:
        st.caption("What a week's forecast is made of, in units, mean over all weeks ahead")
        st.altair_chart(charts.steps(queries.steps(found)), width="stretch")
    with right:
        st.caption("What changed since the last run")
        changed = queries.changes(found)
        if changed.is_empty():
            st.info("There is no earlier run to compare with.")
        else:
            st.altair_chart(charts.steps(changed), width="stretch")
    _models(row)
    frame.table(queries.steps(found), "drivers", height=260)


def _models(row: dict[str, Any]) -> None:
    words = [
        f"**{row[who]}** makes {row[f'{who}_share']:.0%} of the mean and alone says {row[f'{who}_units']:.1f} a week"
        for who in ("winner", "runner_up") if row[who] is not None
    ]  # fmt: skip
    when = f"Models were chosen on {row['chosen_at']:%Y-%m-%d}." if row["chosen_at"] else "No models are chosen yet."
    st.write(f"{'; '.join(words)}. {when}" if words else when)


def of_all() -> None:
    """Accuracy and value added of each layer, by group and by weeks ahead."""
    chosen = st.segmented_control("By", list(GROUPINGS), default="All series", required=True, key="accuracy-by")
    rows = frame.ask(queries.accuracy, GROUPINGS[chosen or "All series"])
    if rows.is_empty():
        st.info(NONE_YET)
        return
    weeks, rehearsed = (rows.select(pl.col(name).max()).item() for name in ("weeks", "backtest_weeks"))
    st.caption(
        f"Up to {weeks:,} forecast weeks that are over and were fully seen, {rehearsed:,} of them rehearsed later as they would have been made. "
        "Value added: the share of the error that each layer takes away from the one before; below 0 it did harm."
    )
    left, right = st.columns([3, 2])
    with left:
        frame.table(rows, "accuracy", height=340)
    with right:
        ahead = frame.ask(queries.by_horizon)
        st.altair_chart(charts.error_by_horizon(ahead, list(LAYERS)), width="stretch")
    scored = frame.ask(queries.entries)
    if scored.is_empty():
        st.info("Nobody has entered what they know yet; each entry's effect on the error will stand here.")
    else:
        st.caption("What people entered, and what it did to the error of its weeks; those that did harm first")
        frame.table(scored, "entries-scored", height=240)
