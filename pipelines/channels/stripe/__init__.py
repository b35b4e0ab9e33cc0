"""Stripe, through its API. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.stripe import fetch, hook, payouts

DAY = timedelta(days=1)
PERSONAL = (
    "description", "source.billing_details", "source.receipt_email", "source.customer", "source.shipping", "source.description",
    "source.receipt_url", "source.metadata.customer_name", "source.metadata.customer_email", "source.payment_method_details",
)  # fmt: skip

KIND = Kind(
    name="stripe",
    title="Stripe",
    settings=(
        Setting("secret_key", "Restricted key that may read balance, payouts and charges", is_secret=True),
        Setting("address", "Address of the API, where it is not Stripe's own", fetch.ADDRESS, is_required=False),
        Setting("webhook_secret", "Signing secret of the endpoint", is_secret=True, is_required=False, is_asked=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    hook=Hook("webhook_secret", hook.verify, hook.named),
    streams=(
        RecordStream(
            name="payouts",
            table="payouts",
            lag=timedelta(hours=1),
            overlap=10 * DAY,
            restatement=10 * DAY,
            uncovered="the status of a payout, which goes from pending to paid, or to failed some days later",
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
            changed=fetch.entries,
            parse=payouts.parse_entries,
            personal=PERSONAL,
        ),
    ),
)
