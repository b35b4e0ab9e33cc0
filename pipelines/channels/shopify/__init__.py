"""Shopify, through its Admin GraphQL. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.shopify import fetch, hook, orders, payouts

DAY = timedelta(days=1)
PERSONAL = ("email", "phone", "customer.id", "shippingAddress.zip", "note", "customAttributes")

KIND = Kind(
    name="shopify",
    title="Shopify",
    settings=(
        Setting("shop", "The shop's own address", "my-shop.myshopify.com"),
        Setting(
            "access_token", "Admin API access token of a custom app, if it has a fixed one", is_secret=True, is_required=False
        ),
        Setting("client_id", "Client id of the app, if it has no fixed token", is_required=False),
        Setting("client_secret", "Client secret of the app", is_secret=True, is_required=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    about=fetch.about,
    hook=Hook("client_secret", hook.verify, hook.named),
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(minutes=1),
            overlap=timedelta(minutes=10),
            restatement=60 * DAY,
            uncovered="carriers' scans and deliveries, and balances of old orders",
            changed=fetch.changed,
            parse=orders.parse,
            by_id=fetch.by_id,
            listing=fetch.listing,
            personal=PERSONAL,
        ),
        RecordStream(
            name="payouts",
            table="payouts",
            lag=timedelta(hours=1),
            overlap=10 * DAY,
            restatement=10 * DAY,
            uncovered="the status of a payout, which goes from scheduled to paid",
            changed=fetch.payouts,
            parse=payouts.parse_payouts,
        ),
        RecordStream(
            name="payout_entries",
            table="payout_entries",
            lag=timedelta(hours=1),
            overlap=10 * DAY,
            restatement=10 * DAY,
            uncovered="the payout that an entry goes into, known some days later",
            changed=fetch.balance,
            parse=payouts.parse_entries,
        ),
    ),
)
