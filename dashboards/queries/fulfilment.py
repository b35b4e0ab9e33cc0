"""What the page Fulfilment asks of a snapshot."""

import duckdb
import polars as pl

from dashboards.filters import Chosen

Connection = duckdb.DuckDBPyConnection
COLUMNS = {"channel": "channel", "location_id": "location_id", "ship_to_country_code": "ship_to_country_code"}
STAGES = {"To payment": "to_paid_hours", "To allocation": "to_allocated_hours", "To picking": "to_picked_hours", "To packing": "to_packed_hours",
          "To shipping": "to_shipped_hours", "To first scan": "to_first_scan_hours", "In transit": "to_delivered_hours"}  # fmt: skip


def is_recorded(connection: Connection) -> pl.DataFrame:
    """Whether any channel's shipments are loaded."""
    return connection.sql("SELECT count(first_shipped_at) > 0 AS is_recorded FROM channel_records").pl()


def funnel(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """How many of the period's orders that must leave a building have reached each stage."""
    condition, values = chosen.condition(COLUMNS)
    return connection.sql(f"""
        WITH lives AS (SELECT * FROM order_lives WHERE is_shipped_from_stock AND business_date BETWEEN ? AND ? AND {condition})
        SELECT stage, orders FROM (
            SELECT 1 AS step, 'placed' AS stage, count(*) AS orders FROM lives
            UNION ALL SELECT 2, 'paid', count(paid_at) FROM lives UNION ALL SELECT 3, 'allocated', count(allocated_at) FROM lives
            UNION ALL SELECT 4, 'picked', count(picked_at) FROM lives UNION ALL SELECT 5, 'packed', count(packed_at) FROM lives
            UNION ALL SELECT 6, 'shipped', count(shipped_at) FROM lives UNION ALL SELECT 7, 'delivered', count(delivered_at) FROM lives
        ) WHERE orders > 0 ORDER BY step
    """, params=[chosen.since, chosen.until, *values]).pl()  # fmt: skip


def ageing(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """Open orders by how long ago they were placed, whenever that was."""
    condition, values = chosen.condition(COLUMNS)
    return connection.sql(f"""
        SELECT CASE WHEN days < 1 THEN '1: under a day' WHEN days < 2 THEN '2: 1–2 days' WHEN days < 4 THEN '3: 2–4 days' WHEN days < 7 THEN '4: 4–7 days'
                    ELSE '5: over a week' END AS age, order_state, count(*) AS orders, sum(reporting_total_amount)::DOUBLE AS total_amount
        FROM (SELECT *, epoch((SELECT as_of FROM run_info) - placed_at) / 86400 AS days FROM order_lives WHERE is_open AND
            {condition}) GROUP BY ALL ORDER BY age
    """, params=values).pl()  # fmt: skip


def stage_times(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """Hours per stage: how many orders, the median, the 90th and 95th percentile, for the period's orders."""
    condition, values = chosen.condition(COLUMNS)
    parts = " UNION ALL ".join(
        f"SELECT {number} AS step, '{title}' AS stage, count({column}) AS orders, quantile_cont({column}, [0.1, 0.5, 0.9, 0.95]) AS q FROM lives"
        for number, (title, column) in enumerate(STAGES.items())
    )
    return connection.sql(f"""
        WITH lives AS (SELECT * FROM order_lives WHERE business_date BETWEEN ? AND ? AND {condition})
        SELECT stage, orders, q[1] AS p10_hours, q[2] AS p50_hours, q[3] AS p90_hours, q[4] AS p95_hours FROM ({parts}) WHERE orders > 0 ORDER BY step
    """, params=[chosen.since, chosen.until, *values]).pl()  # fmt: skip


def shipping_hours(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """How the period's orders spread over hours from placing to leaving, in steps of six hours, by warehouse."""
    condition, values = chosen.condition(COLUMNS)
    return connection.sql(f"""
        SELECT location_id, least(floor(placed_to_shipped_hours / 6) * 6, 120)::BIGINT AS hours, count(*) AS orders FROM order_lives
        WHERE placed_to_shipped_hours IS NOT NULL AND business_date BETWEEN ? AND ? AND {condition} GROUP BY ALL ORDER BY ALL
    """, params=[chosen.since, chosen.until, *values]).pl()  # fmt: skip


def places(connection: Connection) -> pl.DataFrame:
    """Where warehouses are."""
    return connection.sql("SELECT location_id, location_name, latitude, longitude FROM locations WHERE latitude IS NOT NULL").pl()


def at_risk(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """Open lines, late ones and the likeliest to be late first."""
    condition, values = chosen.condition({"channel": "channel", "location_id": "location_id"})
    return connection.sql(f"""
        SELECT channel, order_id, sku, location_id, ship_by_bucket, late_probability, ship_by_at, hours_left, open_units, at_risk_amount, is_expedited
        FROM ship_risk WHERE {condition} ORDER BY late_probability DESC, at_risk_amount DESC NULLS LAST, order_id
    """, params=values).pl()  # fmt: skip


def scorecards(connection: Connection) -> pl.DataFrame:
    """Marketplaces' judgements, the nearest to breach first."""
    return connection.sql("""
        SELECT channel, platform, component, standing, rate, mature_rate, bound_rate, is_floor, days_to_breach, bad, counted, window_days,
            reported_rate, difference_rate, meaning
        FROM channel_scorecards ORDER BY days_to_breach NULLS LAST, channel, component
    """).pl()


def carriers(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """Carriers side by side on the same work: days in transit against what all carriers take for the same origin, destination, service and month of leaving.

    `slower_rate` is the mean of a parcel's time ÷ the median of its lane and month, less 1; lanes that one carrier serves alone
    say nothing and are left out of it.
    """
    condition, values = chosen.condition(
        {"location_id": "location_id", "ship_to_country_code": "ship_to_country_code", "channel": "channel"}
    )
    return connection.sql(f"""
        WITH parcels AS (
            SELECT carrier_code, location_id || ' → ' || ship_to_country_code || ' ' || coalesce(service_level, '')
                   || strftime(shipped_at, ' %m') AS lane,
                   to_delivered_hours / 24 AS days FROM order_lives
            WHERE carrier_code IS NOT NULL AND to_delivered_hours > 0 AND business_date BETWEEN ? AND ? AND {condition}
        ), lanes AS (SELECT lane, median(days) AS usual, count(DISTINCT carrier_code) AS carriers FROM parcels GROUP BY lane)
        SELECT carrier_code, count(*) AS parcels, median(days) AS p50_days, quantile_cont(days, 0.95) AS p95_days,
               avg(days / usual) FILTER (carriers > 1) - 1 AS slower_rate, count(*) FILTER (carriers > 1) AS compared_parcels
        FROM parcels JOIN lanes USING (lane) GROUP BY carrier_code ORDER BY slower_rate NULLS LAST, carrier_code
    """, params=[chosen.since, chosen.until, *values]).pl()  # fmt: skip
