"""EasyPost, which speaks for many carriers, through its API. Here: what it needs and the streams it gives, each with how late it may be."""

from datetime import timedelta

from pipelines.channels.base import Hook, Kind, RecordStream, Setting
from pipelines.channels.easypost import fetch, hook, parcels

DAY = timedelta(days=1)
UNCOVERED = "nothing moves it: lists are by the day of creation, and all since then are asked for again"

KIND = Kind(
    name="easypost",
    title="EasyPost",
    settings=(
        Setting("api_key", "API key (production)", is_secret=True),
        Setting("address", "Address of the API, where it is not EasyPost's own", fetch.ADDRESS, is_required=False),
        Setting("webhook_secret", "Secret of the webhook", is_secret=True, is_required=False, is_asked=False),
    ),
    open=fetch.open_session,
    check=fetch.check,
    hook=Hook("webhook_secret", hook.verify, hook.named),
    streams=(
        RecordStream(
            name="trackers",
            table="tracked_parcels",
            lag=timedelta(hours=2),
            overlap=10 * DAY,
            restatement=60 * DAY,
            uncovered=UNCOVERED,
            changed=fetch.trackers,
            parse=parcels.parse_trackers,
            by_id=fetch.trackers_by_id,
            listing=fetch.tracker_listing,
            personal=("signed_by",),
        ),
        RecordStream(
            name="labels",
            table="shipping_labels",
            lag=timedelta(minutes=5),
            overlap=10 * DAY,
            restatement=60 * DAY,
            uncovered=UNCOVERED,
            changed=fetch.labels,
            parse=parcels.parse_labels,
            by_id=fetch.labels_by_id,
            listing=fetch.label_listing,
            personal=("to_address", "buyer_address", "from_address", "return_address"),
        ),
    ),
)
