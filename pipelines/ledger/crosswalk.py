"""Channels' listings → SKUs. Here: the crosswalk applied to the record, as a function of what it holds. Not here: suggestions (marts)."""

import duckdb
import polars as pl

from pipelines.warehouse import touched

# A listing is known by the channel's id of it or by the SKU that the channel states; from a day on, until the next entry or its end.
_SPANS = """
SELECT channel, listing_id, sku, valid_from_date,
       coalesce(valid_to_date, lead(valid_from_date) OVER (PARTITION BY channel, listing_id ORDER BY valid_from_date) - 1, DATE '9999-12-31') AS valid_to_date
FROM listings
"""
_RESOLVED = f"""
WITH spans AS ({_SPANS}), given AS (
    SELECT l.channel, l.order_id, l.line_number, l.listing_id, l.listed_sku, l.sku, o.business_date
    FROM order_lines l JOIN orders o USING (channel, order_id)
    WHERE l.sku IS DISTINCT FROM l.listed_sku
       OR l.listing_id IN (SELECT listing_id FROM listings) OR l.listed_sku IN (SELECT listing_id FROM listings)
)
SELECT g.channel, g.order_id, g.line_number, coalesce(by_id.sku, by_sku.sku, g.listed_sku) AS sku
FROM given g
LEFT JOIN spans by_id ON g.channel = by_id.channel AND g.listing_id = by_id.listing_id
    AND g.business_date BETWEEN by_id.valid_from_date AND by_id.valid_to_date
LEFT JOIN spans by_sku ON g.channel = by_sku.channel AND g.listed_sku = by_sku.listing_id
    AND g.business_date BETWEEN by_sku.valid_from_date AND by_sku.valid_to_date
WHERE coalesce(by_id.sku, by_sku.sku, g.listed_sku) IS DISTINCT FROM g.sku
"""


def resolve(connection: duckdb.DuckDBPyConnection) -> int:
    """Gives every order line its SKU by the crosswalk, and parcels, returns and refunds that of their line; returns how many lines changed.

    The answer depends on the tables alone, not on what arrived first: a line whose listing no entry names has the SKU that
    the channel states. A listing that was reused for another product keeps its earlier orders' SKU by the entries' dates.
    """
    connection.begin()
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE resolved AS {_RESOLVED}").fetchall()
        changed = int(connection.sql("SELECT count(*) FROM resolved").fetchall()[0][0])
        if changed:
            touched.tell(connection, "SELECT channel, order_id FROM resolved", changed)
            connection.execute(
                "UPDATE order_lines l SET sku = r.sku FROM resolved r WHERE l.channel = r.channel AND l.order_id = r.order_id AND l.line_number = r.line_number"
            ).fetchall()
        for name in ("shipments", "returns", "refunds"):
            named = connection.execute(
                f"UPDATE {name} t SET sku = l.sku FROM order_lines l WHERE t.line_id IS NOT NULL AND t.sku IS DISTINCT FROM l.sku "
                f"AND (t.sku IS NULL{' OR (t.channel, t.order_id) IN (SELECT (channel, order_id) FROM resolved)' if changed else ''}) "
                "AND l.sku IS NOT NULL AND t.channel = l.channel AND t.order_id = l.order_id AND t.line_id = l.line_id "
                "RETURNING t.channel, t.order_id"
            ).fetchall()
            if named:
                orders = pl.DataFrame(named, schema={"channel": pl.String, "order_id": pl.String}, orient="row")
                connection.register("named_orders", orders.to_arrow())
                touched.tell(connection, "SELECT channel, order_id FROM named_orders", orders.height)
                connection.unregister("named_orders")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return changed
