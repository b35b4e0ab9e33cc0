"""What the overview asks of a snapshot."""

import duckdb
import polars as pl

Connection = duckdb.DuckDBPyConnection


def key_figures(connection: Connection) -> pl.DataFrame:
    """One row: net sales, orders and late rate of the last 28 days beside the 28 before, and what is open and running out."""
    return connection.sql("""
        WITH clock AS (SELECT as_of::DATE AS today FROM run_info),
        sales AS (
            SELECT sum(reporting_net_sales_amount) FILTER (business_date >= today - 28) AS net_sales,
                   sum(reporting_net_sales_amount) FILTER (business_date < today - 28) AS net_sales_before,
                   sum(orders) FILTER (business_date >= today - 28)::BIGINT AS orders,
                   sum(orders) FILTER (business_date < today - 28)::BIGINT AS orders_before
            FROM daily_sales, clock WHERE business_date >= today - 56 AND business_date < today
        ), late AS (
            SELECT sum(late_lines) FILTER (ship_by_date >= today - 28) / nullif(sum(due_lines) FILTER (ship_by_date >= today - 28), 0) AS late_rate,
                   sum(late_lines) FILTER (ship_by_date < today - 28) / nullif(sum(due_lines) FILTER (ship_by_date < today - 28), 0) AS late_rate_before
            FROM daily_fulfilment, clock WHERE ship_by_date >= today - 56
        )
        SELECT sales.*, late.*,
            (SELECT count(DISTINCT (channel, order_id)) FROM fulfilment_lines WHERE open_units > 0) AS open_orders,
            (SELECT count(*) FROM reorder_suggestions, clock WHERE stock_out_date <= today + 14) AS running_out,
            (SELECT count(*) FROM reorder_suggestions WHERE order_quantity_units > 0) AS suggested_orders,
            (SELECT sum(order_amount) FROM reorder_suggestions) AS suggested_amount
        FROM sales, late
    """).pl()


def sales_by_week(connection: Connection) -> pl.DataFrame:
    """Net sales per week (Monday) and channel over the last 53 whole weeks, reporting currency."""
    return connection.sql("""
        SELECT date_trunc('week', business_date)::DATE AS week, channel, sum(reporting_net_sales_amount)::DOUBLE AS net_sales_amount
        FROM daily_sales, (SELECT date_trunc('week', as_of)::DATE AS this_week FROM run_info)
        WHERE business_date >= this_week - 371 AND business_date < this_week GROUP BY ALL ORDER BY week, channel
    """).pl()


def late_by_week(connection: Connection) -> pl.DataFrame:
    """Share of lines due that were late, per week (Monday) and location, over the last 26 whole weeks."""
    return connection.sql("""
        SELECT date_trunc('week', ship_by_date)::DATE AS week, location_id, sum(late_lines) / sum(due_lines) AS late_rate, sum(due_lines)::BIGINT AS due_lines
        FROM daily_fulfilment, (SELECT date_trunc('week', as_of)::DATE AS this_week FROM run_info)
        WHERE ship_by_date >= this_week - 182 AND ship_by_date < this_week GROUP BY ALL ORDER BY week, location_id
    """).pl()


def best_sellers(connection: Connection, period_days: int) -> pl.DataFrame:
    """The ten best sellers of a period, with the period before."""
    return connection.sql(
        "SELECT sales_rank, sku, description, category, sold_units, net_sales_amount, previous_net_sales_amount FROM best_sellers "
        "WHERE period_days = ? ORDER BY sales_rank, sku LIMIT 10", params=[period_days],
    ).pl()  # fmt: skip


def running_out(connection: Connection) -> pl.DataFrame:
    """SKUs and locations that run out soonest, with what to order."""
    return connection.sql("""
        SELECT sku, description, location_id, available_units, on_order_units, days_of_cover, stock_out_date, order_quantity_units, order_amount
        FROM reorder_suggestions WHERE stock_out_date IS NOT NULL ORDER BY stock_out_date, order_amount DESC NULLS LAST, sku LIMIT 15
    """).pl()


def channels(connection: Connection) -> pl.DataFrame:
    """Orders, sales, lateness and freshness per channel."""
    return connection.sql("SELECT * FROM channel_summary ORDER BY net_sales_amount DESC").pl()
