"""The one declaration of what the graph holds: labels and their keys, reserved relations, kinds of event, constraints.

The statements made here are plain Cypher that both engines run. A graph remembers the version it was made by in
``(:Schema {id: 'tastegraph', version})`` and every kind of event in ``(:EventKind {id, minimum, maximum})``: what is
an event is read from there and never guessed from the shape of an edge. How a source spelled a relation is kept in
``(:Relation {id, name})``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kg import alphabets, quoting
from kg.errors import RecordError, StoreVersionError, short
from kg.records import clean_kind

VERSION = 1
"""Raised with every change that an older program could not read, and a step added in :mod:`kg.migrate`."""
UNFINISHED = 0
"""Version of a graph that a restore has not filled completely: nothing opens it."""

NODE_KEYS = {
    "Schema": "id",
    "EventKind": "id",
    "Relation": "id",
    "User": "id",
    "Item": "id",
    "Entity": "id",
    "Review": "id",
    "Interest": "id",
    "Segment": "id",
    "Model": "version",
    "ItemFactors": "id",
    "UserFactors": "id",
    "ItemVector": "id",
    "Forgotten": "id",
    "Clock": "id",
    "Change": "tick",
    "Ingested": "id",
}
"""Each label and the property that identifies a node of it."""

KNOWLEDGE = (("Item", "Entity"), ("Entity", "Entity"), ("Item", "Item"))
"""Between which labels an edge belongs to the knowledge graph, as this package writes it."""
KNOWLEDGE_READ = (*KNOWLEDGE, ("Entity", "Item"))
"""As it is read: in an adopted graph people act in films, and suppliers supply products."""

DERIVED_PREFIX = "habit_"
"""Of properties of people that a refresh writes: they are no input, and no snapshot holds them."""
DERIVED = (
    *("events", "kinds", "kind_counts", "items", "liked", "disliked", "rating_mean", "rating_deviation"),
    *("rating_spread", "first_seen", "last_seen", "active_days", "peak_hours", "peak_weekdays", "novelty"),
    *("novelty_deviation", "diversity", "facet"),
)
"""Properties of people that a refresh writes, without the prefix."""

BROUGHT = "_brought_by"
"""Property of a node or an edge: which of the sources (:mod:`kg.ingested`) brought it, see :mod:`kg.marks`."""
ALSO = "_also_by"
"""Likewise of an edge: the numbers of those that brought it again."""
HIDDEN = (DERIVED_PREFIX, BROUGHT, ALSO)
"""How names of properties begin that are no data: nobody may give them, and no reader shows them."""

OWN_EDGES: Mapping[str, frozenset[tuple[str, str]]] = {
    "WROTE": frozenset({("User", "Review")}),
    "ABOUT": frozenset({("Review", "Item")}),
    "SAME_AS": frozenset({("Item", "Entity")}),
    "SHOWN": frozenset({("User", "Item")}),
    "RECOMMENDED": frozenset({("User", "Item")}),
    "HAS_FACTORS": frozenset({("User", "UserFactors"), ("Item", "ItemFactors")}),
    "HAS_INTEREST": frozenset({("User", "Interest")}),
    "INTERESTED_IN": frozenset({("User", "Entity")}),
    "IN_SEGMENT": frozenset({("User", "Segment")}),
    "MENTIONS": frozenset((text, named) for text in ("Review", "Item") for named in ("Entity", "Item")),
    "MENTIONED_WITH": frozenset({("Item", "Entity")}),
}
"""Relations with a meaning of their own, and the labels that each leads from and to."""
PERSONAL_EDGES = ("WROTE", "HAS_INTEREST", "HAS_FACTORS")
"""Relations to nodes that are a person's alone."""
TRAIT_EDGES = frozenset({("User", "Entity")})
"""Labels between which it is a static feature of a person."""
EVENT_EDGES = frozenset({("User", "Item")})
"""Labels between which an event leads."""

SOCIAL_EDGES = frozenset({("User", "User")})
"""Labels between which a tie leads."""
BOTH_WAYS = frozenset({"FRIEND"})
"""Ties that count from either end, whichever way they are stored; all others (``FOLLOWS``) lead one way."""

NESTED = "WITHIN"
"""The relation from a level of a category path to the one above."""

RESERVED = frozenset(OWN_EDGES)
"""No kind of event and no relation of a knowledge graph may be called so."""

EVENT_FIELDS = frozenset({"event_id", "at", "value", "reviewed", BROUGHT, ALSO})
"""Properties of an event that context may not overwrite. ``reviewed`` is true on one that came with words."""


def taken(name: str) -> str:
    """Why nobody may give a property a name of :data:`HIDDEN`.

    >>> taken("habit_age")
    'names that begin with habit_ are those of profiles'
    """
    prefix = next(own for own in HIDDEN if name.startswith(own))
    return f"names that begin with {prefix} are those of {'profiles' if prefix == DERIVED_PREFIX else 'the graph'}"


def node_constraints() -> list[str]:
    """One uniqueness constraint for each label."""
    return [node_constraint(label) for label in NODE_KEYS]


def node_constraint(label: str) -> str:
    """The constraint that makes the key of this label unique."""
    return f"CREATE CONSTRAINT {label.lower()}_key IF NOT EXISTS FOR (n:{label}) REQUIRE n.{NODE_KEYS[label]} IS UNIQUE"


def kind_constraint(kind: str) -> str:
    """The constraint that makes ``event_id`` unique within ``kind``.

    Raises:
        RecordError: it is no kind; see :func:`check_kind`.
    """
    check_kind(kind)
    named = f"{kind_constraint_name(kind)} IF NOT EXISTS FOR ()-[r:{quoting.own(kind)}]-()"
    return f"CREATE CONSTRAINT {named} REQUIRE r.event_id IS UNIQUE"


def kind_constraint_name(kind: str) -> str:
    """The name of that constraint, in ASCII whatever the alphabet: what names these differs between engines.

    >>> kind_constraint_name("RATED"), kind_constraint_name("导演")
    ('event_rated', 'event__22142D5B2EFA')
    """
    return f"event_{kind.lower() if kind.isascii() else alphabets.told_apart('', kind)}"


def check_kind(kind: str, name: str = "kind") -> None:
    """Refuse what cannot name a kind of event, or a relation, or is reserved.

    Raises:
        RecordError: ``kind`` is no identifier, or one of :data:`RESERVED`, or one of our labels, which no engine but
            Neo4j tells from types.
    """
    clean_kind(kind, name)
    if not alphabets.is_name(kind):
        raise RecordError(name, f"{short(kind)} is not in the form that the graph keeps (Unicode NFC)")
    if kind in RESERVED or kind in NODE_KEYS:
        raise RecordError(name, f"{kind} is reserved for the graph's own edges; choose another name")


def check_version(versions: Iterable[int], address: str, speaks: int = VERSION) -> bool:
    """Whether a graph with these stored schema versions has been set up; none means that it is fresh.

    Raises:
        StoreVersionError: it was made by another version.
    """
    found = set(versions)
    if UNFINISHED in found:
        raise StoreVersionError(
            f"{address} holds half of a graph: a restore into it was stopped. Remove all of it (a folder, or by "
            f"'MATCH (n) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS' on a server) and restore again."
        )
    if found - {speaks}:
        older = max(found) < speaks
        raise StoreVersionError(
            f"{address} was made by schema version {max(found)}; this program speaks version {speaks}. "
            + ("Run 'tastegraph migrate'." if older else "Use the tastegraph release that made it, or a later one.")
        )
    return bool(found)
