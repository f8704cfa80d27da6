"""Plain Python values for what the embedded engine's Java objects hold; the twin of :func:`kg.values.plain`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kg.values import PLAIN, aware, plain


def from_java(value: Any) -> Any:
    """A value of a result row: moments aware in UTC, nodes and relationships as their properties, a path as a list."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, list | tuple | set):
        return [from_java(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): from_java(entry) for key, entry in value.items()}
    if hasattr(value, "getClass"):
        return _from_object(value, str(value.getClass().getSimpleName()))
    return plain(value)


def length(value: Any) -> int:
    """Characters of a text that is still the engine's, or its entries: what can be counted without a copy of it."""
    if hasattr(value, "length") and hasattr(value, "charAt"):
        return int(value.length())
    return int(value.size()) if hasattr(value, "size") else 0


def _from_object(value: Any, kind: str) -> Any:
    if kind in {"CypherLocalDateTime", "CypherDateTime"}:
        return aware(datetime.fromisoformat(str(value).partition("[")[0]))
    if hasattr(value, "getPropertyNames") and hasattr(value, "getIdentity"):
        return _properties(value)
    if hasattr(value, "getVertices") and hasattr(value, "getEdges"):
        return _path(list(value.getVertices()), list(value.getEdges()))
    return str(value)


def _properties(document: Any) -> dict[str, Any]:
    from arcadedb_embedded.type_conversion import convert_java_to_python

    return {str(name): from_java(convert_java_to_python(document.get(name))) for name in document.getPropertyNames()}


def _path(nodes: list[Any], relationships: list[Any]) -> list[Any]:
    steps: list[Any] = [_properties(nodes[0])]
    for relationship, node in zip(relationships, nodes[1:], strict=True):
        steps += [{"type": str(relationship.getTypeName()), **_properties(relationship)}, _properties(node)]
    return steps
