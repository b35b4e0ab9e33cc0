"""Messages to suppliers about orders under way. Here: which lines are open, with whose terms, and the sentence. Not here: the arithmetic (models)."""

from datetime import date

import polars as pl

from models.demand import SERIES
from models.open_orders import messages
from pipelines.channels.merchant import Planning
from pipelines.contracts import table
from pipelines.decisions.schedule import open_lines
from pipelines.decisions.terms import usable

TERMS = ["moq_units", "case_pack_units", "review_period_days"]


def open_order_messages(t: dict[str, pl.DataFrame], planning: Planning, currency_code: str, today: date) -> pl.DataFrame:
    """One row per open line; t: purchase_orders, receipts, supplier_terms, unit_costs, inventory_position, safety_stock, forecast_means,
    reorder_suggestions."""
    lines = _with_terms(open_lines(t["purchase_orders"], t["receipts"], today), t["supplier_terms"], t["unit_costs"], planning)
    levels = t["safety_stock"].select(*SERIES, "safety_stock_units")
    stock = t["inventory_position"].select(*SERIES, "available_units", "backordered_units").join(levels, on=SERIES, how="left")
    ordered = t["reorder_suggestions"].filter(pl.col("order_quantity_units") > 0)
    ordered = ordered.select(*SERIES, "supplier_id", order_units="order_quantity_units")
    told = messages(lines, stock, t["forecast_means"], ordered, planning.holding_rate)
    amount = pl.col("cash_effect_amount").cast(pl.Decimal(18, 4))
    described = told.with_columns(reason=_sentences(), cash_effect_amount=amount, currency_code=pl.lit(currency_code))
    return table("open_order_messages").conform(described)


def _with_terms(lines: pl.DataFrame, terms: pl.DataFrame, unit_costs: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """The supplier's limits, the usual ones where it has none; MOQ counts the whole order, of which a part may have come."""
    known = lines.join(usable(terms).select("supplier_id", "sku", *TERMS), on=["supplier_id", "sku"], how="left")
    known = known.join(unit_costs.select("sku", "unit_cost_amount"), on="sku", how="left")
    received = pl.col("received_units").fill_null(0)
    return known.with_columns(
        moq_units=(pl.col("moq_units").fill_null(1) - received).clip(1),
        case_pack_units=pl.col("case_pack_units").fill_null(1),
        review_period_days=pl.col("review_period_days").fill_null(planning.review_period_days),
    )


def _sentences() -> pl.Expr:
    out = pl.format(
        "Stock runs out in {} days, {} days before it is due.",
        "runs_out_in_days",
        pl.col("due_in_days") - pl.col("runs_out_in_days"),
    )
    said = {
        "cancel": pl.format("Stock and earlier orders last beyond the horizon; {} units are not needed.", "open_units"),
        "reduce": pl.format(
            "Of {} units the horizon takes {}; {} after MOQ and case pack.", "open_units", "needed_units", "message_units"
        ),
        "redirect": _redirected(),
        "expedite": out,
        "chase": pl.format("Overdue by {} days.", -pl.col("due_in_days")),
        "postpone": pl.format("Due in {} days, needed in {}.", "due_in_days", "needed_in_days"),
        "ask": pl.lit("Nobody said when it comes; ask for a date."),
    }
    is_late_to_change = pl.col("is_near") & (pl.col("needed_units") < pl.col("open_units"))
    too_late = pl.format(
        "Of {} units the horizon takes {}, but they are due within the review period: too near to change.",
        "open_units",
        "needed_units",
    )
    nothing = (
        pl.when(pl.col("is_shipped")).then(pl.lit("On its way."))
        .when(is_late_to_change).then(too_late).otherwise(pl.lit("As planned."))
    )  # fmt: skip
    sentence = pl.when(pl.col("runs_out_in_days").is_null() & pl.col("needed_units").is_null()).then(
        pl.lit("Stock is unknown, so nobody knows whether it is needed.")
    ).otherwise(nothing)  # fmt: skip
    for action, words in said.items():
        sentence = pl.when(pl.col("action") == action).then(words).otherwise(sentence)
    return sentence


def _redirected() -> pl.Expr:
    said = pl.format(
        "Of {} units the horizon takes {} here; this run orders from the same supplier elsewhere: have these sent there ({}), and order so many less.",
        "open_units", "needed_units", "redirect_to",
    )  # fmt: skip
    cut = pl.col("open_units") - pl.col("message_units")
    return pl.concat_str(said, pl.when(cut > 0).then(pl.format(" {} more are not needed.", cut)), ignore_nulls=True)
