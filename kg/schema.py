"""The one declaration of what the graph holds: labels and their keys, reserved relations, kinds of event, constraints.

The statements made here are plain Cypher that both engines run. A graph remembers the version it was made by in
``(:Schema {id: 'tastegraph', version})`` and every kind of event in ``(:EventKind {id, minimum, maximum})``: what is
an event is read from there and never guessed from the shape of an edge.
"""

from __future__ import annotations

from collections.abc import Iterable

from kg.errors import RecordError, StoreVersionError

VERSION = 1
"""Raised with every change that an older program could not read."""

NODE_KEYS = {
    "Schema": "id",
    "EventKind": "id",
    "User": "id",
    "Item": "id",
    "Entity": "id",
    "Review": "id",
    "Interest": "id",
    "Segment": "id",
    "Model": "version",
    "ItemVector": "id",
    "UserVector": "id",
    "Forgotten": "id",
    "Clock": "id",
    "Change": "tick",
}
"""Each label and the property that identifies a node of it."""

DERIVED_PREFIX = "habit_"
"""Properties of people that a refresh writes: they are no input, and no snapshot holds them."""

RESERVED = frozenset(
    {"WROTE", "ABOUT", "SAME_AS", "SHOWN", "RECOMMENDED"}
    | {"HAS_INTEREST", "HAS_VECTOR", "INTERESTED_IN", "IN_SEGMENT", "MENTIONS", "MENTIONED_WITH"}
)
"""Relations with a meaning of their own: no kind of event and no relation of a knowledge graph may be called so."""

EVENT_FIELDS = frozenset({"event_id", "at", "value", "reviewed"})
"""Properties of an event that context may not overwrite. ``reviewed`` is true on one that came with words."""


def node_constraints() -> list[str]:
    """One uniqueness constraint for each label."""
    return [node_constraint(label) for label in NODE_KEYS]


def node_constraint(label: str) -> str:
    """The constraint that makes the key of this label unique."""
    return f"CREATE CONSTRAINT {label.lower()}_key IF NOT EXISTS FOR (n:{label}) REQUIRE n.{NODE_KEYS[label]} IS UNIQUE"


def kind_constraint(kind: str) -> str:
    """The constraint that makes ``event_id`` unique within ``kind``, a result of :func:`kg.records.clean_kind`."""
    return f"CREATE CONSTRAINT event_{kind.lower()} IF NOT EXISTS FOR ()-[r:{kind}]-() REQUIRE r.event_id IS UNIQUE"


def check_kind(kind: str, name: str = "kind") -> None:
    """Refuse a reserved name.

    Raises:
        RecordError: ``kind`` is one of :data:`RESERVED`.
    """
    if kind in RESERVED:
        raise RecordError(name, f"{kind} is reserved for the graph's own edges; choose another name")


def check_version(versions: Iterable[int], address: str) -> bool:
    """Whether a graph with these stored schema versions has been set up; none means that it is fresh.

    Raises:
        StoreVersionError: it was made by another version.
    """
    found = set(versions)
    if found - {VERSION}:
        raise StoreVersionError(
            f"{address} was made by schema version {max(found)}; this program speaks version {VERSION}. "
            f"Use the tastegraph release that made it, or ingest the data again into a new store."
        )
    return bool(found)
