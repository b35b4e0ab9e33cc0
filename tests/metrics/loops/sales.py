"""What was sold, line by line and return by return. Here: loops of sales. Not here: what came back of which line (returns)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from tests.metrics.loops.basis import Keep, Loop, Row, Tables, lines_of, order_of, rate, total


def is_sale(order: Row, line: Row) -> bool:
    """A line at a positive quantity and price, that is not given back, not cancelled whole with its order, and no gift card."""
    if order["is_test"] or order["payment_status"] == "failed" or line["is_gift_card"] or order["order_kind"] == "credit":
        return False
    if order["is_cancelled"] and line["cancelled_units"] >= line["ordered_units"]:
        return False
    return line["ordered_units"] > 0 and Decimal(line["unit_price_amount"]) > 0


def _counted(t: Tables, keep: Keep) -> Iterator[Row]:
    """Everything that moves sales: lines on the day of their order, returns on the day that they came back."""
    for order in t["orders"]:
        if not order["is_test"] and order["payment_status"] != "failed" and keep(order["channel"], order["business_date"]):
            for line in lines_of(t, order):
                is_gone = (
                    order["order_kind"] != "credit" and order["is_cancelled"] and line["cancelled_units"] >= line["ordered_units"]
                )
                if not line["is_gift_card"] and not is_gone:
                    yield _line(order, line)
    for back in t["returns"]:
        if keep(back["channel"], back["business_date"]):
            order = order_of(t, back)
            was_sold = not (order and order["is_cancelled"])
            yield {
                "order": None, "sku": back["sku"], "currency": back["currency_code"], "day": back["business_date"], "is_goods": True,
                "units": -back["returned_units"] if was_sold else 0, "net": -Decimal(back["refund_amount"]) if was_sold else Decimal(0),
                "gross": Decimal(0), "discount": Decimal(0),
            }  # fmt: skip


def _line(order: Row, line: Row) -> Row:
    price, kept = Decimal(line["unit_price_amount"]), line["ordered_units"] - line["cancelled_units"]
    of_sale = is_sale(order, line)
    discount = line["discount_amount"]
    if of_sale:
        discount = discount * kept / line["ordered_units"]
    gross = price * (kept if of_sale else line["ordered_units"])
    return {
        "order": (order["channel"], order["order_id"]), "sku": line["sku"], "currency": line["currency_code"], "day": order["business_date"],
        "is_goods": line["is_goods"], "units": kept, "net": gross - discount, "gross": gross if of_sale else Decimal(0),
        "discount": discount if of_sale else Decimal(0),
    }  # fmt: skip


def _in_reporting_currency(t: Tables, row: Row) -> Decimal | None:
    worth = rate(t, row["currency"], row["day"])
    return None if worth is None else row["net"] * worth


def _unit_cost(t: Tables, sku: str | None, on: date) -> Decimal | None:
    """The product's own newest cost of the day; the first supplier's where the product never had one of its own."""
    own = [cost for cost in t["product_costs"] if cost["sku"] == sku]
    if own:
        dated = [cost for cost in own if cost["valid_from_date"] <= on]
        cost = max(dated, key=lambda c: c["valid_from_date"]) if dated else None
    else:
        quoted = [c for c in t["supplier_terms"] if c["sku"] == sku and c["unit_cost_amount"] and c["currency_code"]]
        cost = min(quoted, key=lambda c: (c["priority"], c["supplier_id"])) if quoted else None
    worth = rate(t, cost["currency_code"], on) if cost else None
    return Decimal(cost["unit_cost_amount"]) * worth if cost and worth is not None else None


def _costed(t: Tables, keep: Keep) -> Iterator[tuple[Decimal, Decimal]]:
    """Net sales and cost of goods, both known."""
    for row in _counted(t, keep):
        net, cost = _in_reporting_currency(t, row), _unit_cost(t, row["sku"], row["day"])
        if row["is_goods"] and net is not None and cost is not None:
            yield net, cost * row["units"]


def _net_sales(t: Tables, keep: Keep) -> Decimal | None:
    return total(_in_reporting_currency(t, row) for row in _counted(t, keep))


def _orders(t: Tables, keep: Keep) -> int:
    return len({row["order"] for row in _counted(t, keep) if row["order"]})


def _margin(t: Tables, keep: Keep) -> Decimal | None:
    return total(net - cost for net, cost in _costed(t, keep))


def _margin_rate(t: Tables, keep: Keep) -> Decimal | None:
    sold = total(net for net, _ in _costed(t, keep))
    return _margin(t, keep) / sold if sold else None


def _coverage(t: Tables, keep: Keep) -> Decimal | None:
    goods = [(row, _in_reporting_currency(t, row)) for row in _counted(t, keep) if row["is_goods"]]
    whole = total(net for _, net in goods)
    costed = total(net for row, net in goods if _unit_cost(t, row["sku"], row["day"]) is not None)
    return (costed or Decimal(0)) / whole if whole else None


def _discount_rate(t: Tables, keep: Keep) -> Decimal | None:
    rows = list(_counted(t, keep))
    gross = sum((row["gross"] for row in rows), Decimal(0))
    return sum((row["discount"] for row in rows), Decimal(0)) / gross if gross else None


LOOPS: dict[str, Loop] = {
    "net_sales 1": _net_sales,
    "sold_units 1": lambda t, keep: total(row["units"] for row in _counted(t, keep)),
    "orders 1": _orders,
    "gross_margin 1": _margin,
    "gross_margin_rate 1": _margin_rate,
    "margin_coverage_rate 1": _coverage,
    "discount_rate 1": _discount_rate,
}
