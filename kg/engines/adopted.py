"""A graph that was there before, on a Neo4j server: read where its owner keeps it, and written beside it.

What is added: labels ``TG_User``, ``TG_Item`` and ``TG_Entity`` and properties ``tg_...`` on the owner's nodes; edges
and nodes of ours with types and labels that begin with ``TG_``; and constraints named ``tg_...``.
:mod:`kg.engines.made` notes each name and takes them away; :mod:`kg.engines.fitting` says what of the graph a map
cannot take.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from kg import queries, schema
from kg.adoption import Adoption, EventMap, NodeMap
from kg.batch import batched
from kg.bolt import BoltStore
from kg.connection import ConnectionConfig
from kg.dialect import HABITS, OWN, PREFIX, Dialect, edge_is_ours, is_ours
from kg.engines import fitting, made
from kg.engines.made import AT_ONCE, Made
from kg.engines.neo4j import Neo4jStore
from kg.errors import ConstraintViolated, GraphError, StoreError
from kg.forgotten import Forgotten
from kg.progress import tqdm
from kg.quoting import neo4j as quoted
from kg.quoting import neo4j_text
from kg.schema import PERSONAL_EDGES
from kg.store import COSINE, Removal, Row, Statement
from kg.wording import ALONE, ORPHANS, Words

PEOPLE_AT_ONCE = 500
"""Whose events and words are read in one transaction."""

log = logging.getLogger(__name__)


class AdoptedStore(Neo4jStore):
    """A :class:`kg.store.Store` that speaks an owner's graph; :attr:`adoption` says how."""

    adoption: Adoption
    _dialect = Dialect(PREFIX)
    _noted: frozenset[str] = frozenset()
    """Names that are known to be in the record of what was made."""

    @classmethod
    def open_as(
        cls, adoption: Adoption, url: str, *, work: Path | None = None, config: ConnectionConfig | None = None
    ) -> Self:
        """Connect as :meth:`Neo4jStore.open` does."""
        store = cls.open(url, work=work, config=config)
        store.adopted_as(adoption)
        return store

    def adopted_as(self, adoption: Adoption) -> None:
        """Speak the owner's graph as this map says."""
        self.adoption = adoption
        self._dialect = adoption.dialect()

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
        said, names = [], set[str]()
        for statement in statements:
            text, written = self._dialect.said(statement.text)
            parameters, keys = self._dialect.parameters(statement.text, statement.parameters)
            said.append(Statement(text, parameters))
            names |= written | keys
        self._note(names)
        return [list(map(self._ours, rows)) for rows in super().write(*said)]

    def _note(self, names: Iterable[str]) -> None:
        """Record types and properties before they are first written.

        Raises:
            StoreError: the owner has edges of such a type.
        """
        new = set(names) - HABITS - self._noted
        if not new:
            return
        known = {own.id for own in made.recorded(self)}
        types = sorted(name for name in new - known if name.startswith(PREFIX))
        made.check_free(self, types)
        properties = sorted(new - known - set(types))
        made.note(
            self, [*(Made(name, made.TYPE) for name in types), *(Made(name, made.PROPERTY) for name in properties)]
        )
        self._noted = frozenset(known | new)

    def _change_schema(self, *texts: str) -> None:
        """Make constraints that are not there yet, after they were noted, in one transaction.

        Raises:
            StoreError: the owner has a constraint of such a name.
        """
        there = made.standing(self)
        missing: dict[Made, str] = {}
        for text in map(self.translate, texts):
            wanted = made.constraint(text)
            if any(own.id == wanted.id and own != wanted and made.is_of_us(own) for own in there):
                # Kinds of the owner's may differ in case alone, and names of constraints are in lower case.
                text = text.replace(wanted.id, f"{wanted.id}_{wanted.on.removeprefix(PREFIX)}", 1)
                wanted = made.constraint(text)
            made.check_standing(self, wanted, there)
            if wanted not in there:
                missing[wanted] = text
        self._note_standing(missing)
        if missing:
            super().write(*(Statement(text, {}) for text in missing.values()))

    def _note_standing(self, wanted: Iterable[Made]) -> None:
        known = made.recorded(self)
        made.note(self, [own for own in wanted if own not in known])

    def index_vectors(self, label: str, name: str, dimension: int, similarity: str = COSINE) -> None:
        """See :class:`kg.engines.neo4j.Neo4jStore`."""
        wanted = Made(self._index(label, name), made.INDEX, PREFIX + label, name)
        made.check_standing(self, wanted, made.standing(self))
        self._note_standing([wanted])
        super().index_vectors(label, name, dimension, similarity)

    def translate(self, text: str) -> str:
        """A text of :mod:`kg.queries` as this graph has it."""
        return self._dialect.text(text)

    def catch_up(self) -> dict[str, Any]:
        """Bring what was added in line with what the owner has changed since; returns how much there is of each.

        ``warnings`` are what cannot be taken; they are logged too.

        Raises:
            StoreError: Cypher of the map cannot be evaluated on what the graph holds now; says in which table.
        """
        found = fitting.findings(self, self.adoption)
        for finding in found:
            log.warning("%s: %s", self.address, finding)
        return {**self.take_in(), "warnings": [finding.to_dict() for finding in found]}

    def begin(self) -> None:
        """Note what is to be made of a new adoption, then make the constraints; changes nothing where that was done."""
        if not made.begun(self):
            version = {"version": schema.VERSION}
            text = f"MERGE (s:{PREFIX}Schema {{id: 'tastegraph'}}) ON CREATE SET s.version = $version"
            BoltStore.write(self, Statement(text, version))
        self._change_schema(*schema.node_constraints())
        labels = {nodes.label for _, nodes in self.adoption.nodes}
        known = made.recorded(self)
        wanted = [Made(name, made.PROPERTY) for name in made.FIRST] + [
            Made(name, made.LABEL) for name in sorted(labels)
        ]
        made.note(self, [own for own in wanted if own not in known])

    def take_in(self) -> dict[str, int]:
        """As :meth:`catch_up`, without a look at what cannot be taken."""
        names = {PREFIX + event.name for event in self.adoption.event if event.pattern}
        self._note(names | ({f"{PREFIX}WROTE", f"{PREFIX}ABOUT"} if self.adoption.words else set()))
        again = bool(self._raw(f"MATCH (n:{PREFIX}User|{PREFIX}Item|{PREFIX}Entity) RETURN 1 AS one LIMIT 1"))
        if again:
            self._unmark_nodes()
        counts = {**self._mark_nodes(), **self._mark_events()}
        if again:
            self._raw(ORPHANS, kinds=[words.kind for words in self.adoption.words])
        for words in self.adoption.words:
            if again:
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
        person = self.adoption.person
        where = f" AND ({person.where}) = true" if person.where else ""
        them = f"MATCH (n:{quoted(person.label)}) WHERE toStringOrNull({person.given}) = $user{where}"
        (stays,) = self._raw(f"{them} RETURN count(n) AS nodes, sum(COUNT {{ (n)--() }}) AS relations", user=user_id)
        if not stays["nodes"]:
            return {}, ()
        words = [words for words in self.adoption.words if not words.direct]
        said = {own.pattern for own in words if not own.of_edge}
        passed = dict.fromkeys(event.pattern for event in self.adoption.event if event.pattern)
        looks = [f"{them} WITH n AS person MATCH {pattern} RETURN *" for pattern in passed if pattern not in said]
        removing = [self._unsaying(them, own) for own in words]
        item = self.adoption.item.among
        if self._raw(f"{them} AND {item} RETURN 1 AS one LIMIT 1", user=user_id):
            them = f"{them} AND NOT coalesce({item}, false)"  # an item is not one person's alone
        return stays, (*looks, *removing, f"{them} DETACH DELETE n")

    def _unsaying(self, them: str, words: Words) -> str:
        """Cypher by which the owner removes a person's words, where nobody else has the same and they are no item's."""
        id = quoted(self.adoption.person.id)
        others = f"MATCH {words.pattern} WHERE coalesce(toStringOrNull(person.{id}) <> $user, true)"
        found = (
            f"{them} WITH n AS person MATCH {words.pattern} WITH DISTINCT {words.holder} "
            f"WHERE NOT EXISTS {{ {others} }} WITH {words.holder} AS n"
        )
        kept = [nodes for _, nodes in self.adoption.nodes] if words.kind == ALONE else [self.adoption.item]
        if not words.of_edge:
            found += f" WHERE NOT coalesce({' OR '.join(f'({nodes.among})' for nodes in kept)}, false)"
        said = ", ".join(f"n.{quoted(own)}" for own in (words.title, words.text) if own)
        return f"{found} DETACH DELETE n" if words.kind == ALONE else f"{found} REMOVE {said}"

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
        known = made.recorded(self)
        parameters |= {"types": made.ids(known, made.TYPE), "properties": made.ids(known, made.PROPERTY)}
        edges = self._until_done(
            f"{found} MATCH (n)-[r]-() WHERE type(r) IN $types AND {edge_is_ours('r')} "
            f"WITH DISTINCT r LIMIT {AT_ONCE} DELETE r RETURN count(*) AS changed",
            "removing edges",
            "edge",
            **parameters,
        )
        self._raw(made.unmarking(found), **parameters)
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
            f"MATCH (n:{quoted(person.label)}) WHERE NOT n:{PREFIX}User WITH {person.key} AS id WHERE id IS NOT NULL "
            "RETURN id"
        )
        return [row["id"] for row in rows if row["id"] in forgotten]

    def _mark(self, nodes: NodeMap, label: str, id: str, more: str, forgotten: list[str]) -> None:
        """Label the owner's nodes that are not yet; a node of ours for the same, made before theirs, becomes one.

        Of several with one id the one that is labelled stays so, else the first is.
        """
        person = self.adoption.person
        gone = f"n:{quoted(person.label)} AND coalesce({person.key} IN $forgotten, false)"
        kept = f" AND NOT ({gone})" if forgotten else ""
        found = f"MATCH (n:{quoted(nodes.label)}) WHERE NOT n:{PREFIX}{label} AND {nodes.meant}{kept}"
        moving = (
            "CALL (tg_ours, n) {{ MATCH (tg_ours){0}(m) WITH n, m, r, type(r) AS kind, properties(r) AS given DELETE r "
            "WITH n, m, kind, given CREATE (n){1}(m) SET r = given }} "
        )
        ours = f"MATCH (tg_ours:{PREFIX}{label}) WHERE {is_ours('tg_ours')}"
        if self._raw(f"{ours} RETURN 1 AS one LIMIT 1"):
            self._raw(
                f"{ours} WITH tg_ours {found} AND {id} = tg_ours.{OWN}id WITH tg_ours, head(collect(n)) AS n "
                f"{moving.format('-[r]->', '-[r:$(kind)]->')}{moving.format('<-[r]-', '<-[r:$(kind)]-')}"
                "DETACH DELETE tg_ours",
                forgotten=forgotten,
            )
        text = (
            f"{found} WITH n, {id} AS tg_id WHERE NOT EXISTS {{ MATCH (other:{PREFIX}{label} {{{OWN}id: tg_id}}) }} "
            f"WITH n, tg_id LIMIT {AT_ONCE} WITH tg_id, head(collect(n)) AS n "
            f"SET n:{PREFIX}{label}, n.{OWN}id = tg_id{more} RETURN count(n) AS changed"
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
        kind = quoted(PREFIX + event.name)
        found = (
            f"MATCH {event.match} WHERE item:{PREFIX}Item "
            f"WITH person, item, {event.key} AS id, {event.number} AS value, {event.moment} AS at WHERE id IS NOT NULL "
        )
        others = f"MATCH (a)-[e:{kind} {{{OWN}event_id: id}}]->(b) WHERE a <> person OR b <> item"
        self._for_people(  # of an event that has another person or item now
            f"{found} {others} DELETE e",
            f"looking for {event.name}",
        )
        self._for_people(  # of events of several people with one id it is the first one's
            f"{found} AND NOT EXISTS {{ {others} }} MERGE (person)-[e:{kind} {{{OWN}event_id: id}}]->(item) "
            f"SET e.{OWN}value = value, e.{OWN}at = at, e.{OWN}derived = $run",
            f"finding {event.name}",
            run=run,
        )
        self._raw(f"MATCH ()-[e:{kind}]->() WHERE e.{OWN}derived <> $run DELETE e", run=run)

    def set_scales(self) -> None:
        """Give each kind of the map the scale that the map says, or none."""
        for event in self.adoption.event:
            low, high = event.scale or (None, None)
            self._raw(
                f"MATCH (k:{PREFIX}EventKind {{id: $kind}}) SET k.minimum = $low, k.maximum = $high",
                kind=event.name,
                low=low,
                high=high,
            )

    def drop_kinds(self, names: Iterable[str]) -> None:
        """Of kinds that a map before had, and this one has not, take away what stood for the owner's events."""
        patterns = {event.name for event in self.adoption.event if event.pattern}
        for name in sorted(set(names) - patterns):
            edges = f"()-[e:{quoted(PREFIX + name)}]->()"
            self._until_done(
                f"MATCH {edges} WHERE e.{OWN}derived IS NOT NULL WITH e LIMIT {AT_ONCE} DELETE e "
                "RETURN count(*) AS changed",
                f"removing {name}",
                "event",
            )
            if not any(event.name == name for event in self.adoption.event):
                self._raw(
                    f"MATCH (k:{PREFIX}EventKind {{id: $kind}}) WHERE NOT EXISTS {{ MATCH {edges} }} DELETE k",
                    kind=name,
                )
        self._kinds = set()

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
    theirs = ", ".join(sorted({neo4j_text(nodes.label) for _, nodes in adoption.nodes}))
    own = f"n.{OWN}id"
    marked = f"({own} IS NOT NULL OR any(label IN labels(n) WHERE label IN [{theirs}]))"  # a label alone may be theirs
    lost = {"User": "user IS NULL", "Item": "item IS NULL", "Entity": f"coalesce(kind <> n.{OWN}kind, true)"}
    off = " + ".join(
        f"CASE WHEN n:{PREFIX}{label} AND ({own} IS NULL OR {gone}) THEN ['{PREFIX}{label}'] ELSE [] END"
        for label, gone in lost.items()
    )
    return (
        f"MATCH (n:{labels}) WHERE {among} AND {marked} AND NOT {is_ours('n')} "
        f"WITH n, {', '.join(f'{cypher} AS {name}' for name, cypher in ids.items())}, {kind} AS kind "
        f"WITH n, coalesce(coalesce({own}, user, item, entity) IN [user, item, entity], false) AS named, {off} AS lost "
        f"WITH n, named, lost WHERE {condition}"
    )


def _first(maps: Iterable[tuple[NodeMap, str]]) -> str:
    """Cypher for what goes with the first of these as which a node ``n`` is meant; null where there is none."""
    cases = " ".join(f"WHEN {nodes.meant} THEN {cypher}" for nodes, cypher in maps)
    return f"CASE {cases} END" if cases else "null"


def adopt(adoption: Adoption, url: str, *, work: Path | None = None) -> dict[str, Any]:
    """Mark the graph at ``url`` as a map says, and keep the map in it: whoever opens it then opens an adopted graph.

    A second call with another map takes that one. All that can be wrong with a map is found before the first change;
    what fails nevertheless is taken back.

    Returns:
        How many people, items, entities, reviews and events of each kind there are; and ``warnings``, what of the graph
        or of the map cannot be taken (:class:`kg.engines.fitting.Finding`).

    Raises:
        StoreError: the graph is tastegraph's own; or a label, an id or an event of the map is not there;
            or names of the owner's begin as ours do.
    """
    with Neo4jStore.open(url, work=work) as plain:
        before, again = _check(plain, adoption)
        found = fitting.findings(plain, adoption)
    with AdoptedStore.open_as(adoption, url, work=work) as store:
        try:
            counts = _adopt(store, before)
        except BaseException:
            _take_back(store, before, again)
            raise
    return {**counts, "warnings": [finding.to_dict() for finding in found]}


def _adopt(store: AdoptedStore, before: Adoption | None) -> dict[str, int]:
    store.begin()
    if before is not None:
        store.drop_kinds({event.name for event in before.event})
    counts = store.take_in()
    store.set_scales()
    adoption = store.adoption
    if adoption.attributes is None:
        adoption = replace(adoption, attributes=tuple(store.attributes()))
    store.write(queries.statement("adoption_keep", adoption=adoption.to_json()))
    return counts


def _take_back(store: AdoptedStore, before: Adoption | None, again: bool) -> None:
    """Leave the graph as it was before an adoption that failed."""
    try:
        if not again:
            made.take_away(store)
        elif before is not None:
            store.adopted_as(before)
            store.take_in()
    except GraphError as error:
        log.warning(
            "%s: what was made could not be taken back; run 'tastegraph adopt --remove': %s", store.address, error
        )


def open_server(url: str, *, work: Path | None = None, config: ConnectionConfig | None = None) -> Neo4jStore:
    """The graph at ``url``: this program's own, or an adopted one.

    Raises:
        StoreError: it is somebody's own, which setting up would change; or the map that is kept in it is none.
    """
    store = Neo4jStore.open(url, work=work, config=config)
    try:
        adoption = _found_in(store)
        if adoption is None and not store.check_version() and (found := store.read(_ANY_NODE)):
            raise StoreError(
                f"{store.address} holds a graph that tastegraph did not make ({found[0]['what']}); 'tastegraph adopt "
                "MAP.toml' works on it as it is, and an empty database takes one of tastegraph's own"
            )
        if adoption is not None:
            made.settle(store)
    except BaseException:
        store.close()
        raise
    if adoption is None:
        return store
    store.close()
    return AdoptedStore.open_as(adoption, url, work=work, config=config)


def _found_in(store: Neo4jStore) -> Adoption | None:
    """How a graph was adopted; None where it was not.

    Raises:
        StoreError: what is kept there is no map, or holds Cypher that does more than read: whoever can write to the
            graph may have put it there.
    """
    kept = _kept_in(store)
    if kept is None:
        return None
    try:
        adoption = Adoption.from_json(kept)
        fitting.verify(store, adoption)
    except ValueError as error:
        raise StoreError(
            f"{store.address} keeps a map (adoption of :{PREFIX}Schema) that cannot be used: {error}; adopt it with a "
            "map of your own (tastegraph adopt MAP.toml), or take away what was added (tastegraph adopt --remove)"
        ) from error
    return adoption


def _kept_in(store: Neo4jStore) -> Any:
    rows = store.read(Dialect(PREFIX).text(queries.text("adoption")))
    return rows[0]["adoption"] if rows else None


def _check(store: Neo4jStore, adoption: Adoption) -> tuple[Adoption | None, bool]:
    """The map by which the graph is adopted already, where there is one; and whether an adoption has begun.

    Raises:
        StoreError: the map does not fit, or names that it needs are taken.
    """
    if store.read(queries.text("adoption")):
        raise StoreError(f"{store.address} was made by tastegraph; there is nothing to adopt")
    if again := made.begun(store):
        made.settle(store)
        known = made.ids(made.recorded(store), made.TYPE)
        made.check_free(store, sorted({PREFIX + event.name for event in adoption.event} - set(known)))
    else:
        _check_prefix(store)
    there = made.standing(store)
    for own in _wanted(adoption):
        made.check_standing(store, own, there)
    fitting.check(store, adoption)
    try:
        kept = _kept_in(store)
        return Adoption.from_json(kept) if kept is not None else None, again
    except ValueError as error:
        log.warning("%s keeps a map that cannot be read, in whose place comes the new one: %s", store.address, error)
        return None, again


def _wanted(adoption: Adoption) -> list[Made]:
    """Constraints that an adoption makes at once."""
    plain = Dialect(PREFIX)
    kinds = (schema.kind_constraint(event.name) for event in adoption.event)
    return [made.constraint(plain.text(text)) for text in (*schema.node_constraints(), *kinds)]


def _check_prefix(store: Neo4jStore) -> None:
    """A reader could not tell an owner's own names with our prefix from ours."""
    if taken := made.taken(store):
        raise StoreError(
            f"{store.address} has names of its own that begin with {PREFIX} or {OWN}: {', '.join(taken)}; "
            "rename them first"
        )


def release(url: str, *, work: Path | None = None) -> dict[str, int]:
    """Take away all that was added to the graph at ``url``, and nothing else; returns how many of each.

    The record of it goes last, so that a release that was interrupted can be run again; in a graph without one nothing
    happens.
    """
    with Neo4jStore.open(url, work=work) as store:
        return made.take_away(store)
