"""Carriers' scans and labels → the shipments that bear their tracking number. Here: as a function of what the tables hold. Not here: any carrier.

A shipment keeps what its own record tells; what it lacks is taken from the tracked parcel and the label of its number, and taken
back when these say otherwise. Whatever came first, the answer is the same.
"""

import duckdb

from pipelines.warehouse import touched

AGAIN_DAYS = 90  # carriers use a number again after a while: what is further apart in time is another parcel
_NUMBER = "upper(regexp_replace(tracking_number, '[^A-Za-z0-9]', '', 'g'))"  # however it is spaced

_PARCELS = f"""
CREATE OR REPLACE TEMP TABLE parcels AS
SELECT channel, order_id, shipment_id, {_NUMBER} AS number, min(shipped_at) AS shipped_at FROM shipments
WHERE tracking_number IS NOT NULL AND {_NUMBER} IN (SELECT {_NUMBER} FROM {{table}}) GROUP BY ALL
"""
# The nearest in time of a number's trackers or labels tells of a shipment.
_NEAREST = f"""
SELECT p.channel, p.order_id, p.shipment_id, t.* EXCLUDE (channel) FROM parcels p
JOIN (SELECT *, {_NUMBER} AS number, {{at}} AS known_at FROM {{table}} WHERE {{only}}) t USING (number)
WHERE coalesce(t.shop_channel, p.channel) = p.channel AND abs(epoch(p.shipped_at) - epoch(t.known_at)) <= {AGAIN_DAYS} * 86400
QUALIFY row_number() OVER (PARTITION BY p.channel, p.order_id, p.shipment_id ORDER BY abs(epoch(p.shipped_at) - epoch(t.known_at)), t.{{id}}) = 1
"""
# A parcel of several shipments has one label: the first of their rows that tell no cost of their own bears it.
_COSTS = """
SELECT s.rowid AS place, m.label_id, m.currency_code,
       CASE WHEN row_number() OVER (PARTITION BY m.label_id ORDER BY s.channel, s.order_id, s.shipment_id, s.line_number) = 1
            THEN m.label_cost_amount ELSE 0 END AS cost
FROM shipments s JOIN matched m USING (channel, order_id, shipment_id) WHERE s.label_cost_amount IS NULL OR s.label_id IS NOT NULL
"""
_STAGES = """
SELECT channel, order_id, kind AS event_kind, shipment_id AS event_number, moment AS occurred_at, feed, tracker_id AS document_id
FROM (SELECT *, unnest(['labelled', 'first_scan']) AS kind, unnest([labelled_at, first_scan_at]) AS moment FROM matched) WHERE moment IS NOT NULL
"""
WAITING = f"""
SELECT feed, count(*) AS parcels, max_by(tracking_number, moment) AS newest FROM (
    SELECT feed, tracking_number, tracked_at AS moment FROM tracked_parcels UNION ALL
    SELECT feed, tracking_number, bought_at FROM shipping_labels WHERE NOT is_return
) WHERE {_NUMBER} NOT IN (SELECT {_NUMBER} FROM shipments WHERE tracking_number IS NOT NULL) GROUP BY feed ORDER BY feed
"""


def track(connection: duckdb.DuckDBPyConnection) -> int:
    """Gives shipments the arrivals and costs that carriers tell, and their orders the stages; returns how many rows changed."""
    connection.begin()
    try:
        changed = _arrivals(connection) if _holds(connection, "tracked_parcels") else 0
        changed += _labels(connection) if _holds(connection, "shipping_labels") else 0
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return changed


def waiting(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A sentence per feed of parcels and labels whose tracking number no shipment bears yet."""
    return {
        feed: f"{parcels:,} wait for a shipment with their tracking number (the newest: {newest}); connect the channel that sent them, "
        "or map a file of shipments with tracking_number."
        for feed, parcels, newest in connection.sql(WAITING).fetchall()
    }


def _holds(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(connection.sql(f"SELECT EXISTS (FROM {table})").fetchall()[0][0])


def _match(connection: duckdb.DuckDBPyConnection, table: str, at: str, key: str, only: str = "true") -> None:
    connection.execute(_PARCELS.format(table=table)).fetchall()
    nearest = _NEAREST.format(table=table, at=at, id=key, only=only)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE matched AS {nearest}").fetchall()


def _arrivals(connection: duckdb.DuckDBPyConnection) -> int:
    _match(connection, "tracked_parcels", "tracked_at", "tracker_id")
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE changes AS
        SELECT s.rowid AS place, s.channel, s.order_id, m.delivered_at, CASE WHEN m.delivered_at IS NOT NULL THEN m.tracker_id END AS tracker_id
        FROM shipments s LEFT JOIN matched m USING (channel, order_id, shipment_id)
        WHERE (s.delivered_at IS NULL OR s.delivery_tracker_id IS NOT NULL)
          AND (s.delivered_at IS DISTINCT FROM m.delivered_at
               OR s.delivery_tracker_id IS DISTINCT FROM CASE WHEN m.delivered_at IS NOT NULL THEN m.tracker_id END)
    """).fetchall()
    changed = _tell(connection, "SELECT channel, order_id FROM changes")
    if changed:
        connection.execute(
            "UPDATE shipments s SET delivered_at = c.delivered_at, delivery_tracker_id = c.tracker_id FROM changes c WHERE s.rowid = c.place"
        ).fetchall()
    return changed + _events(connection)


def _events(connection: duckdb.DuckDBPyConnection) -> int:
    """Labels and first scans as events of the orders; where another feed tells the same one, it is told once."""
    ours = "feed IN (SELECT DISTINCT feed FROM tracked_parcels)"
    key = "channel, order_id, event_kind, event_number"
    wanted = f"SELECT * FROM ({_STAGES}) ANTI JOIN (SELECT {key} FROM order_events WHERE NOT {ours}) USING ({key})"
    columns = f"{key}, occurred_at, feed, document_id"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stages AS SELECT {columns} FROM ({wanted})").fetchall()
    gone = f"SELECT rowid AS place, channel, order_id FROM order_events ANTI JOIN stages USING ({columns}) WHERE {ours}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {gone}").fetchall()
    new = f"SELECT * FROM stages ANTI JOIN (SELECT {columns} FROM order_events WHERE {ours}) USING ({columns})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE new AS {new}").fetchall()
    changed = _tell(connection, "SELECT channel, order_id FROM gone UNION ALL SELECT channel, order_id FROM new")
    if changed:
        connection.execute("DELETE FROM order_events WHERE rowid IN (SELECT place FROM gone)").fetchall()
        connection.execute("INSERT INTO order_events BY NAME SELECT * FROM new").fetchall()
    return changed


def _labels(connection: duckdb.DuckDBPyConnection) -> int:
    _match(connection, "shipping_labels", "bought_at", "label_id", "NOT is_return")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE changes AS
        SELECT s.rowid AS place, s.channel, s.order_id, c.cost, c.currency_code, c.label_id
        FROM shipments s LEFT JOIN ({_COSTS}) c ON s.rowid = c.place
        WHERE (s.label_cost_amount IS NULL OR s.label_id IS NOT NULL)
          AND (s.label_cost_amount, s.label_currency_code, s.label_id) IS DISTINCT FROM (c.cost, c.currency_code, c.label_id)
    """).fetchall()
    changed = _tell(connection, "SELECT channel, order_id FROM changes")
    if changed:
        connection.execute(
            "UPDATE shipments s SET label_cost_amount = c.cost, label_currency_code = c.currency_code, label_id = c.label_id "
            "FROM changes c WHERE s.rowid = c.place"
        ).fetchall()
    return changed


def _tell(connection: duckdb.DuckDBPyConnection, orders: str) -> int:
    """Notes the orders that are about to change; returns how many rows of them there are."""
    rows = int(connection.sql(f"SELECT count(*) FROM ({orders})").fetchall()[0][0])
    if rows:
        touched.tell(connection, orders, rows)
    return rows
