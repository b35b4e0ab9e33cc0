"""Shopify's Admin GraphQL over the demo merchant's shop. Here: requests, tokens, bulk operations. Not here: how an order looks (shopify_nodes.py)."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from pipelines.channels.shopify import queries
from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.graphql import Connection, Slice, execute, parsed
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Order, Shop
from pipelines.demo.servers.shopify_nodes import Nodes, moving
from pipelines.demo.servers.views import Seen, Views

FILTER = re.compile(r"(\w+):(>=|<=|<|>)'([^']+)'")
TOKEN_SECONDS = 86_399


class ShopifyPlatform:
    """One shop. `inner_page` bounds the lists inside an order, so that long ones have to be asked for again."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0, inner_page: int = 250) -> None:
        self.faults, self.clock = Faults(weather or Weather(), seed), clock
        self.views = Views(shop, moving, seed)
        self.nodes = Nodes(shop, inner_page, self.faults.weather.skew)
        self._whole = Nodes(shop, 10**9, self.faults.weather.skew)
        self.base = ""
        self._tokens: set[str] = set()
        self._given = 0
        self._bulk: dict[str, bytes] = {}

    def list_of(self, request: Request) -> str:
        return request.asked if request.path.endswith("graphql.json") and b"query Orders(" in request.body else ""

    def throttled(self) -> Reply:
        """Shopify says it in either of two ways."""
        if self._given % 2:
            return Reply.json({"errors": "Exceeded"}, 429, Retry_After="2.0")
        cost = {
            "requestedQueryCost": 900,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 12, "restoreRate": 100.0},
        }
        return Reply.json(
            {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}
        )

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def records(self, stream: str) -> list[dict[str, Any]]:
        if stream == "orders":
            ids = [f"gid://shopify/Order/{order.id}" for order in self.views.shop.orders]
            return [node for node in execute(queries.ORDERS_BY_ID, {"ids": ids}, self._root)["nodes"] if node]
        name, query = {"payouts": ("payouts", queries.PAYOUTS), "payout_entries": ("balanceTransactions", queries.BALANCE)}[
            stream
        ]
        return execute(query, {"first": 250}, self._root)["shopifyPaymentsAccount"][name]["nodes"]  # type: ignore[no-any-return]

    def answer(self, request: Request) -> Reply:
        if request.path == "/admin/oauth/access_token":
            self._given += 1
            token = f"shpat_{self._given}"
            self._tokens.add(token)
            return Reply.json({"access_token": token, "scope": "read_all_orders", "expires_in": TOKEN_SECONDS})
        if request.path.startswith("/bulk/"):
            return Reply(200, self._bulk[request.path.removeprefix("/bulk/")], content_type="application/jsonl")
        if request.headers.get("X-Shopify-Access-Token") not in self._tokens:
            return Reply.json({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401)
        asked = json.loads(request.body)
        text, variables = asked["query"], asked.get("variables") or {}
        try:
            parsed(text)
        except GraphQLError as problem:
            return Reply.json({"errors": [{"message": str(problem), "extensions": {"code": "BAD_REQUEST"}}]})
        return Reply.json({"data": execute(text, variables, self._root)})

    def _root(self, name: str, arguments: Mapping[str, Any]) -> Any:
        if name == "shop":
            return {"name": "Demo shop", "ianaTimezone": "Europe/Amsterdam", "currencyCode": self.views.shop.currency}
        if name == "orders":
            return self._orders(arguments)
        if name == "nodes":
            return [self._node(gid) for gid in arguments["ids"]]
        if name == "node":
            return self._node(arguments["id"])
        if name == "bulkOperationRunQuery":
            return self._run_bulk(arguments["query"])
        if name == "shopifyPaymentsAccount":
            return {"payouts": self._money(self.nodes.payouts), "balanceTransactions": self._money(self.nodes.entries)}
        raise KeyError(name)

    def _money(self, nodes: Callable[[datetime | None, datetime], Connection]) -> Callable[[Mapping[str, Any]], Connection]:
        """Payouts or entries since the asked instant."""

        def since(arguments: Mapping[str, Any]) -> Connection:
            bounds = FILTER.findall(arguments.get("query") or "")
            least = datetime.fromisoformat(bounds[0][2]) - self.faults.weather.skew if bounds else None
            return nodes(least, self.clock.now)

        return since

    def _orders(self, arguments: Mapping[str, Any]) -> Slice:
        bounds = [
            (field, sign, datetime.fromisoformat(value)) for field, sign, value in FILTER.findall(arguments.get("query") or "")
        ]
        size = int(arguments.get("first") or 50)
        skew = self.faults.weather.skew
        if any(field == "created_at" for field, _, _ in bounds):
            start, end = (next((v for f, s, v in bounds if f == "created_at" and s == sign), None) for sign in (">=", "<"))
            if not (start and end):
                raise KeyError("created_at")
            orders = self.views.created_between(start - skew, end - skew, self.clock.now)
            found = [Seen(order, self.clock.now, order.placed_at) for order in orders]
        else:
            since = next((v for f, s, v in bounds if f == "updated_at" and s == ">="), None)
            found = self.views.changed_since(since - skew if since else None, None, self.clock.now, self.faults)
        if arguments.get("after"):
            key = tuple(json.loads(base64.b64decode(arguments["after"])))
            found = [seen for seen in found if _key(seen) > key]
        page = found[:size]
        cursor = base64.b64encode(json.dumps(_key(page[-1])).encode()).decode() if page else None
        return Slice([self._shown(seen.order, seen.at) for seen in page], len(found) > size, cursor)

    def _shown(self, order: Order, at: datetime, nodes: Nodes | None = None) -> dict[str, Any]:
        changed = self.views.changed_at(order, at)
        if changed is None:
            raise KeyError(order.id)
        return (nodes or self.nodes).order(order, at, changed)

    def _node(self, gid: str) -> Any:
        _, _, kind, number = gid.rsplit("/", 3)[-4:] if gid.count("/") >= 4 else ("", "", *gid.rsplit("/", 2)[-2:])
        if kind == "BulkOperation":
            content = self._bulk[number]
            return {"__typename": kind, "id": gid, "status": "COMPLETED", "errorCode": None, "url": f"{self.base}/bulk/{number}" if content else None,
                    "objectCount": str(content.count(b"\n"))}  # fmt: skip
        if kind == "Order":
            order = self.views.by_id.get(int(number))
            return self._shown(order, self.clock.now) if order and order.placed_at <= self.clock.now else None
        return self.nodes.inner(kind, gid, self.clock.now, self._shown)

    def _run_bulk(self, query: str) -> dict[str, Any]:
        number = f"{len(self._bulk) + 1}"
        now = self.clock.now
        everything = [order for order in self.views.shop.orders if order.placed_at <= now]
        root = {"orders": Connection(everything, at_most=10**9, made=lambda order: self._shown(order, now, self._whole))}
        wide = query.replace("orders {", "orders(first: 1000000000) {", 1)
        data = execute(wide, {}, lambda name, arguments: root[name])
        self._bulk[number] = b"".join(_bulk_lines(edge["node"]) for edge in data["orders"]["edges"])
        started = {
            "id": f"gid://shopify/BulkOperation/{number}",
            "status": "CREATED",
            "createdAt": f"{now + self.faults.weather.skew:%Y-%m-%dT%H:%M:%SZ}",
        }
        return {"bulkOperation": started, "userErrors": []}


def _key(seen: Seen) -> tuple[str, int]:
    return (seen.changed_at.isoformat(), seen.order.id)


def _bulk_lines(order: dict[str, Any]) -> bytes:
    """An order of a bulk file: its own line, then one for each child of its connections."""
    inner = {name: value["edges"] for name, value in order.items() if isinstance(value, dict) and "edges" in value}
    lines = [{name: value for name, value in order.items() if name not in inner}]
    lines += [edge["node"] | {"__parentId": order["id"]} for edges in inner.values() for edge in edges]
    return b"".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for line in lines)
