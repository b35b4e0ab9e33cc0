"""Amazon's tab-separated reports as mappings, the same that a merchant's own files have. Not here: having them made (fetch.py)."""

from typing import Any

_TSV: dict[str, Any] = {"format": "tsv", "time_zone": "UTC"}

ALL_ORDERS = {
    **_TSV,
    "table": "orders",
    "version": {"column": "last-updated-date"},
    "columns": {
        "order_id": "amazon-order-id", "sku": "sku", "listing_id": "asin", "description": "product-name", "ordered_units": "quantity",
        "gross_amount": "item-price", "discount_amount": "item-promotion-discount", "tax_amount": "item-tax", "ordered_at": "purchase-date",
        "shipping_amount": {"sql": "TRY_CAST(COALESCE(\"shipping-price\", '0') AS DECIMAL(18, 4)) - TRY_CAST(COALESCE(\"ship-promotion-discount\", '0') AS DECIMAL(18, 4))"},  # noqa: E501
        "currency_code": "currency", "is_cancelled": {"sql": "\"order-status\" = 'Cancelled'"},
        "location_id": {"sql": "CASE WHEN \"fulfillment-channel\" = 'Amazon' THEN 'FBA' END"},
        "payment_status": {"sql": "CASE WHEN \"order-status\" = 'Pending' THEN 'pending' WHEN \"order-status\" = 'Cancelled' THEN 'unknown' ELSE 'paid' END"},
        "is_expedited": {"sql": "\"ship-service-level\" IN ('Expedited', 'NextDay', 'SecondDay', 'SameDay', 'Priority')"},
        "service_level": "ship-service-level", "ship_to_country_code": "ship-country", "ship_to_postal_code": "ship-postal-code",
    },
}  # fmt: skip

_SETTLEMENT = {**_TSV, "version": {"file_name": r"(\d+)\.txt$"}}
_MONEY = 'TRY_CAST("amount" AS DECIMAL(18, 4))'
_REFUNDED = "\"transaction-type\" = 'Refund' AND \"amount-type\" IN ('ItemPrice', 'Promotion', 'ItemWithheldTax') AND \"adjustment-id\" IS NOT NULL"

PAYOUTS = {
    **_SETTLEMENT,
    "table": "payouts",
    "where": "\"total-amount\" IS NOT NULL",
    "columns": {
        "payout_id": "settlement-id", "paid_at": "deposit-date", "currency_code": "currency", "net_amount": "total-amount",
        "payout_status": {"value": "paid"},
    },
}  # fmt: skip

PAYOUT_ENTRIES = {
    **_SETTLEMENT,
    "table": "payout_entries",
    "where": "\"transaction-type\" IS NOT NULL",
    "fill_down": ("currency",),
    "columns": {
        "entry_id": {"sql": "\"settlement-id\" || '-' || CAST(\"__row\" AS VARCHAR)"},
        "payout_id": "settlement-id", "order_id": "order-id", "sku": "sku", "description": {"sql": "COALESCE(\"transaction-type\", '') || ' ' || COALESCE(\"amount-description\", '')"},  # noqa: E501
        "entry_kind": {"sql": "CASE WHEN \"amount-type\" LIKE '%Fee%' THEN 'fee' WHEN \"transaction-type\" = 'Order' THEN 'charge' "
                              "WHEN \"transaction-type\" = 'Refund' THEN 'refund' WHEN \"transaction-type\" LIKE 'Chargeback%' THEN 'chargeback' "
                              "WHEN \"amount-type\" LIKE '%Reserve%' THEN 'reserve' ELSE 'adjustment' END"},
        "amount": {"sql": f"CASE WHEN \"amount-type\" LIKE '%Fee%' THEN CAST(0 AS DECIMAL(18, 4)) ELSE {_MONEY} END"},
        "fee_amount": {"sql": f"CASE WHEN \"amount-type\" LIKE '%Fee%' THEN {_MONEY} ELSE CAST(0 AS DECIMAL(18, 4)) END"},
        "net_amount": "amount", "currency_code": "currency", "occurred_at": "posted-date-time",
    },
}  # fmt: skip

REFUNDS = {
    **_SETTLEMENT,
    "table": "refunds",
    "where": _REFUNDED,
    "fill_down": ("currency",),
    "columns": {
        "refund_id": "adjustment-id", "order_id": "order-id", "line_id": "order-item-code", "sku": "sku",
        "goods_amount": {"sql": f"CASE WHEN \"amount-description\" = 'Principal' THEN 0 - {_MONEY} ELSE CAST(0 AS DECIMAL(18, 4)) END"},
        "shipping_amount": {"sql": f"CASE WHEN \"amount-description\" = 'Shipping' THEN 0 - {_MONEY} ELSE CAST(0 AS DECIMAL(18, 4)) END"},
        "tax_amount": {"sql": f"CASE WHEN \"amount-description\" LIKE '%Tax%' THEN 0 - {_MONEY} ELSE CAST(0 AS DECIMAL(18, 4)) END"},
        "total_amount": {"sql": f"0 - {_MONEY}"}, "currency_code": "currency", "refunded_at": "posted-date-time",
    },
}  # fmt: skip

RETURNS = {
    **_TSV,
    "table": "returns",
    "columns": {
        "return_id": "Amazon RMA ID", "order_id": "Order ID", "sku": "Merchant SKU", "returned_units": "Return quantity",
        "refund_amount": "Refunded Amount", "currency_code": "Currency code", "returned_at": "Return request date", "reason": "Return Reason",
    },
}  # fmt: skip

FBA_RETURNS = {
    **_TSV,
    "table": "returns",
    "columns": {
        "return_id": "license-plate-number", "order_id": "order-id", "sku": "sku", "returned_units": "quantity", "returned_at": "return-date",
        "reason": "reason",
    },
}  # fmt: skip
