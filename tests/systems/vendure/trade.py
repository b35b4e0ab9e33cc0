"""Trading in a real Vendure shop: customers buy, an administrator takes the money, sends, cancels, gives back. Not here: what Fulcast makes of it."""

import json
import random
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.systems.vendure.running import PASSWORD

AT_ONCE = 4  # customers who buy at the same time, and administrators
COUPON = "TEN"
ERROR = "... on ErrorResult { errorCode message }"
TRIES = 5


class DeadlockError(RuntimeError):
    """The shop's database broke off a transaction that waited for another one."""


class Trade:
    """One shop with its administrator signed in."""

    def __init__(self, url: str, seed: int = 7) -> None:
        self.url, self.rng = url, random.Random(seed)
        self._token = ""
        self._ask(
            "admin-api",
            'mutation($p: String!) { login(username: "superadmin", password: $p) { __typename } }',
            {"p": PASSWORD},
            admin=True,
        )

    def admin(self, query: str, **variables: Any) -> dict[str, Any]:
        """Data of an administrator's query; an error of the shop's ends the test.

        Each query changes one thing, in one transaction of the shop's. Of two administrators who wait for each other PostgreSQL lets one go with
        nothing done; that one tries again, as a person would.
        """
        for _ in range(TRIES - 1):
            try:
                return self._ask("admin-api", query, variables, admin=True)[0]
            except DeadlockError:
                continue
        return self._ask("admin-api", query, variables, admin=True)[0]

    def open(self, products: int) -> None:
        """Products with stock, one of each in a category, and a coupon of ten per cent."""
        self.admin(
            "mutation { updateChannel(input: { id: 1, defaultCurrencyCode: EUR, availableCurrencyCodes: [EUR] }) { __typename } }"
        )
        for number in range(products):
            named = [{"languageCode": "en", "name": f"Cup {number}", "slug": f"cup-{number}", "description": ""}]
            made = self.admin(
                "mutation($t: [ProductTranslationInput!]!) { createProduct(input: { translations: $t }) { id } }", t=named
            )
            variant = {"productId": made["createProduct"]["id"], "sku": f"CUP-{number}", "price": 499 + 137 * number, "stockOnHand": 500 + number,
                       "translations": [{"languageCode": "en", "name": f"Cup {number}"}]}  # fmt: skip
            self.admin("mutation($v: [CreateProductVariantInput!]!) { createProductVariants(input: $v) { id } }", v=[variant])
        tenth = {"code": "order_percentage_discount", "arguments": [{"name": "discount", "value": "10"}]}
        named = [{"languageCode": "en", "name": "Ten per cent"}]
        coupon = {"enabled": True, "couponCode": COUPON, "conditions": [], "actions": [tenth], "translations": named}
        self.admin("mutation($i: CreatePromotionInput!) { createPromotion(input: $i) { __typename } }", i=coupon)

    def variants(self) -> list[str]:
        return [one["id"] for one in self.admin("{ productVariants { items { id } } }")["productVariants"]["items"]]

    def buy(self, orders: int) -> None:
        """So many orders of one to three lines through the shop's own API; every fifth with the coupon."""
        variants = self.variants()
        sizes = [self.rng.choice([1, 2, 3]) for _ in range(orders)]
        chosen = [
            sorted(self.rng.sample(variants, size), key=int) for size in sizes
        ]  # shelves are locked in one order, so that nobody waits for ever
        baskets = [[(variant, self.rng.choice([1, 1, 2, 3])) for variant in basket] for basket in chosen]
        with ThreadPoolExecutor(AT_ONCE) as customers:
            list(customers.map(self._buy, baskets, range(orders)))

    def _buy(self, basket: list[tuple[str, int]], number: int) -> None:
        adds = [
            f"a{n}: addItemToOrder(productVariantId: {variant}, quantity: {units}) {{ __typename {ERROR} }}"
            for n, (variant, units) in enumerate(basket)
        ]
        _, token = self._ask("shop-api", f"mutation {{ {adds[0]} }}", {})
        coupon = f'applyCouponCode(couponCode: "{COUPON}") {{ __typename {ERROR} }}' if number % 5 == 4 else ""
        method = 2 if number % 7 == 6 else 1
        who = {
            "firstName": "Jo",
            "lastName": "Doe",
            "emailAddress": f"jo{number}@example.com",
            "phoneNumber": f"+31 6 {number:08d}",
        }
        rest = f"""mutation($who: CreateCustomerInput!) {{ {" ".join(adds[1:])} {coupon}
            b: setCustomerForOrder(input: $who) {{ __typename {ERROR} }}
            c: setOrderShippingAddress(input: {{ streetLine1: "Dam 1", countryCode: "NL", postalCode: "1012JS" }}) {{ __typename }}
            d: setOrderShippingMethod(shippingMethodId: [{method}]) {{ __typename {ERROR} }}
            e: transitionOrderToState(state: "ArrangingPayment") {{ __typename {ERROR} }}
            f: addPaymentToOrder(input: {{ method: "card", metadata: {{}} }}) {{ __typename {ERROR} }} }}"""
        self._ask("shop-api", rest, {"who": who}, token)

    def each(self, work: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
        """What work makes of each thing, some at once."""
        with ThreadPoolExecutor(AT_ONCE) as administrators:
            return list(administrators.map(work, things))

    def orders(self) -> list[dict[str, Any]]:
        """Every order that was placed, as far as trading in it needs."""
        query = """query($skip: Int!) { orders(options: { take: 100, skip: $skip, sort: { id: ASC }, filter: { active: { eq: false } } }) { items {
            id state updatedAt couponCodes totalWithTax lines { id quantity orderPlacedQuantity } payments { id state amount refunds { id state } }
            fulfillments { id state lines { orderLineId quantity } } } } }"""
        told: list[dict[str, Any]] = []
        while page := self.admin(query, skip=len(told))["orders"]["items"]:
            told += page
        return told

    def settle(self, order: dict[str, Any]) -> None:
        self.admin(f"mutation($id: ID!) {{ settlePayment(id: $id) {{ __typename {ERROR} }} }}", id=order["payments"][0]["id"])

    def pack(self, order: dict[str, Any], *, is_part: bool) -> str:
        """A parcel with everything, or with one unit of the first line."""
        lines = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in order["lines"] if line["quantity"]]
        lines = [lines[0] | {"quantity": 1}] if is_part else lines
        handler = {
            "code": "manual-fulfillment",
            "arguments": [{"name": "method", "value": "PostNL"}, {"name": "trackingCode", "value": f"3S{order['id']}"}],
        }
        query = f"mutation($i: FulfillOrderInput!) {{ told: addFulfillmentToOrder(input: $i) {{ __typename ... on Fulfillment {{ id }} {ERROR} }} }}"
        return str(self.admin(query, i={"lines": lines, "handler": handler})["told"]["id"])

    def move(self, parcel: str, state: str) -> None:
        self.admin(
            f"mutation($id: ID!, $s: String!) {{ transitionFulfillmentToState(id: $id, state: $s) {{ __typename {ERROR} }} }}",
            id=parcel,
            s=state,
        )

    def cancel(self, order: dict[str, Any], line: str = "", *, reason: str) -> None:
        """One unit of a line, or the order as a whole with its shipping."""
        lines = {"lines": [{"orderLineId": line, "quantity": 1}]} if line else {"cancelShipping": True}
        query = f"mutation($i: CancelOrderInput!) {{ cancelOrder(input: $i) {{ __typename {ERROR} }} }}"
        self.admin(query, i={"orderId": order["id"], "reason": reason, **lines})

    def refund(self, order: dict[str, Any], cents: int, *, is_settled: bool) -> None:
        given = {
            "paymentId": order["payments"][0]["id"],
            "amount": cents,
            "reason": "late",
            "lines": [],
            "shipping": 0,
            "adjustment": 0,
        }
        query = (
            f"mutation($i: RefundOrderInput!) {{ told: refundOrder(input: $i) {{ __typename ... on Refund {{ id }} {ERROR} }} }}"
        )
        number = self.admin(query, i=given)["told"]["id"]
        if is_settled:
            self.admin(
                f'mutation($id: ID!) {{ settleRefund(input: {{ id: $id, transactionId: "T" }}) {{ __typename {ERROR} }} }}',
                id=number,
            )

    def add_to(self, order: dict[str, Any], variant: str) -> None:
        """Another unit and a charge for wrapping on an order that was paid, and the money for both."""
        number = order["id"]
        self._move_order(number, "Modifying")
        wrap = {"description": "Wrapping", "price": 200, "priceIncludesTax": True, "taxRate": 21}
        change = {
            "dryRun": False,
            "orderId": number,
            "addItems": [{"productVariantId": variant, "quantity": 1}],
            "surcharges": [wrap],
        }
        self.admin(f"mutation($i: ModifyOrderInput!) {{ modifyOrder(input: $i) {{ __typename {ERROR} }} }}", i=change)
        self._move_order(number, "ArrangingAdditionalPayment")
        manual = {"orderId": number, "method": "card", "transactionId": "T", "metadata": {}}
        self.admin(
            f"mutation($i: ManualPaymentInput!) {{ addManualPaymentToOrder(input: $i) {{ __typename {ERROR} }} }}", i=manual
        )
        self._move_order(number, "PaymentSettled")

    def _move_order(self, number: str, state: str) -> None:
        self.admin(
            f"mutation($id: ID!, $s: String!) {{ transitionOrderToState(id: $id, state: $s) {{ __typename {ERROR} }} }}",
            id=number,
            s=state,
        )

    def recount(self, variant: str, units: int) -> None:
        """Another stock of a variant, as counted."""
        self.admin(
            "mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }",
            i=[{"id": variant, "stockOnHand": units}],
        )

    def rename(self, variant: str, name: str) -> None:
        change = {"id": variant, "translations": [{"languageCode": "en", "name": name}]}
        self.admin("mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }", i=[change])

    def _ask(
        self, api: str, query: str, variables: dict[str, Any], token: str = "", *, admin: bool = False
    ) -> tuple[dict[str, Any], str]:
        head = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token or self._token}"} if token or (admin and self._token) else {}
        )
        request = urllib.request.Request(f"{self.url}/{api}", json.dumps({"query": query, "variables": variables}).encode(), head)
        with urllib.request.urlopen(request, timeout=300) as answer:
            told = json.loads(answer.read())
            given = answer.headers.get("vendure-auth-token") or ""
        refused = [value for value in (told.get("data") or {}).values() if isinstance(value, dict) and value.get("errorCode")]
        if told.get("errors") or refused:
            is_deadlock = any(error["message"] == "deadlock detected" for error in told.get("errors") or [])
            kind = DeadlockError if is_deadlock else RuntimeError
            raise kind(f"{query[:200]} {variables}: {told.get('errors') or refused}")
        if admin and given:
            self._token = given
        return told["data"], given
