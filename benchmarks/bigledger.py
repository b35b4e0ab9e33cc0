"""A ledger of any size, made inside DuckDB: two years of orders on three channels with lines, parcels, payments and returns. Not a merchant's behaviour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.contracts import table
from pipelines.ledger.calendar import retail_calendar
from pipelines.warehouse.duckdb import Warehouse, insert

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
DAYS, SKUS, CUSTOMERS_PER_ORDER = 730, 5_000, 0.4
STAMP = "'bench' AS feed, '' AS source_version, '' AS payload_version, '' AS payload_hash"
ORDERS = f"""
SELECT n, 'c' || (n % 3)::VARCHAR AS channel, 'o' || lpad(n::VARCHAR, 9, '0') AS order_id, 'sale' AS order_kind,
       TIMESTAMPTZ '{(AS_OF - timedelta(days=DAYS)).isoformat()}' + to_seconds((n * {DAYS * 86_400}::BIGINT // orders)::BIGINT) AS ordered_at,
       ordered_at::DATE AS business_date, 'EUR' AS currency_code, 'k' || (hash(n) % (orders * {CUSTOMERS_PER_ORDER})::BIGINT)::VARCHAR AS customer_key,
       n % 997 = 0 AS is_test, n % 20 = 0 AS is_expedited, n % 50 = 0 AS is_gift, false AS is_customised, n % 40 = 0 AS has_note, false AS is_changed,
       n % 41 = 0 AS is_cancelled, CASE WHEN n % 41 = 0 THEN CASE n % 2 WHEN 0 THEN 'seller' ELSE 'customer' END END AS cancelled_by,
       CASE WHEN n % 41 = 0 THEN ordered_at + INTERVAL 1 HOUR END AS cancelled_at, 'paid' AS payment_status, ordered_at + INTERVAL 5 MINUTE AS paid_at,
       ordered_at + INTERVAL 48 HOUR AS ship_by_at, ordered_at + INTERVAL 7 DAY AS deliver_by_at, ['DE', 'NL', 'FR', 'US'][1 + (hash(n + 1) % 4)::INTEGER] AS ship_to_country_code,
       'W' || (n % 4)::VARCHAR AS location_id, 'standard' AS service_level, 0 AS gross_amount, 0 AS discount_amount, 0 AS shipping_amount, 0 AS tax_amount, 0 AS duty_amount,
       (10 + n % 90)::DECIMAL(18, 4) AS total_amount, true AS is_balanced, false AS is_incomplete, {STAMP}
FROM (SELECT range AS n, {{orders}} AS orders FROM range({{orders}}))
"""  # noqa: E501
LINES = f"""
SELECT channel, order_id, line_number, 's' || (hash(n * 3 + line_number) % {SKUS})::VARCHAR AS sku, sku AS listed_sku, 'Article ' || sku AS description, ordered_at AS line_at,
       1 + (hash(n + line_number) % 3)::BIGINT AS ordered_units, CASE WHEN is_cancelled THEN ordered_units ELSE 0 END AS cancelled_units,
       (5 + hash(n) % 40)::DECIMAL(18, 4) AS unit_price_amount, unit_price_amount * ordered_units AS gross_amount, 0 AS discount_amount, gross_amount AS net_amount,
       CASE WHEN is_cancelled THEN gross_amount ELSE 0 END AS cancelled_gross_amount, 0 AS cancelled_discount_amount, 0 AS shipping_amount, 0 AS tax_amount, 0 AS duty_amount,
       'EUR' AS currency_code, true AS is_goods, false AS is_gift_card, {STAMP} FROM numbered, range(1, 3) r(line_number)
"""  # noqa: E501
SHIPMENTS = f"""
SELECT l.channel, 'p' || n::VARCHAR || '-' || line_number::VARCHAR AS shipment_id, 1 AS line_number, l.order_id, NULL AS line_id, sku, ordered_units AS shipped_units,
       ordered_at + to_hours((4 + hash(n) % 60)::BIGINT) AS shipped_at, CASE WHEN n % 10 < 9 THEN shipped_at + to_hours((24 + hash(n + 5) % 120)::BIGINT) END AS delivered_at,
       o.location_id, ['DHL', 'UPS', 'PostNL'][1 + (hash(n) % 3)::INTEGER] AS carrier_code, 'standard' AS service_level, {STAMP}
FROM order_lines l JOIN numbered o USING (channel, order_id) WHERE NOT is_cancelled AND ordered_at + to_hours((4 + hash(n) % 60)::BIGINT) < TIMESTAMPTZ '{AS_OF.isoformat()}'
"""  # noqa: E501
PAYMENTS = f"""
SELECT channel, 'pay' || n::VARCHAR AS payment_id, order_id, 'capture' AS payment_kind, 'card' AS method,
       total_amount - CASE WHEN n % 211 = 0 THEN 1 ELSE 0 END AS amount, 'EUR' AS currency_code, paid_at, {STAMP}
FROM numbered WHERE channel = 'c0'
"""
RETURNS = f"""
SELECT l.channel, 'r' || n::VARCHAR AS return_id, 1 AS line_number, l.order_id, NULL AS line_id, sku, 1 AS returned_units, unit_price_amount AS refund_amount,
       'EUR' AS currency_code, ordered_at + INTERVAL 12 DAY AS returned_at, (ordered_at + INTERVAL 12 DAY)::DATE AS business_date, 'too small' AS reason, {STAMP}
FROM order_lines l JOIN numbered o USING (channel, order_id) WHERE n % 33 = 0 AND line_number = 1 AND NOT is_cancelled AND returned_at < TIMESTAMPTZ '{AS_OF.isoformat()}'
"""  # noqa: E501
PRODUCTS = f"""
SELECT 's' || n::VARCHAR AS sku, 'Article s' || n::VARCHAR AS description, 'Category ' || (n % 20)::VARCHAR AS category, 'Brand ' || (n % 50)::VARCHAR AS brand,
       'style' || (n // 4)::VARCHAR AS style_id, {STAMP} FROM range({SKUS}) r(n)
"""
COSTS = f"""
SELECT 's' || n::VARCHAR AS sku, DATE '{{first}}' + 200 * p::INTEGER AS valid_from_date, (2 + n % 9)::DECIMAL(18, 4) AS unit_cost_amount,
       'EUR' AS currency_code, {STAMP} FROM range({SKUS}) r(n), range(3) q(p)
"""


def make(path: Path, lines: int) -> Warehouse:
    """A warehouse with about that many order lines, two per order; made once."""
    warehouse = Warehouse(path)
    if path.exists():
        return warehouse
    first, last = (AS_OF - timedelta(days=DAYS)).date(), AS_OF.date()
    with warehouse.open() as connection:
        connection.execute(f"CREATE TEMP TABLE numbered AS {ORDERS.format(orders=lines // 2)}").fetchall()
        _fill(connection, "orders", "SELECT * EXCLUDE (n) FROM numbered")
        for name, sql in (("order_lines", LINES), ("shipments", SHIPMENTS), ("payments", PAYMENTS), ("returns", RETURNS)):
            _fill(connection, name, sql)
        days = f"range(DATE '{first}', DATE '{last}' + 2, INTERVAL 1 DAY) r(day)"
        rates = "SELECT 'EUR' AS currency_code, day::DATE AS rate_date, 1 AS reporting_rate, false AS is_rate_provisional"
        _fill(connection, "fx_rates", f"{rates} FROM {days}")
        _fill(connection, "products", PRODUCTS)
        _fill(connection, "product_costs", COSTS.format(first=first))
        insert(connection, "retail_calendar", retail_calendar("ISO", first - timedelta(days=800), last + timedelta(days=100)))
    return warehouse


def _fill(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE filling AS {sql}").fetchall()
    held = {row[0] for row in connection.execute("DESCRIBE filling").fetchall()}
    columns = ", ".join(name for name in table(name).columns if name in held)
    connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM filling").fetchall()
