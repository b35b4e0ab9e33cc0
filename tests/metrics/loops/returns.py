"""What came back of what was sold, on the day of its order. Here: loops of returns. Not here: returns as they lower sales (sales)."""

from tests.metrics.loops.basis import Keep, Loop, Row, Tables, cuts, hours, lines_of, same_order, total
from tests.metrics.loops.sales import is_sale


def _sold(t: Tables, keep: Keep) -> list[Row]:
    """Orders and SKUs with the units that were sold and what came back of them."""
    found = []
    for order in t["orders"]:
        if not keep(order["channel"], order["business_date"]):
            continue
        lines = [line for line in lines_of(t, order) if line["sku"] and line["is_goods"] and is_sale(order, line)]
        for sku in {line["sku"] for line in lines}:
            units = sum(line["ordered_units"] - line["cancelled_units"] for line in lines if line["sku"] == sku)
            back = [r for r in t["returns"] if same_order(r, order) and r["sku"] == sku and r["returned_units"]]
            if units > 0:
                came = sum(r["returned_units"] for r in back)
                days = hours(order["ordered_at"], min((r["returned_at"] for r in back), default=None))
                found.append(
                    {"units": units, "back": min(came, units), "excess": max(came - units, 0), "days": days and days / 24}
                )
    return found


def _rate(t: Tables, keep: Keep) -> float | None:
    sold = _sold(t, keep)
    return sum(x["back"] for x in sold) / sum(x["units"] for x in sold) if sold else None


LOOPS: dict[str, Loop] = {
    "return_rate 1": _rate,
    "returned_units 1": lambda t, keep: total(x["back"] for x in _sold(t, keep)),
    "excess_returned_units 1": lambda t, keep: total(x["excess"] for x in _sold(t, keep)),
    "days_to_return 1": lambda t, keep: cuts(x["days"] for x in _sold(t, keep)),
}
