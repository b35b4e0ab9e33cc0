"""eBay, through its Fulfillment and Finances APIs. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.ebay import fetch, hook, orders, payouts

DAY = timedelta(days=1)
PERSONAL = (
    "buyer", "buyerCheckoutNotes", "fulfillmentStartInstructions.shippingStep.shipTo", "fulfillmentStartInstructions.finalDestinationAddress",
    "lineItems.giftDetails",
)  # fmt: skip

KIND = Kind(
    name="ebay",
    title="eBay",
    settings=(
        Setting("client_id", "Client id (App ID) of the application"),
        Setting("client_secret", "Client secret (Cert ID) of the application", is_secret=True),
        Setting("refresh_token", "Refresh token that the seller's consent gave", is_secret=True),
        Setting("address", "Address of the API, where it is not eBay's own", fetch.ADDRESS, is_required=False),
        Setting(
            "signing_key",
            "Private key of the Key Management API, for sellers in the EU and the UK",
            is_secret=True,
            is_required=False,
        ),
        Setting("signing_jwe", "Its public key, sealed by eBay (JWE)", is_required=False),
        Setting("webhook_secret", "Verification token of the destination", is_secret=True, is_required=False, is_asked=False),
        Setting(
            "webhook_url", "Address of this channel's deliveries, as the platform was given it", is_required=False, is_asked=False
        ),
    ),
    open=fetch.open_session,
    check=fetch.check,
    hook=Hook("webhook_secret", hook.verify, hook.named, asks=True, answer=hook.answer),
    streams=(
        RecordStream(
            name="orders",
            table="orders",
            lag=timedelta(minutes=5),
            overlap=timedelta(minutes=30),
            restatement=60 * DAY,
            uncovered="",
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
            uncovered="the status of a payout, which goes from initiated to succeeded",
            changed=fetch.payouts,
            parse=payouts.parse_payouts,
        ),
        RecordStream(
            name="payout_entries",
            table="payout_entries",
            lag=timedelta(hours=1),
            overlap=30 * DAY,
            restatement=30 * DAY,
            uncovered="the payout that an entry goes into, known some days later, or weeks where funds are held",
            changed=fetch.transactions,
            parse=payouts.parse_entries,
            personal=("buyer",),
        ),
    ),
)
