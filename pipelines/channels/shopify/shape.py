"""The fields of Shopify's records that the parser reads, and where they stand. Not here: what they mean."""

from pipelines.channels.decode import TEXT, Maybe

MONEY = {"shopMoney": {"amount": TEXT}}

ORDER = {
    **dict.fromkeys(
        ("id", "legacyResourceId", "name", "createdAt", "processedAt", "updatedAt", "cancelledAt", "cancelReason", "test", "edited", "note",
         "email", "phone", "currencyCode", "presentmentCurrencyCode", "taxesIncluded", "displayFinancialStatus"), TEXT),
    "tags": [TEXT],
    "customAttributes": [{"key": TEXT}],
    "customer": Maybe({"id": TEXT}),
    "shippingAddress": Maybe({"countryCodeV2": TEXT, "zip": TEXT}),
    "totalPriceSet": {"shopMoney": {"amount": TEXT}, "presentmentMoney": {"amount": TEXT}},
    "additionalFees": [{"name": TEXT, "price": MONEY}],
    "transactions": [{**dict.fromkeys(("id", "kind", "status", "gateway", "createdAt", "processedAt"), TEXT), "amountSet": MONEY}],
    "shippingLines": {"nodes": [{"title": TEXT, "isRemoved": TEXT, "discountedPriceSet": MONEY, "taxLines": [{"priceSet": MONEY}]}]},
    "lineItems": {"nodes": [{
        **dict.fromkeys(("id", "name", "sku", "quantity", "currentQuantity", "isGiftCard", "requiresShipping"), TEXT),
        "variant": {"id": TEXT}, "customAttributes": [{"key": TEXT}], "originalUnitPriceSet": MONEY, "originalTotalSet": MONEY,
        "discountAllocations": [{"allocatedAmountSet": MONEY}], "taxLines": [{"priceSet": MONEY}], "duties": [{"price": MONEY}]}]},
    "fulfillmentOrders": {"nodes": [{"id": TEXT, "createdAt": TEXT, "assignedLocation": {"location": {"id": TEXT}}}]},
    "fulfillments": [{
        **dict.fromkeys(("id", "status", "createdAt", "updatedAt", "deliveredAt", "inTransitAt"), TEXT),
        "location": {"id": TEXT}, "trackingInfo": [{"company": TEXT, "number": TEXT}],
        "events": {"nodes": [{"status": TEXT, "happenedAt": TEXT}]},
        "fulfillmentLineItems": {"nodes": [{"quantity": TEXT, "lineItem": {"id": TEXT}}]}}],
    "refunds": [{
        **dict.fromkeys(("id", "createdAt", "processedAt", "note"), TEXT), "totalRefundedSet": MONEY, "return": {"id": TEXT},
        "refundLineItems": {"nodes": [{"quantity": TEXT, "restockType": TEXT, "subtotalSet": MONEY, "totalTaxSet": MONEY, "lineItem": {"id": TEXT}}]},
        "refundShippingLines": {"nodes": [{"subtotalAmountSet": MONEY, "taxAmountSet": MONEY}]},
        "duties": [{"amountSet": MONEY}], "orderAdjustments": {"nodes": [{"amountSet": MONEY, "taxAmountSet": MONEY}]}}],
    "returns": {"nodes": [{
        **dict.fromkeys(("id", "status", "createdAt", "closedAt"), TEXT),
        "returnLineItems": {"nodes": [{"quantity": TEXT, "returnReasonNote": TEXT, "fulfillmentLineItem": {"lineItem": {"id": TEXT}}}]}}]},
    "events": {"nodes": [{"action": TEXT, "createdAt": TEXT}]},
}  # fmt: skip

PAYOUT = {
    **dict.fromkeys(("id", "legacyResourceId", "issuedAt", "status"), TEXT),
    "net": {"amount": TEXT, "currencyCode": TEXT},
    "summary": {
        name: {"amount": TEXT}
        for name in ("chargesGross", "chargesFee", "refundsFeeGross", "refundsFee", "adjustmentsGross", "adjustmentsFee")
    },
}

BALANCE = {
    **dict.fromkeys(("id", "type", "test", "transactionDate"), TEXT),
    "amount": {"amount": TEXT, "currencyCode": TEXT},
    "fee": {"amount": TEXT},
    "net": {"amount": TEXT},
    "associatedOrder": Maybe({"id": TEXT}),
    "associatedPayout": Maybe({"id": TEXT}),
}
