"""A graph that was there before, on a Neo4j server: read where its owner keeps it, and written beside it.

What is added: labels ``TG_User``, ``TG_Item`` and ``TG_Entity`` and properties ``tg_...`` on the owner's nodes; edges
and nodes of ours with types and labels that begin with ``TG_``; and constraints named ``tg_...``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from kg import queries
from kg.adoption import Adoption, EventMap, NodeMap
from kg.batch import batched
from kg.connection import ConnectionConfig
from kg.dialect import OWN, PREFIX, SHARED, Dialect, is_ours
from kg.engines.neo4j import Neo4jStore
from kg.errors import ConstraintViolated, StoreError
from kg.forgotten import Forgotten
from kg.progress import tqdm
from kg.queries import quoted
from kg.schema import PERSONAL_EDGES
from kg.store import Removal, Row, Statement
from kg.wording import ORPHANS

AT_ONCE = 10_000
"""Nodes or edges changed in one transaction."""
PEOPLE_AT_ONCE = 500
"""Whose events and words are read in one transaction."""
_INDEXES = (
    f"SHOW INDEXES YIELD name, labelsOrTypes AS on WHERE any(kind IN on WHERE kind STARTS WITH '{PREFIX}') RETURN name"
)
_TAKEN = (
    f"CALL () {{ MATCH (n) UNWIND labels(n) AS name WITH DISTINCT name WHERE name STARTS WITH '{PREFIX}' RETURN name "
    f"UNION MATCH ()-[r]->() WITH DISTINCT type(r) AS name WHERE name STARTS WITH '{PREFIX}' RETURN name "
    f"UNION MATCH (n) UNWIND keys(n) AS name WITH DISTINCT name WHERE name STARTS WITH '{OWN}' RETURN name "
    f"UNION MATCH ()-[r]->() UNWIND keys(r) AS name WITH DISTINCT name WHERE name STARTS WITH '{OWN}' RETURN name }} "
    "RETURN name ORDER BY name"
)


class AdoptedStore(Neo4jStore):
    """A :class:`kg.store.Store` that speaks an owner's graph; :attr:`adoption` says how."""

    adoption: Adoption
    _dialect = Dialect(PREFIX)

    @classmethod
    def open_as(
        cls, adoption: Adoption, url: str, *, work: Path | None = None, config: ConnectionConfig | None = None
    ) -> Self:
        """Connect as :meth:`Neo4jStore.open` does."""
        store = cls.open(url, work=work, config=config)
        store.adoption = adoption
        store._dialect = adoption.dialect()
        return store

    @property
    def notes_changes(self) -> bool:
        """False: the owner's writes leave none."""
        return False

    def read(self, text: str, **parameters: Any) -> list[Row]:
        """See :class:`kg.store.Store`."""
        return list(map(self._ours, super().read(self.translate(text), **parameters)))

    def stream(self, text: str, **parameters: Any) -> Iterator[Row]:
        """See :class:`kg.store.Store`."""
        return map(self._ours, super().stream(self.translate(text), **parameters))

    def _values_of(self, text: str, parameters: Mapping[str, Any]) -> Iterator[list[Any]]:
        return map(self._dialect.value, super()._values_of(self.translate(text), parameters))

    def write(self, *statements: Statement) -> list[list[Row]]:
        """See :class:`kg.store.Store`."""
        said = (Statement(self.translate(s.text), self._dialect.parameters(s.text, s.parameters)) for s in statements)
        return [list(map(self._ours, rows)) for rows in super().write(*said)]

    def translate(self, text: str) -> str:
        """A text of :mod:`kg.queries` as this graph has it."""
        return self._dialect.text(text)

    def catch_up(self) -> dict[str, int]:
        """Bring what was added in line with what the owner has changed since; returns how much there is of each.

        Raises:
            StoreError: two nodes of a label have the same id.
        """
        self._unmark_nodes()
        counts = {**self._mark_nodes(), **self._mark_events()}
        self._raw(ORPHANS, kinds=[words.kind for words in self.adoption.words])
        for words in self.adoption.words:
            self._raw(words.stale)
            self._for_people(words.missing, f"finding words of {words.kind}")
        return counts | ({"reviews": self._count(f"(:{PREFIX}Review)")} if self.adoption.words else {})

    def remove_person(self, user_id: str) -> Removal:
        """Remove what was added about a person; nodes and relations of the owner stay."""
        mine = f"(n:{PREFIX}User {{{OWN}id: $user}})"
        self._remove_personal(user_id)
        only = f"{is_ours('e')} AND NOT EXISTS {{ MATCH (e)--(other) WHERE other <> n }}"
        (entities,) = self._raw(
            f"MATCH {mine}-->(e:{PREFIX}Entity) WHERE {only} WITH DISTINCT e DETACH DELETE e RETURN count(*) AS gone",
            user=user_id,
        )
        (events,) = self._raw(
            f"MATCH (k:{PREFIX}EventKind) WITH collect('{PREFIX}' + k.id) AS kinds "
            f"RETURN COUNT {{ MATCH {mine}-[e]->() WHERE type(e) IN kinds }} AS gone",
            user=user_id,
        )
        edges = self._clear(f"MATCH {mine}", user=user_id)
        return Removal({"entities": entities["gone"], "events": events["gone"], "edges": edges}, *self._owned(user_id))

    def _owned(self, user_id: str) -> tuple[dict[str, int], tuple[str, ...]]:
        """How much the owner's graph holds of a person, and Cypher that looks at it and removes it."""
        label, id = quoted(self.adoption.person.label), quoted(self.adoption.person.id)
        (stays,) = self._raw(
            f"MATCH (n:{label}) WHERE toString(n.{id}) = $user "
            "RETURN count(n) AS nodes, sum(COUNT { (n)--() }) AS relations",
            user=user_id,
        )
        if not stays["nodes"]:
            return {}, ()
        theirs = f"WHERE person:{label} AND toString(person.{id}) = $user"
        said = {words.pattern: words.holder for words in self.adoption.words if not words.of_edge}
        passed = dict.fromkeys(event.pattern for event in self.adoption.event if event.pattern)
        looks = [f"MATCH {pattern} {theirs} RETURN *" for pattern in passed if pattern not in said]
        removing = [f"MATCH {pattern} {theirs} DETACH DELETE {holder}" for pattern, holder in said.items()]
        return stays, (*looks, *removing, f"MATCH (n:{label}) WHERE toString(n.{id}) = $user DETACH DELETE n")

    def attributes(self) -> list[str]:
        """The owner's types of edges between items and entities, those of events left out."""
        found = self._raw(
            f"MATCH (a:{PREFIX}Item|{PREFIX}Entity)-[r]->(b:{PREFIX}Item|{PREFIX}Entity) "
            f"WHERE NOT type(r) STARTS WITH '{PREFIX}' AND NOT type(r) IN $events RETURN DISTINCT type(r) AS name",
            events=[event.name for event in self.adoption.event],
        )
        return sorted(row["name"] for row in found)

    def _index(self, label: str, name: str) -> str:
        return OWN + super()._index(label, name)  # the owner may have an index of the plain name

    def _ours(self, row: Row) -> Row:
        return {name: self._dialect.value(value) for name, value in row.items()}

    def _raw(self, text: str, **parameters: Any) -> list[Row]:
        """A text in the owner's words."""
        return super().write(Statement(text, parameters))[0]

    def _unmark_nodes(self) -> None:
        """Take back what was added to the owner's nodes that are not meant any more, or have another id.

        One that is still meant as something else, and named as that, loses a label only; so does one that has lost its
        id to ``SET n = {...}``, which is then marked again.
        """
        found = self._raw(f"{_found(self.adoption, 'NOT named OR lost <> []')} RETURN elementId(n) AS id, named")
        among = "elementId(n) IN $ids"
        gone, less = (_found(self.adoption, which, among) for which in ("NOT named", "named AND lost <> []"))
        theirs = "|".join(PREFIX + relation for relation in PERSONAL_EDGES)
        for ids in batched((row["id"] for row in found if not row["named"]), AT_ONCE):
            removing = f"{gone} MATCH (n)-[:{theirs}]->(own) WITH DISTINCT own LIMIT {AT_ONCE} DETACH DELETE own"
            self._until_done(f"{removing} RETURN count(*) AS changed", "removing what is of nobody", "node", ids=ids)
            self._clear(gone, ids=ids)
        for ids in batched((row["id"] for row in found if row["named"]), AT_ONCE):
            kind = f"n.{OWN}kind = CASE WHEN n:{PREFIX}Entity THEN n.{OWN}kind END"
            self._raw(f"{less} REMOVE n:$(lost) SET {kind}", ids=ids)

    def _clear(self, found: str, **parameters: Any) -> int:
        """Take all that is ours from the nodes ``n`` of a text; returns how many edges."""
        edges = self._until_done(
            f"{found} MATCH (n)-[r]-() WHERE type(r) STARTS WITH '{PREFIX}' WITH DISTINCT r LIMIT {AT_ONCE} "
            "DELETE r RETURN count(*) AS changed",
            "removing edges",
            "edge",
            **parameters,
        )
        self._raw(_unmark(found), **parameters)
        return edges

    def _mark_nodes(self) -> dict[str, int]:
        plan, forgotten = self.adoption, self._forgotten()
        for label, nodes in (("User", plan.person), ("Item", plan.item)):
            self._mark(nodes, label, nodes.key, "", forgotten)
        for entity in plan.entity:
            # A node that is a person or an item as well keeps the id that it has as such.
            id = f"coalesce(n.{OWN}id, {entity.key})"
            self._mark(entity, "Entity", id, f", n.{OWN}kind = {entity.kind_text}", forgotten)
        return {name: self._count(f"(:{PREFIX}{label})") for name, label in _COUNTED.items()}

    def _forgotten(self) -> list[str]:
        """Whom of the owner's people nobody may read again."""
        forgotten, person = Forgotten(self), self.adoption.person
        if not len(forgotten):
            return []
        rows = self._raw(
            f"MATCH (n:{quoted(person.label)}) WHERE NOT n:{PREFIX}User AND n.{quoted(person.id)} IS NOT NULL "
            f"RETURN toString(n.{quoted(person.id)}) AS id"
        )
        return [row["id"] for row in rows if row["id"] in forgotten]

    def _mark(self, nodes: NodeMap, label: str, id: str, more: str, forgotten: list[str]) -> None:
        """Label the owner's nodes that are not yet; a node of ours for the same, made before theirs, becomes one."""
        person = self.adoption.person
        gone = f"n:{quoted(person.label)} AND coalesce(toString(n.{quoted(person.id)}) IN $forgotten, false)"
        found = f"MATCH (n) WHERE {nodes.meant} AND NOT n:{PREFIX}{label} AND NOT ({gone})"
        moving = (
            "CALL (ours, n) {{ MATCH (ours){0}(m) WITH n, m, r, type(r) AS kind, properties(r) AS given DELETE r "
            "WITH n, m, kind, given CREATE (n){1}(m) SET r = given }} "
        )
        self._raw(
            f"MATCH (ours:{PREFIX}{label}) WHERE {is_ours('ours')} WITH ours {found} AND {id} = ours.{OWN}id "
            f"{moving.format('-[r]->', '-[r:$(kind)]->')}{moving.format('<-[r]-', '<-[r:$(kind)]-')}DETACH DELETE ours",
            forgotten=forgotten,
        )
        text = (
            f"{found} WITH n LIMIT {AT_ONCE} SET n:{PREFIX}{label}, n.{OWN}id = {id}{more} RETURN count(n) AS changed"
        )
        try:
            self._until_done(text, f"marking {nodes.label}", "node", forgotten=forgotten)
        except ConstraintViolated as error:
            raise StoreError(
                f"two nodes of {nodes.label} have the same {nodes.id}; name a property that differs: {error}"
            ) from error

    def _until_done(self, text: str, what: str, unit: str, **parameters: Any) -> int:
        """Run a text that changes some each time until nothing is left; returns how many it has changed."""
        with tqdm(desc=what, unit=unit, leave=False, delay=2) as bar:
            total = 0
            while changed := self._raw(text, **parameters)[0]["changed"]:
                bar.update(changed)
                total += changed
        return total

    def _for_people(self, text: str, what: str, **parameters: Any) -> None:
        """Run a text for each ``person``, some people in one transaction."""
        paged = (
            f"MATCH (person:{PREFIX}User) WHERE $after IS NULL OR person.{OWN}id > $after "
            f"WITH person ORDER BY person.{OWN}id LIMIT {PEOPLE_AT_ONCE} "
            f"CALL (person) {{ {text} RETURN count(*) AS made }} RETURN max(person.{OWN}id) AS last, sum(made) AS made"
        )
        after = None  # an id may be empty
        with tqdm(desc=what, unit="event", leave=False, delay=2) as bar:
            while (row := self._raw(paged, after=after, **parameters)[0])["last"] is not None:
                bar.update(row["made"])
                after = row["last"]

    def _mark_events(self) -> dict[str, int]:
        self.ensure_schema([event.name for event in self.adoption.event])
        for event in self.adoption.event:
            if event.scale is not None:
                low, high = event.scale
                self.write(queries.statement("kind_scale", kind=event.name, minimum=low, maximum=high))
            if event.pattern is not None:
                self._derive(event)
        rows = self.read(queries.text("events_by_kind"))
        return {row["kind"]: row["events"] for row in rows}

    def _derive(self, event: EventMap) -> None:
        """Edges of ours for whatever matches a pattern now; those that nothing matches any more go."""
        run = uuid.uuid4().hex
        kind = PREFIX + event.name
        value = f"toFloat({event.value})" if event.value else "null"
        found = (
            f"MATCH {event.match} WHERE item:{PREFIX}Item "
            f"WITH person, item, {event.key} AS id, {value} AS value, {event.moment} AS at WHERE id IS NOT NULL "
        )
        self._for_people(  # of an event that has another person or item now
            f"{found} MATCH (a)-[e:{kind} {{{OWN}event_id: id}}]->(b) WHERE a <> person OR b <> item DELETE e",
            f"looking for {event.name}",
        )
        self._for_people(
            f"{found} MERGE (person)-[e:{kind} {{{OWN}event_id: id}}]->(item) "
            f"SET e.{OWN}value = value, e.{OWN}at = at, e.{OWN}derived = $run",
            f"finding {event.name}",
            run=run,
        )
        self._raw(f"MATCH ()-[e:{kind}]->() WHERE e.{OWN}derived <> $run DELETE e", run=run)

    def _count(self, pattern: str) -> int:
        return int(self._raw(f"RETURN COUNT {{ MATCH {pattern} }} AS n")[0]["n"])


_ANY_NODE = "MATCH (n) RETURN 'a node ' + coalesce(head(labels(n)), 'without a label') AS what LIMIT 1"
_COUNTED = {"people": "User", "items": "Item", "entities": "Entity"}


def _found(adoption: Adoption, condition: str, among: str = "true") -> str:
    """Cypher that finds the owner's nodes ``n`` that are marked, by what the map says of them now.

    ``condition`` may speak of ``named``, whether the id is one that the node has as something that it is meant as; and
    of ``lost``, labels of ours to be taken off.
    """
    meant: dict[str, Sequence[NodeMap]] = {
        "user": [adoption.person],
        "item": [adoption.item],
        "entity": adoption.entity,
    }
    ids = {name: _first((nodes, nodes.key) for nodes in maps) for name, maps in meant.items()}
    kind = _first((entity, entity.kind_text) for entity in adoption.entity)
    labels = "|".join(PREFIX + label for label in _COUNTED.values())
    own = f"n.{OWN}id"
    lost = {"User": "user IS NULL", "Item": "item IS NULL", "Entity": f"coalesce(kind <> n.{OWN}kind, true)"}
    off = " + ".join(
        f"CASE WHEN n:{PREFIX}{label} AND ({own} IS NULL OR {gone}) THEN ['{PREFIX}{label}'] ELSE [] END"
        for label, gone in lost.items()
    )
    return (
        f"MATCH (n:{labels}) WHERE {among} AND NOT {is_ours('n')} "
        f"WITH n, {', '.join(f'{cypher} AS {name}' for name, cypher in ids.items())}, {kind} AS kind "
        f"WITH n, coalesce(coalesce({own}, user, item, entity) IN [user, item, entity], false) AS named, {off} AS lost "
        f"WITH n, named, lost WHERE {condition}"
    )


def _first(maps: Iterable[tuple[NodeMap, str]]) -> str:
    """Cypher for what goes with the first of these as which a node ``n`` is meant; null where there is none."""
    cases = " ".join(f"WHEN {nodes.meant} THEN {cypher}" for nodes, cypher in maps)
    return f"CASE {cases} END" if cases else "null"


def adopt(adoption: Adoption, url: str, *, work: Path | None = None) -> dict[str, int]:
    """Mark the graph at ``url`` as a map says, and keep the map in it: whoever opens it then opens an adopted graph.

    A second call with another map takes that one.

    Returns:
        How many people, items, entities, reviews and events of each kind there are.

    Raises:
        StoreError: the graph is tastegraph's own; or a label, an id or an event of the map is not there;
            or names of the owner's begin as ours do.
    """
    with Neo4jStore.open(url, work=work) as plain:
        _check(plain, adoption)
    with AdoptedStore.open_as(adoption, url, work=work) as store:
        store.ensure_schema()
        counts = store.catch_up()
        if adoption.attributes is None:
            adoption = replace(adoption, attributes=tuple(store.attributes()))
        store.write(queries.statement("adoption_keep", adoption=adoption.to_json()))
        return counts


def open_server(url: str, *, work: Path | None = None, config: ConnectionConfig | None = None) -> Neo4jStore:
    """The graph at ``url``: this program's own, or an adopted one.

    Raises:
        StoreError: it is somebody's own, which setting up would change.
    """
    store = Neo4jStore.open(url, work=work, config=config)
    try:
        adoption = _found_in(store)
        if adoption is None and not store.check_version() and (found := store.read(_ANY_NODE)):
            raise StoreError(
                f"{store.address} holds a graph that tastegraph did not make ({found[0]['what']}); 'tastegraph adopt "
                "MAP.toml' works on it as it is, and an empty database takes one of tastegraph's own"
            )
    except BaseException:
        store.close()
        raise
    if adoption is None:
        return store
    store.close()
    return AdoptedStore.open_as(adoption, url, work=work, config=config)


def _found_in(store: Neo4jStore) -> Adoption | None:
    """How a graph was adopted; None where it was not."""
    rows = store.read(Dialect(PREFIX).text(queries.text("adoption")))
    return Adoption.from_json(rows[0]["adoption"]) if rows and rows[0]["adoption"] else None


def _check(store: Neo4jStore, adoption: Adoption) -> None:
    if store.read(queries.text("adoption")):
        raise StoreError(f"{store.address} was made by tastegraph; there is nothing to adopt")
    if not store.read(Dialect(PREFIX).text(queries.text("adoption"))):  # no adoption has begun
        _check_prefix(store)
    for nodes in (adoption.person, adoption.item, *adoption.entity):
        text = f"MATCH (n:{quoted(nodes.label)}) RETURN count(n) AS nodes, count(n.{quoted(nodes.id)}) AS ids"
        (row,) = store.read(text)
        if not row["ids"]:
            raise StoreError(
                f"{store.address} holds {row['nodes']} nodes {nodes.label}, none with a property {nodes.id}"
            )
    person, item = adoption.person.label, adoption.item.label
    ends = f"person:{quoted(person)} AND item:{quoted(item)}"
    for event in adoption.event:
        pattern = event.pattern or f"(person)-[:{quoted(event.name)}]->(item)"
        if not store.read(f"MATCH {pattern} WHERE {ends} RETURN 1 AS one LIMIT 1"):
            raise StoreError(
                f"{store.address}: nothing matches {pattern} from {person} to {item}; "
                "an edge that points the other way needs a pattern"
            )
    for words in adoption.words:
        if not store.read(f"MATCH {words.pattern} WHERE {ends} AND {words.exist} RETURN 1 AS one LIMIT 1"):
            names = " or ".join(name for name in (words.title, words.text) if name)
            raise StoreError(f"{store.address}: nothing of the kind {words.kind} has words in {names}")


def _check_prefix(store: Neo4jStore) -> None:
    """A release takes away whatever has the prefix, so an owner's own names may not have it."""
    taken = [row["name"] for row in store.read(_TAKEN)]
    if taken:
        raise StoreError(
            f"{store.address} has names of its own that begin with {PREFIX} or {OWN}: {', '.join(taken)}; "
            "rename them first"
        )


def release(url: str, *, work: Path | None = None) -> dict[str, int]:
    """Take away all that was added to the graph at ``url``, and nothing else; returns how many of each.

    The map goes last, so that a release that was interrupted can be run again; in a graph without one nothing happens.
    """
    with Neo4jStore.open(url, work=work) as store:
        rows = store.read("CALL db.relationshipTypes() YIELD relationshipType AS name RETURN name")
        edges = sum(
            _repeat(store, _delete(f"()-[n:{row['name']}]->()")) for row in rows if row["name"].startswith(PREFIX)
        )
        for row in store.read(f"SHOW CONSTRAINTS YIELD name WHERE name STARTS WITH '{OWN}' RETURN name"):
            store.write(Statement(f"DROP CONSTRAINT {quoted(row['name'])} IF EXISTS", {}))
        for row in store.read(_INDEXES):
            store.write(Statement(f"DROP INDEX {quoted(row['name'])} IF EXISTS", {}))
        labels = sum(_repeat(store, _unmark(f"MATCH (n:{PREFIX}{label})")) for label in sorted(SHARED))
        found = {row["label"] for row in store.read("CALL db.labels() YIELD label RETURN label")}
        ours = sorted(
            (label for label in found if label.startswith(PREFIX)), key=lambda label: label == f"{PREFIX}Schema"
        )
        nodes = sum(_repeat(store, _delete(f"(n:{label})")) for label in ours)
        return {"edges": edges, "labels": labels, "nodes": nodes}


def _delete(pattern: str) -> str:
    return f"MATCH {pattern} WITH n LIMIT {AT_ONCE} DELETE n RETURN count(*) AS changed"


def _unmark(found: str) -> str:
    """Nodes ``n`` of a text that we made go, unless the owner has tied them to something; others lose what is ours."""
    labels = ":".join(PREFIX + label for label in sorted(SHARED))
    tied = f"EXISTS {{ (n)-[r]-() WHERE NOT type(r) STARTS WITH '{PREFIX}' }}"
    return (
        f"{found} WITH n, {is_ours('n')} AND NOT {tied} AS ours LIMIT {AT_ONCE} "
        f"FOREACH (key IN [k IN keys(n) WHERE k STARTS WITH '{OWN}'] | SET n[key] = null) REMOVE n:{labels} "
        "FOREACH (_ IN CASE WHEN ours THEN [1] ELSE [] END | DETACH DELETE n) RETURN count(*) AS changed"
    )


def _repeat(store: Neo4jStore, text: str) -> int:
    total = 0
    while changed := store.write(Statement(text, {}))[0][0]["changed"]:
        total += changed
    return total
