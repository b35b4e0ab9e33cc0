"""Square, through its API. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.square import catalog, fetch, hook, orders, payments

DAY = timedelta(days=1)
PERSONAL_ORDER = ("customer_id", "ticket_name", "tenders", "fulfillments.shipment_details.recipient",
                  "fulfillments.pickup_details.recipient", "fulfillments.delivery_details.recipient")  # fmt: skip
PERSONAL_PAYMENT = (
    "customer_id",
    "buyer_email_address",
    "billing_address",
    "shipping_address",
    "note",
    "card_details",
    "receipt_url",
)

KIND = Kind(
    name="square",
    title="Square",
    settings=(
        Setting("access_token", "Access token with the scopes ORDERS_READ, PAYMENTS_READ, INVENTORY_READ, ITEMS_READ, MERCHANT_PROFILE_READ", is_secret=True),
        Setting("address", "Address of the API, where it is not Square's own", fetch.ADDRESS, is_required=False),
        Setting("webhook_secret", "Signature key of the subscription", is_secret=True, is_required=False, is_asked=False),
        Setting("webhook_url", "Address of this channel's deliveries, as the platform was given it", is_required=False, is_asked=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    about=fetch.about,
    hook=Hook("webhook_secret", hook.verify, hook.named),
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(minutes=1),
            overlap=timedelta(minutes=15),
            restatement=60 * DAY,
            uncovered="",
            changed=fetch.changed,
            parse=orders.parse,
            by_id=fetch.by_id,
            listing=fetch.listing,
            personal=PERSONAL_ORDER,
        ),
        RecordStream(
            name="payments",
            table="payments",
            lag=timedelta(minutes=1),
            overlap=timedelta(minutes=15),
            restatement=60 * DAY,
            uncovered="",
            changed=fetch.payments,
            parse=payments.parse_payments,
            by_id=fetch.payments_by_id,
            listing=fetch.payment_listing,
            personal=PERSONAL_PAYMENT,
        ),
        RecordStream(
            name="refunds",
            table="payments",
            lag=timedelta(minutes=1),
            overlap=timedelta(minutes=15),
            restatement=60 * DAY,
            uncovered="the order that was paid, which is asked for through the payment",
            changed=fetch.refunds,
            parse=payments.parse_refunds,
            by_id=fetch.refunds_by_id,
            listing=fetch.refund_listing,
        ),
        RecordStream(
            name="listings",
            table="listings",
            lag=timedelta(minutes=5),
            overlap=timedelta(0),
            restatement=timedelta(0),
            uncovered="nothing: the catalogue as a whole is asked for each time",
            changed=fetch.variations,
            parse=catalog.parse_listings,
        ),
        RecordStream(
            name="stock",
            table="stock_levels",
            lag=timedelta(minutes=5),
            overlap=timedelta(minutes=30),
            restatement=timedelta(0),
            uncovered="",
            changed=fetch.stock,
            parse=catalog.parse_stock,
        ),
    ),
)  # fmt: skip
