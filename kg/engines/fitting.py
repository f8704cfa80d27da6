"""Whether a map fits the graph of an owner's, and what it cannot take there; reads, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from itertools import combinations
from types import MappingProxyType
from typing import Any

from kg.adoption import EDGE_NAME, TWICE, Adoption, EventMap, NodeMap, ReviewMap
from kg.coercion import LONGEST_ID, moment_of, number_of, text_of
from kg.engines.neo4j import FORBIDDEN_OPERATORS, Neo4jStore
from kg.errors import GraphError, QueryFailed, StoreError
from kg.limits import MAX_SECONDS, Limits, answered
from kg.quoting import neo4j as quoted
from kg.quoting import neo4j_text
from kg.store import Row
from kg.wording import Words

EXAMPLES = 3
"""How many of what cannot be taken are named."""
LOOKED_AT = 10_000
"""Nodes or edges whose properties are compared with one that none has."""
MOST_SECONDS = 600.0
"""Of one question to the graph, unless ``NEO4J_TRANSACTION_SECONDS`` says otherwise."""
_LONGEST_SHOWN = 60

_WANTED = {
    "id": "an id: a text or a number, of at most {} bytes as text".format(f"{LONGEST_ID:,}"),
    "where": "true or false",
    "title": "a text or a number",
    "text": "a text or a number",
    "name": "a text or a number",
    "value": "a number",
    "at": "a moment",
}
_BECOMES = {
    "id": "left out",
    "where": "left out",
    "value": "without a value",
    "at": "without a moment",
}


@dataclass(frozen=True)
class Finding:
    """Something of the graph that a map cannot take, or something of a map that the graph does not have."""

    table: str
    """Of the map, such as ``[[event]] 1``."""
    key: str
    """Of the table."""
    text: str
    """What is wrong, and what becomes of it."""
    count: int = 0
    """How many nodes or events it concerns."""
    examples: tuple[str, ...] = ()
    """Some of those, by label and id, with what they have."""

    def __str__(self) -> str:
        return said(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"examples": list(self.examples)}


def said(finding: Mapping[str, Any]) -> str:
    """What :meth:`Finding.to_dict` gave, in one line."""
    such = f" ({'; '.join(finding['examples'])})" if finding["examples"] else ""
    return f"{finding['table']}: {finding['key']}: {finding['text']}{such}"


def verify(store: Neo4jStore, adoption: Adoption) -> None:
    """Have the server plan all Cypher of a map: it must read and do nothing else.

    Raises:
        ValueError: it does not; says in which table.
    """
    texts = {name: _planned(adoption, one) for name, one in _tables(adoption)}
    try:
        _plan(store, " UNION ALL ".join(texts.values()))
    except ValueError:
        for name, text in texts.items():
            try:
                _plan(store, text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        raise


def check(store: Neo4jStore, adoption: Adoption) -> None:
    """Refuse a map that does not fit at all.

    Raises:
        StoreError: a label, an id, an event or words are not there, or an id is no id; says in which table.
    """
    try:
        adoption.check()
        verify(store, adoption)
    except ValueError as error:
        raise StoreError(f"{store.address}: {error}") from error
    for name, nodes in adoption.nodes:
        with _in_table(store, name):
            _check_nodes(store, name, nodes)
    ends = _ends(adoption)
    for name, event in adoption.events:
        pattern = event.pattern or f"(person)-[:{quoted(event.name)}]->(item)"
        with _in_table(store, name):
            there = _read(store, f"MATCH {pattern} WHERE {ends} RETURN 1 AS one LIMIT 1")
        if not there:
            raise StoreError(
                f"{store.address}: nothing matches {pattern} from {adoption.person.label} to {adoption.item.label} "
                f"({name}); an edge that points the other way needs a pattern{_guessed_type(store, event)}"
            )
    _check_twice(store, adoption)
    _check_attributes(store, adoption)
    for words in adoption.words:
        if not _read(store, f"MATCH {words.pattern} WHERE {ends} AND {words.exist} RETURN 1 AS one LIMIT 1"):
            names = " or ".join(name for name in (words.title, words.text) if name)
            place = f"MATCH {words.pattern} WHERE {ends} WITH {words.holder} AS has LIMIT {LOOKED_AT}"
            meant = _guess(words.text or words.title or "", _keys(store, place))
            raise StoreError(f"{store.address}: nothing of the kind {words.kind} has words in {names}{meant}")
        if not words.of_edge:
            _check_holder(store, adoption, words)


def _check_holder(store: Neo4jStore, adoption: Adoption, words: Words) -> None:
    """Words of an item are no person's, whatever a pattern calls it."""
    text = f"MATCH {words.pattern} WHERE {_ends(adoption)} AND {words.exist} WITH {words.holder} AS n"
    if _read(store, f"{text} WHERE {adoption.item.meant} RETURN 1 AS one LIMIT 1"):
        raise StoreError(
            f"{store.address}: words of the kind {words.kind} are on nodes that are items ([item]), and no person's; "
            f"name a label of {words.holder} in the pattern"
        )


def _check_twice(store: Neo4jStore, adoption: Adoption) -> None:
    """Refuse events of which each is another one as well: a type's, or a pattern's and the other way round."""
    for (first, event), (second, other) in combinations(adoption.events, 2):
        if event.type and other.type:
            continue
        if (other.type or _are_among(store, adoption, event, other)) and (
            event.type or _are_among(store, adoption, other, event)
        ):
            one, what, before = (first, "type", second) if other.type else (second, event.type and "type", first)
            raise StoreError(f"{store.address}: {TWICE.format(one, what or 'pattern', before)}")


def _are_among(store: Neo4jStore, adoption: Adoption, event: EventMap, other: EventMap) -> bool:
    """Whether all edges of each event of one table are edges of one event of the other."""
    (match, trail), (others, edges) = map(_traced, (event, other))
    among = f"MATCH {others} WHERE all(tg_one IN tg_trail WHERE tg_one IN {edges})"
    found = f"MATCH {match} WHERE {_ends(adoption)} WITH person, item, {trail} AS tg_trail"
    # After a second WITH no name of the one is known to the other.
    text = f"{found} WITH * WHERE NOT EXISTS {{ {among} }} RETURN 1 AS one LIMIT 1"
    return trail != "[]" and not _read(store, text)


def _traced(event: EventMap) -> tuple[str, str]:
    """What names the edges of an event, and Cypher for the list of them."""
    return (event.named.traced, event.named.trail) if event.named else (event.match, f"[{EDGE_NAME}]")


def _check_attributes(store: Neo4jStore, adoption: Adoption) -> None:
    """Refuse relations that there are none of."""
    for number, name in enumerate(adoption.attributes or (), 1):
        if not _read(store, f"MATCH ()-[r:{quoted(name)}]->() RETURN 1 AS one LIMIT 1"):
            meant = _guess(name, _types(store))
            raise StoreError(f"{store.address} holds no relation {name} (attributes, name {number}){meant}")


def findings(store: Neo4jStore, adoption: Adoption) -> list[Finding]:
    """What of the graph cannot be taken as a map says, and properties of the map that nothing has.

    Raises:
        StoreError: Cypher of the map cannot be evaluated on what is there; says in which table.
    """
    found: list[Finding] = []
    for name, nodes in adoption.nodes:
        with _in_table(store, name):
            found += _of_nodes(store, name, nodes)
    for name, event in adoption.events:
        with _in_table(store, name):
            found += _of_events(store, adoption, name, event)
    if adoption.review is not None:
        with _in_table(store, "[review]"):
            found += _of_reviews(store, adoption, adoption.review)
    return found


@contextmanager
def _in_table(store: Neo4jStore, table: str) -> Iterator[None]:
    """Say of an error in which table of the map it came up."""
    try:
        yield
    except QueryFailed as error:
        raise StoreError(f"{store.address}: {table}: cannot be evaluated on what the graph holds: {error}") from error


# --- What the server plans


def _tables(adoption: Adoption) -> list[tuple[str, NodeMap | EventMap | ReviewMap]]:
    review = [("[review]", adoption.review)] if adoption.review else []
    return [*adoption.nodes, *adoption.events, *review]


def _planned(adoption: Adoption, one: NodeMap | EventMap | ReviewMap) -> str:
    if isinstance(one, NodeMap):
        return f"MATCH (n) WHERE {one.meant} RETURN [{one.key}] AS all"
    if isinstance(one, ReviewMap):
        return f"MATCH {one.pattern} WHERE {_ends(adoption)} RETURN [{', '.join(one.given.values())}] AS all"
    given = ", ".join([one.key, *one.given.values()])
    return f"MATCH {one.match} WHERE {_ends(adoption)} RETURN [{given}] AS all"


def _plan(store: Neo4jStore, text: str) -> None:
    try:
        plan = answered(lambda _: store.explain(text, {}, Limits()), MAX_SECONDS)
    except GraphError as error:
        if isinstance(error, QueryFailed):
            raise ValueError(f"the server does not understand it: {error}") from error
        raise
    beyond = sorted({*FORBIDDEN_OPERATORS, "ProcedureCall"}.intersection(name for name, _ in plan.operators))
    if plan.kind != "r" or beyond:
        raise ValueError(f"it does more than read: {', '.join(beyond) or 'it writes'}")


# --- Nodes


def _check_nodes(store: Neo4jStore, name: str, nodes: NodeMap) -> None:
    label, key = quoted(nodes.label), quoted(nodes.id)
    (row,) = _read(store, f"MATCH (n:{label}) RETURN count(n) AS nodes, count(n.{key}) AS ids")
    if not row["ids"]:
        meant = _guess(nodes.id, _keys(store, f"MATCH (has:{label}) WITH has LIMIT {LOOKED_AT}"))
        if not row["nodes"]:
            meant = _guess(nodes.label, (row["label"] for row in _read(store, "CALL db.labels() YIELD label")))
        raise StoreError(
            f"{store.address} holds {row['nodes']} nodes {nodes.label}, none with a property {nodes.id} ({name}){meant}"
        )
    (row,) = _read(
        store,
        f"MATCH (n:{label}) WHERE n.{key} IS NOT NULL WITH {nodes.key} AS id WHERE id IS NOT NULL "
        "RETURN count(id) AS nodes, count(DISTINCT id) AS ids",
    )
    if not row["nodes"]:
        raise StoreError(f"{store.address}: no node {nodes.label} has in {nodes.id} {_WANTED['id']} ({name}, id)")
    if row["nodes"] > 2 * row["ids"]:
        raise StoreError(
            f"{store.address}: two nodes of {nodes.label} have the same {nodes.id}, and so do most: {row['nodes']} "
            f"have {row['ids']} ids ({name}, id); name a property that differs"
        )


def _of_nodes(store: Neo4jStore, name: str, nodes: NodeMap) -> list[Finding]:
    match = f"MATCH (n:{quoted(nodes.label)})"
    who = f"{_shown_node('n', nodes)} AS who"
    given = {own: f"n.{quoted(key)}" for own, key in nodes.words.items()}
    bad = {own: _no("text", cypher) for own, cypher in given.items()}
    found = []
    if nodes.where is not None:
        where = f"({nodes.where})"
        found += _bad(store, name, match, {"where": where}, {"where": f"NOT {where} IN [true, false]"}, who)
    match = f"MATCH (n) WHERE {nodes.among}"
    given["id"], bad["id"] = nodes.given, f"{nodes.given} IS NOT NULL AND {nodes.key} IS NULL"
    found += _bad(store, name, match, given, bad, who, nodes.words)
    twice = f"{match} WITH {nodes.key} AS id, count(*) AS times"
    return found + _twice(store, name, twice, nodes.label)


def _twice(store: Neo4jStore, name: str, match: str, label: str) -> list[Finding]:
    """A finding, where a text finds an ``id`` several ``times``."""
    match = f"{match} WHERE id IS NOT NULL AND times > 1"
    (row,) = _read(store, f"{match} RETURN coalesce(sum(times - 1), 0) AS more")
    if not row["more"]:
        return []
    rows = _read(store, f"{match} RETURN id, times ORDER BY times DESC, id LIMIT {EXAMPLES}")
    examples = tuple(f"{label} {_short(row['id'])}: {row['times']} times" for row in rows)
    text = f"{row['more']} of {label} have an id that another one has, and are left out"
    return [Finding(name, "id", text, row["more"], examples)]


def _shown_node(node: str, nodes: NodeMap) -> str:
    """Cypher for the label of a node and its id, else what the server calls it."""
    id = f"toStringOrNull({node}.{quoted(nodes.id)})"
    return f"[{neo4j_text(nodes.label)}, coalesce(left({id}, {_LONGEST_SHOWN}), 'element ' + elementId({node}))]"


# --- Events and reviews


def _ends(adoption: Adoption) -> str:
    return f"person:{quoted(adoption.person.label)} AND item:{quoted(adoption.item.label)}"


def _of_events(store: Neo4jStore, adoption: Adoption, name: str, event: EventMap) -> list[Finding]:
    match = f"MATCH {event.match} WHERE {_ends(adoption)}"
    given = dict(event.given)
    bad = {key: _no(key, cypher, event.unit) for key, cypher in given.items()}
    if event.id is not None:
        given["id"], bad["id"] = f"({event.id})", f"{event.own_id} IS NULL"
    who = f"{_shown_node('person', adoption.person)} + {_shown_node('item', adoption.item)} AS who"
    keys = {"value": event.value, "at": event.at} if event.type else {}
    held = {key: own for key, own in keys.items() if own}
    hints = {} if event.unit else {"at": '; a number needs unit = "s" or "ms"'}
    found = _bad(store, name, match, given, bad, who, held, event.name, hints)
    if event.id is None:
        return found
    people = f"{match} WITH {event.own_id} AS id, item, count(DISTINCT person) AS times"
    return found + _twice(store, name, people, event.name)


def _of_reviews(store: Neo4jStore, adoption: Adoption, review: ReviewMap) -> list[Finding]:
    match = f"MATCH {review.pattern} WHERE {_ends(adoption)}"
    who = f"{_shown_node('person', adoption.person)} + {_shown_node('item', adoption.item)} AS who"
    bad = {key: _no(key, cypher) for key, cypher in review.given.items()}
    return _bad(store, "[review]", match, review.given, bad, who)


def _no(key: str, given: str, unit: str | None = None) -> str:
    """Cypher for whether something is given that is not what is wanted there."""
    read = {"value": number_of(given), "at": moment_of(given, unit)}.get(key, text_of(given))
    return f"{given} IS NOT NULL AND {read} IS NULL"


def _bad(
    store: Neo4jStore,
    name: str,
    match: str,
    given: Mapping[str, str],
    bad: Mapping[str, str],
    who: str,
    properties: Mapping[str, str] | None = None,
    kind: str = "",
    hints: Mapping[str, str] = MappingProxyType({}),
) -> list[Finding]:
    """Findings of one table; ``properties``, by key, are said where nothing has them."""
    if not given:
        return []
    counts = [f"count(CASE WHEN {cypher} THEN 1 END) AS {quoted(key)}" for key, cypher in bad.items()]
    held = [f"count({given[key]}) AS {quoted(f'{key} given')}" for key in properties or ()]
    (row,) = _read(store, f"{match} RETURN count(*) AS found, {', '.join(counts + held)}")
    found = []
    for key, own in (properties or {}).items():
        if row["found"] and not row[f"{key} given"]:
            has = given[key].partition(".")[0]
            meant = _guess(own, _keys(store, f"{match} WITH {has} AS has LIMIT {LOOKED_AT}"))
            found.append(Finding(name, key, f"nothing has a property {own}{meant}"))
    for key, cypher in bad.items():
        if not row[key]:
            continue
        rows = _read(store, f"{match} WITH * WHERE ({cypher}) RETURN {who}, {given[key]} AS given LIMIT {EXAMPLES}")
        examples = tuple(_example(row, kind) for row in rows)
        text = (
            f"{row[key]} of {row['found']} cannot be read as {_WANTED[key]}, and are {_BECOMES.get(key, 'without it')}"
        )
        if key in hints and any(isinstance(row["given"], int | float) for row in rows):
            text += hints[key]
        found.append(Finding(name, key, text, row[key], examples))
    return found


def _example(row: Row, kind: str) -> str:
    label, id, *item = row["who"]
    who = f"({label} {id})-[{kind}]->({item[0]} {item[1]})" if item else f"{label} {id}"
    return f"{who}: {_short(row['given'])}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


# --- Guesses


def _keys(store: Neo4jStore, place: str) -> list[str]:
    """Names of the properties of what a text calls ``has``."""
    return [row["name"] for row in _read(store, f"{place} UNWIND keys(has) AS name RETURN DISTINCT name")]


def _guessed_type(store: Neo4jStore, event: EventMap) -> str:
    if event.type is None:
        return ""
    return _guess(event.type, _types(store))


def _types(store: Neo4jStore) -> list[str]:
    rows = _read(store, "CALL db.relationshipTypes() YIELD relationshipType AS name RETURN name")
    return [row["name"] for row in rows]


def _guess(name: str, known: Iterable[str]) -> str:
    """What may be meant, to be added to a message."""
    by_case: dict[str, str] = {}
    for own in known:
        by_case.setdefault(own.lower(), own)
    near = get_close_matches(name.lower(), [own for own in by_case if by_case[own] != name], n=1)
    return f"; did you mean {by_case[near[0]]!r}?" if near else ""


def _read(store: Neo4jStore, text: str) -> list[Row]:
    """In the owner's words, whatever the store speaks, and within a time: all Cypher of a map runs here first.

    Raises:
        QueryFailed: it took longer, and was stopped by the server or given up.
    """
    limits = Limits(seconds=store.transaction_seconds or MOST_SECONDS)
    result = answered(lambda _: store.run_limited(text, {}, limits), limits.seconds)
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]
