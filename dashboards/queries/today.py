"""What the page Today asks of a snapshot."""

import duckdb
import polars as pl

from dashboards.queries.forecast import has

Connection = duckdb.DuckDBPyConnection
CONTRADICTED = """
            UNION ALL SELECT 'Forecasts that orders contradict', count(*), sum(at_risk_amount), 'forecast', 'See the alerts on the page Forecast'
                FROM forecast_alerts
"""  # an older snapshot has none


def waiting(connection: Connection) -> pl.DataFrame:
    """What needs a person now but for decisions (`to_decide`): what, how many, money at risk (reporting currency), why, and the page that shows it."""
    return connection.sql(f"""
        WITH clock AS (SELECT as_of::DATE AS today FROM run_info),
        open_orders AS (SELECT * FROM ship_risk),
        found AS (
            SELECT 'Lines past their promise to ship' AS what, count(*) AS how_many, sum(at_risk_amount) AS at_risk_amount, 'fulfilment' AS page,
                   'Ship them, or tell the customer' AS what_to_do FROM open_orders WHERE ship_by_bucket = 'late'
            UNION ALL SELECT 'Lines that will likely be late', count(*), sum(at_risk_amount), 'fulfilment', 'Pick these first' FROM open_orders WHERE
                ship_by_bucket = 'at risk'
            UNION ALL SELECT 'Express lines still open', count(*), sum(at_risk_amount), 'fulfilment', 'Paid for speed: pick before the rest'
                FROM open_orders WHERE is_expedited
            UNION ALL SELECT 'Gift, customised, noted or changed lines still open', count(*), sum(at_risk_amount), 'fulfilment', 'Read the order before packing'
                FROM open_orders WHERE is_gift OR is_customised OR has_note OR is_changed
            UNION ALL SELECT 'Best sellers (A) sold out somewhere', count(*),
                sum(h.lost_28d_units * c.net_sales_amount::DOUBLE / nullif(c.sold_units, 0)), 'stock',
                'Reorder or move stock; the money is what was likely lost in 28 days'
                FROM inventory_health h JOIN product_classes c USING (sku) WHERE c.abc_class = 'A' AND h.on_hand_units <= 0 AND h.demand_28d_units > 0
            UNION ALL SELECT 'Open orders to have sent elsewhere', count(*), NULL, 'reorder',
                'Ask the supplier, see Under way; what they serve there is not ordered anew'
                FROM open_order_messages WHERE action = 'redirect'
            UNION ALL SELECT 'Open orders that come too late', count(*), sum(m.at_risk_units * coalesce(r.price_amount, r.unit_cost_amount::DOUBLE)),
                'reorder', 'Expedite or chase them, see Under way'
                FROM open_order_messages m LEFT JOIN reorder_suggestions r USING (sku, location_id)
                WHERE m.action IN ('expedite', 'chase') AND m.at_risk_units > 0
            UNION ALL SELECT 'Products whose ordering data need mending', count(DISTINCT sku), nullif(sum(order_amount), 0), 'reorder',
                'Mend terms, costs or stock'
                FROM order_exceptions
            UNION ALL SELECT 'Orders paid otherwise than they came to', count(*), sum(reporting_unexplained_amount), 'data',
                'Find the missing capture or refund'
                FROM payment_balance WHERE payment_state IN ('overpaid', 'underpaid', 'paid_without_order')
            UNION ALL SELECT 'Orders shipped and not paid', count(*), sum(p.ordered_amount * r.reporting_rate), 'data', 'Collect the payment'
                FROM payment_balance p LEFT JOIN fx_rates r ON r.currency_code = p.currency_code AND r.rate_date = p.business_date
                WHERE payment_state = 'unpaid' AND is_shipped
            UNION ALL SELECT 'Payouts with an unexplained rest', count(*), sum(reporting_residual_amount), 'data', 'Ask the channel for the missing entries'
                FROM payout_balance WHERE NOT is_explained
            UNION ALL SELECT 'Listings whose SKU nobody knows', count(*), sum(net_amount), 'data', 'Map them,
                so that their sales count for stock' FROM unmapped_listings
            UNION ALL SELECT 'Marketplace bounds broken or near', count(*), NULL, 'fulfilment', 'See the scorecards' FROM channel_scorecards
                WHERE standing IN ('broken', 'heading there')
            {CONTRADICTED if has(connection, "forecast_alerts") else ""}
            UNION ALL SELECT 'Rows in quarantine', count(*), NULL, 'data', 'Mend the file or the mapping' FROM quarantine
            UNION ALL SELECT 'Records that a channel has and we lack', sum(missing_records), NULL, 'data', 'Run the reconciliation' FROM missed_records
        )
        SELECT what, how_many::BIGINT AS how_many, at_risk_amount::DOUBLE AS at_risk_amount, what_to_do, page FROM found
        WHERE how_many > 0 ORDER BY at_risk_amount DESC NULLS LAST, how_many DESC
    """).pl()


def needs(connection: Connection) -> pl.DataFrame:
    """sku, location_id, at_risk_amount, as the page Reorder has it, of every need."""
    return connection.sql("""
        SELECT sku, location_id, at_risk_amount FROM reorder_suggestions
        WHERE order_quantity_units > 0 OR sku_quantity_units > 0
    """).pl()


def to_decide(needs: pl.DataFrame, undecided: pl.DataFrame) -> pl.DataFrame:
    """Rows of `waiting` about decisions that nobody has made yet. needs: of `needs`; undecided: Outbox.undecided()."""
    kinds = {
        "order": ("Reorders to decide", "Approve, change or reject; the money is what would be lost if nothing were ordered"),
        "held": (
            "Needs that wait for a supplier's order",
            "Order what can't wait; the money is what would be lost if nothing were ordered",
        ),
        "transfer": ("Transfers to decide", "Approve, change or reject"),
    }
    kind = pl.when(pl.col("kind") == "transfer").then(pl.lit("transfer")).when(pl.col("quantity_units") > 0).then(pl.lit("order"))
    worth = pl.when(pl.col("kind") == "reorder").then("at_risk_amount")
    rows = undecided.join(needs, on=["sku", "location_id"], how="left").select(kind=kind.otherwise(pl.lit("held")), worth=worth)
    counted = rows.group_by("kind").agg(
        how_many=pl.len().cast(pl.Int64), known=pl.col("worth").count(), worth=pl.col("worth").sum()
    )
    return counted.select(
        what=pl.col("kind").replace_strict({name: what for name, (what, _) in kinds.items()}, return_dtype=pl.String), how_many="how_many",
        at_risk_amount=pl.when(pl.col("known") > 0).then("worth").cast(pl.Float64),
        what_to_do=pl.col("kind").replace_strict({name: do for name, (_, do) in kinds.items()}, return_dtype=pl.String), page=pl.lit("reorder"),
    )  # fmt: skip


def special_orders(connection: Connection) -> pl.DataFrame:
    """Open lines that operations must not treat like the rest, the most urgent first."""
    return connection.sql("""
        SELECT channel, order_id, sku, location_id, ship_by_at, ship_by_bucket, open_units, is_expedited, is_gift, is_customised, has_note,
            is_changed, at_risk_amount
        FROM ship_risk WHERE is_expedited OR is_gift OR is_customised OR has_note OR is_changed ORDER BY ship_by_at, order_id
    """).pl()


def freshness(connection: Connection) -> pl.DataFrame:
    """Per channel its newest order and the newest load of its feeds, in hours before the run."""
    return connection.sql("""
        SELECT s.channel, s.orders, s.last_ordered_at, max(l.loaded_at) AS last_loaded_at,
               round(epoch(any_value(r.as_of) - s.last_ordered_at) / 3600, 1) AS hours_since_order
        FROM channel_summary s CROSS JOIN run_info r LEFT JOIN loads l ON l.channel = s.channel
        GROUP BY s.channel, s.orders, s.last_ordered_at ORDER BY hours_since_order DESC
    """).pl()


def sales_by_day(connection: Connection) -> pl.DataFrame:
    """Net sales of the last 28 days and of the days they are held against last year, reporting currency."""
    return connection.sql("""
        WITH days AS (SELECT calendar_date, same_day_last_year_date FROM retail_calendar, run_info
                      WHERE calendar_date >= as_of::DATE - 28 AND calendar_date < as_of::DATE),
        sold AS (SELECT business_date, sum(reporting_net_sales_amount)::DOUBLE AS amount FROM daily_sales GROUP BY ALL)
        SELECT d.calendar_date AS day, coalesce(now.amount, 0) AS net_sales_amount, before.amount AS last_year_amount
        FROM days d LEFT JOIN sold now ON now.business_date = d.calendar_date LEFT JOIN
            sold before ON before.business_date = d.same_day_last_year_date ORDER BY day
    """).pl()
