"""Decisions on their way to the outbox. Here: a run's frames as suggestions with every input. Not here: the frames, the outbox."""

import polars as pl

from models.reorder import is_held_back
from pipelines.operations import Suggestion, paid_each


def to_suggestions(frames: dict[str, pl.DataFrame]) -> tuple[list[Suggestion], list[Suggestion]]:
    """The run's reorders and transfers as suggestions for the outbox, each with every input of its calculation.

    A need that its basket holds back goes there with quantity 0: a person may order it all the same.
    """
    reorders = frames["reorder_suggestions"].filter((pl.col("order_quantity_units") > 0) | is_held_back())
    orders = [
        Suggestion(
            kind="reorder", sku=row["sku"], location_id=row["location_id"], supplier_id=row["supplier_id"], from_location_id=None,
            quantity_units=row["order_quantity_units"], amount=row["order_amount"],
            unit_cost_amount=paid_each(row, row["order_quantity_units"] or row["sku_quantity_units"]),
            currency_code=row["currency_code"], needed_by=row["position_out_date"], explanation=_explained(row),
        )
        for row in reorders.iter_rows(named=True)
    ]  # fmt: skip
    moves = [
        Suggestion(
            kind="transfer", sku=row["sku"], location_id=row["location_id"], supplier_id=None, from_location_id=row["from_location_id"],
            quantity_units=row["transfer_units"], unit_cost_amount=None, amount=None, currency_code=None, needed_by=None, explanation=_explained(row),
        )
        for row in frames["transfer_suggestions"].iter_rows(named=True)
    ]  # fmt: skip
    return orders, moves


def _explained(row: dict) -> dict:  # type: ignore[type-arg]
    return {name: value if isinstance(value, (int, float, str)) or value is None else str(value) for name, value in row.items()}
