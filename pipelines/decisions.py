"""From stock, terms and forecasts to decisions. Here: joining what the models need, naming what was assumed. Not here: their mathematics, saving."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from models import allocation, availability, reorder
from models.demand import SERIES
from models.lead_times import learned_lead_times
from models.safety_stock import stock_levels_of
from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Planning
from pipelines.contracts import table
from pipelines.operations import Suggestion

DAYS_OF_YEAR = 365.0


@dataclass(frozen=True)
class Inputs:
    """Frames of the ledger, marts and forecast that decisions rest on, and what operations have decided already."""

    series: pl.DataFrame
    means: pl.DataFrame
    quantiles: pl.DataFrame
    position: pl.DataFrame
    supplier_terms: pl.DataFrame
    unit_costs: pl.DataFrame
    products: pl.DataFrame
    locations: pl.DataFrame
    fulfilment_lines: pl.DataFrame
    orders: pl.DataFrame
    bundles: pl.DataFrame
    demand: pl.DataFrame
    supply: pl.DataFrame
    observed_lead_times: pl.DataFrame
    countries: pl.DataFrame


def decide(inputs: Inputs, config: Config, version: str, cutoff: date) -> dict[str, pl.DataFrame]:
    """safety_stock, reorder_suggestions, transfer_suggestions, allocations and channel_offers of one run.

    A series that has appeared since the last forecast gets its levels with the next one.
    """
    forecast = inputs.series.join(inputs.means.select(*SERIES).unique(), on=SERIES, how="semi")
    terms = with_terms(forecast, inputs.supplier_terms, inputs.unit_costs, config.planning)
    terms = learned_lead_times(terms, inputs.observed_lead_times)
    levels = stock_levels_of(terms, inputs.means, inputs.quantiles)
    levels = levels.with_columns(protection_interval_days=pl.col("lead_time_days") + pl.col("review_period_days"))
    position = _position(levels, inputs)
    planning = config.planning
    transfers = availability.suggest_transfers(
        position, availability.TransferCosts(planning.transfer_line_amount, planning.transfer_unit_amount, planning.holding_rate)
    )
    suggestions = _suggestions(position, transfers, inputs, config, version, cutoff)
    frames = {
        "safety_stock": levels,
        "reorder_suggestions": suggestions,
        "transfer_suggestions": _with_transfer_reasons(transfers).with_columns(snapshot_version=pl.lit(version)),
        "allocations": _allocations(inputs).with_columns(snapshot_version=pl.lit(version)),
        "channel_offers": _offers(inputs, config).with_columns(snapshot_version=pl.lit(version)),
    }
    return {name: table(name).conform(frame) for name, frame in frames.items()}


def with_terms(series: pl.DataFrame, supplier_terms: pl.DataFrame, unit_costs: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """Each series with its first supplier's terms; what the merchant didn't give is assumed and named in `assumptions`."""
    is_tied = (pl.len().over("sku", "priority") > 1).alias("is_tied")
    first = supplier_terms.with_columns(is_tied).sort("sku", "priority", "supplier_id")
    first = first.unique("sku", keep="first", maintain_order=True).select(
        "sku",
        "is_tied",
        "supplier_id",
        "lead_time_days",
        "lead_time_std_days",
        "review_period_days",
        "moq_units",
        "case_pack_units",
    )
    rows = (
        series.select(*SERIES, "has_stock_figures")
        .join(first, on="sku", how="left")
        .join(unit_costs.select("sku", "unit_cost_amount"), on="sku", how="left")
        .with_columns(pl.when(pl.col("unit_cost_amount") > 0).then("unit_cost_amount"))
    )
    defaults: list[tuple[str, float, str]] = [
        ("lead_time_days", planning.lead_time_days, "lead time {} days"),
        ("lead_time_std_days", planning.lead_time_std_days, "lead time spread {} days"),
        ("review_period_days", planning.review_period_days, "review period {} days"),
        ("moq_units", 1, "MOQ {}"),
        ("case_pack_units", 1, "case pack {}"),
    ]
    named = [pl.when(pl.col(name).is_null()).then(pl.lit(words.format(f"{value:g}"))) for name, value, words in defaults]
    named.append(pl.when(pl.col("unit_cost_amount").is_null()).then(pl.lit("cost unknown or zero, value blank")))
    named.append(pl.when(pl.col("is_tied")).then(pl.lit("the first of several suppliers of the same priority")))
    assumptions = pl.concat_str(named, separator=", ", ignore_nulls=True)
    filled = [pl.col(name).fill_null(value) for name, value, _ in defaults]
    rows = rows.with_columns(assumptions=assumptions).with_columns(filled)
    return rows.with_columns(cycle_service_level=pl.lit(planning.cycle_service_level))


def _position(levels: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    stock = inputs.position.select(*SERIES, "on_hand_units", "available_units", "on_order_units", "backordered_units")
    rows = levels.join(stock, on=SERIES, how="left").join(_decided(inputs.supply), on=SERIES, how="left")
    return rows.with_columns(pl.col("on_order_units", "backordered_units", "decided_units").fill_null(0))


def _decided(supply: pl.DataFrame) -> pl.DataFrame:
    """Net units per SKU and location of decisions that were approved or sent and that the ERP does not show yet."""
    coming = supply.select("sku", "location_id", units="quantity_units")
    leaving = supply.filter(pl.col("from_location_id").is_not_null()).select(
        "sku", location_id="from_location_id", units=-pl.col("quantity_units")
    )
    return pl.concat([coming, leaving]).group_by(*SERIES).agg(decided_units=pl.col("units").sum())


def _suggestions(
    position: pl.DataFrame, transfers: pl.DataFrame, inputs: Inputs, config: Config, version: str, cutoff: date
) -> pl.DataFrame:
    moved = _decided(transfers.rename({"transfer_units": "quantity_units"})).rename({"decided_units": "transfer_units"})
    rows = position.join(moved, on=SERIES, how="left").with_columns(pl.col("transfer_units").fill_null(0))
    yearly = inputs.means.group_by(*SERIES).agg(yearly_demand_units=pl.col("mean_units").mean() * DAYS_OF_YEAR / 7)
    rows = reorder.suggest_orders(rows.join(yearly, on=SERIES, how="left")).sort(*SERIES)
    mean = np.stack(reorder.by_series(inputs.means)["mean_units"].to_list()) if rows.height else np.zeros((0, 1))
    horizon_days = 7.0 * mean.shape[1]
    cover = reorder.days_of_cover(rows["available_units"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), mean)
    model = inputs.means.select(*SERIES, forecast_model="model").unique([*SERIES])
    rows = rows.with_columns(
        days_of_cover=pl.Series(cover).fill_nan(None),
        stock_out_date=reorder.stock_out_dates(cover, horizon_days, cutoff),
        reason=reorder.reasons(rows),
        order_amount=(pl.col("unit_cost_amount") * pl.col("order_quantity_units")).cast(pl.Decimal(18, 4)),
        currency_code=pl.lit(config.merchant.reporting_currency),
        snapshot_version=pl.lit(version),
    )
    return rows.join(model, on=SERIES, how="left").join(
        inputs.products.select("sku", "description", "category"), on="sku", how="left"
    )


def _with_transfer_reasons(transfers: pl.DataFrame) -> pl.DataFrame:
    sentence = pl.format(
        "{} has {} beyond its own order-up-to level; {} lacks {} to its reorder point.",
        "from_location_id",
        "surplus_units",
        "location_id",
        "shortage_units",
    )
    return transfers.with_columns(reason=sentence)


def _allocations(inputs: Inputs) -> pl.DataFrame:
    parts = inputs.bundles.select("component_sku", "component_units", sku="bundle_sku")
    country = inputs.orders.select("channel", "order_id", "ship_to_country_code")
    open_lines = inputs.fulfilment_lines.filter(pl.col("open_units") > 0).join(parts, on="sku", how="left")
    consumed = open_lines.with_columns(
        sku=pl.coalesce("component_sku", "sku"), open_units=pl.col("open_units") * pl.col("component_units").fill_null(1)
    )
    keys = ["channel", "order_id", "sku"]
    lines = consumed.group_by(keys).agg(
        pl.col("ordered_at", "is_expedited").first(),
        pl.col("location_id").first().alias("home_location_id"),
        pl.col("open_units").sum(),
    )
    return allocation.allocate(
        lines.join(country, on=["channel", "order_id"], how="left"), inputs.position, _placed(inputs), inputs.countries
    )


def _placed(inputs: Inputs) -> pl.DataFrame:
    """Declared locations, and those that hold stock without being declared: somewhere, but nobody said where."""
    undeclared = inputs.position.select("location_id").unique().join(inputs.locations, on="location_id", how="anti")
    coordinates = undeclared.with_columns(latitude=pl.lit(None, pl.Float64), longitude=pl.lit(None, pl.Float64))
    return pl.concat([inputs.locations.select("location_id", "latitude", "longitude"), coordinates])


def _offers(inputs: Inputs, config: Config) -> pl.DataFrame:
    """Every channel offers what it sold in the history that is known, from the location that serves it, while it is on sale."""
    sells = inputs.demand.select("channel", "sku", "location_id").sort("channel", "sku", "location_id")
    sells = sells.unique(["channel", "sku"], keep="first", maintain_order=True)
    return availability.channel_offers(inputs.position, sells, config.planning.offer_buffer_units)


def described(products: pl.DataFrame, order_lines: pl.DataFrame) -> pl.DataFrame:
    """`products`, and for SKUs that it lacks a row that only says what the channels call them."""
    sold = order_lines.filter(pl.col("sku").is_not_null()).group_by("sku").agg(pl.col("description").drop_nulls().last())
    return pl.concat([products, sold.join(products, on="sku", how="anti")], how="diagonal")


def to_suggestions(frames: dict[str, pl.DataFrame]) -> tuple[list[Suggestion], list[Suggestion]]:
    """The run's reorders and transfers as suggestions for the outbox, each with every input of its calculation."""
    reorders = frames["reorder_suggestions"].filter(pl.col("order_quantity_units") > 0)
    orders = [
        Suggestion(
            kind="reorder", sku=row["sku"], location_id=row["location_id"], supplier_id=row["supplier_id"], from_location_id=None,
            quantity_units=row["order_quantity_units"], unit_cost_amount=row["unit_cost_amount"], amount=row["order_amount"],
            currency_code=row["currency_code"], needed_by=row["stock_out_date"], explanation=_explained(row),
        )
        for row in reorders.iter_rows(named=True)
    ]  # fmt: skip
    moves = [
        Suggestion(
            kind="transfer", sku=row["sku"], location_id=row["location_id"], supplier_id=None, from_location_id=row["from_location_id"],
            quantity_units=row["transfer_units"], unit_cost_amount=None, amount=None, currency_code=None, needed_by=None, explanation=_explained(row),
        )
        for row in frames["transfer_suggestions"].iter_rows(named=True)
    ]  # fmt: skip
    return orders, moves


def _explained(row: dict) -> dict:  # type: ignore[type-arg]
    return {name: value if isinstance(value, (int, float, str)) or value is None else str(value) for name, value in row.items()}
