"""What carriers and their aggregators say of parcels and labels. Here: as told. Not here: the shipments that they belong to (contracts/orders.py)."""

from pipelines.contracts.base import flag, instant, key, money, register, text
from pipelines.contracts.orders import Sourced


@register(
    "ledger",
    "One row per parcel that a carrier, or an aggregator of carriers, follows; shipments take what it tells by its tracking number",
    identity=("channel", "tracker_id"),
)
class TrackedParcels(Sourced):
    channel = key("Channel of the carrier or aggregator")
    tracker_id = key("Its own id of what it follows")
    shop_channel = text("Sales channel whose parcels it follows; blank where it follows those of all")
    tracking_number = text("The carrier's number of the parcel", nullable=False)
    carrier_code = text("Carrier")
    parcel_status = text("State that the parcel has reached, in the source's own word")
    tracked_at = instant("Since when it is followed", nullable=False)
    labelled_at = instant("When the carrier first heard of it")
    first_scan_at = instant("When the carrier first had it in hand")
    delivered_at = instant("When it arrived at the customer")
    returned_at = instant("When it arrived back at the sender")


@register(
    "ledger",
    "One row per shipping label that was bought; shipments take its cost by its tracking number",
    identity=("channel", "label_id"),
)
class ShippingLabels(Sourced):
    channel = key("Channel of the carrier or aggregator")
    label_id = key("Its own id of the label")
    shop_channel = text("Sales channel that it was bought for; blank where it may be any")
    tracking_number = text("The carrier's number of the parcel", nullable=False)
    carrier_code = text("Carrier")
    service_level = text("Service of the carrier")
    bought_at = instant("When it was bought", nullable=False)
    label_cost_amount = money("What the carrier charges for it; 0 where it was given back")
    currency_code = text("ISO 4217 currency of the cost", nullable=False, regex="^[A-Z]{3}$")
    is_return = flag("For goods that come back: no cost of a shipment")
