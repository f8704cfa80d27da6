"""What was made in an owner's graph, by exact name: it is noted where it is made, and nothing else goes again.

``(:TG_Made {id, kind, on, key})``: types of ours and properties of the owner's nodes; constraints and indexes with what
they are on; and the owner's labels whose nodes were marked. The owner may have made names with our prefix since, so a
name alone is not enough: an edge of such a type is ours if it has properties, all of ours
(:func:`kg.dialect.edge_is_ours`); a node if it has one of our labels, no other, and its key; a constraint or an index
if it stands on what it was made on.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from kg import schema
from kg.dialect import HABITS, LABELS, OWN, PREFIX, RECORD, SHARED, Dialect, edge_is_ours, is_ours
from kg.engines.neo4j import Neo4jStore
from kg.errors import StoreError
from kg.quoting import neo4j as quoted
from kg.store import Row, Statement

AT_ONCE = 10_000
"""Nodes or edges changed in one transaction."""
TYPE, PROPERTY, CONSTRAINT, INDEX, LABEL = "type", "property", "constraint", "index", "label"
FIRST = (f"{OWN}id", f"{OWN}kind")
"""Properties that every adoption gives to nodes of the owner's."""
log = logging.getLogger(__name__)
_RECORD = PREFIX + RECORD
_SCHEMA = PREFIX + "Schema"
_EVENT_ID = f"{OWN}event_id"
_DEFINITION = re.compile(
    r"CREATE CONSTRAINT (\w+) .* FOR (?:\(n:(\w+)\)|\(\)-\[r:`?([^`\]]+)`?\]-\(\)) REQUIRE \w\.(\w+) "
)
_PLAIN = Dialect(PREFIX)


@dataclass(frozen=True)
class Made:
    """One name."""

    id: str
    kind: str
    on: str = ""
    """Label or type that a constraint or an index is on; ``key`` its property."""
    key: str = ""


def begun(store: Neo4jStore) -> bool:
    """Whether the graph is adopted, or an adoption of it was stopped on the way."""
    return bool(_read(store, f"MATCH (s:{_SCHEMA} {{id: 'tastegraph'}}) RETURN 1 AS one LIMIT 1"))


def recorded(store: Neo4jStore) -> list[Made]:
    """What is noted; where an older release has adopted the graph and noted nothing, what must be its work."""
    rows = _read(store, f"MATCH (m:{_RECORD}) RETURN m.id AS id, m.kind AS kind, m.on AS on, m.key AS key")
    if rows or not begun(store):
        return [made for row in rows if (made := _made(row))]
    return _inferred(store)


def _made(row: Row) -> Made | None:
    """A row of the record; None where no release can have written it, so that it would name what is the owner's."""
    made = Made(**{name: value if isinstance(value, str) else "" for name, value in row.items()})
    ours = made.id.startswith(PREFIX if made.kind == TYPE else OWN)
    could = {TYPE: ours, PROPERTY: ours, LABEL: bool(made.id)}
    if could.get(made.kind, ours and made.kind in (CONSTRAINT, INDEX) and made.on.startswith(PREFIX)):
        return made
    log.warning("the record of what was made (:%s) names %r, which is none of ours: it stays", _RECORD, made.id)
    return None


def note(store: Neo4jStore, made: Iterable[Made]) -> None:
    """Add to what is noted."""
    rows = list(map(asdict, made))
    if not rows:
        return
    text = f"UNWIND $rows AS row MERGE (:{_RECORD} {{id: row.id, kind: row.kind, on: row.on, key: row.key}})"
    _write(store, text, rows=rows)


def ids(made: Iterable[Made], kind: str) -> list[str]:
    """Names of one kind."""
    return [own.id for own in made if own.kind == kind]


def constraint(text: str) -> Made:
    """What a statement of :mod:`kg.schema`, in the words of the adopted graph, makes."""
    found = _DEFINITION.match(text)
    if found is None:
        raise ValueError(f"{text} makes no constraint")
    return Made(found[1], CONSTRAINT, found[2] or found[3], found[4])


def standing(store: Neo4jStore) -> list[Made]:
    """All constraints of the graph, and all indexes that belong to none."""
    constraints = _read(store, "SHOW CONSTRAINTS YIELD name, labelsOrTypes AS on, properties AS keys")
    indexes = _read(
        store,
        "SHOW INDEXES YIELD name, type, labelsOrTypes AS on, properties AS keys, owningConstraint AS owner "
        "WHERE owner IS NULL AND type <> 'LOOKUP'",
    )
    named = [*((row, CONSTRAINT) for row in constraints), *((row, INDEX) for row in indexes)]
    return [Made(row["name"], kind, ",".join(row["on"] or ()), ",".join(row["keys"] or ())) for row, kind in named]


def is_of_us(own: Made) -> bool:
    """Whether a constraint or an index has the name and the place of one that we make."""
    if own.kind == INDEX:
        return own.on in LABELS and own.id == f"{OWN}{own.on.removeprefix(PREFIX)}_{own.key}".lower()
    if own.on in LABELS:
        return own in {constraint(_PLAIN.text(text)) for text in schema.node_constraints()}
    kind = own.on.removeprefix(PREFIX)
    name = f"{OWN}{schema.kind_constraint_name(kind)}"
    names = (name, f"{name}_{kind}")
    return own.on.startswith(PREFIX) and own.key == _EVENT_ID and own.id in names


def taken(store: Neo4jStore) -> list[str]:
    """Names of the owner's that begin as ours do: of labels, types, properties, constraints and indexes."""
    scans = (
        f"MATCH (n) UNWIND labels(n) AS name WITH DISTINCT name WHERE name STARTS WITH '{PREFIX}' RETURN name",
        f"MATCH ()-[r]->() WITH DISTINCT type(r) AS name WHERE name STARTS WITH '{PREFIX}' RETURN name",
        f"MATCH (n) UNWIND keys(n) AS name WITH DISTINCT name WHERE name STARTS WITH '{OWN}' RETURN name",
        f"MATCH ()-[r]->() UNWIND keys(r) AS name WITH DISTINCT name WHERE name STARTS WITH '{OWN}' RETURN name",
    )
    rows = _read(store, f"CALL () {{ {' UNION '.join(scans)} }} RETURN name")
    named = [own.id for own in standing(store) if not is_of_us(own) and _is_like_ours(own)]
    return sorted({row["name"] for row in rows} | set(named))


def _is_like_ours(own: Made) -> bool:
    return own.id.startswith(OWN) or any(name.startswith(PREFIX) for name in own.on.split(","))


def check_free(store: Neo4jStore, types: Iterable[str]) -> None:
    """Refuse types that the owner uses.

    Raises:
        StoreError: there are edges of such a type which we did not make.
    """
    for name in types:
        theirs = f"MATCH ()-[r:{quoted(name)}]->() WHERE NOT {edge_is_ours('r')} RETURN 1 AS one LIMIT 1"
        if _read(store, theirs):
            raise StoreError(
                f"{store.address} has relations {name} of its owner's, and ours would be called the same; "
                "rename them first"
            )


def check_standing(store: Neo4jStore, wanted: Made, there: Iterable[Made]) -> None:
    """Refuse the name of a constraint or an index that the owner has.

    Raises:
        StoreError: one of this name stands on something else.
    """
    if any(own.id == wanted.id and own != wanted for own in there):
        raise StoreError(
            f"{store.address} has a constraint or an index {wanted.id} of its owner's, and ours would be called the "
            "same; rename it first"
        )


def settle(store: Neo4jStore) -> None:
    """Note what an older release made, and give its edges without a property the one by which they are known."""
    if _read(store, f"MATCH (m:{_RECORD}) RETURN 1 AS one LIMIT 1") or not begun(store):
        return
    found = _inferred(store)
    for name in ids(found, TYPE):
        ends = "all(node IN [a, b] WHERE any(label IN labels(node) WHERE label IN $labels))"
        alone = _alone("a") if name == f"{PREFIX}ABOUT" else "true" if name not in _OWN_TYPES else _alone("b")
        _repeat(
            store,
            f"MATCH (a)-[r:{quoted(name)}]->(b) WHERE size(keys(r)) = 0 AND {ends} AND {alone} WITH r LIMIT {AT_ONCE} "
            f"SET r.{OWN}made = true RETURN count(*) AS changed",
            labels=LABELS,
        )
    note(store, found)


_OWN_TYPES = frozenset(PREFIX + name for name in schema.OWN_EDGES)


def _alone(node: str) -> str:
    """Cypher for whether a node has no label but ours."""
    return f"all(label IN labels({node}) WHERE label IN $labels)"


def _inferred(store: Neo4jStore) -> list[Made]:
    """What an older release must have made.

    A type that is not fixed, and a property, are its work if nodes that can only be ours have them.
    """
    kinds = {PREFIX + row["id"] for row in _read(store, f"MATCH (k:{PREFIX}EventKind) RETURN k.id AS id")}
    shared = "|".join(PREFIX + label for label in sorted(SHARED))
    ours = f"MATCH (n:{shared}) WHERE {is_ours('n')}"
    types = _read(
        store,
        f"{ours} MATCH (n)-[r]-() WITH DISTINCT type(r) AS name WHERE name STARTS WITH '{PREFIX}' RETURN name",
    )
    keys = _read(store, f"{ours} UNWIND keys(n) AS name RETURN DISTINCT name")
    rows = _read(store, f"MATCH (s:{_SCHEMA}) RETURN s.adoption AS adoption")
    said = (f"{OWN}{name}" for name in ("title", "text", "name"))
    return [
        *(Made(name, TYPE) for name in sorted(_OWN_TYPES | kinds | {row["name"] for row in types})),
        *(Made(name, PROPERTY) for name in sorted({*FIRST, *said, *(row["name"] for row in keys)})),
        *(own for own in standing(store) if is_of_us(own)),
        *(Made(label, LABEL) for row in rows for label in _labels_of(row["adoption"])),
    ]


def _labels_of(kept: object) -> list[str]:
    """Labels that a map in a graph names, as far as it can be read."""
    try:
        document = json.loads(str(kept))
        tables = [document["person"], document["item"], *document["entity"]]
        return sorted({str(table["label"]) for table in tables})
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


# --- Taking away


def take_away(store: Neo4jStore) -> dict[str, int]:
    """Remove all that was made, and nothing else; returns how many of each.

    The record goes last, so that it can be done again where it was stopped.
    """
    settle(store)
    made, there = recorded(store), standing(store)
    types, properties = ids(made, TYPE), ids(made, PROPERTY)
    edges = sum(
        _repeat(
            store,
            f"MATCH ()-[r:{quoted(name)}]->() WHERE {edge_is_ours('r')} WITH r LIMIT {AT_ONCE} "
            "DELETE r RETURN count(*) AS changed",
        )
        for name in types
    )
    for own in there:
        if own in made or (own.kind == CONSTRAINT and is_of_us(own) and own.on in LABELS):
            _write(store, f"DROP {own.kind.upper()} {quoted(own.id)} IF EXISTS")
    if not begun(store):
        return {"edges": edges, "labels": 0, "nodes": 0}
    used = {row["label"] for row in _read(store, "CALL db.labels() YIELD label RETURN label")}
    marked = f"(n.{OWN}id IS NOT NULL OR any(label IN labels(n) WHERE label IN $labels))"
    labels = sum(
        _repeat(
            store,
            unmarking(f"MATCH (n:{PREFIX}{label}) WHERE {marked}"),
            types=types,
            properties=properties,
            labels=ids(made, LABEL),
        )
        for label in sorted(SHARED)
        if PREFIX + label in used
    )
    beside = used.intersection(LABELS) - {PREFIX + label for label in SHARED}
    order = sorted(beside, key=lambda label: (label in (_RECORD, _SCHEMA), label))
    nodes = sum(_repeat(store, _removing(label), types=types) for label in order)
    return {"edges": edges, "labels": labels, "nodes": nodes}


def unmarking(found: str) -> str:
    """Nodes ``n`` of a text that we made go, unless the owner has tied them to something; others lose what is ours.

    Takes ``$types`` and ``$properties``, names of ours.
    """
    labels = ":".join(PREFIX + label for label in sorted(SHARED))
    return (
        f"{found} WITH n, {is_ours('n')} AND NOT {_tied('n')} AS ours LIMIT {AT_ONCE} "
        f"FOREACH (key IN [k IN keys(n) WHERE k IN $properties OR k IN {sorted(HABITS)}] | SET n[key] = null) "
        f"REMOVE n:{labels} "
        "FOREACH (_ IN CASE WHEN ours THEN [1] ELSE [] END | DETACH DELETE n) RETURN count(*) AS changed"
    )


def _removing(label: str) -> str:
    """Nodes that only we make; one that the owner has tied to something is left to them, bare."""
    key = schema.NODE_KEYS.get(label.removeprefix(PREFIX), "id")
    return (
        f"MATCH (n:{label}) WHERE labels(n) = ['{label}'] AND n.{key} IS NOT NULL "
        f"WITH n, {_tied('n')} AS tied LIMIT {AT_ONCE} REMOVE n:{label} "
        "FOREACH (_ IN CASE WHEN tied THEN [1] ELSE [] END | SET n = {}) "
        "FOREACH (_ IN CASE WHEN tied THEN [] ELSE [1] END | DETACH DELETE n) RETURN count(*) AS changed"
    )


def _tied(node: str) -> str:
    """Cypher for whether an edge that is none of ours is at a node."""
    return f"EXISTS {{ MATCH ({node})-[r]-() WHERE NOT (type(r) IN $types AND {edge_is_ours('r')}) }}"


def _repeat(store: Neo4jStore, text: str, **parameters: object) -> int:
    total = 0
    while changed := _write(store, text, **parameters)[0]["changed"]:
        total += changed
    return total


def _read(store: Neo4jStore, text: str, **parameters: object) -> list[Row]:
    """In the owner's words, whatever the store speaks."""
    return Neo4jStore.read(store, text, **parameters)


def _write(store: Neo4jStore, text: str, **parameters: object) -> list[Row]:
    return Neo4jStore.write(store, Statement(text, parameters))[0]
