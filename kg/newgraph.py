"""Records into a graph that is new, through the engine's bulk path.

Nothing can be looked up there, so a table of marks, one byte for each hash, tells what may have been seen before. What
may have been (a repeated id, an item described twice) is put off and goes through :mod:`kg.writer` afterwards, which
knows for sure. Memory is the table and the ids of nodes, whatever the number of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from kg import marks
from kg.batch import (
    Edge,
    bare_nodes,
    context_of,
    edges_of,
    entities_of,
    entity_row,
    has_review,
    label_of,
    nesting_of,
    properties_of,
    raw_size_of,
    size_of,
    tie_of,
)
from kg.records import EntityRecord, Interaction, ItemRecord, Link, Record, Tie, Triple, UserRecord
from kg.schema import BROUGHT
from kg.store import BulkLoad

MARKS = 1 << 26
"""Bytes of the table; a million different ids put off about 0.7 % of them for nothing."""
MAX_PUT_OFF = 20_000
"""Records put off before the bulk path is given up: then most of the input is repeats."""
MAX_PUT_OFF_BYTES = 64 << 20
"""Likewise rough bytes of these and of the rows that they were read from."""
MAX_NODES = 3_000_000
"""Nodes whose references are held in memory."""


class NewGraph:
    """Fills a graph through a :class:`kg.store.BulkLoad`."""

    def __init__(self, load: BulkLoad) -> None:
        self._load = load
        self._nodes: dict[str, dict[str, Any]] = {"User": {}, "Item": {}, "Entity": {}}
        self._marks = bytearray(MARKS)
        self._nested: set[Edge] = set()
        self.put_off: list[tuple[int, Record]] = []
        """Each with the number of its source."""
        self._put_off_bytes = 0
        self.accepted = 0
        self.source = marks.NOBODY
        """The number of the source whose records are added."""

    @property
    def is_full(self) -> bool:
        """Whether the rest should go through transactions."""
        put_off = len(self.put_off) > MAX_PUT_OFF or self._put_off_bytes > MAX_PUT_OFF_BYTES
        return put_off or sum(map(len, self._nodes.values())) > MAX_NODES

    def add(self, batch: Sequence[Record]) -> None:
        """Take a batch; what may be a repeat is appended to :attr:`put_off`."""
        events = [record for record in batch if isinstance(record, Interaction)]
        nodes = [record for record in batch if isinstance(record, ItemRecord | UserRecord)]
        entities = [record for record in batch if isinstance(record, EntityRecord)]
        others = [record for record in batch if isinstance(record, Triple | Link)]
        ties = [record for record in batch if isinstance(record, Tie)]
        # What entities are called, before attributes name them by their ids.
        self._add_entities([record for record in entities if self._is_first_word(record)])
        self._add_described([record for record in nodes if self._is_first_word(record)])
        self._add_edges([(record, edges_of(record)) for record in others])
        self._add_ties([tie for tie in ties if self._is_first_tie(tie)])
        self._add_events([event for event in events if self._is_first_event(event)])

    def _put_off(self, record: Record) -> None:
        self.put_off.append((self.source, record))
        self._put_off_bytes += size_of(record) + raw_size_of(record)

    def _mark(self, key: Hashable) -> bool:
        """Whether ``key`` is surely new; marks it."""
        place = hash(key) & (MARKS - 1)
        if self._marks[place]:
            return False
        self._marks[place] = 1
        return True

    def _is_first_event(self, event: Interaction) -> bool:
        # A review's id is unique over all kinds, so it has a mark of its own.
        if self._mark((event.kind, event.event_id)) and (not has_review(event) or self._mark(event.event_id)):
            return True
        self._put_off(event)
        return False

    def _is_first_tie(self, tie: Tie) -> bool:
        if self._mark(tie_of(tie)):
            return True
        self._put_off(tie)
        return False

    def _is_first_word(self, record: ItemRecord | UserRecord | EntityRecord) -> bool:
        if record.id in self._nodes[label_of(record)]:  # described before, or met in an edge
            self._put_off(record)
            return False
        self._nodes[label_of(record)][record.id] = None  # claimed; the reference follows
        return True

    def _add_described(self, records: Sequence[ItemRecord | UserRecord]) -> None:
        for label in ("User", "Item"):
            own = [record for record in records if label_of(record) == label]
            self._make(label, {record.id: {**properties_of(record), "id": record.id, **self._said()} for record in own})
        entities = {id: row for id, row in entities_of(records).items() if id not in self._nodes["Entity"]}
        self._make("Entity", {id: row | self._met() for id, row in entities.items()})
        self._add_edges([(record, edges_of(record)) for record in records])
        # Many records ask for the same of these, and they are few: known for sure, none is put off.
        nested = dict.fromkeys(edge for record in records for edge in nesting_of(record) if edge not in self._nested)
        self._nested |= nested.keys()
        self._load_edges(nested)

    def _add_entities(self, records: Sequence[EntityRecord]) -> None:
        self.accepted += len(records)
        self._make("Entity", {record.id: _present(entity_row(record)) | self._said() for record in records})

    def _add_edges(self, wanted: Iterable[tuple[Record, list[Edge]]]) -> None:
        made: list[Edge] = []
        for record, edges in wanted:
            fresh = [edge for edge in edges if self._mark(edge)]
            if len(fresh) < len(edges):
                self._put_off(record)  # the whole record again: what is there already is skipped then
            else:
                self.accepted += 1
            made += fresh
        self._load_edges(made)

    def _load_edges(self, made: Iterable[Edge]) -> None:
        groups: dict[str, list[Edge]] = defaultdict(list)
        for edge in made:
            groups[edge.relation].append(edge)
        self._make_bare(node for edges in groups.values() for node in bare_nodes(edges))
        for relation, edges in groups.items():
            heads = [self._nodes[edge.head_label][edge.head] for edge in edges]
            tails = [self._nodes[edge.tail_label][edge.tail] for edge in edges]
            self._load.add_edges(relation, heads, tails, [self._by()] * len(edges) if self.source else None)

    def _add_ties(self, ties: Sequence[Tie]) -> None:
        self.accepted += len(ties)
        self._make_bare(node for tie in ties for node in bare_nodes([tie_of(tie)]))
        users = self._nodes["User"]
        groups: dict[str, list[Tie]] = defaultdict(list)
        for tie in ties:
            groups[tie.relation].append(tie)
        for relation, own in groups.items():
            rows = [_present({"weight": tie.weight, "at": tie.at}) | self._by() for tie in own]
            heads, tails = (
                [users[id] for id in ids] for ids in zip(*((t.user_id, t.other_id) for t in own), strict=True)
            )
            self._load.add_edges(relation, heads, tails, rows)

    def _add_events(self, events: Sequence[Interaction]) -> None:
        self.accepted += len(events)
        self._make_bare(node for event in events for node in (("User", event.user_id), ("Item", event.item_id)))
        users, items = self._nodes["User"], self._nodes["Item"]
        kinds: dict[str, list[Interaction]] = defaultdict(list)
        for event in events:
            kinds[event.kind].append(event)
        for kind, own in kinds.items():
            self._load.declare_kind(kind)
            rows = [_row(event, self.source) for event in own]
            heads = [users[event.user_id] for event in own]
            self._load.add_edges(kind, heads, [items[event.item_id] for event in own], rows)
        self._add_reviews([event for event in events if has_review(event)])

    def _add_reviews(self, events: Sequence[Interaction]) -> None:
        made = self._load.add_nodes(
            "Review",
            [_present({"id": e.event_id, "title": e.title, "text": e.text, "at": e.at}) for e in events],
        )
        self._load.add_edges("WROTE", [self._nodes["User"][event.user_id] for event in events], made)
        self._load.add_edges("ABOUT", made, [self._nodes["Item"][event.item_id] for event in events])

    def _make_bare(self, nodes: Iterable[tuple[str, str]]) -> None:
        missing: dict[str, dict[str, dict[str, Any]]] = {"User": {}, "Item": {}, "Entity": {}}
        for label, id in nodes:
            if id not in self._nodes[label]:
                missing[label][id] = {"id": id, **self._met()}
        for label, rows in missing.items():
            self._make(label, rows)

    def _said(self) -> dict[str, str]:
        """The mark of a node that is described."""
        return {BROUGHT: marks.alone(self.source)} if self.source else {}

    def _met(self) -> dict[str, str]:
        """The mark of a node that is an end of an edge."""
        return {BROUGHT: marks.MET} if self.source else {}

    def _by(self) -> dict[str, int]:
        """The mark of an edge."""
        return {BROUGHT: self.source} if self.source else {}

    def _make(self, label: str, rows: dict[str, dict[str, Any]]) -> None:
        if rows:
            references = self._load.add_nodes(label, list(rows.values()))
            self._nodes[label].update(zip(rows, references, strict=True))


def _row(event: Interaction, source: int) -> dict[str, Any]:
    row: dict[str, Any] = {"event_id": event.event_id}
    if source:
        row[BROUGHT] = source
    if event.at is not None:
        row["at"] = event.at
    if event.value is not None:
        row["value"] = event.value
    if event.context or has_review(event):
        row |= context_of(event)
    return row


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
