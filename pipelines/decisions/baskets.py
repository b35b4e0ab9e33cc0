"""One order per supplier: its lines decided together where the supplier's limits say so. Here: limits, baskets, what each line owes to its basket.

Not here: choosing (models/joint), what each SKU needs alone (orders).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from models.joint.basket import decided_basket
from models.joint.order import JointOrder
from models.joint.problem import BUDGET, MINIMUM, Limits
from models.quantity import paid_amount

SECONDS = 60.0  # of solving, all baskets together
LEAST_SECONDS, MOST_SECONDS = 0.5, 10.0
AMOUNTS = ("order_minimum_amount", "order_budget_amount", "order_fixed_amount", "container_amount")
ALL_PLACES = "all"
WHY = {
    "supplier minimum": "to reach the supplier's minimum", "fill": "to fill its containers as far as it has to", "budget": "within the supplier's budget",
    "container volume": "within the containers' room", "container weight": "within the containers' weight",
}  # fmt: skip

RATHER = "as the rest can wait for the next one"
MINIMA = {"order_minimum_amount": "", "order_minimum_units": " units"}
LOWER = ("supplier minimum", "fill")  # limits that make an order larger
PAID_FOR = {
    "container_fill_rate": "filling a container", "container_amount": "paying for a container", "order_fixed_amount": "placing it",
}  # fmt: skip


def supplier_limits(suppliers: pl.DataFrame, fx_rates: pl.DataFrame, currency_code: str) -> pl.DataFrame:
    """What each supplier asks of an order, amounts in the reporting currency at the last known rate; blank where no rate is known, and where an amount
    can't be meant (see `is_meant`).
    """
    latest = fx_rates.sort("rate_date").group_by("currency_code").agg(pl.col("reporting_rate").last())
    known = suppliers.join(latest, on="currency_code", how="left")
    is_own = pl.col("currency_code").fill_null(currency_code) == currency_code
    rate = pl.when(is_own).then(pl.lit(1).cast(pl.Decimal(18, 4))).otherwise("reporting_rate").cast(pl.Float64)
    return known.with_columns(
        pl.when(is_meant(name)).then(pl.col(name).cast(pl.Float64) * rate).round(4).cast(pl.Decimal(18, 4)).alias(name)
        for name in AMOUNTS
    )


def is_meant(name: str) -> pl.Expr:
    """Whether one of AMOUNTS is zero or more; a budget, with which nothing could be bought, more."""
    return pl.col(name) > 0 if name == "order_budget_amount" else pl.col(name) >= 0


@dataclass(frozen=True)
class Basket:
    """One order: a supplier's lines, at one location where they come in containers, and what was decided about them together.

    joint_units of a line: what was decided; blank where the line stays as it is alone.
    """

    supplier: dict  # type: ignore[type-arg]
    location_id: str
    lines: pl.DataFrame
    decided: JointOrder | None

    @classmethod
    def of(cls, supplier: dict, location_id: str, lines: pl.DataFrame, seconds: float) -> "Basket":  # type: ignore[type-arg]
        """The basket of these lines, decided within so many seconds."""
        free = _free(lines)
        decided = decided_basket(free, _left_of(limits_of(supplier), lines.join(free, on="line", how="anti")), seconds)
        if decided is None:
            return cls(supplier, location_id, lines.with_columns(joint_units=pl.lit(None, pl.Int64)), None)
        chosen = decided.lines.select(line="sku", joint_units="order_quantity_units")
        units = free.select("line").join(chosen, on="line", how="left").with_columns(pl.col("joint_units").fill_null(0))
        return cls(supplier, location_id, lines.join(units, on="line", how="left", maintain_order="left"), decided)


def with_baskets(rows: pl.DataFrame, limits: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Suggestions after their baskets, and the baskets (rows of supplier_baskets).

    rows: of reorder_suggestions, by what each SKU needs alone. Adds sku_quantity_units (alone) and basket_effect, in words; changes
    order_quantity_units where a basket is decided together. Lines whose stock, cost or demand is unknown, or that wait for a person, stay
    as they are. Where goods come in containers, each location's order is one of its own and has to keep the limits.
    """
    alone = rows.with_columns(
        sku_quantity_units="order_quantity_units", line=pl.concat_str("sku", "location_id", separator="\x1f")
    )
    groups = list(_groups(alone, limits))
    seconds = min(max(SECONDS / max(len(groups), 1), LEAST_SECONDS), MOST_SECONDS)
    baskets = [Basket.of(*group, seconds) for group in groups]
    effects = [_effects(basket, basket.decided) for basket in baskets if basket.decided]
    nothing = pl.DataFrame(schema={"line": pl.String, "joint_units": pl.Int64, "basket_effect": pl.String})
    changed = alone.join(pl.concat([nothing, *effects]), on="line", how="left", maintain_order="left")
    changed = changed.with_columns(
        order_quantity_units=pl.coalesce("joint_units", "order_quantity_units"),
        basket_effect=pl.col("basket_effect").fill_null(""),
    )
    return changed.drop("line", "joint_units"), pl.DataFrame([_row(basket) for basket in baskets], infer_schema_length=None)


def limits_of(supplier: dict) -> Limits:  # type: ignore[type-arg]
    """A supplier's row of `supplier_limits` as the solver takes it; what it doesn't say doesn't limit."""

    def value(name: str, other: float) -> float:
        return other if supplier[name] is None else float(supplier[name])

    return Limits(
        minimum_amount=value("order_minimum_amount", 0.0), budget_amount=value("order_budget_amount", np.inf),
        container_volume=value("container_volume_m3", np.inf), container_weight=value("container_weight_kg", np.inf),
        container_amount=value("container_amount", 0.0), least_fill_rate=value("container_fill_rate", 0.0),
        order_amount=value("order_fixed_amount", 0.0), minimum_units=value("order_minimum_units", 0.0),
    )  # fmt: skip


def _groups(rows: pl.DataFrame, limits: pl.DataFrame) -> Iterator[tuple[dict, str, pl.DataFrame]]:  # type: ignore[type-arg]
    """Each basket that something is ordered in: the supplier's limits, the location where it is one of its own, the lines."""
    known = {row["supplier_id"]: row for row in limits.iter_rows(named=True)}
    wanted = rows.filter(
        pl.col("order_quantity_units").fill_null(0).sum().over("supplier_id") > 0, pl.col("supplier_id").is_not_null()
    )
    for (supplier_id,), lines in wanted.sort("supplier_id", "line").group_by("supplier_id", maintain_order=True):
        supplier = known.get(supplier_id) or dict.fromkeys(limits.columns) | {"supplier_id": supplier_id}
        if not limits_of(supplier).has_containers:
            yield supplier, ALL_PLACES, lines
            continue
        for (place,), theirs in lines.group_by("location_id", maintain_order=True):
            if theirs["order_quantity_units"].fill_null(0).sum() > 0:
                yield supplier, str(place), theirs


def _free(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that a basket may change."""
    is_known = pl.all_horizontal(
        pl.col("order_quantity_units", "inventory_position_units", "unit_cost_amount", "yearly_demand_units").is_not_null()
    )
    return lines.filter(is_known & (pl.col("order_exception") == "") & (pl.col("mean_demand_units") > 0))


def _left_of(limits: Limits, fixed: pl.DataFrame) -> Limits:
    """What of a supplier's limits is left by lines that go out as they are: they count for its minimum and of its budget, and pay for placing the order."""
    ordered = fixed.filter(pl.col("order_quantity_units") > 0)
    if ordered.is_empty():
        return limits
    paid = float(ordered.select(paid_amount("order_quantity_units").cast(pl.Float64).sum()).item())
    units = float(ordered["order_quantity_units"].sum())
    return replace(
        limits, minimum_amount=max(limits.minimum_amount - paid, 0.0), minimum_units=max(limits.minimum_units - units, 0.0),
        budget_amount=max(limits.budget_amount - paid, 0.0), order_amount=0.0,
    )  # fmt: skip


def _effects(basket: Basket, decided: JointOrder) -> pl.DataFrame:
    """Per line of a basket that was decided together: its quantity there, and in words what the basket changed."""
    name = basket.supplier["supplier_id"] + ("" if basket.location_id == ALL_PLACES else f" for {basket.location_id}")
    up, down = (
        " and ".join(dict.fromkeys(WHY[b] for b in decided.binding if (b in LOWER) == is_low)) for is_low in (True, False)
    )
    more = pl.col("joint_units") - pl.col("order_quantity_units")
    if not decided.lines.height:
        words = pl.lit(f"The order to {name} {_waits(basket, decided.impossible)}")
    else:
        words = (
            pl.when(more > 0).then(pl.format(f"The order to {name} takes {{}} more, {up or 'as it goes out anyway'}", more))
            .when(pl.col("joint_units") > 0).then(pl.format(f"The order to {name} takes {{}} less, {down or RATHER}", -more))
            .otherwise(pl.lit(f"The order to {name} leaves this out, {down or RATHER}"))
        )  # fmt: skip
    rows = basket.lines.filter(pl.col("joint_units").is_not_null())
    return rows.select("line", "joint_units", basket_effect=pl.when(more != 0).then(words).otherwise(pl.lit("")))


def _waits(basket: Basket, impossible: str) -> str:
    """Why an order doesn't go out."""
    supplier = basket.supplier
    if impossible == BUDGET:
        return f"can't go out: nothing that can be ordered fits its budget of {_figure(supplier['order_budget_amount'])}"
    if impossible == MINIMUM:
        goals = " and ".join(f"{_figure(supplier[name])}{unit}" for name, unit in MINIMA.items() if supplier.get(name))
        return f"can't go out: its minimum of {goals} is more than what it supplies sells in two years, or has room or time for"
    return f"waits: {_asked(basket)} would cost more than it saves"


def _figure(amount: object) -> str:
    return f"{float(amount):,.2f}".removesuffix(".00")  # type: ignore[arg-type]


def _asked(basket: Basket) -> str:
    """What an order still has to reach, and to pay for, in words. Example: "reaching its minimum of 500 and placing it"."""
    supplier, alone = basket.supplier, basket.lines.filter(pl.col("order_quantity_units") > 0)
    there = {"order_minimum_amount": alone["order_amount"].sum(), "order_minimum_units": alone["order_quantity_units"].sum()}
    named = [
        f"reaching its minimum of {_figure(supplier[name])}{unit}"
        for name, unit in MINIMA.items()
        if supplier.get(name) and (there[name] or 0) < supplier[name]
    ]
    named += [words for name, words in PAID_FOR.items() if supplier.get(name)]
    return " and ".join(named) or "an order"


def _row(basket: Basket) -> dict[str, object]:
    """The basket's row: what is ordered together and alone, against the limits, and how near to the best it is known to be."""
    decided, supplier = basket.decided, basket.supplier
    lines = basket.lines.with_columns(units=pl.coalesce("joint_units", "order_quantity_units")).filter(pl.col("units") > 0)
    lines = lines.with_columns(paid=paid_amount("units"))
    volume, weight = (float((lines[name].fill_null(0) * lines["units"]).sum()) for name in ("unit_volume_m3", "unit_weight_kg"))
    alone = basket.lines.filter(pl.col("order_quantity_units") > 0)
    return {
        "supplier_id": supplier["supplier_id"], "location_id": basket.location_id, "lines": lines.height, "units": lines["units"].sum(),
        "amount": lines["paid"].sum(), "volume_m3": volume, "weight_kg": weight, "containers": containers_of(volume, weight, supplier),
        "alone_lines": alone.height, "alone_amount": alone["order_amount"].sum(), "is_joint": decided is not None,
        "value_amount": decided.value_amount if decided else None, "bound_amount": decided.bound_amount if decided else None,
        "gap_rate": decided.gap_rate if decided else None, "binding": ", ".join(decided.binding) if decided else "",
    }  # fmt: skip


def containers_of(volume: float, weight: float, supplier: dict) -> int | None:  # type: ignore[type-arg]
    """How many containers so much takes; None where the supplier has none."""
    rooms = [(volume, supplier["container_volume_m3"]), (weight, supplier["container_weight_kg"])]
    needed = [math.ceil(used / room - 1e-9) for used, room in rooms if room]
    return max(needed) if needed else None
