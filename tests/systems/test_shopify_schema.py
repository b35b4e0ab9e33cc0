"""Every query and every answer of the demo shop held against Shopify's own Admin schema, from the npm package that carries it."""

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_client_schema, execute, parse, validate

from benchmarks.fuzz import originals
from pipelines.channels.shopify import queries
from pipelines.demo.servers.shop import load_shop
from tests.conftest import require

PACKAGE = "@shopify/dev-mcp@1.16"
pytestmark = pytest.mark.systems


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> GraphQLSchema:
    kept = os.environ.get("FULCAST_SHOPIFY_SCHEMA")
    require(
        bool(kept) or shutil.which("npm") is not None, "neither FULCAST_SHOPIFY_SCHEMA nor npm, which brings Shopify's schema"
    )
    folder = Path(kept) if kept else tmp_path_factory.mktemp("schema")
    if not kept:
        packed = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, capture_output=True, text=True)
        shutil.unpack_archive(folder / packed.stdout.strip().splitlines()[-1], folder, filter="data")
        folder = folder / "package" / "dist" / "data"
    told = json.loads(gzip.decompress((folder / f"admin_{queries.VERSION}.json.gz").read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


@pytest.mark.parametrize("name", queries.ALL)
def test_a_query_is_valid(schema: GraphQLSchema, name: str) -> None:
    assert [problem.message for problem in validate(schema, parse(queries.ALL[name]))] == []


def test_answers_of_the_demo_shop_are_what_the_schema_promises(schema: GraphQLSchema, demo_files: Path) -> None:
    """Each order goes through the schema's own types and enumerations: a value of another kind would be an error."""
    shop = load_shop(demo_files / "truth", "shop_eu", 150)
    nodes = originals("shopify", shop, "orders")
    answer = execute(schema, parse(queries.ORDERS), {"orders": _page(nodes)}, variable_values={"first": 250})
    assert answer.errors is None, answer.errors[:3]
    assert len(answer.data["orders"]["nodes"]) == 150
    money = {
        "shopifyPaymentsAccount": {
            "payouts": _page(originals("shopify", shop, "payouts")),
            "balanceTransactions": _page(originals("shopify", shop, "payout_entries")),
        }
    }
    for query in (queries.PAYOUTS, queries.BALANCE):
        answer = execute(schema, parse(query), money, variable_values={"first": 250})
        assert answer.errors is None, answer.errors[:3]


def _page(nodes: list[Any]) -> dict[str, Any]:
    return {"nodes": [_typed(node) for node in nodes], "pageInfo": {"hasNextPage": False, "endCursor": None}}


def _typed(node: Any) -> Any:
    """The node with the names of interfaces' types, which the executor asks for."""
    if isinstance(node, dict):
        named = {"__typename": "BasicEvent"} if {"action", "createdAt"} == set(node) else {}
        return named | {key: _typed(value) for key, value in node.items()}
    return [_typed(value) for value in node] if isinstance(node, list) else node
