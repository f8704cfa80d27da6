"""The files of an evaluation as a snapshot: rows become events, links contract entities into items."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import orjson
import pyarrow as pa

from kg import readers
from kg.advice import option
from kg.batch import entities_of, nesting_of
from kg.errors import short
from kg.progress import tqdm
from kg.readers import EventMapping
from kg.readers.stream import FileSource
from kg.records import Interaction, ItemRecord, Link, Record, Reject, Triple
from kg.snapshot import ENTITIES, EVENTS, ITEMS, KINDS, MENTIONS, REVIEWS, TRAITS, TRIPLES, USERS, Snapshot
from kg.vocabulary import Vocabulary
from recommender.data import Cells
from recommender.errors import InvalidInput
from recommender.evaluation import splits

log = logging.getLogger(__name__)

KIND = "RATED"
"""The kind that every row gets, whatever the file says: all are positives."""

MOST_OF_A_TRIPLE = 100_000
"""Edges between items that one triple may stand for: an entity has some editions, and not a catalogue of items."""

R = TypeVar("R", bound=Record)
Edge = tuple[int | str, str, int | str]
"""Head, relation, tail; an end is an item's dense id or an entity's id."""


@dataclass(frozen=True)
class Files:
    """Which files make up the problem, in any format that :mod:`kg.readers` tells apart."""

    train: FileSource
    test: FileSource
    valid: FileSource | None = None
    """None: a part of ``train`` validates."""
    kg: FileSource | None = None
    link: FileSource | None = None
    items: FileSource | None = None
    mapping: EventMapping | None = None
    """Columns of train, valid and test, where their names do not say."""

    def __post_init__(self) -> None:
        if (self.kg is None) != (self.link is None):
            raise InvalidInput(
                f"{option('kg')} and {option('link')} go together: the link file says which entity of the "
                "graph an item is"
            )


@dataclass(frozen=True)
class FileProblem:
    """What was read: all that may be known, as a snapshot without the test rows, and the answers beside it."""

    snapshot: Snapshot
    is_valid: np.ndarray
    """``(num_events,)`` bool: which events of the snapshot validate; the others train."""
    test: Cells
    """The distinct test pairs whose items are candidates, each weighing 1."""
    outside: np.ndarray
    """``(num_users,)`` int64: the distinct test pairs of each person whose items are no candidates."""
    counts: dict[str, int]

    @property
    def shape(self) -> tuple[int, int]:
        """People and items."""
        return self.snapshot.users.num_rows, self.snapshot.items.num_rows


def read(files: Files, valid_share: float, seed: int, *, progress: bool = False) -> FileProblem:
    """Read all files; without a valid file, ``valid_share`` of the training pairs validates at most.

    Raises:
        InvalidInput: train or test has no row that can be read.
        ReadError: a file cannot be read.
    """
    reader = _Reader(files.mapping, progress)
    train = reader.rows("train", files.train)
    valid = reader.rows("valid", files.valid) if files.valid else []
    test = reader.rows("test", files.test)
    links = list(reader.records("link", readers.read_links(files.link), Link)) if files.link else []
    described = _described(reader.records("items", readers.read_items(files.items), ItemRecord)) if files.items else {}

    candidates = {row.item_id for rows in (train, valid) for row in rows} | {link.item_id for link in links}
    users = Vocabulary(sorted({row.user_id for rows in (train, valid, test) for row in rows}))
    items = Vocabulary(sorted(candidates | described.keys()))
    events, is_valid = _events(train, valid, users, items)
    if files.valid is None:
        is_valid = splits.holdout(events["user"].to_numpy(), events["item"].to_numpy(), valid_share, seed)
    triples = reader.records("kg", readers.read_triples(files.kg), Triple) if files.kg else iter(())
    entities, edges, matched = _knowledge(triples, links, described, items)
    reader.counts |= {"links_matched": matched} if files.link else {}
    if links and not matched:
        log.warning("no link of %s leads to an entity of %s: the graph says nothing of any item", files.link, files.kg)
    known, outside = _answers(test, users, items)
    reader.counts |= {
        "users": len(users),
        "items": len(items),
        "entities": entities.num_rows,
        "triples": edges.num_rows,
    }
    snapshot = Snapshot(
        users=pa.table({"id": users.ids, "properties": ["{}"] * len(users)}, schema=USERS),
        items=_items(items, described),
        entities=entities,
        mentions=MENTIONS.empty_table(),
        events=events,
        reviews=_reviews([*train, *valid], users, items),
        triples=edges,
        traits=TRAITS.empty_table(),
        kinds=KINDS.empty_table(),
    )
    return FileProblem(snapshot, is_valid, known, outside, reader.counts)


class _Reader:
    """Reads records, counts them and the rejected rows, and says on the log what the first reject of a file was."""

    def __init__(self, mapping: EventMapping | None, progress: bool) -> None:
        self.counts: dict[str, int] = {}
        self._mapping = mapping
        self._progress = progress

    def rows(self, name: str, path: FileSource) -> list[Interaction]:
        """All events of a file.

        Raises:
            InvalidInput: there are none.
        """
        rows = list(self.records(name, readers.read_events(path, self._mapping, kind=KIND), Interaction))
        if not rows:
            raise InvalidInput(
                f"--{name} {path}: no row could be used, {self.counts[f'{name}_rejected']} were rejected"
            )
        return rows

    def records(self, name: str, records: Iterable[Record | Reject], record_type: type[R]) -> Iterator[R]:
        """The records of this type; the other things are rejects."""
        accepted = rejected = 0
        for record in tqdm(records, desc=f"reading {name}", unit="row", disable=not self._progress, leave=False):
            if isinstance(record, record_type):
                accepted += 1
                yield record
            elif isinstance(record, Reject):
                rejected += 1
                if rejected == 1:
                    log.warning("%s, line %s: %s: %s", record.file, record.line, record.field, record.reason)
        self.counts |= {f"{name}_rows": accepted, f"{name}_rejected": rejected}


def _described(records: Iterable[ItemRecord]) -> dict[str, list[ItemRecord]]:
    described: dict[str, list[ItemRecord]] = {}
    for record in records:
        described.setdefault(record.id, []).append(record)
    return described


def _items(items: Vocabulary, described: Mapping[str, list[ItemRecord]]) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for item in items.ids:
        row: dict[str, Any] = {"id": item, "title": None, "text": None, "properties": {}}
        for record in described.get(item, ()):
            row["title"], row["text"] = record.title or row["title"], record.text or row["text"]
            row["properties"] |= record.properties
        rows.append(row | {"properties": orjson.dumps(row["properties"]).decode()})
    return pa.Table.from_pylist(rows, schema=ITEMS)


def _events(
    train: list[Interaction], valid: list[Interaction], users: Vocabulary, items: Vocabulary
) -> tuple[pa.Table, np.ndarray]:
    """The events in the snapshot's order, and which of them come from ``valid``."""
    rows = [*train, *valid]
    table = pa.table(
        {
            "user": users.indices(row.user_id for row in rows),
            "item": items.indices(row.item_id for row in rows),
            "kind": [KIND] * len(rows),
            "at": [row.at for row in rows],
            "value": pa.array([row.value for row in rows], pa.float64()),
            "event_id": [row.event_id for row in rows],
            "valid": np.arange(len(rows)) >= len(train),
        }
    ).sort_by([("user", "ascending"), ("item", "ascending"), ("event_id", "ascending"), ("valid", "ascending")])
    return table.drop_columns("valid").cast(EVENTS), table["valid"].to_numpy()


def _reviews(rows: list[Interaction], users: Vocabulary, items: Vocabulary) -> pa.Table:
    rows = [row for row in rows if row.text or row.title]
    return pa.table(
        {
            "id": pa.array([row.event_id for row in rows], pa.string()),
            "user": users.indices(row.user_id for row in rows),
            "item": items.indices(row.item_id for row in rows),
            "title": pa.array([row.title for row in rows], pa.string()),
            "text": pa.array([row.text for row in rows], pa.string()),
            "at": pa.array([row.at for row in rows], pa.timestamp("us", tz="UTC")),
        }
    ).cast(REVIEWS)


def _knowledge(
    triples: Iterable[Triple], links: Iterable[Link], described: Mapping[str, list[ItemRecord]], items: Vocabulary
) -> tuple[pa.Table, pa.Table, int]:
    """Entities that are no items, the distinct edges between nodes, and how many linked entities the triples speak of.

    An entity to which several items are linked stands for all of them.
    """
    linked: dict[str, list[int]] = {}
    for link in links:
        linked.setdefault(link.entity_id, []).append(items.index(link.item_id))
    names: dict[str, tuple[str | None, str | None]] = {}
    matched: set[str] = set()
    edges: set[Edge] = set()

    def nodes(entity: str) -> list[int] | list[str]:
        if entity in linked:
            matched.add(entity)
            return linked[entity]
        names.setdefault(entity, (None, None))
        return [entity]

    for triple in triples:
        count = len(linked.get(triple.head, "1")) * len(linked.get(triple.tail, "1"))
        if count > MOST_OF_A_TRIPLE:
            raise InvalidInput(
                f"so many items are linked to {short(triple.head)} and {short(triple.tail)} that one triple of them "
                f"stands for {count:,} edges, and {MOST_OF_A_TRIPLE:,} are the most; correct the file of links"
            )
        edges.update((head, triple.relation, tail) for head in nodes(triple.head) for tail in nodes(triple.tail))
    for record in (record for records in described.values() for record in records):
        edges.update(_own_edges(record, items))
        names |= {id: (row["name"], row["kind"]) for id, row in entities_of([record]).items()}
    entities = Vocabulary(sorted(names))
    columns = [list(entities.ids), *([names[entity][part] for entity in entities.ids] for part in (0, 1))]
    return pa.table(columns, schema=ENTITIES), _edges(edges, entities, len(items)), len(matched)


def _own_edges(record: ItemRecord, items: Vocabulary) -> Iterator[Edge]:
    item = items.index(record.id)
    for attribute in record.attributes:
        yield item, attribute.relation, attribute.entity_id
    for nested in nesting_of(record):
        yield nested.head, nested.relation, nested.tail
    for other in record.related:
        if other.item_id in items:
            yield item, other.relation, items.index(other.item_id)


def _edges(edges: Iterable[Edge], entities: Vocabulary, num_items: int) -> pa.Table:
    def node(end: int | str) -> int:
        return num_items + entities.index(end) if isinstance(end, str) else end

    rows = sorted((node(head), relation, node(tail)) for head, relation, tail in edges)
    columns = [[row[part] for row in rows] for part in range(3)]
    types = pa.schema([("head", pa.int32()), ("relation", pa.string()), ("tail", pa.int32())])
    return pa.table(columns, schema=types).cast(TRIPLES)


def _answers(test: list[Interaction], users: Vocabulary, items: Vocabulary) -> tuple[Cells, np.ndarray]:
    """The distinct test pairs with a candidate, and how many each person has without."""
    pairs = sorted({(users.index(row.user_id), row.item_id) for row in test})
    people = np.array([user for user, _ in pairs], dtype=np.int64)
    wanted = items.indices(item for _, item in pairs)
    inside = wanted >= 0
    count = int(inside.sum())
    cells = Cells(
        users=people[inside],
        items=wanted[inside],
        weights=np.ones(count, dtype=np.float32),
        times=np.full(count, np.nan),
        num_users=len(users),
        num_items=len(items),
    )
    return cells, np.bincount(people[~inside], minlength=len(users)).astype(np.int64)
