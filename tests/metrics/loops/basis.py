"""What loops have in common: complete rows, which of them are asked for, shares and percentiles. Not here: any metric."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.marts.ledgers import PLAIN
from tests.metrics.ledger import AS_OF, Ledger

__all__ = ["AS_OF", "Keep", "Loop", "Row", "Tables", "cuts", "hours", "lines_of", "order_of", "rate", "same_order", "share", "tables", "total"]  # fmt: skip

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Keep = Callable[[str, date | None], bool]  # whether what stands on a channel (a location, a supplier) and a day is asked for
Loop = Callable[[Tables, Keep], Any]


def tables(ledger: Ledger) -> Tables:
    """The ledger's rows with what plain rows have in common filled in; what is nowhere told is None."""
    unknown = dict.fromkeys(
        ("paid_at", "delivered_at", "location_id", "customer_key", "cancelled_by", "ship_by_at", "deliver_by_at", "payout_id",
         "label_cost_amount", "label_currency_code", "expected_at")
    )  # fmt: skip
    return {name: [unknown | PLAIN.get(name, {}) | row for row in rows] for name, rows in ledger.tables().items()}


def same_order(one: Row, other: Row) -> bool:
    return bool(one["channel"] == other["channel"] and one["order_id"] == other["order_id"])


def lines_of(t: Tables, order: Row) -> list[Row]:
    return [line for line in t["order_lines"] if same_order(line, order)]


def order_of(t: Tables, row: Row) -> Row | None:
    return next((order for order in t["orders"] if same_order(order, row)), None)


def rate(t: Tables, currency: str, on: date | None) -> Decimal | None:
    """What a currency was worth on a day; None where nobody knows."""
    found = [r["reporting_rate"] for r in t["fx_rates"] if r["currency_code"] == currency and r["rate_date"] == on]
    return found[0] if found else None


def total(amounts: Iterable[Any]) -> Any:
    """The sum of what is known: 0 of nothing, None where nothing of it is known."""
    given = list(amounts)
    known = [amount for amount in given if amount is not None]
    return sum(known, Decimal(0)) if known or not given else None


def share(parts: Iterable[bool]) -> float | None:
    given = list(parts)
    return sum(given) / len(given) if given else None


def hours(earlier: datetime | None, later: datetime | None) -> float | None:
    return (later - earlier).total_seconds() / 3600 if earlier and later else None


def cuts(values: Iterable[float | None]) -> tuple[float, float, float] | None:
    """Median, 90th and 95th percentile, linear between the two observations that each falls between."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None

    def at(part: float) -> float:
        place = part * (len(known) - 1)
        below = int(place)
        above = min(below + 1, len(known) - 1)
        return known[below] + (known[above] - known[below]) * (place - below)

    return at(0.5), at(0.9), at(0.95)
