"""A total budget that buys the most. Here: every further step of every SKU, ranked by value per money. Not here: other limits (ranking)."""

from itertools import pairwise

import polars as pl


def marginal_steps(candidates: pl.DataFrame) -> pl.DataFrame:
    """Steps from each quantity to a larger one, in the order in which money should be spent on them.

    candidates: sku, order_quantity_units, value_amount, amount (quantity 0 is worth 0 and left out). Only quantities on a SKU's concave
    hull stay: others bring less per money than a mix of their neighbours. Returns sku, order_quantity_units (reached by the step),
    step_amount, step_value_amount, value_rate (value per money), spent_amount and gained_amount (totals up to and with the step).

    Example: A brings 8 for 4 and 10 for 8, B 3 for 2: A's first step (rate 2), B's (1.5), A's second (0.5).
    """
    rows = [
        row
        for (sku,), part in candidates.sort("sku", "amount").group_by("sku", maintain_order=True)
        for row in _hull(str(sku), part)
    ]
    schema = {
        "sku": pl.String, "order_quantity_units": pl.Int64, "step_amount": pl.Float64, "step_value_amount": pl.Float64, "value_rate": pl.Float64,
    }  # fmt: skip
    steps = pl.DataFrame(rows, schema=schema, orient="row").sort("value_rate", descending=True, maintain_order=True)
    return steps.with_columns(spent_amount=pl.col("step_amount").cum_sum(), gained_amount=pl.col("step_value_amount").cum_sum())


def buy_within(candidates: pl.DataFrame, budget_amount: float) -> pl.DataFrame:
    """The quantity of each SKU that the budget buys: steps in order of value per money, those that no longer fit left out.

    Returns sku and order_quantity_units. The value lies below the best by less than that of one step, the first that didn't fit.
    """
    left, reached, closed = budget_amount, {}, set()
    for sku, units, amount in marginal_steps(candidates).select("sku", "order_quantity_units", "step_amount").iter_rows():
        if sku in closed or amount > left:
            closed.add(sku)
            continue
        left -= amount
        reached[sku] = units
    schema = {"sku": pl.String, "order_quantity_units": pl.Int64}
    return pl.DataFrame(sorted(reached.items()), schema=schema, orient="row")


def _hull(sku: str, part: pl.DataFrame) -> list[tuple[str, int, float, float, float]]:
    """Steps along the concave hull of value over amount, from ordering nothing, as long as they bring anything."""
    corners = [(0, 0.0, 0.0)]
    for units, amount, value in part.select("order_quantity_units", "amount", "value_amount").cast(pl.Float64).iter_rows():
        if value <= corners[-1][2]:
            continue
        while len(corners) > 1 and _rate(corners[-2], (units, amount, value)) >= _rate(corners[-2], corners[-1]):
            corners.pop()
        if amount > corners[-1][1]:
            corners.append((int(units), amount, value))
    return [(sku, end[0], end[1] - start[1], end[2] - start[2], _rate(start, end)) for start, end in pairwise(corners)]


def _rate(start: tuple[float, float, float], end: tuple[float, float, float]) -> float:
    return (end[2] - start[2]) / (end[1] - start[1]) if end[1] > start[1] else float("inf")
