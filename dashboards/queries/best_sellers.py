"""What the pages Best sellers and Product ask of a snapshot."""

import duckdb
import polars as pl

from dashboards.filters import Chosen

Connection = duckdb.DuckDBPyConnection
COLUMNS = {
    "channel": "e.channel",
    "category": "a.category",
    "location_id": "e.location_id",
    "ship_to_country_code": "e.ship_to_country_code",
}
GROUPS = {"SKU": "sku", "Style": "style_id", "Category": "category", "Brand": "brand", "Supplier": "supplier_id", "Channel": "channel",
          "Warehouse": "location_id", "Country": "ship_to_country_code"}  # fmt: skip


def ranking(connection: Connection, chosen: Chosen, group: str) -> pl.DataFrame:
    """Sales of the period per group with those compared against, the best first; goods only, reporting currency.

    A SKU's `rank_in_stock` is its rank had it been on the shelf every day: by net sales ÷ share of days in stock (of the last 28).
    """
    place = GROUPS[group]
    own = place if place in ("channel", "location_id", "ship_to_country_code", "sku") else None
    key = f"e.{own}" if own else f"a.{place}"
    condition, values = chosen.condition(COLUMNS)
    extra = "any_value(a.description) AS description, any_value(a.category) AS category," if place == "sku" else ""
    standing = (
        "any_value(c.in_stock_days_rate) AS in_stock_days_rate, any_value(c.abc_class) || any_value(coalesce(c.xyz_class, '')) AS abc_xyz, "
        "bool_or(c.is_size_run_broken) AS is_size_run_broken,"
    )
    days = standing if place == "sku" else ""
    a_day = "net_sales_amount / greatest(coalesce(in_stock_days_rate, 1), 1 / 28)"
    shelf = f"rank() OVER (ORDER BY {a_day} DESC NULLS LAST) AS rank_in_stock," if days else ""
    before = _compared_days(chosen)
    return connection.sql(f"""
        WITH now AS (
            SELECT {key} AS {place}, {extra} {days} sum(e.sold_units)::BIGINT AS sold_units, count(DISTINCT (e.channel,
                e.order_id)) FILTER (e.source = 'order_lines') AS orders,
                   sum(e.reporting_net_sales_amount)::DECIMAL(18, 2) AS net_sales_amount,
                   CASE WHEN count(*) = count(e.reporting_cost_amount) THEN
                       (sum(e.reporting_net_sales_amount) - sum(e.reporting_cost_amount))::DECIMAL(18, 2) END AS margin_amount
            FROM sales_entries e LEFT JOIN sku_attributes a USING (sku) LEFT JOIN product_classes c USING (sku)
            WHERE e.entry_kind IN ('sale', 'credit', 'adjustment', 'return') AND e.is_goods AND e.sku IS NOT NULL
              AND e.business_date BETWEEN ? AND ? AND {condition} GROUP BY {key}
        ), before AS (
            SELECT {key} AS {place}, sum(e.sold_units)::BIGINT AS compared_units, sum(e.reporting_net_sales_amount)::DECIMAL(18, 2) AS compared_net_sales_amount
            FROM sales_entries e LEFT JOIN sku_attributes a USING (sku)
            WHERE e.entry_kind IN ('sale', 'credit', 'adjustment', 'return') AND e.is_goods AND e.sku IS NOT NULL AND {before} AND {condition} GROUP BY {key}
        )
        SELECT rank() OVER (ORDER BY net_sales_amount DESC NULLS LAST) AS sales_rank, {shelf} *
        FROM now LEFT JOIN before USING ({place}) ORDER BY sales_rank, {place}
    """, params=[chosen.since, chosen.until, *values, *_compared_values(chosen), *values]).pl()  # fmt: skip


def _compared_days(chosen: Chosen) -> str:
    if chosen.compared == "last year":
        return "e.business_date IN (SELECT same_day_last_year_date FROM retail_calendar WHERE calendar_date BETWEEN ? AND ?)"
    return "e.business_date BETWEEN ? AND ?"


def _compared_values(chosen: Chosen) -> list[object]:
    period = chosen if chosen.compared == "last year" else chosen.before()
    return [period.since, period.until]


def movers(connection: Connection) -> pl.DataFrame:
    """SKUs of the last four whole weeks against the four before, the surest changes first."""
    return connection.sql("""
        SELECT sku, description, category, units_now, units_before, z_score, p_value, is_significant, is_new, is_dying FROM product_classes
        WHERE units_now + units_before > 0 ORDER BY is_significant DESC, abs(z_score) DESC, sku
    """).pl()


def classes(connection: Connection) -> pl.DataFrame:
    """Every SKU with its classes, for the map."""
    return connection.sql("""
        SELECT sku, description, category, abc_class, xyz_class, demand_cv, cumulative_rate, net_sales_amount::DOUBLE AS net_sales_amount,
            sold_units, is_new, is_dying,
               is_size_run_broken FROM product_classes ORDER BY cumulative_rate, sku
    """).pl()


def together(connection: Connection) -> pl.DataFrame:
    """Pairs that sell together, those furthest beyond chance first."""
    return connection.sql("SELECT * FROM sold_together ORDER BY lift DESC, orders_together DESC LIMIT 200").pl()


def parity_breaks(connection: Connection) -> pl.DataFrame:
    """Channels that sell a SKU more than 5 % above its lowest price."""
    return connection.sql(
        "SELECT * FROM channel_prices WHERE is_parity_broken ORDER BY above_lowest_rate DESC, sku LIMIT 500"
    ).pl()


def return_prone(connection: Connection) -> pl.DataFrame:
    """SKUs by how surely they come back more than their category, with where their rate will end."""
    return connection.sql("""
        SELECT group_value AS sku, a.description, a.category, sold_units, returned_units, return_rate, expected_return_rate,
               usual_rate, p_value, is_return_prone
        FROM return_outlook o LEFT JOIN sku_attributes a ON a.sku = o.group_value
        WHERE group_kind = 'sku' AND returned_units > 0 ORDER BY is_return_prone DESC, p_value, sku LIMIT 500
    """).pl()


def return_months(connection: Connection) -> pl.DataFrame:
    """Months of ordering: returned so far, and where the rate will end."""
    return connection.sql("""
        SELECT group_value AS month, sold_units, returned_units, return_rate, expected_return_rate FROM return_outlook
        WHERE group_kind = 'month' ORDER BY month
    """).pl()


def return_reasons(connection: Connection) -> pl.DataFrame:
    """Why goods came back, per channel, of the orders of the last year."""
    return connection.sql("""
        WITH reasons AS (
            SELECT channel, coalesce(reason, '(none given)') AS reason, sum(returned_units)::BIGINT AS returned_units FROM return_lines
            WHERE returned_units > 0 AND business_date >= (SELECT as_of::DATE - 365 FROM run_info) GROUP BY ALL
        )
        SELECT *, returned_units / sum(returned_units) OVER (PARTITION BY channel) AS share_rate FROM reasons ORDER BY channel, returned_units DESC
    """).pl()


def plan(connection: Connection) -> pl.DataFrame:
    """Planned, actual, forecast and open-to-buy amounts per category and week; empty where no plan is loaded.

    A forecast week counts in the retail week that holds its middle day, at the SKU's net sales per unit of the last 13 weeks.
    """
    return connection.sql("""
        WITH sold AS (
            SELECT a.category, c.week_start_date, sum(d.net_sales_amount)::DECIMAL(18, 2) AS net_sales_amount
            FROM sku_days d JOIN sku_attributes a USING (sku) JOIN retail_calendar c ON c.calendar_date = d.business_date GROUP BY ALL
        ), prices AS (
            SELECT sku, sum(net_sales_amount) / nullif(sum(sold_units), 0) AS price FROM sku_days
            WHERE business_date >= (SELECT as_of::DATE - 91 FROM run_info) GROUP BY sku
        ), ahead AS (
            SELECT a.category, c.week_start_date, sum(f.mean_units * p.price)::DECIMAL(18, 2) AS forecast_net_sales_amount
            FROM forecast_means f JOIN sku_attributes a USING (sku) JOIN prices p USING (sku)
            JOIN retail_calendar c ON c.calendar_date = f.cutoff_date + (7 * f.horizon - 3)::INTEGER GROUP BY ALL
        ), bought AS (
            SELECT a.category, c.week_start_date, sum((p.ordered_units * u.unit_cost_amount))::DECIMAL(18, 2) AS on_order_amount
            FROM purchase_orders p JOIN sku_attributes a USING (sku) JOIN unit_costs u USING (sku)
            JOIN retail_calendar c ON c.calendar_date = coalesce(p.expected_at, p.ordered_at)::DATE GROUP BY ALL
        )
        SELECT p.category, p.week_start_date, p.planned_net_sales_amount, s.net_sales_amount, f.forecast_net_sales_amount, p.planned_receipts_amount,
               b.on_order_amount, p.planned_receipts_amount - coalesce(b.on_order_amount, 0) AS open_to_buy_amount
        FROM sales_plans p LEFT JOIN sold s USING (category, week_start_date) LEFT JOIN ahead f USING (category, week_start_date)
        LEFT JOIN bought b USING (category, week_start_date) ORDER BY week_start_date, category
    """).pl()


def skus(connection: Connection) -> pl.DataFrame:
    """Every SKU that is known, with its name."""
    return connection.sql("SELECT sku, description FROM sku_attributes ORDER BY sku").pl()


def product(connection: Connection, sku: str) -> pl.DataFrame:
    """The one row of a SKU's attributes and classes."""
    return connection.sql("""
        SELECT a.*, c.abc_class, c.xyz_class, c.demand_cv, c.cumulative_rate, c.units_now, c.units_before, c.is_significant, c.is_new, c.is_dying,
            c.is_size_run_broken
        FROM sku_attributes a LEFT JOIN product_classes c USING (sku) WHERE a.sku = ?
    """, params=[sku]).pl()  # fmt: skip


def weeks_of(connection: Connection, sku: str) -> pl.DataFrame:
    """Units and net sales of a SKU per whole week of the last two years."""
    return connection.sql("""
        SELECT week_start_date AS week, sold_units, net_sales_amount::DOUBLE AS net_sales_amount, is_promoted FROM sku_weeks WHERE sku = ? ORDER BY week
    """, params=[sku]).pl()  # fmt: skip


def prices_of(connection: Connection, sku: str) -> pl.DataFrame:
    """A SKU's price on each channel."""
    return connection.sql(
        "SELECT channel, sold_units, unit_price_amount, above_lowest_rate, is_parity_broken FROM channel_prices WHERE sku = ? ORDER BY channel", params=[sku]
    ).pl()  # fmt: skip


def stock_of(connection: Connection, sku: str) -> pl.DataFrame:
    """A SKU's shelves."""
    return connection.sql("""
        SELECT h.location_id, h.on_hand_units, h.available_units, h.on_order_units, h.demand_28d_units, h.forecast_90d_units, h.excess_units, h.lost_28d_units,
               s.days_of_cover, s.stock_out_date FROM inventory_health h LEFT JOIN reorder_suggestions s USING (location_id, sku) WHERE
                   h.sku = ? ORDER BY location_id
    """, params=[sku]).pl()  # fmt: skip
