"""What Vendure is asked for, in its Admin GraphQL. Here: queries, held against a real shop's schema in tests. Not here: sending them.

Names and streets of customers, and notes on orders, are not asked for: what is not fetched can't leak.
"""

TOLD = (
    "ORDER_STATE_TRANSITION",
    "ORDER_PAYMENT_TRANSITION",
    "ORDER_FULFILLMENT_TRANSITION",
    "ORDER_REFUND_TRANSITION",
    "ORDER_CANCELLATION",
)
_TYPES = ", ".join(f'"{name}"' for name in TOLD)
_HISTORY = f"history(options: {{ take: 500, sort: {{ createdAt: ASC }}, filter: {{ type: {{ in: [{_TYPES}] }} }} }}) {{ items {{ type createdAt data }} }}"

ORDER = f"""fragment Order on Order {{
id code state type orderPlacedAt updatedAt currencyCode totalQuantity totalWithTax shipping shippingWithTax
channels {{ code pricesIncludeTax }} customer {{ id emailAddress phoneNumber }} shippingAddress {{ countryCode postalCode }}
lines {{ id quantity orderPlacedQuantity taxRate unitPrice unitPriceWithTax linePrice proratedUnitPrice proratedUnitPriceWithTax
  proratedLinePrice proratedLinePriceWithTax productVariant {{ id sku name }} }}
surcharges {{ id description sku price priceWithTax }}
shippingLines {{ shippingMethod {{ name }} discounts {{ adjustmentSource amount amountWithTax }} }}
modifications {{ id }}
payments {{ id state method amount createdAt updatedAt refunds {{ id state method total reason createdAt updatedAt lines {{ orderLineId quantity }} }} }}
fulfillments {{ id state method trackingCode createdAt updatedAt lines {{ orderLineId quantity }} }}
{_HISTORY}
}}"""

ORDERS = f"query Orders($options: OrderListOptions) {{ orders(options: $options) {{ items {{ ...Order }} }} }} {ORDER}"

# Everything whose own date moves where the order's stands still.
LISTING = """query Listing($options: OrderListOptions) { orders(options: $options) { items {
  id orderPlacedAt updatedAt state totalQuantity totalWithTax
  payments { id state updatedAt refunds { id state updatedAt } } fulfillments { id state updatedAt } } } }"""

PRODUCTS = """query Products($options: ProductVariantListOptions) { productVariants(options: $options) { items {
  id sku name createdAt updatedAt facetValues { name facet { code } }
  product { id updatedAt facetValues { name facet { code } } } } } }"""

STOCK = """query Stock($options: ProductVariantListOptions) { productVariants(options: $options) { items {
  id sku createdAt stockLevels { id updatedAt stockOnHand stockAllocated stockLocation { id name } } } } }"""

LOGIN = """mutation Login($username: String!, $password: String!) { login(username: $username, password: $password) {
  __typename ... on ErrorResult { message } } }"""

SHOP = """query Shop { activeChannel { code defaultCurrencyCode pricesIncludeTax }
  globalSettings { serverConfig { moneyStrategyPrecision } } stockLocations { items { id name } } }"""

ALL = {"orders": ORDERS, "listing": LISTING, "products": PRODUCTS, "stock": STOCK, "login": LOGIN, "shop": SHOP}
