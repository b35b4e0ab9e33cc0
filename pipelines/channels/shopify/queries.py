"""What Shopify is asked for, in its Admin GraphQL. Here: queries, held against Shopify's own schema in tests. Not here: sending them.

Names and street lines of customers are not asked for: what is not fetched can't leak.
"""

VERSION = "2026-10"

_MONEY = "{ shopMoney { amount } }"

LINE_ITEMS = f"""
id name sku quantity currentQuantity isGiftCard requiresShipping variant {{ id }} customAttributes {{ key }}
originalUnitPriceSet {_MONEY} originalTotalSet {_MONEY} discountAllocations {{ allocatedAmountSet {_MONEY} }}
taxLines {{ priceSet {_MONEY} }} duties {{ price {_MONEY} }}
"""
FULFILLMENT_LINES = "quantity lineItem { id }"
REFUND_LINES = f"quantity restockType subtotalSet {_MONEY} totalTaxSet {_MONEY} lineItem {{ id }}"
RETURN_LINES = "quantity returnReasonNote ... on ReturnLineItem { fulfillmentLineItem { lineItem { id } } }"

_OWN = f"""
id legacyResourceId name createdAt processedAt updatedAt cancelledAt cancelReason test edited note tags email phone
currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus customAttributes {{ key }}
customer {{ id }} shippingAddress {{ countryCodeV2 zip }}
totalPriceSet {{ shopMoney {{ amount }} presentmentMoney {{ amount }} }} totalTipReceivedSet {_MONEY}
totalCashRoundingAdjustment {{ paymentSet {_MONEY} }}
additionalFees {{ name price {_MONEY} }}
transactions {{ id kind status gateway createdAt processedAt amountSet {_MONEY} }}
"""
_SHIPPING = f"title code isRemoved originalPriceSet {_MONEY} discountedPriceSet {_MONEY} taxLines {{ priceSet {_MONEY} }}"
_PAGE = "pageInfo { hasNextPage endCursor }"

ORDER = f"""fragment Order on Order {{ {_OWN}
shippingLines(first: 10) {{ nodes {{ {_SHIPPING} }} }}
lineItems(first: 20) {{ {_PAGE} nodes {{ {LINE_ITEMS} }} }}
fulfillmentOrders(first: 5) {{ nodes {{ id createdAt assignedLocation {{ location {{ id }} }} }} }}
fulfillments {{ id status createdAt updatedAt deliveredAt inTransitAt displayStatus location {{ id }} trackingInfo {{ company number }}
  events(first: 10) {{ nodes {{ status happenedAt }} }}
  fulfillmentLineItems(first: 20) {{ {_PAGE} nodes {{ {FULFILLMENT_LINES} }} }} }}
refunds {{ id createdAt processedAt note totalRefundedSet {_MONEY} return {{ id }}
  refundLineItems(first: 20) {{ {_PAGE} nodes {{ {REFUND_LINES} }} }}
  refundShippingLines(first: 5) {{ nodes {{ subtotalAmountSet {_MONEY} taxAmountSet {_MONEY} }} }}
  duties {{ amountSet {_MONEY} }} orderAdjustments(first: 5) {{ nodes {{ amountSet {_MONEY} taxAmountSet {_MONEY} }} }} }}
returns(first: 10) {{ nodes {{ id status createdAt closedAt returnLineItems(first: 20) {{ {_PAGE} nodes {{ {RETURN_LINES} }} }} }} }}
events(first: 20) {{ nodes {{ action createdAt }} }}
}}"""

ORDERS = f"""query Orders($first: Int!, $after: String, $filter: String) {{
  orders(first: $first, after: $after, query: $filter, sortKey: UPDATED_AT) {{ {_PAGE} nodes {{ ...Order }} }}
}} {ORDER}"""

ORDERS_BY_ID = f"""query OrdersById($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...Order }} }} {ORDER}"""

# Lists of a bulk query may not hold connections: orders with parcels, refunds or returns are asked for again by their ids.
BULK = f"""{{ orders {{ edges {{ node {{ {_OWN}
  fulfillments {{ id }} refunds {{ id }} returnStatus
  lineItems {{ edges {{ node {{ {LINE_ITEMS} }} }} }}
  shippingLines {{ edges {{ node {{ id {_SHIPPING} }} }} }}
}} }} }} }}"""

RUN_BULK = """mutation RunBulk($query: String!) { bulkOperationRunQuery(query: $query) {
  bulkOperation { id status createdAt } userErrors { field message } } }"""

BULK_STATE = "query BulkState($id: ID!) { node(id: $id) { ... on BulkOperation { id status errorCode url objectCount } } }"

LISTING = f"""query Listing($first: Int!, $after: String, $filter: String) {{
  orders(first: $first, after: $after, query: $filter, sortKey: CREATED_AT) {{ {_PAGE} nodes {{
    id createdAt updatedAt totalPriceSet {_MONEY} fulfillments {{ displayStatus deliveredAt }} refunds {{ id }} }} }}
}}"""

PAYOUTS = f"""query Payouts($first: Int!, $after: String, $filter: String) {{ shopifyPaymentsAccount {{
  payouts(first: $first, after: $after, query: $filter) {{ {_PAGE} nodes {{ id legacyResourceId issuedAt status net {{ amount currencyCode }}
    summary {{ chargesGross {{ amount }} chargesFee {{ amount }} refundsFeeGross {{ amount }} refundsFee {{ amount }}
      adjustmentsGross {{ amount }} adjustmentsFee {{ amount }} }} }} }} }} }}"""

BALANCE = f"""query Balance($first: Int!, $after: String, $filter: String) {{ shopifyPaymentsAccount {{
  balanceTransactions(first: $first, after: $after, query: $filter) {{ {_PAGE} nodes {{ id type test transactionDate
    amount {{ amount currencyCode }} fee {{ amount }} net {{ amount }} associatedOrder {{ id }} associatedPayout {{ id }} }} }} }} }}"""

SHOP = "query Shop { shop { name ianaTimezone currencyCode } }"

# Connections inside an order that may be longer than their first page: where they stand, the type they belong to, their fields.
LONG = (
    ("lineItems", "Order", LINE_ITEMS),
    ("fulfillments.fulfillmentLineItems", "Fulfillment", FULFILLMENT_LINES),
    ("refunds.refundLineItems", "Refund", REFUND_LINES),
    ("returns.nodes.returnLineItems", "Return", RETURN_LINES),
)


def rest_of(owner: str, connection: str, fields: str) -> str:
    """The query for the further pages of a connection of one `owner`, such as the lines of an order beyond its first page."""
    return f"""query Rest($id: ID!, $after: String) {{ node(id: $id) {{ ... on {owner} {{
  {connection}(first: 100, after: $after) {{ {_PAGE} nodes {{ {fields} }} }} }} }} }}"""


ALL = {
    "orders": ORDERS, "orders by id": ORDERS_BY_ID, "bulk": BULK, "run bulk": RUN_BULK, "bulk state": BULK_STATE, "listing": LISTING,
    "payouts": PAYOUTS, "balance": BALANCE, "shop": SHOP,
    **{f"rest of {path}": rest_of(owner, path.rsplit(".", 1)[-1], fields) for path, owner, fields in LONG},
}  # fmt: skip
