"""What a channel does that a person must look at: another currency, a listing that is another product now. Here: sentences. Not here: mending."""

from collections.abc import Mapping

import duckdb
import polars as pl

from pipelines.channels.mapping import Config
from pipelines.contracts import table
from pipelines.ledger.tracking import waiting

RECENT_DAYS = 90  # before the newest order: what changed earlier was looked at, or nobody minds
_CURRENCIES = (
    "SELECT channel, currency_code, count(*) AS orders, min(business_date) AS since FROM orders GROUP BY ALL ORDER BY ALL"
)
_RECENT = f"""
SELECT l.channel, l.listing_id, l.listed_sku, l.sku, o.business_date FROM order_lines l JOIN orders o USING (channel, order_id)
WHERE l.listing_id IS NOT NULL AND l.listed_sku IS NOT NULL AND o.business_date >= (SELECT max(business_date) FROM orders) - {RECENT_DAYS}
"""
# The crosswalk says one product, and the channel names another one that the merchant has too.
_REUSED = f"""
SELECT channel, count(DISTINCT listing_id) AS listings, arg_max(listing_id, business_date) AS listing_id, arg_max(sku, business_date) AS sku,
       arg_max(listed_sku, business_date) AS listed_sku, min(business_date) AS since
FROM ({_RECENT}) WHERE sku <> listed_sku AND listed_sku IN (SELECT sku FROM products) GROUP BY channel ORDER BY channel
"""
# The channel names one and the same listing by two SKUs, one after the other.
_RENAMED = f"""
WITH spans AS (SELECT channel, listing_id, listed_sku, min(business_date) AS first_date, max(business_date) AS last_date FROM ({_RECENT}) GROUP BY ALL),
changed AS (
    SELECT a.channel, a.listing_id, a.listed_sku AS before, b.listed_sku AS after, b.first_date AS since
    FROM spans a JOIN spans b USING (channel, listing_id) WHERE a.listed_sku <> b.listed_sku AND a.last_date <= b.first_date AND a.first_date < b.first_date
)
SELECT channel, count(DISTINCT listing_id) AS listings, arg_max(listing_id, since) AS listing_id, arg_max(before, since) AS before,
       arg_max(after, since) AS after, max(since) AS since
FROM changed GROUP BY channel ORDER BY channel
"""


def all_notes(connection: duckdb.DuckDBPyConnection, config: Config, shops: Mapping[str, str]) -> pl.DataFrame:
    """The table channel_notes: flags, parcels and labels that wait for a shipment, and what `shops` have changed of themselves."""
    found = flags(connection, config)
    for name, sentence in (*shops.items(), *waiting(connection).items()):
        found.setdefault(name, []).append(sentence)
    rows = [(name, number, sentence) for name, sentences in sorted(found.items()) for number, sentence in enumerate(sentences, 1)]
    return table("channel_notes").conform(pl.DataFrame(rows, schema=["channel", "note_number", "sentence"], orient="row"))


def flags(connection: duckdb.DuckDBPyConnection, config: Config) -> dict[str, list[str]]:
    """Sentences per channel; empty where all is as the configuration and the crosswalk say."""
    configured = {channel.name: channel.currency for channel in config.channels if channel.currency}
    found: dict[str, list[str]] = {}
    for channel, currency, orders, since in connection.sql(_CURRENCIES).fetchall():
        if currency != configured.get(channel, currency):
            found.setdefault(channel, []).append(
                f"{orders:,} orders since {since} are in {currency}, the configuration says {configured[channel]}; they are kept in their "
                "own currency. Mend `currency` where the shop has changed it."
            )
    for channel, listings, listing, sku, listed, since in connection.sql(_REUSED).fetchall():
        found.setdefault(channel, []).append(
            f"{listings:,} listings are another product by the crosswalk than the channel says, such as {listing}: {sku} by the crosswalk, "
            f"{listed} by the channel since {since}. Where it was reused, add an entry to `listings` from that day."
        )
    for channel, listings, listing, before, after, since in connection.sql(_RENAMED).fetchall():
        found.setdefault(channel, []).append(
            f"{listings:,} listings have another SKU than before, such as {listing}: {before}, since {since} {after}. Each order keeps the SKU "
            "that it was sold as; where it is the same product, enter the successor with `fulcast know`."
        )
    return found
