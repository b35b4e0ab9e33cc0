"""What the payment provider records for the two own shops. Not here: the channel's own word on payment."""

import numpy as np
import polars as pl

from pipelines.demo.days import CUSTOMER_CANCELLED, FAILED, NORMAL, SELLER_CANCELLED, Columns
from pipelines.demo.plan import DAY, NEVER, Plan
from pipelines.demo.world import CHANNELS, SHOP_EU, SHOP_UK

AUTHORISED_AFTER, CAPTURED_AFTER, REFUNDED_AFTER = 15, 90, 60  # seconds
METHODS = ("card", "paypal", "ideal", "klarna")


def plan_refunds(orders: Columns, plan: Plan, rng: np.random.Generator) -> None:
    """Adds goodwill refunds without a return, and captures that fell short."""
    size = len(orders["channel"])
    own_shop = np.isin(orders["channel"], (SHOP_EU, SHOP_UK)) & (orders["fate"] == NORMAL)
    at = orders["ordered_at"] + rng.integers(3 * DAY, 12 * DAY, size)
    chosen = own_shop & (rng.random(size) < 0.008) & (at <= plan.final)
    orders["refund_at"] = np.where(chosen, at, NEVER)
    orders["refund_cents"] = np.where(chosen, orders["total"] // 10, 0)
    short = own_shop & ~chosen & (orders["edit_at"] == NEVER) & (rng.random(size) < 0.004)
    orders["short_cents"] = np.where(short, np.maximum(orders["total"] // 20, 1), 0)


def payments(orders: Columns, first_total: np.ndarray, plan: Plan, rng: np.random.Generator, first_number: int) -> pl.DataFrame:
    """Payment events of the orders; `first_total` is the total before an edit."""
    own_shop = np.isin(orders["channel"], (SHOP_EU, SHOP_UK))
    fate, at, total = orders["fate"], orders["ordered_at"], orders["total"]
    paid = own_shop & np.isin(fate, (NORMAL, CUSTOMER_CANCELLED, SELLER_CANCELLED))
    cancelled = paid & (fate != NORMAL)
    edited = paid & (orders["edit_at"] < NEVER)
    change = total - first_total
    events = [
        (own_shop & (fate == FAILED), "failed", at + AUTHORISED_AFTER, total),
        (paid, "authorisation", at + AUTHORISED_AFTER, first_total),
        (paid, "capture", at + CAPTURED_AFTER, first_total - orders["short_cents"]),
        (edited & (change > 0), "capture", orders["edit_at"] + CAPTURED_AFTER, change),
        (edited & (change < 0), "refund", orders["edit_at"] + CAPTURED_AFTER, -change),
        (cancelled, "refund", orders["cancel_at"] + REFUNDED_AFTER, total),
        (paid, "refund", orders["refund_at"], orders["refund_cents"]),
        (paid, "refund", orders["return_at"] + REFUNDED_AFTER, orders["return_cents"]),
    ]
    method = np.array(METHODS)[rng.choice(len(METHODS), len(at), p=(0.5, 0.2, 0.2, 0.1))]
    currency = np.array([c.currency for c in CHANNELS])[orders["channel"]]
    parts = []
    for happens, kind, instant, cents in events:
        row = np.flatnonzero(happens & (instant <= plan.final) & (cents > 0))
        parts.append(
            pl.DataFrame(
                {
                    "channel": orders["channel"][row],
                    "order_id": orders["order_id"][row],
                    "kind": np.full(len(row), kind),
                    "method": method[row],
                    "cents": cents[row],
                    "currency": currency[row],
                    "paid_at": instant[row],
                }
            )
        )
    return pl.concat(parts).sort("paid_at", "order_id", "kind", maintain_order=True).with_row_index("number", first_number)
