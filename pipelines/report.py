"""The weekly report on best sellers and fulfilment, as a workbook and a page. Here: its tables and its page. Not here: definitions (metrics)."""

import html
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts.base import all_tables
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer, as_of
from pipelines.operations import write_xlsx
from pipelines.operations.files import written_aside
from pipelines.warehouse.snapshots import Snapshot, open_snapshot

WEEK, KEPT = 7, 12
FIGURES = ("net_sales", "orders", "sold_units", "gross_margin", "gross_margin_rate", "margin_coverage_rate", "on_time_ship_rate", "on_time_delivery_rate",
           "otif_rate", "unit_fill_rate", "split_shipment_rate", "cancellation_rate", "return_rate")  # fmt: skip
STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2b27}h1,h2{line-height:1.2}
table{border-collapse:collapse;margin:1rem 0 2rem;width:100%}th,td{border-bottom:1px solid #dde5e2;padding:.35rem .6rem;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}th{background:#f3f6f5}.bar{background:#1F6F5C;height:.7rem;display:inline-block}p.note{color:#5b6b66}"""


def write_report(snapshot: Snapshot, folder: Path) -> list[Path]:
    """Writes report-<first day>.xlsx and .html on the seven days before the snapshot; keeps the last twelve weeks'."""
    folder.mkdir(parents=True, exist_ok=True)
    with open_snapshot(snapshot) as connection:
        until = as_of(connection).date() - timedelta(days=1)
        since = until - timedelta(days=WEEK - 1)
        sheets = tables(connection, since, until)
        merchant, currency = connection.sql("SELECT merchant, reporting_currency FROM run_info").fetchall()[0]
    files = [folder / f"report-{since}.xlsx", folder / f"report-{since}.html"]
    meanings = {
        name: column.description or ""
        for step in ("marts", "insights")
        for t in all_tables(step)
        for name, column in t.columns.items()
    }
    write_xlsx(sheets, files[0], snapshot.version, meanings)
    with written_aside(files[1]) as aside:
        aside.write_text(page(sheets, merchant, currency, since, until, snapshot.version), encoding="utf-8")
    for ending in ("xlsx", "html"):
        for old in sorted(folder.glob(f"report-*.{ending}"), reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
    return files


def tables(connection: duckdb.DuckDBPyConnection, since: date, until: date) -> dict[str, pl.DataFrame]:
    """The report's tables: key figures, best sellers, on time by warehouse, carrier and channel, scorecards, what is late."""
    best = answer(connection, Question(metric("net_sales"), ("sku", "description", "category"), since, until)).filter(
        pl.col("sku").is_not_null()
    )
    units = answer(connection, Question(metric("sold_units"), ("sku",), since, until)).select("sku", sold_units="value")
    best = (
        best.join(units, on="sku", how="left")
        .rename({"value": "net_sales_amount"})
        .sort("net_sales_amount", "sku", descending=[True, False])
    )
    found = {"Key figures": _figures(connection, since, until), "Best sellers": best.drop("counted").head(50)}
    for title, group in (("warehouse", "location_id"), ("carrier", "carrier_code"), ("channel", "channel")):
        rates = [
            answer(connection, Question(metric(name), (group,), since, until)).select(
                group, pl.col("value").alias(name), pl.col("counted").alias(f"{name}_lines")
            )
            for name in ("on_time_ship_rate", "on_time_delivery_rate")
        ]
        found[f"On time by {title}"] = rates[0].join(rates[1], on=group, how="full", coalesce=True).sort(group, nulls_last=True)
    found["Scorecards"] = connection.sql("""
        SELECT channel, component, standing, rate, bound_rate, days_to_breach, bad, counted FROM channel_scorecards
        ORDER BY days_to_breach NULLS LAST, channel, component
    """).pl()
    found["Late and at risk"] = connection.sql("""
        SELECT channel, order_id, sku, location_id, ship_by_bucket, late_probability, ship_by_at, open_units, at_risk_amount FROM ship_risk
        WHERE ship_by_bucket <> 'on track' ORDER BY late_probability DESC, at_risk_amount DESC NULLS LAST, order_id LIMIT 500
    """).pl()
    return found


def _figures(connection: duckdb.DuckDBPyConnection, since: date, until: date) -> pl.DataFrame:
    """Each figure of the week beside the week before and the same days of last year, with its definition."""
    week = timedelta(days=WEEK)
    rows = []
    for name in FIGURES:
        one = metric(name)
        asked = (
            Question(one, (), since, until),
            Question(one, (), since - week, until - week),
            Question(one, (), since, until, {}, True),
        )
        now, before, last_year = (answer(connection, question)["value"][0] for question in asked)
        as_float = [None if value is None else float(value) for value in (now, before, last_year)]
        rows.append((one.title, one.unit, *as_float, f"{one.meaning} {one.formula}. Version {one.version}."))
    names = ["figure", "unit", "this_week", "week_before", "last_year", "definition"]
    kinds = {"this_week": pl.Float64, "week_before": pl.Float64, "last_year": pl.Float64}
    return pl.DataFrame(rows, schema=names, schema_overrides=kinds, orient="row")


def page(sheets: dict[str, pl.DataFrame], merchant: str, currency: str, since: date, until: date, version: str) -> str:
    """The report as one page without scripts, so that it opens anywhere; every text is escaped."""
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(merchant)}: {since}</title><style>{STYLE}</style>"
    ]
    parts.append(f"<h1>{html.escape(merchant)}: the week from {since} to {until}</h1>")
    parts.append(
        f"<p class=note>Amounts in {html.escape(currency)}. Snapshot {html.escape(version)}. The workbook beside this page holds the same tables.</p>"
    )
    for title, frame in sheets.items():
        parts.append(
            f"<h2>{html.escape(title)}</h2>{_table(frame.head(50))}"
            if frame.height
            else f"<h2>{html.escape(title)}</h2><p>Nothing to show.</p>"
        )
    return "".join(parts) + "</html>"


def _table(frame: pl.DataFrame) -> str:
    bars = frame["net_sales_amount"].cast(pl.Float64) if "net_sales_amount" in frame.columns else None
    widest = max([value for value in bars if value is not None], default=1.0) if bars is not None else 1.0
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in frame.columns) + (
        "<th></th>" if bars is not None else ""
    )
    body = []
    for number, row in enumerate(frame.rows()):
        cells = "".join(_cell(name, value, row, frame.columns) for name, value in zip(frame.columns, row, strict=True))
        bar = (
            f"<td><span class=bar style='width:{max(float(bars[number] or 0), 0) / max(widest, 1) * 12:.1f}rem'></span></td>"
            if bars is not None
            else ""
        )
        body.append(f"<tr>{cells}{bar}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _cell(name: str, value: object, row: Sequence[object], columns: list[str]) -> str:
    if value is None:
        return "<td class=n>–</td>"
    is_rate = (
        name.endswith(("_rate", "_probability"))
        or name == "rate"
        or ("unit" in columns and row[columns.index("unit")] == "rate" and isinstance(value, float))
    )
    if is_rate:
        return f"<td class=n>{float(str(value)):.1%}</td>"
    if isinstance(value, int | float) or hasattr(value, "quantize"):
        return f"<td class=n>{value:,.0f}</td>" if isinstance(value, int) else f"<td class=n>{float(str(value)):,.2f}</td>"
    return f"<td>{html.escape(str(value))}</td>"
