"""The planner's list: a snapshot's suggestions with their decisions and drafts. Here: what the page and `fulcast reorder` share.

Not here: arithmetic (models/worklist.py), changing a decision (operations).
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import typer

from models import worklist
from models.quantity import paid_amount
from models.reorder import is_held_back
from pipelines.contracts import table
from pipelines.decisions import recent_prices
from pipelines.errors import InputError
from pipelines.exports import KEPT, reorder_list
from pipelines.operations import Difference, Drafts, Edit, Outbox, difference, read_plan, write_csv, write_plan
from pipelines.warehouse import snapshots
from pipelines.warehouse.duckdb import read_table
from pipelines.warehouse.snapshots import Snapshot, open_snapshot

PLAN = ("decision_id", "sku", "description", "location_id", "supplier_id", "exception", "suggested_quantity_units", "sku_quantity_units",
        "quantity_units", "needed_by", "amount", "currency_code", "at_risk_amount", "cover_after_days", "arrival_date", "stock_out_date",
        "inventory_position_units", "reorder_point_units", "order_up_to_level_units", "moq_units", "case_pack_units", "unit_cost_amount", "remark",
        "reason")  # fmt: skip
MEANINGS = {
    "decision_id": "Row id; leave it as it is",
    "suggested_quantity_units": "What the run suggests",
    "quantity_units": "What is ordered: type another quantity, 0 for none",
    "needed_by": "By when it is needed: type another date",
    "amount": "Quantity × unit cost, from its price break on at the cheaper one, without freight and duty",
    "at_risk_amount": "Net sales that stock-outs over lead time and review period would cost on average if nothing is ordered",
    "cover_after_days": "Days of mean demand that position and quantity last",
    "arrival_date": "Next order day (today where the supplier has no calendar) + mean lead time",
    "arrival_late_date": "As late as 1 of 20 orders",
    "exception": "Why a person should look at it first",
    "remark": "What is odd about the quantity",
    "landed_amount": "Units' cost + what placing the order and its containers cost, where the supplier's terms say so",
    "lacking_amount": "What the supplier's minimum still wants",
    "lacking_units": "Units that the supplier's minimum still wants",
    "price_amount": "Net sales ÷ units of the last 91 days, of all days where nothing sold in them",
}
CHANGES = ("change", "decision_id", "sku", "location_id", "supplier_id", "previous_quantity_units", "quantity_units", "amount")


def suggested(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Suggested orders, series of unknown stock, and needs that wait for a person or for their basket."""
    waits = read_table(connection, "reorder_suggestions").filter((pl.col("order_exception").fill_null("") != "") | is_held_back())
    return pl.concat([reorder_list(connection), waits]).unique(["sku", "location_id"], keep="first", maintain_order=True)


def every(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """All series that were decided about, those with nothing to order too, each with what it would be ordered alone, and mean_stock_units."""
    rows = connection.sql("""
        SELECT r.*, s.mean_stock_units FROM reorder_suggestions r LEFT JOIN safety_stock s USING (sku, location_id)
    """).pl()
    return rows.with_columns(quantity_units=pl.col("sku_quantity_units"))


def prices(connection: duckdb.DuckDBPyConnection, as_of_date: date) -> pl.DataFrame:
    """sku, price_amount: the price that decisions take a unit to sell for, see recent_prices."""
    days = connection.sql("SELECT sku, business_date, net_sales_amount, sold_units FROM sku_days").pl()
    return recent_prices(days, as_of_date)


def limits(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What each supplier asks of an order, reporting currency; where its basket was decided together, how far it may lie below the best."""
    return connection.sql("""
        SELECT l.*, b.gap_rate FROM supplier_limits l
        LEFT JOIN (SELECT supplier_id, max(gap_rate) AS gap_rate FROM supplier_baskets GROUP BY ALL) b USING (supplier_id)
    """).pl()  # fmt: skip


def plan(rows: pl.DataFrame, waiting: pl.DataFrame, drafts: pl.DataFrame, today: date) -> pl.DataFrame:
    """The list to work down: suggestions that nobody has decided yet, as drafted, exceptions first, then the most money at risk.

    rows: suggested(); waiting: Outbox.decisions("suggested", "reorder"); drafts: Drafts.drafts(). Adds decision_id, suggested_quantity_units,
    quantity_units, needed_by, drafted_by and what models.worklist adds. Where stock is unknown there is no decision, and no quantity.
    """
    subject = ("sku", "location_id")
    open_now = waiting.select(
        *subject, "decision_id", "previous_quantity_units", suggested_units="quantity_units", needed="needed_by"
    )
    drafted = drafts.drop_nulls("decision_id").select(
        "decision_id", "is_stale", draft_units="quantity_units", draft_needed="needed_by", drafted_by="author"
    )
    known = rows.join(open_now, on=subject, how="left").join(drafted, on="decision_id", how="left")
    waits = pl.col("order_quantity_units").is_null() | (pl.col("order_exception").fill_null("") != "")
    undecided = known.filter(pl.col("decision_id").is_not_null() | waits)
    edited = undecided.with_columns(
        suggested_quantity_units="suggested_units",
        quantity_units=pl.coalesce("draft_units", "suggested_units"),
        needed_by=pl.coalesce("draft_needed", "needed"),
    )
    ordered = worklist.with_effects(worklist.ranked(edited, today), today)
    stale = pl.when(pl.col("is_stale").fill_null(False)).then(pl.lit("suggestion changed since it was drafted"))
    return ordered.with_columns(remark=pl.coalesce(stale, "remark")).drop(
        "draft_units", "draft_needed", "needed", "suggested_units"
    )


def transfers(rows: pl.DataFrame, waiting: pl.DataFrame, drafts: pl.DataFrame) -> pl.DataFrame:
    """Suggested transfers that nobody has decided yet, as drafted. rows: of transfer_suggestions; waiting: Outbox.decisions of kind transfer; drafts:
    Drafts.drafts of it. Adds decision_id, quantity_units, needed_by and drafted_by.
    """
    subject = ("sku", "from_location_id", "location_id")
    open_now = waiting.select("decision_id", *subject, "needed_by", suggested_units="quantity_units")
    drafted = drafts.drop_nulls("decision_id").select("decision_id", draft_units="quantity_units", drafted_by="author")
    known = rows.join(open_now, on=subject, how="inner", maintain_order="left")
    known = known.join(drafted, on="decision_id", how="left", maintain_order="left")
    return known.with_columns(quantity_units=pl.coalesce("draft_units", "suggested_units")).drop("draft_units", "suggested_units")


def held_back(rows: pl.DataFrame) -> list[str]:
    """A sentence for each reason for which lines of the plan wait for their basket: how many, what they would come to, what waiting costs."""
    waits = rows.filter(is_held_back() & (pl.col("quantity_units") == 0)).with_columns(alone=paid_amount("sku_quantity_units"))
    sums = waits.group_by("basket_effect").agg(
        pl.len(), pl.col("alone").sum(), pl.col("currency_code").first(), more=(pl.col("waiting_amount") - pl.col("now_amount")).sum()
    )  # fmt: skip
    return [
        f"{effect}: {lines} line{'s' if lines > 1 else ''}, {alone:,.2f} {currency} if each were ordered alone. "
        f"Waiting is expected to cost {abs(more):,.2f} {'less' if more < 0 else 'more'} than ordering them, what the order itself costs not counted; "
        "a line that is given a quantity is ordered all the same."
        for effect, lines, alone, currency, more in sums.sort("alone", "basket_effect", descending=[True, False]).iter_rows()
    ]


def edits_of(plan_rows: pl.DataFrame, decision_ids: list[str]) -> dict[str, Edit]:
    """What drafts change in these decisions, as an approval takes it."""
    chosen = plan_rows.filter(pl.col("decision_id").is_in(decision_ids) & pl.col("drafted_by").is_not_null())
    return {row["decision_id"]: Edit(row["quantity_units"], row["needed_by"]) for row in chosen.iter_rows(named=True)}


def changes(decisions: pl.DataFrame, made_at: datetime) -> pl.DataFrame:
    """What the run of `made_at` changed about what was suggested before: new, another quantity, waits for its basket, no longer needed; the largest
    amounts first, of what is no longer needed that which it was.

    decisions: Outbox.decisions(kind="reorder").
    """
    kind = (
        pl.when(pl.col("suggested_quantity_units") == 0).then(pl.lit("waits"))
        .when(pl.col("previous_quantity_units").is_null()).then(pl.lit("new")).otherwise(pl.lit("another quantity"))
    )  # fmt: skip
    fresh = decisions.filter(pl.col("suggested_at") == made_at).with_columns(change=kind)
    gone = decisions.filter(
        (pl.col("state") == "superseded") & pl.col("superseded_by").is_null() & (pl.col("changed_at") == made_at)
    )
    gone = gone.with_columns(
        change=pl.lit("no longer needed"), previous_quantity_units="quantity_units", quantity_units=pl.lit(0, pl.Int64)
    )
    both = pl.concat([fresh.select(CHANGES), gone.select(CHANGES)]).sort(
        "amount", "decision_id", descending=[True, False], nulls_last=True
    )
    return both.with_columns(amount=pl.when(pl.col("quantity_units") > 0).then("amount"))


def meanings() -> dict[str, str]:
    """What the plan's columns mean."""
    described = {name: column.description or "" for name, column in table("reorder_suggestions").columns.items()}
    return described | MEANINGS


def write(rows: pl.DataFrame, path: Path, version: str) -> None:
    """The plan as XLSX that can come back, or as CSV by the name's ending; rows without a decision are left out."""
    shown = rows.filter(pl.col("decision_id").is_not_null()).select(PLAN)
    if path.suffix == ".csv":
        write_csv(shown, path)
    elif path.suffix == ".xlsx":
        write_plan(shown, path, version, meanings())
    else:
        raise InputError(f"{path.name} is neither .xlsx nor .csv; name it as one of them.")


def export(settings: Any, snapshot: Snapshot, folder: Path) -> Path:
    """Writes plan-<version>.xlsx of all suppliers into `folder`; keeps the last five runs'."""
    file = folder / f"plan-{snapshot.version}.xlsx"
    with open_snapshot(snapshot) as connection:
        write(current(settings, connection), file, snapshot.version)
    for old in sorted(folder.glob("plan-*.xlsx"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)
    return file


def held_against(settings: Any, content: bytes, name: str) -> Difference:
    """What an edited workbook changes about what is suggested now."""
    rows, version = read_plan(content, name)
    snapshot = snapshots.current(settings.home_folder / "snapshots")
    with open_snapshot(snapshot) as connection:
        today = _as_of_date(connection)
    published = {path.stem for path in (settings.home_folder / "snapshots").glob("*.duckdb")}
    with Outbox(settings.outbox) as outbox:
        return difference(rows, version, name, outbox.find(rows["decision_id"].drop_nulls().unique().to_list()), published, today)


def current(settings: Any, connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The plan as it stands now."""
    today = _as_of_date(connection)
    with Outbox(settings.outbox) as outbox, Drafts(settings.outbox) as drafts:
        return plan(suggested(connection), outbox.decisions("suggested", "reorder"), drafts.drafts(), today)


def show(settings: Any, supplier: str | None, output: Path | None) -> None:
    """`fulcast reorder`: prints the plan, of one supplier or of all, with its basket, or writes it to a file."""
    from pipelines import terminal

    snapshot = snapshots.current(settings.home_folder / "snapshots")
    with open_snapshot(snapshot) as connection:
        rows, known = current(settings, connection), limits(connection)
    with Outbox(settings.outbox) as outbox:
        approved = outbox.decisions("approved", "reorder")
    if supplier:
        names = sorted(rows["supplier_id"].drop_nulls().unique())
        rows = rows.filter(pl.col("supplier_id") == supplier)
        if rows.is_empty():
            raise InputError(
                f"Nothing is to be ordered from {supplier}; suppliers with suggestions are {', '.join(names) or 'none'}."
            )
    if output:
        write(rows, output, snapshot.version)
        waiting = rows.filter(pl.col("suggested_quantity_units") == 0).height
        tail = f", and {waiting:,} that wait for their supplier's order" if waiting else ""
        typer.echo(f"{rows['decision_id'].count() - waiting:,} suggested orders{tail}: {output}")
        return
    orders = rows.select(
        "decision_id",
        "sku",
        "location_id",
        "supplier_id",
        "quantity_units",
        "sku_quantity_units",
        "amount",
        "needed_by",
        "at_risk_amount",
        "exception",
    )
    terminal.table(orders.with_columns(pl.col("at_risk_amount").round(2)), f"reorder, snapshot {snapshot.version}")
    baskets = worklist.baskets(rows, known, approved).select(
        "supplier_id",
        "lines",
        "units",
        "amount",
        "landed_amount",
        "arrival_date",
        "order_minimum_amount",
        "lacking_amount",
        "volume_m3",
        "containers",
    )
    if baskets.height:
        terminal.table(baskets, "baskets")
    for sentence in held_back(rows):
        typer.echo(sentence)


def take_back(settings: Any, file: Path, author: str) -> None:
    """`fulcast reorder --import`: shows what an edited workbook changes and keeps it as drafts; exit code 2 where rows were refused."""
    from pipelines import terminal

    try:
        content = file.read_bytes()
    except OSError as problem:
        raise InputError(f"{file} can't be read: {problem.strerror}.") from None
    found = held_against(settings, content, file.name)
    with Drafts(settings.outbox) as drafts:
        drafts.save(found.drafts, author, datetime.now(UTC))
    if found.changed.is_empty():
        typer.echo(f"{found.rows:,} rows, none changed.")
    else:
        terminal.table(found.changed, f"{found.changed.height} of {found.rows} rows changed, kept as drafts")
    for sentence in found.refused:
        typer.secho(sentence, fg="red", err=True)
    if found.refused:
        raise typer.Exit(2)


def _as_of_date(connection: duckdb.DuckDBPyConnection) -> date:
    """Of a snapshot."""
    as_of: datetime = connection.sql("SELECT as_of FROM run_info").fetchall()[0][0]
    return as_of.astimezone(UTC).date()
