"""WooCommerce, through its REST v3. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.woocommerce import fetch, hook, orders, refunds

DAY = timedelta(days=1)
_PERSON = ("first_name", "last_name", "company", "address_1", "address_2", "city", "email", "phone", "postcode", "state")
PERSONAL = (*(f"{who}.{field}" for who in ("billing", "shipping") for field in _PERSON),
            "customer_id", "customer_note", "customer_ip_address", "customer_user_agent", "transaction_id")  # fmt: skip

KIND = Kind(
    name="woocommerce",
    title="WooCommerce",
    settings=(
        Setting("shop", "The shop's own address", "https://shop.example.com"),
        Setting("consumer_key", "Consumer key of a REST API key with read access", is_secret=True),
        Setting("consumer_secret", "Its consumer secret", is_secret=True),
        Setting("webhook_secret", "Secret of the webhook", is_secret=True, is_required=False, is_asked=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    about=fetch.about,
    hook=Hook("webhook_secret", hook.verify, hook.named),
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(seconds=2),
            overlap=timedelta(minutes=5),
            restatement=60 * DAY,
            uncovered="refunds, which are asked for as records of their own",
            changed=fetch.changed,
            parse=orders.parse,
            by_id=fetch.by_id,
            listing=fetch.listing,
            personal=PERSONAL,
        ),
        RecordStream(
            name="refunds",
            table="refunds",
            lag=timedelta(seconds=2),
            overlap=timedelta(minutes=5),
            restatement=60 * DAY,
            uncovered="",
            changed=fetch.refunds,
            parse=refunds.parse,
            by_id=fetch.refunds_by_id,
            listing=fetch.refund_listing,
        ),
    ),
)
