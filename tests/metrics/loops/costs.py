"""What it cost to serve each order of which a parcel left. Here: loops of carriers' charges and fees. Not here: cost of goods (sales)."""

from decimal import Decimal
from typing import Any

from tests.metrics.loops.basis import Keep, Loop, Row, Tables, rate, same_order, share
from tests.metrics.loops.lives import lives


def _costs(t: Tables, keep: Keep) -> list[Row]:
    """What carriers charged and what was kept of each order; None where a part of it is unknown."""
    return [_cost(t, life) for life in lives(t, keep) if life["parcels"]]


def _cost(t: Tables, life: Row) -> Row:
    order = life["order"]
    parcels = [p for p in t["shipments"] if same_order(p, order)]
    entries = [e for e in t.get("payout_entries", []) if same_order(e, order)]
    charges = [_worth(t, order, p["label_cost_amount"], p["label_currency_code"]) for p in parcels]
    if {p["shipment_id"] for p in parcels} != life["parcels"]:
        charges.append(None)  # a parcel that only an event tells of
    return {"shipping": _whole(charges), "fees": _whole(_worth(t, order, _kept(e), e["currency_code"]) for e in entries)}


def _kept(entry: Row) -> Decimal:
    """An entry's fee; of an entry that is a fee, itself too."""
    return Decimal(-entry["fee_amount"] - (entry["amount"] if entry["entry_kind"] == "fee" else 0))


def _worth(t: Tables, order: Row, amount: Decimal | None, currency: str | None) -> Decimal | None:
    of_the_day = rate(t, currency, order["business_date"]) if currency else None
    return None if amount is None or of_the_day is None else amount * of_the_day


def _whole(amounts: Any) -> Decimal | None:
    given = list(amounts)
    return None if None in given else sum(given, Decimal(0))


def _cost_to_serve(t: Tables, keep: Keep) -> Any:
    known = [x["shipping"] + x["fees"] for x in _costs(t, keep) if x["shipping"] is not None and x["fees"] is not None]
    return sum(known) / len(known) if known else None


LOOPS: dict[str, Loop] = {
    "cost_to_serve 1": _cost_to_serve,
    "cost_to_serve_coverage_rate 1": lambda t, keep: share(x["shipping"] is not None for x in _costs(t, keep)),
}
