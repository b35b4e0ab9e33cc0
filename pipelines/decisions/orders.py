"""Orders to suppliers. Here: the inventory position, decisions that are on their way, the row of a suggestion. Not here: levels, quantities (models)."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from models import quantity, reorder
from models.demand import SERIES
from models.protection import within
from pipelines.channels.mapping import Config
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.network import Network, with_downstream

ONE_DAY = timedelta(days=1)


def inventory_position(levels: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """Levels beside stock, what is on order, what is owed, and decisions that the ERP does not show yet."""
    stock = inputs.position.select(*SERIES, "on_hand_units", "available_units", "on_order_units", "backordered_units")
    rows = levels.join(stock, on=SERIES, how="left").join(decided_units(inputs.supply), on=SERIES, how="left")
    return rows.with_columns(pl.col("on_order_units", "backordered_units", "decided_units", "leaving_units").fill_null(0))


def decided_units(supply: pl.DataFrame) -> pl.DataFrame:
    """Units per SKU and location of decisions that were approved or sent and that the ERP does not show yet: net, and leaving_units of them that are
    still on a shelf and promised elsewhere.
    """
    coming = supply.select("sku", "location_id", units="quantity_units")
    leaving = supply.filter(pl.col("from_location_id").is_not_null()).select(
        "sku", location_id="from_location_id", units=-pl.col("quantity_units")
    )
    both = pl.concat(
        [coming.with_columns(leaving_units=pl.lit(0, pl.Int64)), leaving.with_columns(leaving_units=-pl.col("units"))]
    )
    return both.group_by(*SERIES).agg(pl.col("leaving_units").sum(), decided_units=pl.col("units").sum())


def _with_room(rows: pl.DataFrame, mean: np.ndarray) -> pl.DataFrame:
    """Adds what quantity rules ask for: how much still sells before it expires, and what there is room for, both beyond the position.

    What arrives after the lead time sells until its shelf life ends, after what is there already; a location's room is for all of it.
    """
    until = (rows["lead_time_days"] - rows["downstream_days"] + rows["shelf_life_days"]).fill_null(float("nan")).to_numpy()
    sells = pl.Series(np.where(np.isnan(until), np.nan, within(mean, np.nan_to_num(until)))).fill_nan(None)
    position = reorder.inventory_position(rows)
    return rows.with_columns(
        shelf_life_units=(sells.floor().cast(pl.Int64) - position),
        storage_units=pl.col("storage_limit_units") - (position - pl.col("downstream_units")).clip(0),
    )


def _inside_reason() -> pl.Expr:
    """What a location gets from its source, and what it still lacks; blank where suppliers deliver."""
    source, lacks = "supplied_by_location_id", pl.col("needed_units") > 0
    enough = pl.format("Supplied by {}: {} come from there, and it lacks no more.", source, "transfer_units")
    wait = pl.when(pl.col("needed_units") == 1).then(pl.lit("1 more waits")).otherwise(pl.format("{} more wait", "needed_units"))
    short = pl.format("Supplied by {}: {} come from there; {} for its stock.", source, "transfer_units", wait)
    return pl.when(pl.col(source).is_not_null() & pl.col("needed_units").is_not_null()).then(
        pl.when(lacks).then(short).otherwise(enough)
    )


def suggested_orders(
    position: pl.DataFrame, redirected: pl.DataFrame, transfers: pl.DataFrame, network: Network, inputs: Inputs, config: Config, version: str, cutoff: date
) -> pl.DataFrame:  # fmt: skip
    """The rows of reorder_suggestions, each for itself: position against levels after this run's transfers and redirects, the quantity, cover."""
    moved = decided_units(transfers.rename({"transfer_units": "quantity_units"})).rename(
        {"decided_units": "transfer_units", "leaving_units": "sent_units"}
    )
    sent = (
        decided_units(redirected.rename({"redirect_units": "quantity_units"}))
        .rename({"decided_units": "redirect_units"})
        .drop("leaving_units")
    )
    rows = position.join(moved, on=SERIES, how="left").join(sent, on=SERIES, how="left")
    rows = rows.join(_redirected_lines(redirected), on=SERIES, how="left").with_columns(
        pl.col("transfer_units", "sent_units", "redirect_units").fill_null(0), pl.col("redirected").fill_null("")
    )
    rows = with_downstream(rows, network).sort(*SERIES)
    mean = np.stack(reorder.by_series(inputs.means)["mean_units"].to_list()) if rows.height else np.zeros((0, 1))
    rows = reorder.suggest_orders(_with_room(rows, mean))
    horizon_days = 7.0 * mean.shape[1]
    stock = pl.col("available_units") - pl.col("leaving_units") - pl.col("sent_units") + pl.col("downstream_units")
    cover, lasting = (reorder.days_of_cover(_floats(rows, units), mean) for units in (stock, pl.col("inventory_position_units")))
    model = inputs.means.select(*SERIES, forecast_model="model").unique([*SERIES])
    rows = rows.with_columns(
        days_of_cover=pl.Series(cover).fill_nan(None),
        stock_out_date=reorder.stock_out_dates(cover, horizon_days, cutoff),
        position_out_date=reorder.stock_out_dates(lasting, horizon_days, cutoff),
        arrival_date=quantity.arrival_date(cutoff + ONE_DAY),
        order_amount=quantity.paid_amount("order_quantity_units"),
        currency_code=pl.lit(config.merchant.reporting_currency),
        snapshot_version=pl.lit(version),
    )
    return rows.join(model, on=SERIES, how="left").join(
        inputs.products.select("sku", "description", "category"), on="sku", how="left"
    )


def _floats(rows: pl.DataFrame, units: pl.Expr) -> np.ndarray:
    return rows.select(units.cast(pl.Float64).fill_null(float("nan"))).to_series().to_numpy()


def _redirected_lines(redirected: pl.DataFrame) -> pl.DataFrame:
    """In words what comes to each series from lines that another place doesn't need, and what of its own lines goes elsewhere."""
    units, line = pl.col("redirect_units"), pl.col("purchase_order_id")
    come = redirected.select(*SERIES, said=pl.format("{} of {} come from {}", units, line, "from_location_id"))
    go = redirected.select("sku", location_id="from_location_id", said=pl.format("{} of {} go to {}", units, line, "location_id"))
    return pl.concat([come, go]).group_by(SERIES).agg(redirected=pl.col("said").str.join(", "))


def explained(rows: pl.DataFrame) -> pl.DataFrame:
    """Suggestions after their baskets: what they cost then, and the reason: what is needed, what is redirected, what the basket changed, what is
    lost in any case, what waiting costs and by when to order.
    """
    is_ordered = pl.col("order_quantity_units") > 0
    basket = pl.when(pl.col("basket_effect") != "").then(pl.format("{}.", "basket_effect"))
    redirected = pl.when(pl.col("redirected") != "").then(
        pl.format("The position counts that open orders are redirected, see Under way: {}.", "redirected")
    )
    until = pl.when(is_ordered & pl.col("order_by").is_not_null()).then(pl.format("Order by {}.", "order_by"))
    return rows.with_columns(
        reason=pl.concat_str(
            pl.coalesce(_inside_reason(), reorder.reasons(rows)),
            redirected,
            basket,
            reorder.bounded(),
            reorder.lost(),
            reorder.taken_wider(),
            reorder.worth(),
            until,
            separator=" ",
            ignore_nulls=True,
        ),
        order_amount=quantity.paid_amount("order_quantity_units"),
    )
