"""A small GraphQL executor for the demo shop: selections, fragments, connections. Not here: what fields hold, any schema."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, parse
from graphql.language import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode
from graphql.utilities import value_from_ast_untyped

Root = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Connection:
    """A list that is handed out in pages: all its nodes, at most how many at once, and how a node is made of an element."""

    nodes: Sequence[Any]
    at_most: int = 250
    made: Callable[[Any], Any] = lambda node: node


@dataclass(frozen=True)
class Slice:
    """A page that its owner cut: its nodes, whether more follow, and the cursor after the last."""

    nodes: list[Any]
    has_next: bool
    cursor: str | None


@lru_cache(maxsize=128)
def parsed(text: str) -> DocumentNode:
    """The document of a query; parsed once."""
    return parse(text)


def execute(text: str, variables: Mapping[str, Any], root: Root) -> dict[str, Any]:
    """The `data` of a query's only operation; `root` answers its top fields."""
    document = parsed(text)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    data: dict[str, Any] = {}
    for chosen in operation.selection_set.selections:
        if isinstance(chosen, FieldNode):
            value = root(chosen.name.value, _arguments(chosen, variables))
            data[chosen.name.value] = _complete(chosen, value, fragments, variables)
    return data


def _arguments(chosen: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {a.name.value: value_from_ast_untyped(a.value, dict(variables)) for a in chosen.arguments}


def _complete(
    chosen: FieldNode, value: Any, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
) -> Any:
    if callable(value):
        value = value(_arguments(chosen, variables))
    if isinstance(value, Connection):
        value = _page(value, _arguments(chosen, variables))
    if isinstance(value, Slice):
        value = _told(value)
    if chosen.selection_set is None or value is None:
        return value
    if isinstance(value, list):
        return [None if item is None else _select(chosen.selection_set, item, fragments, variables) for item in value]
    return _select(chosen.selection_set, value, fragments, variables)


def _select(
    selection: SelectionSetNode,
    value: Mapping[str, Any],
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for part in selection.selections:
        if isinstance(part, FieldNode):
            chosen[part.name.value] = _complete(part, value.get(part.name.value), fragments, variables)
        elif isinstance(part, FragmentSpreadNode):
            chosen |= _select(fragments[part.name.value].selection_set, value, fragments, variables)
        elif isinstance(part, InlineFragmentNode) and (
            part.type_condition is None or _fits(part.type_condition.name.value, value)
        ):
            chosen |= _select(part.selection_set, value, fragments, variables)
    return chosen


def _fits(type_name: str, value: Mapping[str, Any]) -> bool:
    return value.get("__typename", type_name) == type_name


def _page(connection: Connection, arguments: Mapping[str, Any]) -> Slice:
    """A page of a list that doesn't move while it is read; cursors are positions."""
    start = int(base64.b64decode(arguments["after"]).decode()) if arguments.get("after") else 0
    size = min(int(arguments.get("first") or connection.at_most), connection.at_most)
    nodes = [connection.made(node) for node in connection.nodes[start : start + size]]
    end = start + len(nodes)
    return Slice(nodes, end < len(connection.nodes), base64.b64encode(str(end).encode()).decode() if nodes else None)


def _told(page: Slice) -> dict[str, Any]:
    return {
        "nodes": page.nodes,
        "edges": [{"node": node} for node in page.nodes],
        "pageInfo": {"hasNextPage": page.has_next, "endCursor": page.cursor},
    }
