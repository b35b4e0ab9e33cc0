"""Whether an approval is allowed: state, amount, cap. Pure. Not here: carrying it out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from pipelines.operations.database import rounded
from pipelines.operations.states import ApprovalRefused
from pipelines.operations.suggestions import paid_each


@dataclass(frozen=True)
class Candidate:
    """A decision as it would be approved."""

    decision_id: str
    kind: str
    state: str
    quantity_units: int
    unit_cost_amount: Decimal | None
    amount: Decimal | None
    currency_code: str | None


@dataclass(frozen=True)
class Edit:
    """What a planner wants otherwise than suggested; blank stays as it is."""

    quantity_units: int | None = None
    needed_by: date | None = None

    @property
    def is_empty(self) -> bool:
        return self.quantity_units is None and self.needed_by is None

    def values(self, approved: Candidate) -> dict[str, object]:
        """The columns that it changes in the decision that is approved."""
        changed: dict[str, object] = {} if self.needed_by is None else {"needed_by": self.needed_by}
        if self.quantity_units is not None:
            changed |= {name: getattr(approved, name) for name in ("quantity_units", "unit_cost_amount", "amount")}
        return changed


def candidate(row: Row[Any], quantity_units: int | None) -> Candidate:
    """The decision with the quantity wanted; another than suggested is valued at what a unit of so many costs, unknown without a cost."""
    if quantity_units is None or quantity_units == row.quantity_units:
        quantity_units, cost, amount = row.quantity_units, row.unit_cost_amount, row.amount
    else:
        cost = paid_each({"unit_cost_amount": row.unit_cost_amount} | json.loads(row.explanation), quantity_units)
        amount = None if cost is None else rounded(cost * quantity_units)
    return Candidate(row.decision_id, row.kind, row.state, quantity_units, cost, amount, row.currency_code)


def require_approvable(candidates: Sequence[Candidate], cap_amount: Decimal | None) -> None:
    """Raises ApprovalRefused when one is not suggested, has no units, or exceeds the cap, alone or with the others; a transfer buys nothing."""
    for one in candidates:
        if one.state != "suggested":
            raise ApprovalRefused(f"{one.decision_id} is {one.state}, not suggested; reload the list and choose again.")
        if one.quantity_units <= 0:
            raise ApprovalRefused(
                f"{one.decision_id} cannot be approved for {one.quantity_units} units; give it a quantity, or reject it instead."
            )
    bought = [one for one in candidates if one.kind == "reorder"]
    if cap_amount is not None and bought:
        _require_within_cap(bought, cap_amount)


def _require_within_cap(candidates: Sequence[Candidate], cap_amount: Decimal) -> None:
    total = Decimal(0)
    for one in candidates:
        if one.amount is None:
            unknown = f"The amount of {one.decision_id} is unknown and approvals are capped at {cap_amount}"
            raise ApprovalRefused(f"{unknown}; give its SKU a unit cost first.")
        if one.amount > cap_amount:
            raise ApprovalRefused(
                f"{one.decision_id} amounts to {one.amount} {one.currency_code}, above the approval cap of {cap_amount}; "
                "lower its quantity or have the cap raised."
            )
        total += one.amount
    currencies = sorted({str(one.currency_code) for one in candidates})
    if len(currencies) > 1:
        raise ApprovalRefused(f"No cap can be checked over {' and '.join(currencies)}; approve one currency at a time.")
    if total > cap_amount:
        ids = ", ".join(one.decision_id for one in candidates)
        raise ApprovalRefused(
            f"{ids} amount to {total} {currencies[0]} together, above the approval cap of {cap_amount}; "
            "approve fewer at a time or have the cap raised."
        )
