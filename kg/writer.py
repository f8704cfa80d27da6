"""Records into a graph that is in use: each batch is read against, then written in one transaction.

Reading first keeps what is there (the first write of an event wins) and costs little, for ids are indexed. What
somebody else writes in between meets a uniqueness constraint; the batch is then read and written again. So a batch can
be repeated, after a crash too or when the answer to its commit was lost, and writes each event once; what such a
repetition finds written counts as a duplicate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kg import changes, marks, queries
from kg.batch import (
    Content,
    Edge,
    Known,
    Outcome,
    bare_nodes,
    context_of,
    edges_of,
    entities_of,
    entity_row,
    has_review,
    label_of,
    nesting_of,
    properties_of,
    tie_of,
)
from kg.errors import ConstraintViolated, StoreError
from kg.quoting import Quoted
from kg.records import EntityRecord, Interaction, ItemRecord, Link, Record, Tie, Triple, UserRecord
from kg.schema import BROUGHT
from kg.store import Row, Statement, Store

ATTEMPTS = 4
"""Times a batch is read and written when others write the same keys."""
MANY = 500
"""Events of a batch from which on it pays to ask whether there are any of their kind yet."""
MAX_KNOWN = 1_000_000
"""Ids remembered as being in the graph, to spare a MERGE for each event."""

Written = ItemRecord | UserRecord


class Writer:
    """Writes batches of records to one graph, transaction by transaction."""

    def __init__(self, store: Store, *, dry_run: bool = False) -> None:
        self._store = store
        self._dry_run = dry_run
        self.source = marks.NOBODY
        """The number of the source that brings what is written, if one does (:mod:`kg.ingested`)."""
        self._known: dict[str, set[str]] = defaultdict(set)
        self._new: dict[str, bool] = {}

    def write(self, batch: Sequence[Record]) -> Outcome:
        """Write what is new of a batch; all of it is durable when this returns.

        Raises:
            StoreError: the engine failed, or others keep writing the same keys.
        """
        events = [record for record in batch if isinstance(record, Interaction)]
        nodes = [record for record in batch if isinstance(record, ItemRecord | UserRecord)]
        entities = [record for record in batch if isinstance(record, EntityRecord)]
        others = [record for record in batch if isinstance(record, Triple | Link)]
        ties = [record for record in batch if isinstance(record, Tie)]
        if events and not self._dry_run:
            self._store.ensure_schema({event.kind for event in events})
        for attempt in range(ATTEMPTS):
            try:
                with self._store.alone() as alone:
                    unread = self._new_kinds(events) if attempt == 0 else ()
                    plan = _Plan(self._store, self._known, unread, self.source)
                    plan.add_entities(entities)  # what they are called, before attributes name them by their ids
                    plan.add_nodes(nodes)
                    plan.add_edges(others)
                    plan.add_ties(ties)
                    plan.add_events(events)
                    if not self._dry_run:
                        self._commit(plan, alone)
                    return plan.outcome
            except ConstraintViolated:
                self._known.clear()
                self._new = dict.fromkeys(self._new, False)
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _new_kinds(self, events: Sequence[Interaction]) -> list[str]:
        """The kinds of which the graph held no event when this writer first met them.

        Nothing is looked up for them until a constraint shows that an id came twice.
        """
        if len(events) < MANY:
            return []
        for kind in {event.kind for event in events} - self._new.keys():
            self._new[kind] = not self._store.read(queries.statement("kind_is_used", names={"relation": kind}).text)
        return [kind for kind, new in self._new.items() if new]

    def _commit(self, plan: _Plan, alone: bool) -> None:
        statements = plan.statements(alone)
        if not statements:
            return
        *answers, _ = self._store.write(*statements, changes.noted(plan.touched()))
        for statement, rows in zip(statements, answers, strict=True):
            if rows and "made" in rows[0] and rows[0]["made"] != len(statement.parameters["rows"]):
                raise StoreError(f"{self._store.address}: a node vanished while edges to it were written; run it again")
        for label, ids in plan.present.items():
            known = self._known[label]
            if len(known) + len(ids) > MAX_KNOWN:
                known.clear()
            known |= ids


class _Plan:
    """What one batch changes, found by reading what is there."""

    def __init__(self, store: Store, known: Mapping[str, set[str]], unread: Collection[str], source: int) -> None:
        self._store = store
        self._known = known
        self._unread = unread
        self._source = source
        self.outcome = Outcome()
        self.present: dict[str, set[str]] = defaultdict(set)
        self._entities: dict[str, dict[str, str | None]] = {}
        self._others: dict[str, set[str]] = defaultdict(set)
        """Events of other sources, by kind."""
        self._again: dict[str, set[str]] = defaultdict(set)
        """Those of them that this source brings as well."""
        self._edges_again: dict[tuple[str, str, str], dict[Edge, None]] = defaultdict(dict)
        self._fills: dict[str, dict[str, dict[str, Any]]] = {"User": {}, "Item": {}}
        self._edges: dict[tuple[str, str, str], dict[Edge, None]] = defaultdict(dict)
        self._ties: dict[Edge, Known] = {}
        self._events: dict[tuple[str, tuple[str, ...]], list[list[Any]]] = defaultdict(list)
        self._reviews: list[dict[str, Any]] = []

    # --- Items and people

    def add_nodes(self, records: Sequence[Written]) -> None:
        """A record that adds nothing to what is known is a duplicate."""
        if not records:
            return
        stored: dict[str, dict[str, dict[str, Any]]] = {}
        for label in ("User", "Item"):
            ids = {record.id for record in records if label_of(record) == label}
            stored[label] = self._stored(label, ids) if ids else {}
        wanted = [[*edges_of(record), *nesting_of(record)] for record in records]
        missing = self._missing_edges(edge for edges in wanted for edge in edges)
        for record, edges in zip(records, wanted, strict=True):
            label, properties = label_of(record), properties_of(record)
            new_edges = [edge for edge in edges if edge in missing]
            known = stored[label].get(record.id)
            said = self._told(known, properties)
            if known is not None and not new_edges and properties.items() <= known.items():
                self.outcome.duplicates += 1
                if said:
                    known.update(said)
                    self._fills[label].setdefault(record.id, {}).update(said)
                continue
            self.outcome.accepted += 1
            stored[label][record.id] = (known or {}) | properties | said
            self._fills[label].setdefault(record.id, {}).update(properties | said)
            self.present[label].add(record.id)
            self._take(new_edges, missing)
            self._name(entities_of([record]).values())

    def _told(self, known: Row | None, given: Mapping[str, Any]) -> dict[str, str]:
        """The mark of a node of which this source says that; nothing: as it is."""
        held = None if known is None else {name: value for name, value in known.items() if name not in ("id", BROUGHT)}
        mark = marks.told(None if known is None else known.get(BROUGHT), held, self._source, given)
        return {} if mark is None else {BROUGHT: mark}

    def _stored(self, label: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        rows = self._read("nodes_of_ids", ids, label=label)
        return {row["id"]: row["properties"] for row in rows}

    # --- Entities

    def add_entities(self, records: Sequence[EntityRecord]) -> None:
        """A name or a kind fills in where none is known; a record that fills in nothing is a duplicate."""
        stored = self._stored("Entity", {record.id for record in records}) if records else {}
        for record in records:
            row = entity_row(record)
            planned = {name: own for name, own in self._entities.get(record.id, {}).items() if own is not None}
            known = stored.get(record.id, planned or None)
            new = {k: own for k, own in row.items() if own and not (known and (known.get(k) or planned.get(k)))}
            held = None if known is None else known | planned
            said = self._told(held, {k: (held or {}).get(k, own) for k, own in row.items() if own and k != "id"})
            if known is not None and not new:
                self.outcome.duplicates += 1
                if said:
                    self._name([row | said])
                continue
            self.outcome.accepted += 1
            self._name([row | said])
            self.present["Entity"].add(record.id)

    def _name(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        for row in rows:
            known = self._entities.setdefault(str(row["id"]), dict.fromkeys(row))
            known.update({name: known.get(name) or value for name, value in row.items()})
            if row.get(BROUGHT) is not None:
                known[BROUGHT] = row[BROUGHT]

    # --- Edges of the knowledge graph

    def add_edges(self, records: Sequence[Any]) -> None:
        """Triples and links."""
        missing = self._missing_edges(edge for record in records for edge in edges_of(record))
        for record in records:
            (edge,) = edges_of(record)
            if edge in missing:
                self.outcome.accepted += 1
                self._take([edge], missing)
            else:
                self.outcome.duplicates += 1

    def _missing_edges(self, edges: Iterable[Edge]) -> set[Edge]:
        wanted = set(edges)
        groups: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for edge in wanted:
            groups[edge.head_label, edge.relation, edge.tail_label].add(edge.head)
        for (head, relation, tail), ids in groups.items():
            for row in self._read("edges_from", ids, head=head, relation=relation, tail=tail):
                edge = Edge(head, row["head"], relation, tail, row["tail"])
                if edge in wanted:
                    wanted.remove(edge)
                    self._meet_again(edge, row)
        return wanted

    def _is_of_others(self, row: Row) -> bool:
        """Whether a source has brought an edge, and this one not yet."""
        return row["by"] not in (None, self._source) and self._source not in (row["also"] or ())

    def _meet_again(self, edge: Edge, row: Row) -> None:
        if self._is_of_others(row):
            self._edges_again[edge.head_label, edge.relation, edge.tail_label][edge] = None

    def _take(self, edges: Sequence[Edge], missing: set[Edge]) -> None:
        missing.difference_update(edges)
        for edge in edges:
            self._edges[edge.head_label, edge.relation, edge.tail_label][edge] = None
        for label, id in bare_nodes(edges):
            self.present[label].add(id)

    # --- Ties between people

    def add_ties(self, records: Sequence[Tie]) -> None:
        """What a tie says first stays, and what it did not say is filled in."""
        known = self._stored_ties({tie_of(record) for record in records}) if records else {}
        for record in records:
            edge, nothing = tie_of(record), Known(None, None)
            before = known.get(edge)
            told = (before or nothing).told(record)
            if told == before:
                self.outcome.duplicates += 1
                continue
            self.outcome.accepted += 1
            known[edge] = self._ties[edge] = told
            self.present["User"] |= {edge.head, edge.tail}

    def _stored_ties(self, edges: Collection[Edge]) -> dict[Edge, Known]:
        heads: dict[str, set[str]] = defaultdict(set)
        for edge in edges:
            heads[edge.relation].add(edge.head)
        found = {}
        for relation, ids in heads.items():
            for row in self._read("ties_of", ids, relation=relation):
                edge = Edge("User", row["head"], relation, "User", row["tail"])
                found[edge] = Known(row["weight"], row["at"])
                if edge in edges:
                    self._meet_again(edge, row)
        return found

    # --- Events

    def add_events(self, events: Sequence[Interaction]) -> None:
        """The first event of an id wins; the same content again is a duplicate, other content a conflict."""
        groups: dict[str, list[Interaction]] = defaultdict(list)
        for event in events:
            groups[event.kind].append(event)
        reviews = self._stored_reviews([event.event_id for event in events if has_review(event)])
        for kind, own in groups.items():
            found = {} if kind in self._unread else self._stored_events(kind, own)
            for event in own:
                self._add_event(event, found, reviews)

    def _add_event(self, event: Interaction, found: dict[str, Content], reviews: dict[str, Content]) -> None:
        content = Content.of(event)
        first = found.setdefault(event.event_id, content)
        if first is not content:
            if content.repeats(first):
                self.outcome.duplicates += 1
                if event.event_id in self._others[event.kind]:
                    self._again[event.kind].add(event.event_id)
            else:
                self._conflict(
                    event, f"another {event.kind} event is stored under this id; differs in {content.differs(first)}"
                )
            return
        if has_review(event):
            # The review of an event of another kind may have this id: the same words are shared, others refused.
            words = Content(event.user_id, event.item_id, None, None, event.text or None)
            review = reviews.setdefault(event.event_id, words)
            if not words.repeats(review):
                del found[event.event_id]
                self._conflict(event, f"another review is stored under this id; differs in {words.differs(review)}")
                return
            if review is words:
                self._reviews.append(
                    {
                        "id": event.event_id,
                        "user": event.user_id,
                        "item": event.item_id,
                        "title": event.title,
                        "text": event.text,
                        "at": _iso(event.at),
                    }
                )
        self.outcome.accepted += 1
        context = context_of(event)
        row = [event.user_id, event.item_id, event.event_id, _iso(event.at), event.value]
        self._events[event.kind, tuple(sorted(context))].append(row + [context[name] for name in sorted(context)])
        self.present["User"].add(event.user_id)
        self.present["Item"].add(event.item_id)

    def _conflict(self, event: Interaction, reason: str) -> None:
        self.outcome.conflicts.append((event, reason))

    def _stored_events(self, kind: str, events: Sequence[Interaction]) -> dict[str, Content]:
        rows = self._read("events_of_ids", {event.event_id for event in events}, relation=kind)
        if not rows:
            return {}
        # Another kind's event may have the same id and words, so the edge says whether it came with any.
        worded = self._stored_reviews([row["event_id"] for row in rows if row["reviewed"]])
        texts = {id: own.text for id, own in worded.items()}
        self._others[kind] |= {row["event_id"] for row in rows if self._is_of_others(row)}
        return {
            row["event_id"]: Content(row["user"], row["item"], row["at"], row["value"], texts.get(row["event_id"]))
            for row in rows
        }

    def _stored_reviews(self, ids: list[str]) -> dict[str, Content]:
        rows = self._read("reviews_of_ids", ids)
        return {row["id"]: Content(row["user"], row["item"], None, None, row["text"]) for row in rows}

    # --- Writing

    def touched(self) -> list[str]:
        """The keys of what is written, for :mod:`kg.changes`; what is bare is met with the edges that lead there."""
        nodes = {(edge.head_label, edge.head) for edges in self._edges.values() for edge in edges}
        nodes |= {("User", edge.head) for edge in self._ties}
        nodes |= {(label, id) for label, rows in self._fills.items() for id in rows}
        nodes |= {("Entity", id) for id in self._entities}
        events = [(kind, row[2]) for (kind, _), rows in self._events.items() for row in rows]
        reviews = [("Review", row["id"]) for row in self._reviews]
        return [changes.key(label, id) for label, id in (*sorted(nodes), *events, *reviews)]

    def statements(self, alone: bool) -> list[Statement]:
        """All changes, nodes first; ``alone``: nobody can have made an edge that was missing."""
        made: list[Statement] = []
        met = f" ON CREATE SET {{}}.{BROUGHT} = '{marks.MET}'" if self._source else ""
        if self._entities:
            said = any(BROUGHT in row for row in self._entities.values())
            named = {
                "made": Quoted(met.format("e")),
                "marked": Quoted(f", e.{BROUGHT} = coalesce(row.{BROUGHT}, e.{BROUGHT})" if said else ""),
            }
            made.append(queries.statement("entities_ensure", names=named, rows=list(self._entities.values())))
        for label, rows in self._fills.items():
            if rows:
                fills = [{"id": id, "properties": properties} for id, properties in rows.items()]
                made.append(queries.statement("nodes_fill", names={"label": label}, rows=fills))
        for label, ids in self.present.items():
            bare = ids - self._known.get(label, set()) - self._fills.get(label, {}).keys()
            bare -= self._entities.keys() if label == "Entity" else set()
            if bare:
                bared = {"label": label, "marked": Quoted(met.format("n"))}
                made.append(queries.statement("nodes_ensure", names=bared, ids=sorted(bare)))
        mark = {"source": self._source} if self._source else {}
        set_once = Quoted(f" ON CREATE SET r.{BROUGHT} = $source" if mark else "")
        for (head, relation, tail), edges in self._edges.items():
            names: dict[str, str] = {"head": head, "relation": relation, "tail": tail}
            adding = queries.statement("edges_merge", names={**names, "marked": set_once}, rows=_ends(edges), **mark)
            if alone:
                marked = {**names, "marked": Quoted(f" {{{BROUGHT}: $source}}" if mark else "")}
                adding = replace(
                    queries.statement("edges_add", names=marked, rows=_ends(edges), **mark), again=adding.text
                )
            made.append(adding)
        for relation, ties in self._ties_rows().items():
            made.append(
                queries.statement("ties_add", names={"relation": relation, "marked": set_once}, rows=ties, **mark)
            )
        made += [queries.statement("kind_ensure", kind=kind) for kind in sorted({kind for kind, _ in self._events})]
        made += [self._events_statement(kind, context, rows) for (kind, context), rows in self._events.items()]
        if self._reviews:
            made.append(queries.statement("reviews_add", rows=self._reviews))
        return made + self._again_statements()

    def _again_statements(self) -> list[Statement]:
        """What other sources brought and this one brings as well."""
        made = [
            queries.statement("events_also", names={"relation": kind}, ids=sorted(ids), source=self._source)
            for kind, ids in self._again.items()
        ]
        for (head, relation, tail), edges in self._edges_again.items():
            names = {"head": head, "relation": relation, "tail": tail}
            made.append(queries.statement("edges_also", names=names, rows=_ends(edges), source=self._source))
        return made

    def _ties_rows(self) -> dict[str, list[Row]]:
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for edge, own in self._ties.items():
            row = {"head": edge.head, "tail": edge.tail, "weight": own.weight, "at": _iso(own.at)}
            rows[edge.relation].append(row)
        return rows

    def _events_statement(self, kind: str, context: tuple[str, ...], rows: list[list[Any]]) -> Statement:
        # A server writes a tenth faster where the edges of a node come together.
        rows = sorted(rows, key=lambda row: (row[0], row[1]))
        named = Quoted("".join(f", {self._store.quoted(name)}: row[{at}]" for at, name in enumerate(context, 5)))
        mark: dict[str, int] = {}
        if self._source:
            named, mark = Quoted(f"{named}, {BROUGHT}: $source"), {"source": self._source}
        return queries.statement("events_add", names={"relation": kind, "context": named}, rows=rows, **mark)

    def _read(self, name: str, ids: Iterable[str], **names: str) -> list[dict[str, Any]]:
        text, wanted = queries.statement(name, names=names).text, list(ids)
        at_once = self._store.lookup_ids
        starts = range(0, len(wanted), at_once)
        return [row for at in starts for row in self._store.read(text, ids=wanted[at : at + at_once])]


def _ends(edges: Iterable[Edge]) -> list[Row]:
    return [{"head": edge.head, "tail": edge.tail} for edge in edges]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
