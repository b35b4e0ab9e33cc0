"""What the page Data asks of a snapshot."""

import duckdb
import polars as pl

Connection = duckdb.DuckDBPyConnection


def loads(connection: Connection) -> pl.DataFrame:
    """Accounts per feed: rows in = accepted + duplicate + superseded + quarantined."""
    return connection.sql("""
        SELECT feed, any_value(channel) AS channel, count(*) AS files, sum(rows_in)::BIGINT AS rows_in, sum(accepted_rows)::BIGINT AS accepted_rows,
               sum(duplicate_rows)::BIGINT AS duplicate_rows, sum(superseded_rows)::BIGINT AS superseded_rows,
                   sum(quarantined_rows)::BIGINT AS quarantined_rows,
               max(loaded_at) AS loaded_at FROM loads GROUP BY feed ORDER BY quarantined_rows DESC, feed
    """).pl()


def quarantine(connection: Connection) -> pl.DataFrame:
    """Rows that can't be read, each with its reason."""
    return connection.sql(
        "SELECT feed, file_name, row_number, part, document, field, value, reason FROM quarantine ORDER BY feed, file_name, row_number LIMIT 5000"
    ).pl()


def missed(connection: Connection) -> pl.DataFrame:
    """Days on which polls missed records, or the ledger lacks some."""
    return connection.sql("""
        SELECT channel, stream, channel_date, channel_records, ledger_records, missing_records, missed_records, stale_records, difference_amount FROM
            missed_records
        WHERE missing_records + missed_records + stale_records > 0 OR abs(difference_amount) >= 0.01 ORDER BY channel_date DESC, channel
    """).pl()


def notes(connection: Connection) -> pl.DataFrame:
    """What channels do that a person must look at."""
    return connection.sql("SELECT channel, sentence FROM channel_notes ORDER BY channel, note_number").pl()


def unmapped(connection: Connection) -> pl.DataFrame:
    """Listings without a SKU, with the likeliest one."""
    return connection.sql("""
        SELECT u.channel, u.listing, u.description, u.sold_units, u.net_amount, u.currency_code, s.sku AS suggested_sku, s.confidence, s.reason
        FROM unmapped_listings u LEFT JOIN (SELECT * FROM listing_suggestions QUALIFY row_number() OVER (PARTITION BY channel,
            listing ORDER BY confidence DESC, sku) = 1) s
        USING (channel, listing) ORDER BY u.net_amount DESC, u.listing
    """).pl()


def payments(connection: Connection) -> pl.DataFrame:
    """Orders paid otherwise than they came to, the greatest difference first."""
    return connection.sql("""
        SELECT channel, order_id, business_date, payment_state, ordered_amount, captured_amount, refunded_amount, difference_amount, currency_code, is_shipped
        FROM payment_balance WHERE payment_state <> 'agrees' ORDER BY reporting_unexplained_amount DESC NULLS LAST, business_date DESC, order_id LIMIT 5000
    """).pl()


def payouts(connection: Connection) -> pl.DataFrame:
    """Payouts with what they leave unexplained."""
    return connection.sql(
        "SELECT * FROM payout_balance ORDER BY reporting_residual_amount DESC NULLS LAST, paid_date DESC LIMIT 5000"
    ).pl()
