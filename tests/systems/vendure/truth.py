"""What a Vendure shop has in its database, and what the ledger made of it, side by side. Not here: how Fulcast asks the shop."""

import polars as pl

from pipelines.warehouse.duckdb import Warehouse
from tests.systems.postgres import Database

# Per thing: what the shop's own tables say, and the same of the ledger. Amounts in cents, everything as text.
COMPARED = {
    "what was placed came to what was paid for it": (
        """SELECT o.id AS id, o.code AS code, sum(p.amount) AS cents FROM "order" o JOIN payment p ON p."orderId" = o.id
           WHERE o."orderPlacedAt" IS NOT NULL GROUP BY o.id, o.code""",
        "SELECT order_id AS id, order_number AS code, (total_amount * 100)::BIGINT AS cents FROM orders",
    ),
    "what is left on each line": (
        """SELECT l.id AS id, v.sku AS sku, l.quantity AS left
           FROM order_line l JOIN product_variant v ON v.id = l."productVariantId" JOIN "order" o ON o.id = l."orderId" WHERE o."orderPlacedAt" IS NOT NULL""",
        """SELECT line_id AS id, l.sku AS sku, ordered_units - cancelled_units - coalesce(r.units, 0) AS "left" FROM order_lines l
           LEFT JOIN (SELECT line_id, sum(returned_units)::BIGINT AS units FROM returns GROUP BY line_id) r USING (line_id) WHERE is_goods""",
    ),
    "what came back had left": (
        """SELECT l.id AS id, f.units - l.quantity AS units FROM order_line l JOIN (SELECT r."orderLineId" AS id, sum(r.quantity) AS units
           FROM order_line_reference r JOIN fulfillment f ON f.id = r."fulfillmentId" WHERE f.state IN ('Shipped', 'Delivered') GROUP BY 1) f ON f.id = l.id
           WHERE f.units > l.quantity""",
        "SELECT line_id AS id, sum(returned_units)::BIGINT AS units FROM returns GROUP BY line_id",
    ),
    "orders that were cancelled before anything left": (
        """SELECT o.id AS id FROM "order" o WHERE o.state = 'Cancelled' AND NOT EXISTS (SELECT 1 FROM order_fulfillments_fulfillment j JOIN fulfillment f
           ON f.id = j."fulfillmentId" WHERE j."orderId" = o.id AND f.state IN ('Shipped', 'Delivered'))""",
        "SELECT order_id AS id FROM orders WHERE is_cancelled",
    ),
    "payments": (
        """SELECT id AS id, "orderId" AS order_id, amount AS cents,
           CASE state WHEN 'Settled' THEN 'capture' WHEN 'Authorized' THEN 'authorisation' ELSE state END AS kind
           FROM payment WHERE "orderId" IS NOT NULL""",
        """SELECT payment_id AS id, order_id, (amount * 100)::BIGINT AS cents, payment_kind AS kind FROM payments WHERE payment_id NOT LIKE 'refund-%'""",
    ),
    "refunds as payments": (
        "SELECT id AS id, total AS cents, CASE state WHEN 'Settled' THEN 'refund' WHEN 'Pending' THEN 'pending' ELSE state END AS kind FROM refund",
        "SELECT replace(payment_id, 'refund-', '') AS id, (amount * 100)::BIGINT AS cents, payment_kind AS kind FROM payments WHERE payment_id LIKE 'refund-%'",
    ),
    "refunds": (
        "SELECT id AS id, total AS cents FROM refund WHERE state = 'Settled'",
        "SELECT refund_id AS id, (sum(total_amount) * 100)::BIGINT AS cents FROM refunds GROUP BY refund_id",
    ),
    "parcels": (
        """SELECT f.id AS id, r."orderLineId" AS line_id, r.quantity AS units, CASE f.state WHEN 'Delivered' THEN 'yes' ELSE 'no' END AS arrived
           FROM fulfillment f JOIN order_line_reference r ON r."fulfillmentId" = f.id WHERE f.state IN ('Shipped', 'Delivered')""",
        "SELECT shipment_id AS id, line_id, shipped_units AS units, CASE WHEN delivered_at IS NULL THEN 'no' ELSE 'yes' END AS arrived FROM shipments",
    ),
    "stock": (
        """SELECT v.sku AS id, s."stockOnHand" AS units, greatest(s."stockOnHand" - s."stockAllocated", 0) AS available FROM stock_level s
           JOIN product_variant v ON v.id = s."productVariantId" """,
        "SELECT DISTINCT ON (sku) sku AS id, on_hand_units AS units, available_units AS available FROM stock_levels ORDER BY observed_at DESC",
    ),
    "products": (
        """SELECT v.sku AS id, t.name AS name FROM product_variant v JOIN product_variant_translation t ON t."baseId" = v.id""",
        "SELECT sku AS id, description AS name FROM products",
    ),
    "orders that don't sum up": (
        "SELECT 1 AS id WHERE false",
        "SELECT order_id AS id FROM orders WHERE NOT is_balanced OR is_incomplete",
    ),
    "what can't be read": ("SELECT 1 AS id WHERE false", "SELECT document AS id FROM quarantine"),
}


def differences(database: Database, warehouse: Warehouse) -> list[str]:
    """A sentence for everything that the shop and the ledger tell otherwise, with one example."""
    found = []
    for what, (of_shop, of_ledger) in COMPARED.items():
        has = database.read(of_shop)
        holds = warehouse.query(of_ledger).select(pl.col(has.columns).cast(pl.String))
        lacking, extra = has.join(holds, on=has.columns, how="anti"), holds.join(has, on=has.columns, how="anti")
        if lacking.height or extra.height or has.height != holds.height:
            found.append(f"{what}: shop {lacking.rows()[:3]}, ledger {extra.rows()[:3]} of {has.height}")
    return found


def dates(database: Database) -> dict[str, str]:
    """The modified date of every order, as the shop tells it: to the millisecond, which is all that is left where a row is written again."""
    told = database.read(
        """SELECT id, date_trunc('milliseconds', "updatedAt") AS at FROM "order" WHERE "orderPlacedAt" IS NOT NULL"""
    )
    return dict(told.iter_rows())
