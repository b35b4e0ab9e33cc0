"""From units needed to a quantity that can be ordered. Here: MOQ, packs, pallets, price breaks, shelf life, room, and the rule that bit.

Not here: how much is needed (reorder), several SKUs on one order (joint). Columns beyond the needed ones may be missing or blank: then the
rule doesn't apply.
"""

from datetime import date

import polars as pl

PALLET_REACH_RATE = 0.1  # a full pallet is taken where that adds at most so much
YEARS_OF_DEMAND = 2.0  # beyond this no rule may make anybody buy on its own
LEAST_YEARLY = 1.0  # units; of what sells less than one a year nobody will order
OPTIONAL = {
    "pallet_units": pl.Int64, "price_break_units": pl.Int64, "price_break_cost_amount": pl.Float64, "unit_cost_amount": pl.Float64,
    "holding_rate": pl.Float64, "yearly_demand_units": pl.Float64, "shelf_life_units": pl.Int64, "storage_units": pl.Int64,
}  # fmt: skip
STEPS = ("_moq", "_pack", "_pallet", "_break", "_shelf", "_room")


def order_quantities(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds order_quantity_units, rounding_rule (the rules that changed the quantity, "none" where none did) and order_exception (empty where none).

    rows: needed_units (blank where unknown), moq_units, case_pack_units; optional: pallet_units; price_break_units from which a unit costs
    price_break_cost_amount instead of unit_cost_amount, worth it by holding_rate (per year) and yearly_demand_units; shelf_life_units
    (what still sells before it expires, beyond the position), storage_units (room left).

    In order: at least the MOQ, whole case packs, a full pallet where it is near, a price break where it saves more than it costs to hold;
    then no more whole packs than shelf life and room allow. Where these allow less than can be ordered, or where a rule would make a SKU be
    bought for more than two years, nothing is ordered and order_exception says why: a person decides.

    Example: needed 28, MOQ 25, case pack 12, pallet 40: 36 by case_pack; the pallet of 40 isn't whole packs, one of 48 would be too far.
    """
    missing = {name: dtype for name, dtype in OPTIONAL.items() if name not in rows.columns}
    steps = rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in missing.items()).with_columns(
        _moq=_at_least("needed_units", "moq_units")
    )
    steps = steps.with_columns(_pack=_up("_moq", pl.col("case_pack_units")))
    steps = steps.with_columns(_pallet=_pallet()).with_columns(_break=_price_break())
    steps = steps.with_columns(_shelf=_capped("_break", "shelf_life_units")).with_columns(
        _room=_capped("_shelf", "storage_units")
    )
    steps = steps.with_columns(order_exception=_exception().fill_null(""))
    quantity = pl.when(pl.col("order_exception") == "").then("_room").when(pl.col("_room").is_not_null()).then(0)
    done = steps.with_columns(order_quantity_units=quantity.cast(pl.Int64), rounding_rule=_rules())
    return done.drop(*missing, *STEPS)


def paid_amount(units: str) -> pl.Expr:
    """What so many units cost: all of them the lower price from the price break on. Unknown where the cost is.

    Example: 120 at 2.00, from 100 on at 1.80: 216.
    """
    is_cheaper = (pl.col(units) >= pl.col("price_break_units")).fill_null(False)
    cost = pl.coalesce(pl.when(is_cheaper).then("price_break_cost_amount"), "unit_cost_amount")
    return (cost * pl.col(units)).cast(pl.Decimal(18, 4))


def arrival_date(today: date, lead_time: pl.Expr | None = None) -> pl.Expr:
    """The day that an order's goods arrive: the order day (today where the supplier has no calendar) + mean lead time, or another.

    Of a lead time that goes as far as the places that a location supplies, downstream_days are not part of the supplier's.
    """
    days = (pl.col("lead_time_days") if lead_time is None else lead_time) - pl.col("downstream_days")
    return pl.coalesce(pl.col("order_by_at").dt.date(), pl.lit(today)) + pl.duration(days=days.ceil().cast(pl.Int64))


def _at_least(needed: str, least: str) -> pl.Expr:
    return pl.when(pl.col(needed) > 0).then(pl.max_horizontal(needed, least)).otherwise(pl.col(needed))


def _up(name: str, step: pl.Expr) -> pl.Expr:
    return -(-pl.col(name) // step) * step


def _pallet() -> pl.Expr:
    full = _up("_pack", pl.col("pallet_units"))
    is_near = (full % pl.col("case_pack_units") == 0) & (full <= pl.col("_pack") * (1 + PALLET_REACH_RATE))
    return pl.when(is_near & _sells(full) & (pl.col("_pack") > 0)).then(full).otherwise("_pack")


def _price_break() -> pl.Expr:
    """The break's quantity b instead of q: saves (c − c_b)·b, and costs i·c_b·b·(b − q)/(2D) to hold while it sells."""
    least = -(-pl.col("price_break_units") // pl.col("case_pack_units")) * pl.col("case_pack_units")
    extra = least - pl.col("_pallet")
    cost, cheaper = pl.col("unit_cost_amount").cast(pl.Float64), pl.col("price_break_cost_amount").cast(pl.Float64)
    held = pl.col("holding_rate") * cheaper * least * extra / (2 * pl.col("yearly_demand_units"))
    is_worth_it = (extra > 0) & (pl.col("_pallet") > 0) & ((cost - cheaper) * least > held)
    return pl.when(is_worth_it & _sells(least)).then(least).otherwise("_pallet")


def _sells(units: pl.Expr) -> pl.Expr:
    """Whether so many sell in two years."""
    return (units <= YEARS_OF_DEMAND * pl.col("yearly_demand_units")).fill_null(True)


def _capped(name: str, most: str) -> pl.Expr:
    whole = pl.col(most).clip(0) // pl.col("case_pack_units") * pl.col("case_pack_units")
    return pl.when(whole < pl.col(name)).then(whole).otherwise(name)


def _exception() -> pl.Expr:
    two_years = YEARS_OF_DEMAND * pl.col("yearly_demand_units")
    moq, pack = pl.col("moq_units"), pl.col("case_pack_units")
    least = -(-pl.max_horizontal(moq, 1) // pack) * pack
    is_bought_for_rules = (least > pl.col("needed_units")) & (least > two_years)
    biggest = (
        pl.when(moq > two_years).then(pl.format("the MOQ of {}", moq)).when(pack > two_years).then(pl.format("a case pack of {}", pack))
        .otherwise(pl.format("the MOQ of {} in packs of {}", moq, pack))
    )  # fmt: skip
    wait = "nothing is ordered until a person decides"
    too_much = pl.format(f"{{}} is more than two years' demand ({{}}); {wait}", biggest, two_years.round(0).cast(pl.Int64))
    expires = pl.format(
        f"the least order is {{}}, and only {{}} sell before they expire; {wait}", least, pl.col("shelf_life_units").clip(0)
    )
    too_big = pl.format(f"the least order is {{}}, and there is room for {{}}; {wait}", least, pl.col("storage_units").clip(0))
    return (
        pl.when((pl.col("needed_units") <= 0) | pl.col("needed_units").is_null()).then(None)
        .when(is_bought_for_rules).then(too_much)
        .when(pl.col("_shelf") < pl.min_horizontal(least, "_break")).then(expires)
        .when(pl.col("_room") < pl.min_horizontal(least, "_shelf")).then(too_big)
    )  # fmt: skip


def _rules() -> pl.Expr:
    stages = [
        ("moq", "needed_units", "_moq"), ("case_pack", "_moq", "_pack"), ("pallet", "_pack", "_pallet"), ("price_break", "_pallet", "_break"),
        ("shelf_life", "_break", "_shelf"), ("storage", "_shelf", "_room"),
    ]  # fmt: skip
    named = [pl.when(pl.col(before) != pl.col(after)).then(pl.lit(name)) for name, before, after in stages]
    found = pl.concat_str(named, separator=" and ", ignore_nulls=True)
    return pl.when((found == "") | (pl.col("_room") == pl.col("needed_units"))).then(pl.lit("none")).otherwise(found)
