"""Amazon, through its Selling Partner API. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.amazon import fetch, health, orders, reports, stock
from pipelines.channels.base import Kind, RecordStream, ReportStream, Setting

DAY = timedelta(days=1)
PERSONAL = (
    "buyer", "recipient.deliveryAddress.name", "recipient.deliveryAddress.companyName", "recipient.deliveryAddress.city",
    "recipient.deliveryAddress.postalCode", "recipient.deliveryAddress.phone", "recipient.deliveryAddress.addressLine1",
    "recipient.deliveryAddress.addressLine2", "recipient.deliveryAddress.addressLine3",
)  # fmt: skip

KIND = Kind(
    name="amazon",
    title="Amazon",
    settings=(
        Setting("region", "Region of the marketplace: na, eu or fe", "na"),
        Setting("marketplace_id", "Id of the marketplace", "ATVPDKIKX0DER"),
        Setting("client_id", "Client id of the app"),
        Setting("client_secret", "Client secret of the app", is_secret=True),
        Setting("refresh_token", "Refresh token that the seller's consent gave", is_secret=True),
        Setting("orders_from", "api, or report for the flat-file all-orders report instead", "api", is_required=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(minutes=5),
            overlap=timedelta(minutes=30),
            restatement=31 * DAY,
            uncovered="parcels that are confirmed late, up to a month after the order's last change",
            changed=fetch.changed,
            parse=orders.parse,
            by_id=fetch.by_id,
            listing=fetch.listing,
            personal=PERSONAL,
        ),
        RecordStream(
            name="fba_stock",
            table="stock_levels",
            lag=timedelta(minutes=30),
            overlap=timedelta(0),
            restatement=timedelta(0),
            uncovered="everything: all levels are asked for each time",
            changed=fetch.stock,
            parse=stock.parse,
        ),
        RecordStream(
            name="account_health",
            table="account_health",
            lag=DAY,
            overlap=timedelta(0),
            restatement=timedelta(0),
            uncovered="nothing: the report as a whole is asked for once a day",
            changed=fetch.account_health,
            parse=health.parse,
        ),
        ReportStream(
            name="all_orders",
            mappings=(reports.ALL_ORDERS,),
            lag=timedelta(minutes=30),
            restatement=2 * DAY,
            uncovered="parcels and cancellations by line, which the report does not hold",
            reports=fetch.requested("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"),
        ),
        ReportStream(
            name="settlements",
            mappings=(reports.PAYOUTS, reports.PAYOUT_ENTRIES, reports.REFUNDS),
            lag=DAY,
            restatement=21 * DAY,
            uncovered="",
            reports=fetch.published("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"),
        ),
        ReportStream(
            name="returns",
            mappings=(reports.RETURNS,),
            lag=DAY,
            restatement=10 * DAY,
            uncovered="a return's later states, which come with the next report of its day",
            reports=fetch.requested("GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"),
        ),
        ReportStream(
            name="fba_returns",
            mappings=(reports.FBA_RETURNS,),
            lag=DAY,
            restatement=10 * DAY,
            uncovered="",
            reports=fetch.requested("GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"),
        ),
    ),
)
