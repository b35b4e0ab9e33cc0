"""Vendure, through its Admin GraphQL. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Kind, RecordStream, Setting
from pipelines.channels.vendure import catalog, fetch, orders

DAY = timedelta(days=1)
PERSONAL = ("customer.id", "customer.emailAddress", "customer.phoneNumber", "shippingAddress.postalCode")

KIND = Kind(
    name="vendure",
    title="Vendure",
    settings=(
        Setting("shop", "Address of the server, before /admin-api", "https://shop.example.com"),
        Setting(
            "username",
            "Name of an administrator who may read orders, catalogue and settings; none with an API key",
            is_required=False,
        ),
        Setting("password", "The administrator's password", is_secret=True, is_required=False),
        Setting("api_key", "API key, instead of name and password", is_secret=True, is_required=False),
        Setting("channel_token", "Token of the shop's channel, where it has several", is_required=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    about=fetch.about,
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(seconds=5),
            overlap=timedelta(minutes=10),
            restatement=60 * DAY,
            uncovered="payments, parcels, deliveries and refunds, whose own dates are looked at; of finished orders after two weeks by night",
            changed=fetch.changed,
            parse=orders.parse,
            by_id=fetch.by_id,
            listing=fetch.listing,
            personal=PERSONAL,
        ),
        RecordStream(
            name="products",
            table="products",
            lag=timedelta(seconds=5),
            overlap=timedelta(0),
            restatement=timedelta(0),
            uncovered="nothing: the catalogue as a whole is asked for each time",
            changed=fetch.products,
            parse=catalog.parse_products,
        ),
        RecordStream(
            name="stock",
            table="stock_levels",
            lag=timedelta(seconds=5),
            overlap=timedelta(0),
            restatement=timedelta(0),
            uncovered="nothing: all levels are asked for each time",
            changed=fetch.stock,
            parse=catalog.parse_stock,
        ),
    ),
)
