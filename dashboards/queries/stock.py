"""What the page Stock asks of a snapshot."""

import duckdb
import polars as pl

from dashboards.filters import Chosen

Connection = duckdb.DuckDBPyConnection
COLUMNS = {"category": "h.category", "location_id": "h.location_id"}
VIEWS = {
    "Sold out": "h.on_hand_units <= 0 AND h.demand_28d_units > 0",
    "Runs out in 14 days": "s.stock_out_date <= h.as_of_date + 14",
    "Excess": "h.excess_units > 0",
    "Dead": "h.is_dead",
    "Everything": "true",
}


def shelves(connection: Connection, chosen: Chosen, view: str) -> pl.DataFrame:
    """Positions of a view, the most money first."""
    condition, values = chosen.condition(COLUMNS)
    return connection.sql(f"""
        SELECT h.sku, h.description, h.location_id, h.on_hand_units, h.available_units, h.on_order_units, h.in_transit_units, h.demand_28d_units,
               h.forecast_90d_units,
            s.days_of_cover,
               s.stock_out_date, h.lost_28d_units, h.excess_units, h.stock_value_amount, h.excess_value_amount, h.last_received_at,
                   h.last_demand_date, h.category
        FROM inventory_health h LEFT JOIN reorder_suggestions s USING (location_id, sku) WHERE {VIEWS[view]} AND {condition}
        ORDER BY coalesce(h.excess_value_amount, 0) + coalesce(h.lost_28d_units, 0) DESC, h.demand_28d_units DESC, h.sku, h.location_id
    """, params=values).pl()  # fmt: skip


def sell_through(connection: Connection) -> pl.DataFrame:
    """How much of what could be sold was sold, the slowest with the most on hand first."""
    return connection.sql("""
        SELECT s.sku, a.description, a.category, s.period_days, s.opening_units, s.received_units, s.net_units, s.sell_through_rate
        FROM sell_through s LEFT JOIN sku_attributes a USING (sku) WHERE s.sell_through_rate IS NOT NULL
        ORDER BY s.period_days DESC, s.sell_through_rate, s.opening_units DESC, s.sku
    """).pl()


def missing_on_channels(connection: Connection) -> pl.DataFrame:
    """What channels have been selling and can't have now, the most wanted first."""
    return connection.sql("""
        SELECT c.channel, c.sku, a.description, a.category, c.demand_91d_units, c.available_units
        FROM channel_availability c LEFT JOIN sku_attributes a USING (sku)
        WHERE NOT c.is_available ORDER BY c.demand_91d_units DESC, c.channel, c.sku
    """).pl()


def by_category(connection: Connection, chosen: Chosen) -> pl.DataFrame:
    """Stock at cost per category: what is wanted within 90 days, and what stands beyond."""
    condition, values = chosen.condition(COLUMNS)
    return connection.sql(f"""
        SELECT coalesce(h.category, '(none)') AS category, sum(h.stock_value_amount - coalesce(h.excess_value_amount, 0))::DOUBLE AS wanted,
               sum(h.excess_value_amount)::DOUBLE AS excess
        FROM inventory_health h WHERE {condition} GROUP BY ALL HAVING sum(h.stock_value_amount) > 0 ORDER BY wanted + excess DESC
    """, params=values).pl()  # fmt: skip


def order_messages(connection: Connection) -> pl.DataFrame:
    """What to ask suppliers for, the most money first, at risk or in cash; lines that may come as they are due are left out."""
    return connection.sql("""
        WITH priced AS (SELECT sku, location_id, coalesce(price_amount, unit_cost_amount::DOUBLE) AS price_amount FROM reorder_suggestions)
        SELECT m.action, m.supplier_id, m.purchase_order_id, m.sku, a.description, m.location_id, m.expected_at, m.open_units, m.message_units,
               m.at_risk_units, m.at_risk_units * p.price_amount AS at_risk_amount, m.cash_effect_amount, m.reason
        FROM open_order_messages m LEFT JOIN sku_attributes a USING (sku) LEFT JOIN priced p USING (sku, location_id)
        WHERE m.action <> 'none'
        ORDER BY greatest(at_risk_amount, abs(m.cash_effect_amount)::DOUBLE) DESC NULLS LAST, m.at_risk_units DESC NULLS LAST, m.purchase_order_id,
                 m.sku, m.location_id
    """).pl()
