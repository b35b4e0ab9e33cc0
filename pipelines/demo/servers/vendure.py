"""Vendure's Admin GraphQL over the demo merchant's shop. Here: signing in, filters, pages. Not here: how an order looks (vendure_nodes.py)."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from graphql import GraphQLError

from pipelines.channels.vendure import queries
from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.graphql import execute, parsed
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Order, Shop
from pipelines.demo.servers.vendure_nodes import Nodes
from pipelines.demo.servers.views import LATE_SHARE

PLACE = {"id": "1", "name": "Default Stock Location"}
MOST = 1000  # results of one list query
OPENED = timedelta(days=1)  # the catalogue was made so long before the first order


class VendurePlatform:
    """One shop with one channel and one stock location."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock, self.shop = Faults(weather or Weather(), seed), clock, shop
        self.nodes = Nodes(shop, self.faults.weather.skew)
        self.base = ""
        self._by_id = {str(order.id): order for order in shop.orders}
        self._skus = sorted({line.sku for order in shop.orders for line in order.lines} | set(shop.stock))
        self._tokens: set[str] = set()
        self._given = 0
        self.decimals, self.refuses = 2, False  # of money; every password

    def list_of(self, request: Request) -> str:
        told = json.loads(request.body)
        is_list = "options" in (told.get("variables") or {}) and b'"in"' not in request.body
        return str(told["query"]).split("(", 1)[0] if is_list else ""

    def throttled(self) -> Reply:
        """Vendure itself takes any number of requests; the proxy before it doesn't."""
        return Reply(429, b"Too Many Requests", {"Retry-After": "1"}, "text/plain")

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def records(self, stream: str) -> list[dict[str, Any]]:
        if stream == "orders":
            told = execute(queries.ORDERS, {"options": {"filter": {"id": {"in": list(self._by_id)}}}}, self._root)
            return told["orders"]["items"]  # type: ignore[no-any-return]
        variants = execute(queries.ALL[stream], {"options": {}}, self._root)["productVariants"]["items"]
        return variants if stream == "products" else [{"sku": v["sku"]} | level for v in variants for level in v["stockLevels"]]

    def answer(self, request: Request) -> Reply:
        asked = json.loads(request.body)
        try:
            parsed(asked["query"])
        except GraphQLError as problem:
            return _error(str(problem), "GRAPHQL_PARSE_FAILED")
        variables = asked.get("variables") or {}
        if "mutation Login" in asked["query"]:
            if self.refuses:
                wrong = {"__typename": "InvalidCredentialsError", "message": "The provided credentials are invalid"}
                return Reply.json({"data": {"login": wrong}})
            self._given += 1
            token = f"token-{self._given}"
            self._tokens.add(token)
            return Reply.json({"data": {"login": {"__typename": "CurrentUser"}}}, vendure_auth_token=token)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return _error("You are not currently authorized to perform this action", "FORBIDDEN")
        if int((variables.get("options") or {}).get("take") or 0) > MOST:
            return _error(f"Cannot take more than {MOST} results from a list query", "USER_INPUT_ERROR")
        return Reply.json({"data": execute(asked["query"], variables, self._root)})

    def _root(self, name: str, arguments: Mapping[str, Any]) -> Any:
        options = arguments.get("options") or {}
        if name == "orders":
            return self._orders(options)
        if name == "productVariants":
            return _page([self._variant(number, sku) for number, sku in enumerate(self._skus)], options)
        return {
            "activeChannel": {
                "code": "__default_channel__",
                "defaultCurrencyCode": self.shop.currency,
                "pricesIncludeTax": False,
            },
            "globalSettings": {"serverConfig": {"moneyStrategyPrecision": self.decimals}},
            "stockLocations": {"items": [PLACE]},
        }[name]

    def _orders(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Orders by id as they are now; in lists of what changed some come late, and some as they were before."""
        wanted, now = options.get("filter") or {}, self.clock.now
        if "id" in wanted:
            named = [self._by_id[number] for number in wanted["id"]["in"] if number in self._by_id]
            return {"items": [self.nodes.order(order, now) for order in named if order.placed_at <= now]}
        is_exact = "before" in json.dumps(wanted)
        seen = [
            (order, at)
            for order in self.shop.orders
            if (at := now if is_exact else self._shown_at(order, now)) >= order.placed_at
        ]
        return _page([self.nodes.order(order, at) for order, at in seen if order.placed_at <= now], options)

    def _shown_at(self, order: Order, now: datetime) -> datetime:
        lag, staleness = self.faults.weather.lag, self.faults.weather.staleness
        at = now - lag if lag and self.faults.is_hit(LATE_SHARE) else now
        return at - staleness if staleness and self.faults.is_hit(LATE_SHARE) else at

    def _variant(self, number: int, sku: str) -> dict[str, Any]:
        made = self.nodes.at(self.shop.orders[0].placed_at - OPENED + timedelta(seconds=number))
        on_hand = self.shop.stock.get(sku)
        level = (
            {"id": f"L{number}", "updatedAt": made, "stockOnHand": on_hand[0], "stockAllocated": 0, "stockLocation": PLACE}
            if on_hand
            else None
        )
        facets = [{"name": sku.split("-", 1)[0], "facet": {"code": "category"}}]
        return {
            "id": f"V{sku}", "sku": sku, "name": f"Article {sku}", "createdAt": made, "updatedAt": made, "facetValues": [],
            "product": {"id": f"P{number}", "updatedAt": made, "facetValues": facets},
            "stockLevels": [level] if level else [],
        }  # fmt: skip


def _page(nodes: Sequence[dict[str, Any]], options: Mapping[str, Any]) -> dict[str, Any]:
    """The nodes that fit the filter, by the date that they are sorted by, from `skip` on."""
    found = [node for node in nodes if fits(node, options.get("filter") or {})]
    for field in options.get("sort") or {}:
        found.sort(key=lambda node, field=field: node[field])  # type: ignore[misc]
    start = int(options.get("skip") or 0)
    return {"items": found[start : start + int(options.get("take") or MOST)]}


def fits(node: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a node fits a filter of Vendure's: all of its fields, any of `_or`, all of `_and`."""
    for field, asked in wanted.items():
        if field == "_or":
            is_fit = any(fits(node, one) for one in asked)
        elif field == "_and":
            is_fit = all(fits(node, one) for one in asked)
        else:
            is_fit = all(COMPARED[sign](node[field], value) for sign, value in asked.items())
        if not is_fit:
            return False
    return True


COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda told, value: told == value, "after": lambda told, value: told > value, "before": lambda told, value: told < value,
    "in": lambda told, value: told in value, "notIn": lambda told, value: told not in value,
}  # fmt: skip


def _error(message: str, code: str) -> Reply:
    return Reply.json({"errors": [{"message": message, "extensions": {"code": code}}], "data": None})
