"""Plain Python values for what an engine answers: aware datetimes, lists, nodes as the dict of their properties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types that are passed on as they are."""


def plain(value: Any) -> Any:
    """A driver's value as plain Python: moments aware in UTC, a node or relationship as the dict of its properties.

    A path becomes the list of its nodes and relationships in order; anything else without a plain form, its text.
    """
    if type(value) in PLAIN:
        return value
    if hasattr(value, "to_native"):
        return plain(value.to_native())
    if hasattr(value, "iso_format"):  # a duration, which is a tuple too
        return value.iso_format()
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, datetime):
        return aware(value)
    if hasattr(value, "relationships") and hasattr(value, "nodes"):
        return _path(value)
    if isinstance(value, Mapping) or hasattr(value, "items"):
        return {key: plain(entry) for key, entry in value.items()}
    return str(value)


def aware(moment: datetime) -> datetime:
    """``moment`` in UTC; without a zone it is taken as UTC, which is how the embedded engine answers."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def seconds(moment: str | None) -> float:
    """Unix seconds of a moment as ``toString`` of either engine writes it, NaN for null.

    >>> seconds("1970-01-01T00:01:00.5"), seconds("1970-01-01T01:00:00+01:00")
    (60.5, 0.0)
    """
    return float("nan") if moment is None else aware(datetime.fromisoformat(moment)).timestamp()


def _path(path: Any) -> list[Any]:
    nodes, relationships = list(path.nodes), list(path.relationships)
    steps = [plain(nodes[0])]
    for relationship, node in zip(relationships, nodes[1:], strict=True):
        steps += [{"type": relationship.type, **plain(relationship)}, plain(node)]
    return steps
