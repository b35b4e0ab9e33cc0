"""How each load balanced. Here: the account of rows. Not here: what the rows say."""

import dataframely as dy

from pipelines.contracts.base import count, date, instant, key, register, text, units


@register("ledger", "The account of every load: rows in = accepted + duplicate + superseded + quarantined")
class Loads(dy.Schema):
    feed = key("Feed of the mapping")
    payload_hash = key("Content hash of the file")
    file_name = key("What the merchant calls the file")
    mapping_hash = text("Hash of the feed's mapping when it was read", nullable=False)
    channel = text("Channel of the feed")
    table_name = text("Ledger table that the feed fills", nullable=False)
    rows_in = count("Rows of the file")
    accepted_rows = count("Rows of documents that are now the ledger's version")
    duplicate_rows = count("Rows of documents whose content the ledger had already")
    superseded_rows = count("Rows of documents of which a newer version is known")
    quarantined_rows = count("Rows that can't be read; a record of which a part is kept is an accepted one")
    stored_rows = count(
        "Rows that the accepted ones put into the ledger: lines of orders, else rows of the table; of a file that came back, of all its loads"
    )
    replaced_rows = count("Earlier rows of the ledger that accepted ones took the place of; likewise")
    landed_at = instant("When the file was last put where the merchant keeps it", nullable=False)
    loaded_at = instant("When it was loaded", nullable=False)


@register("ledger", "Rows that can't be read, each with its reason; personal fields masked")
class Quarantine(dy.Schema):
    feed = key("Feed of the mapping")
    payload_hash = key("Content hash of the file in landing")
    file_name = key("What the merchant calls the file")
    row_number = units(
        "Row of the file, 1 is the first after the heading; the line of JSON lines; the record of a page", primary_key=True
    )
    part = key("Part of a record that can't be read while the rest is kept, such as lineItems.nodes[2]; empty for a whole row")
    document = text("Order or other document it belongs to, where that can be read")
    field = text("Column of the file")
    value = text("What stands there")
    reason = text("Why it can't be read", nullable=False)


@register("loads", "Of what content a step's tables were last made, so that it isn't made again of the same")
class StepInputs(dy.Schema):
    step = key("Step")
    fingerprint = text("Hash of the step's input tables and settings", nullable=False)


@register("loads", "Orders that loads have touched; an empty channel and order stand for all of them")
class TouchedOrders(dy.Schema):
    change = key("Number of the load that touched them, growing", dtype=dy.Int64)
    channel = key("Sales channel")
    order_id = key("Order")


@register(
    "loads",
    "Days and SKUs whose sales entries have changed since sums of them were last made; the first day of all stands for every day",
)
class TouchedDays(dy.Schema):
    business_date = date("Day", primary_key=True)
    sku = key("Stock keeping unit as sold; empty where none is known")


@register(
    "loads",
    "Due dates whose fulfilment lines have changed, or come due, since sums of them were last made; the first day of all stands for every day",
)
class TouchedDueDates(dy.Schema):
    ship_by_date = date("Date due", primary_key=True)


@register("loads", "Up to which load, of which reference data and code, and as of when the facts per order were last made")
class FactStates(dy.Schema):
    step = key("Step that makes them")
    change = dy.Int64(description="Last load that they hold")
    fingerprint = text("Hash of reference tables, code and settings", nullable=False)
    as_of = instant("Instant that they were judged at", nullable=False)
