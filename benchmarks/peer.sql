-- The same facts and figures as the marts, as one person would write them by hand for DuckDB alone: no contracts, no keys checked.
CREATE OR REPLACE TABLE p_channel_records AS
SELECT channel, min(shipped_at) AS first_shipped_at, count(delivered_at) > 0 AS has_scans FROM shipments GROUP BY channel;

CREATE OR REPLACE TABLE p_cost_spans AS
SELECT sku, valid_from_date, coalesce(lead(valid_from_date) OVER (PARTITION BY sku ORDER BY valid_from_date), DATE '9999-12-31') AS valid_before_date, unit_cost_amount
FROM product_costs;

CREATE OR REPLACE TABLE p_sales_entries AS
WITH lines AS (
    SELECT 'order_lines' AS source, l.channel, l.order_id AS document_id,
           CASE WHEN o.is_test THEN 'test' WHEN o.payment_status = 'failed' THEN 'unpaid' WHEN l.is_gift_card THEN 'gift_card' WHEN o.order_kind = 'credit' THEN 'credit'
                WHEN o.is_cancelled AND l.cancelled_units >= l.ordered_units THEN 'cancelled' WHEN l.ordered_units > 0 AND l.unit_price_amount > 0 THEN 'sale'
                ELSE 'adjustment' END AS entry_kind,
           l.line_number, o.business_date, l.order_id, l.sku, l.description, l.is_goods, o.ship_to_country_code, o.location_id, l.currency_code,
           l.ordered_units - l.cancelled_units AS units, l.gross_amount - l.cancelled_gross_amount AS gross, l.discount_amount - l.cancelled_discount_amount AS discount, l.net_amount
    FROM order_lines l JOIN orders o USING (channel, order_id)
), entries AS (
    SELECT source, channel, document_id, entry_kind, line_number, business_date, order_id, sku, description, is_goods, ship_to_country_code, location_id, currency_code,
           CASE WHEN entry_kind IN ('sale', 'credit', 'adjustment') THEN units ELSE 0 END AS sold_units,
           CASE WHEN entry_kind = 'sale' THEN gross ELSE 0 END AS gross_sales_amount, CASE WHEN entry_kind = 'sale' THEN discount ELSE 0 END AS discount_amount,
           CASE WHEN entry_kind = 'credit' THEN -net_amount ELSE 0 END AS returns_amount, CASE WHEN entry_kind = 'adjustment' THEN net_amount ELSE 0 END AS adjustment_amount
    FROM lines
    UNION ALL
    SELECT 'returns', r.channel, r.return_id, 'return', r.line_number, r.business_date, r.order_id, r.sku, NULL, true, o.ship_to_country_code, o.location_id, r.currency_code,
           CASE WHEN o.is_cancelled THEN 0 ELSE -r.returned_units END, 0, 0, CASE WHEN o.is_cancelled THEN 0 ELSE r.refund_amount END, 0
    FROM returns r LEFT JOIN orders o USING (channel, order_id)
)
SELECT e.*, gross_sales_amount - discount_amount - returns_amount + adjustment_amount AS net_sales_amount,
       (gross_sales_amount - discount_amount - returns_amount + adjustment_amount) * f.reporting_rate AS reporting_net_sales_amount, coalesce(f.is_rate_provisional, true) AS is_rate_provisional,
       c.unit_cost_amount * e.sold_units AS reporting_cost_amount
FROM entries e LEFT JOIN fx_rates f ON f.currency_code = e.currency_code AND f.rate_date = e.business_date
LEFT JOIN p_cost_spans c ON c.sku = e.sku AND e.business_date >= c.valid_from_date AND e.business_date < c.valid_before_date;

CREATE OR REPLACE TABLE p_fulfilment_lines AS
WITH due AS (
    SELECT l.channel, l.order_id, l.sku, any_value(o.ordered_at) AS ordered_at, any_value(o.ship_by_at) AS ship_by_at, any_value(o.deliver_by_at) AS deliver_by_at,
           any_value(o.location_id) AS location_id, any_value(o.service_level) AS service_level, any_value(o.ship_to_country_code) AS ship_to_country_code,
           any_value(o.is_expedited) AS is_expedited, sum(l.ordered_units - l.cancelled_units)::BIGINT AS due_units,
           CASE WHEN any_value(o.cancelled_by) = 'seller' THEN sum(l.cancelled_units) ELSE 0 END::BIGINT AS seller_cancelled_units
    FROM order_lines l JOIN orders o USING (channel, order_id)
    WHERE NOT o.is_test AND o.payment_status <> 'failed' AND o.order_kind = 'sale' AND l.is_goods AND NOT l.is_gift_card AND l.sku IS NOT NULL AND l.ordered_units > 0
    GROUP BY ALL
), gone AS (
    SELECT s.channel, s.order_id, s.sku, sum(s.shipped_units)::BIGINT AS shipped_units, sum(s.shipped_units) FILTER (s.shipped_at <= o.ship_by_at)::BIGINT AS in_time_units,
           sum(s.shipped_units) FILTER (s.delivered_at <= getvariable('as_of'))::BIGINT AS delivered_units,
           sum(s.shipped_units) FILTER (s.delivered_at <= getvariable('as_of') AND s.delivered_at <= o.deliver_by_at)::BIGINT AS delivered_in_time_units,
           max(s.shipped_at) AS last_shipped_at, max(s.delivered_at) FILTER (s.delivered_at <= getvariable('as_of')) AS delivered_at, min(s.location_id) AS shipped_from,
           min(s.carrier_code) AS carrier_code, min(s.service_level) AS carrier_service, count(DISTINCT s.shipment_id) AS parcels
    FROM shipments s JOIN orders o USING (channel, order_id) WHERE s.shipped_at <= getvariable('as_of') GROUP BY ALL
)
SELECT d.*, coalesce(g.shipped_units, 0) AS shipped_units, coalesce(in_time_units, 0) AS in_time_units, coalesce(delivered_units, 0) AS delivered_units,
       coalesce(delivered_in_time_units, 0) AS delivered_in_time_units, greatest(due_units - coalesce(g.shipped_units, 0), 0) AS open_units, g.delivered_at, g.carrier_code,
       coalesce(shipped_from, d.location_id) AS from_location, coalesce(carrier_service, d.service_level) AS service, ship_by_at::DATE AS ship_by_date, deliver_by_at::DATE AS deliver_by_date,
       CASE WHEN due_units > 0 AND due_units <= coalesce(g.shipped_units, 0) THEN last_shipped_at END AS shipped_at, c.has_scans, coalesce(parcels, 0) > 1 AS is_split
FROM due d LEFT JOIN gone g USING (channel, order_id, sku) JOIN p_channel_records c USING (channel)
WHERE (due_units > 0 OR seller_cancelled_units > 0) AND ((ship_by_at IS NOT NULL AND ordered_at >= first_shipped_at) OR g.shipped_units > 0);

CREATE OR REPLACE TABLE p_order_timeline AS
SELECT channel, order_id, event_kind, event_number, min(occurred_at) AS occurred_at FROM (
    SELECT channel, order_id, 'placed' AS event_kind, '1' AS event_number, ordered_at AS occurred_at FROM orders WHERE ordered_at IS NOT NULL
    UNION ALL SELECT channel, order_id, 'cancelled', '1', cancelled_at FROM orders WHERE cancelled_at IS NOT NULL
    UNION ALL SELECT channel, order_id, 'paid', payment_id, paid_at FROM payments WHERE payment_kind = 'capture' AND paid_at IS NOT NULL
    UNION ALL SELECT channel, order_id, 'shipped', shipment_id, shipped_at FROM shipments
    UNION ALL SELECT channel, order_id, 'delivered', shipment_id, delivered_at FROM shipments WHERE delivered_at IS NOT NULL
    UNION ALL SELECT channel, order_id, 'returned', return_id, returned_at FROM returns WHERE returned_units > 0
    UNION ALL SELECT channel, order_id, 'refunded', refund_id, refunded_at FROM refunds
    UNION ALL SELECT channel, order_id, event_kind, event_number, occurred_at FROM order_events
) GROUP BY ALL;

CREATE OR REPLACE TABLE p_order_lives AS
WITH stages AS (
    SELECT channel, order_id, min(occurred_at) FILTER (event_kind = 'paid') AS paid_at, min(occurred_at) FILTER (event_kind = 'allocated') AS allocated_at,
           min(occurred_at) FILTER (event_kind = 'picked') AS picked_at, min(occurred_at) FILTER (event_kind = 'packed') AS packed_at,
           min(occurred_at) FILTER (event_kind = 'first_scan') AS first_scan_at, min(occurred_at) FILTER (event_kind = 'cancelled') AS cancelled_at,
           min(occurred_at) FILTER (event_kind = 'order_confirmed') AS order_confirmed_at, count(*) FILTER (event_kind = 'shipped') AS parcels
    FROM p_order_timeline GROUP BY ALL
), leaving AS (
    SELECT channel, order_id, sum(due_units) AS due, sum(open_units) AS open, sum(shipped_units - delivered_units) AS lacking, min(ship_by_at) AS ship_by_at,
           max(shipped_at) AS shipped_at, max(delivered_at) AS delivered_at, min(from_location) AS location_id, min(service) AS service, min(carrier_code) AS carrier_code
    FROM p_fulfilment_lines GROUP BY ALL
)
SELECT o.channel, o.order_id, o.business_date, l.location_id, l.carrier_code, l.service, o.ship_to_country_code, o.customer_key, o.is_cancelled, o.cancelled_by,
       o.is_expedited, o.is_gift, o.is_customised, o.has_note, o.is_changed, s.parcels, o.total_amount * f.reporting_rate::DECIMAL(18, 6) AS total, o.ordered_at AS placed_at,
       coalesce(s.paid_at, o.paid_at) AS paid_at, s.allocated_at, s.picked_at, s.packed_at, l.ship_by_at, CASE WHEN open = 0 THEN l.shipped_at END AS shipped_at, s.first_scan_at,
       CASE WHEN open = 0 AND lacking <= 0 THEN l.delivered_at END AS delivered_at, s.cancelled_at, epoch(coalesce(s.paid_at, o.paid_at) - o.ordered_at) / 3600 AS to_paid_hours,
       epoch(l.shipped_at - coalesce(s.paid_at, o.ordered_at)) / 3600 AS to_shipped_hours, epoch(l.delivered_at - l.shipped_at) / 3600 AS to_delivered_hours,
       epoch(l.shipped_at - o.ordered_at) / 3600 AS placed_to_shipped_hours, epoch(l.delivered_at - o.ordered_at) / 3600 AS placed_to_delivered_hours
FROM orders o LEFT JOIN stages s USING (channel, order_id) LEFT JOIN leaving l USING (channel, order_id)
LEFT JOIN fx_rates f ON f.currency_code = o.currency_code AND f.rate_date = o.business_date WHERE NOT o.is_test AND o.order_kind = 'sale';

CREATE OR REPLACE TABLE p_return_lines AS
WITH sold AS (SELECT channel, order_id, sku, business_date, currency_code, sum(sold_units)::BIGINT AS sold_units FROM p_sales_entries
              WHERE entry_kind = 'sale' AND is_goods AND sku IS NOT NULL GROUP BY ALL HAVING sum(sold_units) > 0),
back AS (SELECT channel, order_id, sku, sum(returned_units)::BIGINT AS units, sum(refund_amount) AS refund, min(returned_at) AS first_at, min(reason) AS reason FROM returns GROUP BY ALL)
SELECT s.*, least(coalesce(units, 0), sold_units) AS returned_units, coalesce(units, 0) - least(coalesce(units, 0), sold_units) AS excess_units, reason, coalesce(refund, 0) AS refund,
       epoch(first_at - o.ordered_at) / 86400 AS days FROM sold s LEFT JOIN back USING (channel, order_id, sku) LEFT JOIN orders o USING (channel, order_id);

CREATE OR REPLACE TABLE p_component_sales AS
SELECT source, channel, document_id, entry_kind, line_number, coalesce(sku, '') AS component_sku, order_id, sku AS sku_as_sold, false AS is_component, business_date,
       sold_units AS consumed_units, currency_code, net_sales_amount FROM p_sales_entries;

CREATE OR REPLACE TABLE p_payment_balance AS
WITH paid AS (SELECT channel, order_id, sum(amount) FILTER (payment_kind = 'capture') AS captured, sum(amount) FILTER (payment_kind = 'refund') AS refunded FROM payments GROUP BY ALL)
SELECT coalesce(o.channel, p.channel) AS channel, coalesce(o.order_id, p.order_id) AS order_id, o.business_date, coalesce(o.total_amount, 0) AS ordered, coalesce(captured, 0) AS captured,
       coalesce(refunded, 0) AS refunded, l.shipped_at IS NOT NULL AS is_shipped,
       CASE WHEN o.order_id IS NULL THEN 'paid_without_order' WHEN coalesce(captured, 0) = 0 THEN 'unpaid' WHEN captured - total_amount >= 0.01 THEN 'overpaid'
            WHEN captured - total_amount <= -0.01 THEN 'underpaid' ELSE 'agrees' END AS state
FROM (SELECT * FROM orders WHERE NOT is_test AND order_kind = 'sale' AND channel IN (SELECT channel FROM payments)) o
FULL JOIN paid p USING (channel, order_id) LEFT JOIN p_order_lives l ON l.channel = o.channel AND l.order_id = o.order_id;

CREATE OR REPLACE TABLE p_daily_sales AS
SELECT business_date, channel, currency_code, sum(sold_units) AS units, sum(gross_sales_amount) AS gross, sum(discount_amount) AS discount, sum(returns_amount) AS returned,
       sum(net_sales_amount) AS net, sum(reporting_net_sales_amount) AS reporting, count(*) FILTER (source = 'order_lines') AS lines,
       count(DISTINCT order_id) FILTER (source = 'order_lines') AS orders FROM p_sales_entries WHERE entry_kind IN ('sale', 'credit', 'adjustment', 'return') GROUP BY ALL;

CREATE OR REPLACE TABLE p_daily_fulfilment AS
SELECT ship_by_date, channel, from_location, count(*) AS due, count(*) FILTER (shipped_at <= ship_by_at) AS on_time, count(*) FILTER (shipped_at IS NULL) AS open_late
FROM p_fulfilment_lines WHERE ship_by_at <= getvariable('as_of') AND due_units > 0 GROUP BY ALL;

CREATE OR REPLACE TABLE p_customer_orders AS
SELECT channel, order_id, customer_key, business_date, placed_at, total, row_number() OVER w AS number, epoch(placed_at - lag(placed_at) OVER w) / 86400 AS days
FROM p_order_lives WHERE customer_key IS NOT NULL AND NOT is_cancelled WINDOW w AS (PARTITION BY customer_key ORDER BY placed_at, channel, order_id);

CREATE OR REPLACE TABLE p_sku_attributes AS
SELECT sku, coalesce(p.description, l.called) AS description, p.category, p.brand, p.style_id
FROM products p FULL JOIN (SELECT sku, max(description) AS called FROM order_lines WHERE sku IS NOT NULL GROUP BY sku) l USING (sku);

CREATE OR REPLACE TABLE p_unmapped AS
SELECT l.channel, coalesce(l.listed_sku, l.listing_id, l.description) AS listing, l.currency_code, sum(l.ordered_units - l.cancelled_units) AS units, sum(l.net_amount) AS net, count(*) AS lines
FROM order_lines l JOIN orders o USING (channel, order_id) WHERE NOT o.is_test AND l.is_goods AND l.ordered_units > 0 AND l.sku NOT IN (SELECT sku FROM products) GROUP BY ALL;

CREATE OR REPLACE TABLE p_best_sellers AS
SELECT *, rank() OVER (PARTITION BY days ORDER BY net DESC) AS sales_rank FROM (
    SELECT d.days, e.sku, sum(e.sold_units) FILTER (e.business_date >= t - d.days) AS units, count(DISTINCT e.order_id) FILTER (e.business_date >= t - d.days) AS orders,
           sum(e.reporting_net_sales_amount) FILTER (e.business_date >= t - d.days) AS net, sum(e.reporting_net_sales_amount) FILTER (e.business_date < t - d.days) AS before
    FROM p_sales_entries e, (VALUES (7), (28), (365)) d(days), (SELECT getvariable('as_of')::DATE AS t)
    WHERE e.entry_kind IN ('sale', 'credit', 'adjustment', 'return') AND e.is_goods AND e.business_date >= t - 2 * d.days AND e.business_date < t GROUP BY d.days, e.sku);

CREATE OR REPLACE TABLE p_sku_weeks AS
SELECT e.sku, c.week_start_date, sum(sold_units) AS sold, sum(sold_units) FILTER (source = 'order_lines') AS wanted, sum(reporting_net_sales_amount) AS net, sum(reporting_cost_amount) AS cost
FROM p_sales_entries e JOIN retail_calendar c ON c.calendar_date = e.business_date WHERE entry_kind IN ('sale', 'credit', 'adjustment', 'return') AND is_goods AND sku IS NOT NULL GROUP BY ALL;

CREATE OR REPLACE TABLE p_sold_together AS
WITH held AS (SELECT DISTINCT channel, order_id, sku FROM p_sales_entries WHERE entry_kind = 'sale' AND is_goods AND business_date >= getvariable('as_of')::DATE - 365),
alone AS (SELECT sku, count(*) AS orders FROM held GROUP BY sku),
pairs AS (SELECT a.sku, b.sku AS other_sku, count(*) AS together FROM held a JOIN held b USING (channel, order_id) WHERE a.sku < b.sku GROUP BY ALL HAVING count(*) >= 5)
SELECT p.*, p.together * (SELECT count(DISTINCT (channel, order_id)) FROM held) / (x.orders * y.orders) AS lift
FROM pairs p JOIN alone x ON x.sku = p.sku JOIN alone y ON y.sku = p.other_sku;

CREATE OR REPLACE TABLE p_channel_prices AS
SELECT *, price / min(price) OVER (PARTITION BY sku) - 1 AS above FROM (
    SELECT sku, channel, sum(sold_units) AS units, sum(reporting_net_sales_amount)::DOUBLE / sum(sold_units) AS price FROM p_sales_entries
    WHERE entry_kind = 'sale' AND is_goods AND sold_units > 0 AND business_date >= getvariable('as_of')::DATE - 28 GROUP BY ALL);

CREATE OR REPLACE TABLE p_channel_summary AS
SELECT o.channel, o.orders, o.last_at, l.lines, s.net FROM (SELECT channel, count(*) AS orders, max(ordered_at) AS last_at FROM orders GROUP BY channel) o
LEFT JOIN (SELECT channel, count(*) AS lines FROM order_lines GROUP BY channel) l USING (channel) LEFT JOIN (SELECT channel, sum(reporting) AS net FROM p_daily_sales GROUP BY channel) s USING (channel);
