"""Frame → chart. Here: how figures are drawn. Not here: where they come from."""

import json
from functools import cache
from typing import Any

import altair as alt
import polars as pl
from polars import selectors as cs

from pipelines.settings import PROJECT

PALETTE = ["#1F6F5C", "#E0A83C", "#3B6FB6", "#B4532A", "#7A5BA6", "#5E8C31"]
HEIGHT = 280
SEEN_WHOLE = 6.99  # days


def sales_by_day(frame: pl.DataFrame, currency: str) -> alt.LayerChart:
    """Bars of net sales per day, with a tick where the same weekday of last year stood."""
    base = _base(frame)
    bars = base.mark_bar(color=PALETTE[0]).encode(
        x=alt.X("day:T", title=None), y=alt.Y("net_sales_amount:Q", title=f"net sales, {currency}", axis=alt.Axis(format="~s")),
        tooltip=["day:T", alt.Tooltip("net_sales_amount:Q", format=",.0f", title=currency),
                 alt.Tooltip("last_year_amount:Q", format=",.0f", title="last year")],
    )  # fmt: skip
    return bars + base.mark_tick(color=PALETTE[1], thickness=3, width=14).encode(x="day:T", y="last_year_amount:Q")


def best(frame: pl.DataFrame, group: str, value: str) -> alt.Chart:
    """Horizontal bars of the best of a ranking."""
    tooltip = [
        group,
        *(name for name in ("description", "sold_units", "orders") if name in frame.columns),
        alt.Tooltip(f"{value}:Q", format=",.0f"),
    ]
    shown = frame.with_columns(pl.col(pl.Decimal).cast(pl.Float64))
    return _base(shown).mark_bar(color=PALETTE[0]).encode(
        x=alt.X(f"{value}:Q", title=value.removesuffix("_amount").replace("_", " "), axis=alt.Axis(format="~s")),
        y=alt.Y(f"{group}:N", sort=None, title=None), tooltip=tooltip,
    )  # fmt: skip


def classes(frame: pl.DataFrame, currency: str) -> alt.Chart:
    """The map of products: how much they matter against how steady they sell."""
    return _base(frame.filter(pl.col("demand_cv").is_not_null())).mark_point(filled=True, opacity=0.7).encode(
        x=alt.X("cumulative_rate:Q", title="share of value up to this SKU", axis=alt.Axis(format="%")),
        y=alt.Y("demand_cv:Q", title="variation of weekly demand", scale=alt.Scale(type="sqrt")),
        size=alt.Size("net_sales_amount:Q", title=currency, legend=None),
        color=alt.Color("xyz_class:N", title="XYZ", scale=alt.Scale(range=PALETTE)),
        shape=alt.Shape("abc_class:N", title="ABC"),
        tooltip=["sku", "description", "abc_class", "xyz_class", alt.Tooltip("demand_cv:Q", format=".2f"), alt.Tooltip("net_sales_amount:Q", format=",.0f")],
    )  # fmt: skip


def return_months(frame: pl.DataFrame) -> alt.LayerChart:
    """Bars of what came back so far per month of ordering, with a tick where the rate will end."""
    base = _base(frame).encode(x=alt.X("month:O", title=None))
    tooltip = ["month:O", "sold_units:Q", "returned_units:Q", alt.Tooltip("return_rate:Q", format=".2%", title="so far"),
               alt.Tooltip("expected_return_rate:Q", format=".2%", title="expected")]  # fmt: skip
    bars = base.mark_bar(color=PALETTE[0]).encode(
        y=alt.Y("return_rate:Q", title="returned ÷ sold", axis=alt.Axis(format="%")), tooltip=tooltip
    )
    return bars + base.mark_tick(color=PALETTE[1], thickness=3).encode(y="expected_return_rate:Q", tooltip=tooltip)


def plan(frame: pl.DataFrame, currency: str) -> alt.LayerChart:
    """Planned net sales as a line over actual ones and the forecast as bars, all categories of the table together."""
    amounts = {"planned_net_sales_amount": "planned", "net_sales_amount": "sold", "forecast_net_sales_amount": "forecast"}
    sums = frame.group_by("week_start_date").agg(pl.col(*amounts).sum().cast(pl.Float64))
    long = sums.rename(amounts).unpivot(
        ["planned", "sold", "forecast"], index="week_start_date", variable_name="kind", value_name="amount"
    )
    base = _base(long.filter(pl.col("amount") != 0).sort("week_start_date")).encode(
        x=alt.X("week_start_date:T", title=None), y=alt.Y("amount:Q", title=f"net sales, {currency}", stack=None, axis=alt.Axis(format="~s")),
        color=alt.Color("kind:N", scale=alt.Scale(domain=["sold", "forecast", "planned"], range=[PALETTE[0], PALETTE[2], PALETTE[1]]),
                        legend=alt.Legend(orient="top", title=None)),
        tooltip=["week_start_date:T", "kind:N", alt.Tooltip("amount:Q", format=",.0f")],
    )  # fmt: skip
    bars = base.transform_filter("datum.kind != 'planned'").mark_bar(opacity=0.8)
    return bars + base.transform_filter("datum.kind == 'planned'").mark_line()


def units_by_week(frame: pl.DataFrame) -> alt.Chart:
    """Bars of units per week; weeks of a promotion stand out."""
    return _base(frame).mark_bar().encode(
        x=alt.X("week:T", title=None), y=alt.Y("sold_units:Q", title="units a week"),
        color=alt.Color("is_promoted:N", title="promotion", scale=alt.Scale(domain=[False, True], range=PALETTE[:2]), legend=alt.Legend(orient="top")),
        tooltip=["week:T", "sold_units:Q", alt.Tooltip("net_sales_amount:Q", format=",.0f")],
    )  # fmt: skip


def funnel(frame: pl.DataFrame) -> alt.Chart:
    """Bars of how many orders have reached each stage, in the order of the stages."""
    return _base(frame).mark_bar(color=PALETTE[2]).encode(
        x=alt.X("orders:Q", title="orders"), y=alt.Y("stage:N", sort=None, title=None), tooltip=["stage", "orders"]
    )  # fmt: skip


def ageing(frame: pl.DataFrame) -> alt.Chart:
    """Bars of open orders by age, split by the stage they wait in."""
    return _base(frame).mark_bar().encode(
        x=alt.X("orders:Q", title="open orders"), y=alt.Y("age:N", title=None),
        color=alt.Color("order_state:N", title=None, scale=alt.Scale(range=PALETTE), legend=alt.Legend(orient="top")),
        tooltip=["age", "order_state", "orders", alt.Tooltip("total_amount:Q", format=",.0f")],
    )  # fmt: skip


def stage_times(frame: pl.DataFrame) -> alt.LayerChart:
    """A bar per stage from the 10th to the 90th percentile, the median as a tick, the 95th as a point."""
    base, y = _base(frame), alt.Y("stage:N", sort=None, title=None)
    tooltip = ["stage", "orders", *(alt.Tooltip(f"{q}_hours:Q", format=".1f") for q in ("p10", "p50", "p90", "p95"))]
    bars = base.mark_bar(color=PALETTE[2], opacity=0.5).encode(
        x=alt.X("p10_hours:Q", title="hours"), x2="p90_hours:Q", y=y, tooltip=tooltip
    )
    middle = base.mark_tick(color=PALETTE[0], thickness=3).encode(x="p50_hours:Q", y=y, tooltip=tooltip)
    return bars + middle + base.mark_point(color=PALETTE[3]).encode(x="p95_hours:Q", y=y, tooltip=tooltip)


def shipping_hours(frame: pl.DataFrame) -> alt.Chart:
    """How orders spread over the hours until they left, by warehouse; the last bar is 120 hours and more."""
    return _base(frame).mark_bar().encode(
        x=alt.X("hours:O", title="hours from order to leaving, from"), y=alt.Y("orders:Q", title="orders"),
        color=alt.Color("location_id:N", scale=alt.Scale(range=PALETTE), legend=alt.Legend(orient="top", title=None)),
        tooltip=["location_id", "hours", "orders"],
    )  # fmt: skip


def places(frame: pl.DataFrame) -> dict[str, Any]:
    """Warehouses on the map, the larger the more lines were due, the greener the more left in time.

    A Vega-Lite spec of plain values: Altair would check the coast line point by point, and its settings are those of the whole process,
    which another reader's page may have changed at that moment.
    """
    ground = {
        "data": {"values": _land(), "format": {"type": "topojson", "feature": "land"}},
        "mark": {"type": "geoshape", "fill": "#E4E9E7", "stroke": None},
    }
    on_time = {"scale": {"scheme": "redyellowgreen", "domain": [0.8, 1]}, "legend": {"format": "%"}}
    told = [{"field": "location_id", "type": "nominal"}, {"field": "location_name", "type": "nominal"},
            {"field": "value", "type": "quantitative", "format": ".1%", "title": "on time"},
            {"field": "counted", "type": "quantitative", "title": "lines due"}]  # fmt: skip
    points = {
        "data": {"values": frame.with_columns(cs.numeric().cast(pl.Float64)).to_dicts()},
        "mark": {"type": "circle", "opacity": 0.95, "stroke": "white"},
        "encoding": {
            "longitude": {"field": "longitude", "type": "quantitative"},
            "latitude": {"field": "latitude", "type": "quantitative"},
            "size": {"field": "counted", "type": "quantitative", "legend": None, "scale": {"range": [120, 700]}},
            "color": {"field": "value", "type": "quantitative", "title": "on time"} | on_time,
            "tooltip": told,
        },
    }
    return {"layer": [ground, points], "projection": {"type": "naturalEarth1"}, "height": HEIGHT}


@cache
def _land() -> Any:
    return json.loads((PROJECT / "data" / "reference" / "land-110m.json").read_text())


def stock_by_category(frame: pl.DataFrame, currency: str) -> alt.Chart:
    """Stacked bars of stock at cost per category: wanted within 90 days, and excess."""
    long = frame.unpivot(["wanted", "excess"], index="category", variable_name="part", value_name="amount")
    return _base(long).mark_bar().encode(
        x=alt.X("amount:Q", title=f"stock at cost, {currency}", axis=alt.Axis(format="~s", tickCount=8)),
        y=alt.Y("category:N", sort="-x", title=None, axis=alt.Axis(labelOverlap=False)),
        color=alt.Color("part:N", title=None, scale=alt.Scale(domain=["wanted", "excess"], range=[PALETTE[0], PALETTE[1]]), legend=alt.Legend(orient="top")),
        tooltip=["category", "part", alt.Tooltip("amount:Q", format=",.0f")],
    ).properties(height=100 + 24 * frame["category"].n_unique())  # fmt: skip


def forecast_fan(frame: pl.DataFrame) -> alt.LayerChart:
    """Past weekly demand as bars, shaded where not fully seen, dotted what was wanted a year before, the forecast's mean and its 80 % range."""
    x = alt.X("week_end:T", title="week ending")
    base = _base(frame)
    bars = base.transform_filter("isValid(datum.actual)").mark_bar(color=PALETTE[0], opacity=0.9).encode(
        x=x, y=alt.Y("actual:Q", title="units a week"),
        tooltip=["week_end:T", "actual:Q", alt.Tooltip("seen_days:Q", title="days seen", format=".1f")],
    )  # fmt: skip
    ahead = base.transform_filter("isValid(datum.mean)")
    band = ahead.mark_area(color=PALETTE[1], opacity=0.3).encode(x=x, y="low:Q", y2="high:Q")
    line = ahead.mark_line(color=PALETTE[1], point={"color": PALETTE[1]}).encode(
        x=x, y="mean:Q", tooltip=["week_end:T", alt.Tooltip("mean:Q", format=".1f"), "low:Q", "high:Q"]
    )
    before = base.transform_filter("isValid(datum.statistical)").mark_line(color=PALETTE[4], strokeDash=[5, 4], point={"color": PALETTE[4]}).encode(
        x=x, y="statistical:Q", tooltip=["week_end:T", alt.Tooltip("statistical:Q", format=".1f", title="before people changed it")]
    )  # fmt: skip
    then = base.transform_filter("isValid(datum.then)").mark_line(color=PALETTE[3], strokeWidth=1.5, point={"color": PALETTE[3], "size": 18}).encode(
        x=x, y="then:Q", tooltip=["week_end:T", alt.Tooltip("then:Q", format=".1f", title="forecast a week before")]
    )  # fmt: skip
    return _layered(
        (_unseen(frame), frame["seen_days"] < SEEN_WHOLE), (bars, frame["actual"]), (_year_before(base, x, "last_year"), frame["last_year"]),
        (band, frame["mean"]), (line, frame["mean"]), (before, frame["statistical"]), (then, frame["then"]),
    )  # fmt: skip


def _layered(*layers: tuple[alt.Chart, pl.Series]) -> alt.LayerChart:
    """Those layers of which there is anything to see, the first where there is nothing at all: of an empty one the browser complains."""
    shown = [chart for chart, values in layers if (values.any() if values.dtype == pl.Boolean else values.drop_nulls().len())]
    return alt.LayerChart(layer=shown or [layers[0][0]])


def _year_before(base: alt.Chart, x: alt.X, name: str) -> alt.Chart:
    """A dotted line of what was wanted a year before."""
    known = base.transform_filter(f"isValid(datum.{name})").mark_line(color=PALETTE[2], strokeDash=[2, 3], strokeWidth=1.5)
    return known.encode(x=x, y=f"{name}:Q", tooltip=[alt.Tooltip(f"{name}:Q", title="wanted a year before")])


def _unseen(frame: pl.DataFrame) -> alt.Chart:
    """Grey behind the weeks that were not fully seen, the darker the fewer of their days were."""
    weeks = frame.filter(pl.col("seen_days") < SEEN_WHOLE).select(
        "seen_days", since=pl.col("week_end") - pl.duration(hours=84), until=pl.col("week_end") + pl.duration(hours=84)
    )  # fmt: skip
    shade = alt.Opacity("seen_days:Q", scale=alt.Scale(domain=[0, 7], range=[0.45, 0.1]), legend=None)
    return _base(weeks).mark_rect(color="#9AA5A1").encode(
        x=alt.X("since:T", title="week ending"), x2="until:T", opacity=shade, tooltip=[alt.Tooltip("seen_days:Q", title="days seen", format=".1f")]
    )  # fmt: skip


def past_forecasts(frame: pl.DataFrame) -> alt.LayerChart:
    """Weekly demand as bars, and what was forecast of each week at the time with its 80 % range."""
    base = _base(frame).encode(x=alt.X("week_end_date:T", title="week ending"))
    tooltip = ["week_end_date:T", "cutoff_date:T", alt.Tooltip("mean_units:Q", format=".1f"), alt.Tooltip("actual_units:Q", title="wanted"),
               "low_units:Q", "high_units:Q", "is_backtest:N"]  # fmt: skip
    bars = base.transform_filter("isValid(datum.actual_units)").mark_bar(color=PALETTE[0], opacity=0.8).encode(
        y=alt.Y("actual_units:Q", title="units a week"), tooltip=tooltip
    )  # fmt: skip
    band = base.mark_area(color=PALETTE[1], opacity=0.3).encode(y="low_units:Q", y2="high_units:Q")
    return bars + band + base.mark_line(color=PALETTE[1], point={"color": PALETTE[1]}).encode(y="mean_units:Q", tooltip=tooltip)


def steps(frame: pl.DataFrame) -> alt.LayerChart:
    """A waterfall: each driver from where to where it takes the figure, what adds green, what takes away red, the total yellow."""
    kind = (
        pl.when(pl.col("driver").is_in(["forecast", "last run"]))
        .then(pl.lit("total"))
        .when(pl.col("units") < 0)
        .then(pl.lit("less"))
    )
    shown = frame.with_columns(
        kind=kind.otherwise(pl.lit("more")),
        label=pl.col("units").round(1).cast(pl.String),
        end=pl.max_horizontal("from_units", "to_units"),
    )
    base = _base(shown).encode(y=alt.Y("driver:N", sort=shown["driver"].to_list(), title=None))
    colours = alt.Scale(domain=["more", "less", "total"], range=[PALETTE[0], PALETTE[3], PALETTE[1]])
    bars = base.mark_bar().encode(
        x=alt.X("from_units:Q", title="units a week"), x2="to_units:Q", color=alt.Color("kind:N", scale=colours, legend=None),
        tooltip=["driver", alt.Tooltip("units:Q", format="+.2f")],
    )  # fmt: skip
    return bars + base.mark_text(align="left", dx=4).encode(x="end:Q", text="label:N")


def error_by_horizon(frame: pl.DataFrame, layers: list[str]) -> alt.Chart:
    """WAPE by weeks ahead, a line per layer."""
    colours = alt.Scale(domain=layers, range=["#9AA5A1", PALETTE[5], PALETTE[2], PALETTE[0], PALETTE[1]])
    return _base(frame).mark_line(point=True).encode(
        x=alt.X("horizon:O", title="weeks ahead"), y=alt.Y("wape:Q", title="error ÷ demand", axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
        color=alt.Color("layer:N", scale=colours, legend=alt.Legend(orient="top", title=None, columns=2)),
        tooltip=["layer", "horizon", alt.Tooltip("wape:Q", format=".1%"), alt.Tooltip("bias:Q", format="+.1%"), "weeks"],
    )  # fmt: skip


def totals_fan(frame: pl.DataFrame, period: str) -> alt.LayerChart:
    """Past demand of a total as bars, dotted that of a year before, its expected demand as a line, the 80 % range as a band where one is known."""
    x = alt.X("period_start_date:T", title=f"{period} from")
    base = _base(frame)
    bars = base.transform_filter("isValid(datum.actual_units)").mark_bar(color=PALETTE[0]).encode(
        x=x, y=alt.Y("actual_units:Q", title=f"units a {period}"), tooltip=["period_start_date:T", "actual_units:Q"]
    )  # fmt: skip
    ahead = base.transform_filter("isValid(datum.mean_units)")
    band = ahead.transform_filter("isValid(datum.q10_units)").mark_area(color=PALETTE[1], opacity=0.3).encode(
        x=x, y="q10_units:Q", y2="q90_units:Q"
    )  # fmt: skip
    tooltip = ["period_start_date:T", "days:Q", alt.Tooltip("mean_units:Q", format=".1f"), "q10_units:Q", "q90_units:Q"]
    line = ahead.mark_line(color=PALETTE[1], point={"color": PALETTE[1]}).encode(x=x, y="mean_units:Q", tooltip=tooltip)
    return _layered(
        (bars, frame["actual_units"]), (_year_before(base, x, "last_year_units"), frame["last_year_units"]), (band, frame["q10_units"]),
        (line, frame["mean_units"]),
    )  # fmt: skip


def history_layers(frame: pl.DataFrame) -> alt.LayerChart:
    """Stacked bars per week: what stays of the imported demand, what layers take away of it, what was lost beside it; the tick is their sum."""
    taken = {"outlier_units": "bulk orders", "promotion_units": "promotion", "returned_units": "came back"}
    stays = pl.max_horizontal(pl.col("imported_units") + sum(pl.col(name) for name in taken), 0)
    parts = frame.select(
        "week_end", "seen_days", stays.alias("imported"), *((-pl.col(name)).alias(word) for name, word in taken.items()),
        pl.col("lost_units").alias("lost, estimated"),
    )  # fmt: skip
    names = ["imported", *taken.values(), "lost, estimated"]
    long = parts.unpivot(names, index=["week_end", "seen_days"], variable_name="layer", value_name="units").filter(
        pl.col("units") > 0
    )
    colours = alt.Scale(domain=names, range=[PALETTE[0], PALETTE[3], PALETTE[2], PALETTE[4], "#C9D6D1"])
    x = alt.X("week_end:T", title="week ending")
    bars = _base(long.with_columns(place=pl.col("layer").replace_strict(names, range(len(names))))).mark_bar().encode(
        x=x, y=alt.Y("units:Q", title="units a week"), order="place:Q",
        color=alt.Color("layer:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
        tooltip=["week_end:T", "layer:N", alt.Tooltip("units:Q", format=".1f"), alt.Tooltip("seen_days:Q", title="days seen", format=".1f")],
    )  # fmt: skip
    made_from = _base(frame).mark_tick(color=PALETTE[1], thickness=3, width=14).encode(
        x=x, y="layered_units:Q", tooltip=["week_end:T", alt.Tooltip("layered_units:Q", format=".1f", title="forecast is made from")]
    )  # fmt: skip
    return _layered((_unseen(frame), frame["seen_days"] < SEEN_WHOLE), (bars, long["units"]), (made_from, frame["layered_units"]))


def _base(frame: pl.DataFrame) -> alt.Chart:
    return alt.Chart(frame).properties(height=HEIGHT)
