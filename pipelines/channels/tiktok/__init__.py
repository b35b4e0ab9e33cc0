"""TikTok Shop, through its Open API. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.tiktok import aftersales, fetch, hook, orders, statements

DAY = timedelta(days=1)
PERSONAL = ("user_id", "buyer_email", "buyer_nickname", "buyer_avatar", "buyer_message", "recipient_address", "cpf", "cpf_name")

KIND = Kind(
    name="tiktok",
    title="TikTok Shop",
    settings=(
        Setting("app_key", "App key of the application"),
        Setting("shop_id", "Id of the shop", "7494049642642441621"),
        Setting("app_secret", "App secret of the application", is_secret=True),
        Setting("refresh_token", "Refresh token that the seller's authorisation gave", is_secret=True),
        Setting("address", "Address of the API, where it is not TikTok's own", fetch.ADDRESS, is_required=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    hook=Hook("app_secret", hook.verify, hook.named),
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(minutes=5),
            overlap=timedelta(minutes=30),
            restatement=60 * DAY,
            uncovered="an item that is cancelled alone, tracking numbers: what leaves the order's status as it is",
            changed=fetch.changed,
            parse=orders.parse,
            by_id=fetch.by_id,
            listing=fetch.listing,
            personal=PERSONAL,
        ),
        RecordStream(
            name="returns",
            table="returns",
            lag=timedelta(minutes=5),
            overlap=timedelta(minutes=30),
            restatement=60 * DAY,
            uncovered="",
            changed=fetch.returns,
            parse=aftersales.parse_returns,
            by_id=fetch.returns_by_id,
            listing=fetch.return_listing,
        ),
        RecordStream(
            name="cancellations",
            table="payments",
            lag=timedelta(minutes=5),
            overlap=timedelta(minutes=30),
            restatement=60 * DAY,
            uncovered="",
            changed=fetch.cancellations,
            parse=aftersales.parse_cancellations,
            by_id=fetch.cancellations_by_id,
            listing=fetch.cancellation_listing,
        ),
        RecordStream(
            name="payouts",
            table="payouts",
            lag=timedelta(hours=1),
            overlap=10 * DAY,
            restatement=10 * DAY,
            uncovered="the status of a statement, which is paid some days after it is closed",
            changed=fetch.statements,
            parse=statements.parse_payouts,
        ),
        RecordStream(
            name="payout_entries",
            table="payout_entries",
            lag=timedelta(hours=1),
            overlap=10 * DAY,
            restatement=10 * DAY,
            uncovered="nothing: what is in a closed statement stays; the newest are asked for again all the same",
            changed=fetch.transactions,
            parse=statements.parse_entries,
        ),
    ),
)
