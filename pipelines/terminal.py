"""What commands show on the terminal. Here: progress bars, the summary, tables. Not here: the figures' arithmetic."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines import progress as reports
from pipelines.exports import reorder_list
from pipelines.settings import Settings
from pipelines.warehouse.snapshots import Snapshot, current, open_snapshot

STAGES = ("landing", "ledger", "marts", "demand", "forecast", "decisions", "snapshot", "exports")
ROWS_AT_ONCE = 50  # of a long list on a terminal
WIDE = 10_000  # columns of what is no terminal


def _console() -> Console:
    """As wide as the terminal; a file or another program gets whole lines, however long."""
    made = Console()
    return made if made.is_terminal else Console(width=WIDE)


console = _console()


def _bars() -> Progress:
    return Progress(TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)


@contextmanager
def progress(merchant: str) -> Iterator[None]:
    """A bar per stage, for as long as the block runs."""
    console.print(f"[bold]{merchant}[/bold]")
    with _bars() as bars:
        tasks = {stage: bars.add_task(stage, total=None, start=False) for stage in STAGES}

        def report(step: str, done: int, total: int) -> None:
            bars.start_task(tasks[step])
            bars.update(tasks[step], completed=done, total=total)

        stop = reports.listen(report)
        try:
            yield
        finally:
            stop()


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """One bar; the block gets a function (done, total) that moves it."""
    with _bars() as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def summary(settings: Settings, seconds: dict[str, float]) -> None:
    """What a merchant wants to know after a run, all of it from the newest snapshot."""
    home = settings.home_folder
    snapshot = current(home / "snapshots")
    options = "" if settings.is_demo else f" --config {settings.config} --home {home}"
    with open_snapshot(snapshot) as connection:
        info = connection.sql("SELECT * FROM run_info").pl().row(0, named=True)
        currency = info["reporting_currency"]
        _channels(connection, currency)
        _sellers(connection, currency)
        _running_out(connection, info["as_of"].date())
        _orders(reorder_list(connection), currency)
        _quarantine(connection, options)
    _where(home, snapshot, options)
    if seconds:
        console.print(f"[dim]{sum(seconds.values()):.1f} s: {_by_stage(seconds)}[/dim]", soft_wrap=True)


def _by_stage(seconds: dict[str, float]) -> str:
    """Seconds per stage of the flow; every step that isn't named after another stage makes a mart."""
    stage_of = {
        "ledger_tables": "ledger",
        "days_of_the_record": "ledger",
        "demand_tables": "demand",
        "forecast_selection": "forecast",
        "forecast_tables": "forecast",
        "spread_tables": "forecast",
        "accuracy_tables": "forecast",
        "forecast_alerts": "forecast",
        "reconciliation": "landing",
    }
    stage_of |= {"report": "exports", "decision_tables": "decisions"} | {stage: stage for stage in STAGES}
    spent = dict.fromkeys(STAGES, 0.0)
    for step, taken in seconds.items():
        spent[stage_of.get(step, "marts")] += taken
    return ", ".join(f"{stage} {taken:.1f}" for stage, taken in spent.items())


def _channels(connection: Any, currency: str) -> None:
    rows = connection.sql("""
        SELECT channel, orders, order_lines, net_sales_amount, net_sales_28d_amount, late_rate_28d FROM channel_summary
        UNION ALL
        SELECT 'all', coalesce(sum(orders), 0), coalesce(sum(order_lines), 0), sum(net_sales_amount), sum(net_sales_28d_amount),
               sum(late_lines_28d) / nullif(sum(due_lines_28d), 0) FROM channel_summary
    """).pl()
    shown = Table(
        "channel", *(_right(h) for h in ("orders", "lines", f"net sales {currency}", "last 28 days", "late of due, 28 days"))
    )
    for channel, orders, lines, net, recent, late in rows.rows():
        shown.add_row(
            channel,
            f"{orders:,}",
            f"{lines:,}",
            _money(net),
            _money(recent),
            "–" if late is None else f"{late:.1%}",
            style="bold" if channel == "all" else None,
        )
    console.print(shown)


def _sellers(connection: Any, currency: str) -> None:
    rows = connection.sql(
        "SELECT sales_rank, sku, coalesce(description, ''), sold_units, net_sales_amount FROM best_sellers "
        "WHERE period_days = 28 ORDER BY sales_rank, sku LIMIT 5"
    ).fetchall()
    shown = Table(_right("#"), "best sellers of 28 days", "", _right("units"), _right(f"net sales {currency}"))
    for rank, sku, description, units, net in rows:
        shown.add_row(str(rank), sku, description, f"{units:,}", _money(net))
    console.print(shown)


def _running_out(connection: Any, as_of: Any) -> None:
    count, soon = connection.sql(
        f"SELECT count(*), count(*) FILTER (stock_out_date <= DATE '{as_of}' + 14) FROM reorder_suggestions WHERE stock_out_date IS NOT NULL"
    ).fetchall()[0]
    unknown = connection.sql("SELECT count(*) FROM reorder_suggestions WHERE inventory_position_units IS NULL").fetchall()[0][0]
    rows = connection.sql("""
        SELECT sku, coalesce(description, ''), location_id, available_units, stock_out_date, order_quantity_units FROM reorder_suggestions
        WHERE stock_out_date IS NOT NULL ORDER BY stock_out_date, mean_demand_units DESC, sku, location_id LIMIT 8
    """).fetchall()
    if rows:
        shown = Table("runs out next", "", "location", _right("available"), "on", _right("order now"))
        for sku, description, location, available, day, quantity in rows:
            shown.add_row(sku, description, location, f"{available:,}", f"{day}", f"{quantity or 0:,}")
        console.print(shown)
        console.print(
            f"{soon:,} SKUs and locations run out within 14 days, {count:,} within the forecast's horizon, if nothing more arrives."
        )
    if unknown:
        console.print(f"Stock is unknown for {unknown:,} SKUs and locations: levels are shown, quantities stay blank.")


def _orders(suggested: pl.DataFrame, currency: str) -> None:
    known = suggested.filter(pl.col("order_quantity_units") > 0)
    value = known["order_amount"].sum()
    blank = known["order_amount"].null_count()
    console.print(
        f"[bold]{known.height:,} order{'' if known.height == 1 else 's'} suggested, worth {_money(value)} {currency}[/bold]"
        + (f" ({blank} without a known cost)." if blank else ".")
    )


def _quarantine(connection: Any, options: str) -> None:
    rows, rows_in = connection.sql(
        "SELECT (SELECT count(*) FROM quarantine), (SELECT sum(rows_in)::BIGINT FROM loads)"
    ).fetchall()[0]
    if rows:
        console.print(
            f"{rows:,} of {rows_in:,} rows could not be read and wait in quarantine; `fulcast loads{options}` says why.",
            soft_wrap=True,
        )


def _where(home: Any, snapshot: Snapshot, options: str) -> None:
    for ending in ("xlsx", "csv"):
        console.print(f"Reorder list: {home / 'exports' / f'reorder-{snapshot.version}.{ending}'}", soft_wrap=True)
    dashboard, dagster = (f"fulcast {page}{options}" if options else f"make {page}" for page in ("dashboard", "dagster"))
    console.print(f"`{dashboard}` opens the dashboard, `{dagster}` the graph of every step.", soft_wrap=True)


def loads(settings: Settings) -> None:
    """Accounts of all loads and quarantine."""
    with open_snapshot(current(settings.home_folder / "snapshots")) as connection:
        accounts = connection.sql("""
            SELECT feed, count(*) AS files, sum(rows_in)::BIGINT AS rows_in, sum(accepted_rows)::BIGINT AS accepted, sum(duplicate_rows)::BIGINT AS duplicate,
                   sum(superseded_rows)::BIGINT AS superseded, sum(quarantined_rows)::BIGINT AS quarantined FROM loads GROUP BY feed ORDER BY feed
        """).pl()
        table(accounts, "rows in = accepted + duplicate + superseded + quarantined")
        columns = "file_name, row_number, field, value, reason"
        _first(connection.sql(f"SELECT {columns} FROM quarantine ORDER BY file_name, row_number").pl(), "quarantine")


def decisions(frame: pl.DataFrame, counts: dict[Any, int]) -> None:
    """Decisions as a table, with how many are in each state."""
    columns = ["decision_id", "state", "sku", "location_id", "supplier_id", "quantity_units", "amount", "currency_code"]
    _first(frame.select(columns), ", ".join(f"{count:,} {state}" for state, count in counts.items()) or "no decisions yet")


def _first(frame: pl.DataFrame, title: str) -> None:
    """The first rows on a terminal, and how many follow; a file or another program gets all of them."""
    shown = frame.head(ROWS_AT_ONCE) if console.is_terminal else frame
    table(shown, title)
    if rest := frame.height - shown.height:
        console.print(f"{rest:,} more; written into a file, or through `| less`, all of them come.")


def table(frame: pl.DataFrame, title: str) -> None:
    """Any frame as a table."""
    from rich.table import Column

    headings = (_right(name) if dtype.is_numeric() else Column(name, overflow="fold") for name, dtype in frame.schema.items())
    shown = Table(*headings, title=title)
    for row in frame.rows():
        shown.add_row(
            *(
                ""
                if value is None
                else _money(value)
                if hasattr(value, "quantize")
                else f"{value:,}"
                if isinstance(value, int)
                else str(value)
                for value in row
            )
        )
    console.print(shown)


def _right(heading: str) -> Any:
    from rich.table import Column

    return Column(heading, justify="right")


def _money(amount: Any) -> str:
    return "–" if amount is None else f"{amount:,.2f}"
