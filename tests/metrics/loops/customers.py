"""Who comes back. Here: loops of customers' orders, counted over all channels. Not here: sales of them."""

from tests.metrics.loops.basis import Keep, Loop, Row, Tables, cuts, hours, share
from tests.metrics.loops.lives import is_sale


def _orders(t: Tables, keep: Keep) -> list[Row]:
    """Orders of known customers with the one before; the first has none."""
    known = [o for o in t["orders"] if is_sale(o) and not o["is_cancelled"] and o["customer_key"]]
    last: dict[str, Row] = {}
    found = []
    for order in sorted(known, key=lambda o: (o["ordered_at"], o["channel"], o["order_id"])):
        before = last.get(order["customer_key"])
        last[order["customer_key"]] = order
        waited = hours(before["ordered_at"], order["ordered_at"]) if before else None
        if keep(order["channel"], order["business_date"]):
            found.append(
                {"customer": order["customer_key"], "is_first": before is None, "days": None if waited is None else waited / 24}
            )
    return found


LOOPS: dict[str, Loop] = {
    "repeat_order_rate 1": lambda t, keep: share(not x["is_first"] for x in _orders(t, keep)),
    "customers 1": lambda t, keep: len({x["customer"] for x in _orders(t, keep)}),
    "new_customers 1": lambda t, keep: len({x["customer"] for x in _orders(t, keep) if x["is_first"]}),
    "days_between_orders 1": lambda t, keep: cuts(x["days"] for x in _orders(t, keep)),
}
