"""One batch of records, sorted by what the graph does with them, and what came of writing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from kg.errors import ReadError
from kg.readers.markup import clean_text
from kg.records import Begins, EntityRecord, Interaction, ItemRecord, Link, Record, Scalar, Tie, Triple, UserRecord
from kg.schema import EVENT_FIELDS, NESTED

MAX_BYTES = 4 << 20
"""Rough bytes of text in one transaction; Bolt messages over 16 MiB hang on the embedded engine."""
MAX_RAW_BYTES = 32 << 20
"""Rough bytes of the rows that the records of one batch were read from, which are kept until it is written."""
MAX_TEXT = 4 << 20
"""Characters of one text."""

T = TypeVar("T")


class Edge(NamedTuple):
    """One edge of the knowledge graph by labels and external ids."""

    head_label: str
    head: str
    relation: str
    tail_label: str
    tail: str


@dataclass
class Outcome:
    """What came of a batch."""

    accepted: int = 0
    duplicates: int = 0
    conflicts: list[tuple[Record, str]] = field(default_factory=list)
    """Records refused because the graph holds something else under their id, each with the reason."""

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.accepted + other.accepted, self.duplicates + other.duplicates, self.conflicts + other.conflicts
        )


class Known(NamedTuple):
    """What a tie says beside its ends."""

    weight: float | None
    at: datetime | None

    def told(self, record: Tie) -> Known:
        """The same with what a record adds; what is known stays."""
        weight = record.weight if self.weight is None else self.weight
        return Known(weight, record.at if self.at is None else self.at)


class Content(NamedTuple):
    """What makes two events under one id the same event: the fields of :func:`kg.records.event_hash`."""

    user: str
    item: str
    at: datetime | None
    value: float | None
    text: str | None

    @classmethod
    def of(cls, event: Interaction) -> Content:
        """The content of a record; an integer value equals the float of it."""
        return cls(event.user_id, event.item_id, event.at, event.value, event.text or None)

    def repeats(self, stored: Content) -> bool:
        """Whether it is what is stored, or was: before ``a<b and b>a`` was told from a tag its words were lost."""
        if self == stored:
            return True
        before = clean_text(self.text, "text", lax=True) if self.text and "<" in self.text else self.text
        return self._replace(text=before) == stored

    def differs(self, other: Content) -> str:
        """The fields in which two contents differ, for a message."""
        pairs = zip(self._fields, self, other, strict=True)
        return ", ".join(name for name, mine, theirs in pairs if mine != theirs)


def has_review(event: Interaction) -> bool:
    """Whether an event came with words."""
    return bool(event.text or event.title)


def context_of(event: Interaction) -> dict[str, Scalar]:
    """What an event holds beside id, moment and value.

    A name that events use, or that begins as the engines' own do, gets the prefix ``context_``.
    """
    own: dict[str, Scalar] = {"reviewed": True} if has_review(event) else {}
    return own | {context_name(name): value for name, value in event.context.items()}


def context_name(name: str) -> str:
    """What a name of context is called in the graph.

    >>> context_name("device"), context_name("at")
    ('device', 'context_at')
    """
    return f"context_{name}" if name in EVENT_FIELDS or name.startswith(("_", "@")) else name


def item_properties(record: ItemRecord) -> dict[str, Scalar]:
    """Everything of an item that is a property; ``id`` is never overwritten."""
    named = {"title": record.title, "text": record.text}
    own = {name: value for name, value in record.properties.items() if name != "id"}
    return own | {name: value for name, value in named.items() if value is not None}


def user_properties(record: UserRecord) -> dict[str, Scalar]:
    """Everything of a person that is a property."""
    return {name: value for name, value in record.properties.items() if name != "id"}


def properties_of(record: ItemRecord | UserRecord) -> dict[str, Scalar]:
    """Everything that is a property."""
    return item_properties(record) if isinstance(record, ItemRecord) else user_properties(record)


def label_of(record: ItemRecord | UserRecord | EntityRecord) -> str:
    """The label of the node that a record describes."""
    if isinstance(record, EntityRecord):
        return "Entity"
    return "Item" if isinstance(record, ItemRecord) else "User"


def edges_of(record: ItemRecord | UserRecord | Triple | Link) -> list[Edge]:
    """The edges of the knowledge graph that a record asks for."""
    if isinstance(record, Triple):
        return [Edge(record.head_label, record.head, record.relation, record.tail_label, record.tail)]
    if isinstance(record, Link):
        return [Edge("Item", record.item_id, "SAME_AS", "Entity", record.entity_id)]
    label = label_of(record)
    edges = [Edge(label, record.id, own.relation, "Entity", own.entity_id) for own in record.attributes]
    if isinstance(record, ItemRecord):
        edges += [Edge("Item", record.id, own.relation, "Item", own.item_id) for own in record.related]
    return list(dict.fromkeys(edges))


def nesting_of(record: ItemRecord | UserRecord) -> list[Edge]:
    """The edges between levels of category paths that a record asks for; other records ask for the same."""
    levels = (own for own in record.attributes if own.parent_id is not None)
    return [Edge("Entity", own.entity_id, NESTED, "Entity", str(own.parent_id)) for own in levels]


def entities_of(records: Iterable[ItemRecord | UserRecord]) -> dict[str, dict[str, str]]:
    """The entities of attributes and of the levels above them, by id: ``{id, name, kind}``."""
    found: dict[str, dict[str, str]] = {}
    for own in (own for record in records for own in record.attributes):
        found[own.entity_id] = {"id": own.entity_id, "name": own.value, "kind": own.kind}
        if own.parent is not None and own.parent_id is not None:
            found[own.parent_id] = {"id": own.parent_id, "name": own.parent, "kind": own.kind}
    return found


def entity_row(record: EntityRecord) -> dict[str, str | None]:
    """What is to be stored of an entity: ``{id, name, kind}``."""
    return {"id": record.id, "name": record.name, "kind": record.kind}


def bare_nodes(edges: Iterable[Edge]) -> Iterator[tuple[str, str]]:
    """Label and id of both ends of each edge."""
    for edge in edges:
        yield edge.head_label, edge.head
        yield edge.tail_label, edge.tail


def tie_of(record: Tie) -> Edge:
    """The edge of a tie."""
    return Edge("User", record.user_id, record.relation, "User", record.other_id)


def size_of(record: Record) -> int:
    """Rough bytes of a record in a message."""
    if isinstance(record, Interaction):
        return 200 + _bytes(record.text) + _bytes(record.title) + _properties_size(record.context)
    if isinstance(record, UserRecord):
        return 200 + _properties_size(record.properties) + _attributes_size(record)
    if isinstance(record, ItemRecord):
        texts = _bytes(record.text) + _bytes(record.title)
        return 200 + texts + _properties_size(record.properties) + _attributes_size(record) + 80 * len(record.related)
    if isinstance(record, EntityRecord):
        return 200 + _bytes(record.name)
    return 200


def raw_size_of(record: Record) -> int:
    """Rough bytes of the row that a record was read from."""
    raw = record.origin.raw if record.origin else None
    if isinstance(raw, bytes | str):
        return len(raw)
    return sum(len(cell) for cell in raw[1] if isinstance(cell, str)) if isinstance(raw, tuple) else 0


def _attributes_size(record: ItemRecord | UserRecord) -> int:
    return sum(100 + 3 * _bytes(own.value) for own in record.attributes)  # its id and name, and its id in the edge


def _properties_size(properties: Mapping[str, Scalar]) -> int:
    return sum(len(name) + (_bytes(value) if isinstance(value, str) else 16) for name, value in properties.items())


def _bytes(text: str | None) -> int:
    """Of UTF-8, without encoding what is plain."""
    return 0 if text is None else len(text) if text.isascii() else len(text.encode())


def batched(rows: Iterable[T], most: int) -> Iterator[list[T]]:
    """The rows in lists of ``most``, the last one shorter, read as they are asked for.

    >>> list(batched("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(rows)
    while batch := list(islice(rest, most)):
        yield batch


def in_batches(records: Iterable[Record], most: int) -> Iterator[list[Record]]:
    """Cut a stream into batches of ``most`` records and :data:`MAX_BYTES`.

    When reading fails, what was read before comes as a last batch, then the error.
    """
    batch: list[Record] = []
    room, raw_room = MAX_BYTES, MAX_RAW_BYTES
    failed: ReadError | None = None
    stream = iter(records)
    while True:
        try:
            record = next(stream)
        except StopIteration:
            break
        except ReadError as error:
            failed = error
            break
        batch.append(record)
        room -= size_of(record)
        raw_room -= raw_size_of(record)
        if len(batch) == most or room <= 0 or raw_room <= 0:
            yield batch
            batch, room, raw_room = [], MAX_BYTES, MAX_RAW_BYTES
    if batch:
        yield batch
    if failed is not None:
        raise failed


def of_sources(records: Iterable[Record | Begins], most: int) -> Iterator[tuple[Begins | None, list[Record]]]:
    """As :func:`in_batches`, each batch of one source, which is said where one is."""
    stream = iter(records)
    source: Begins | None = None
    following: list[Begins] = []

    def own() -> Iterator[Record]:
        for record in stream:
            if isinstance(record, Begins):
                following.append(record)
                return
            yield record

    while True:
        for batch in in_batches(own(), most):
            yield source, batch
        if not following:
            return
        source = following.pop()
