"""Tables of a knowledge graph to records: triples, names of entities, links from items to entities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from kg.errors import ReadError
from kg.readers.cleaning import identifier
from kg.readers.mapping import ENTITY, ENTITY_NAME, HEAD, ITEM, KIND, RELATION, TAIL, found, recognise, require
from kg.readers.markup import clean_text
from kg.readers.open import Source
from kg.readers.rows import Rows
from kg.readers.table import open_table
from kg.readers.typed import TypedRows
from kg.records import EntityRecord, Link, Reject, Triple, clean_relation, item_of

Cells = Sequence[Any]


def read_triples(source: Source) -> Iterator[Triple | Reject]:
    """Triples of a knowledge graph: columns head, relation and tail by their names, else the first three.

    A file in whose first line no name is recognised has no header. Relations are stored as
    :func:`kg.records.clean_relation` says.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than three columns.
    """
    rows = open_table(source)
    if isinstance(rows, TypedRows):
        yield from rows.checked(Triple)
        return
    rows, (head, relation, tail) = _columns(rows, [HEAD, RELATION, TAIL])
    # A graph has few relations and many triples; a column of anything else must not fill the memory.
    relation_of = lru_cache(4096)(clean_relation)

    def make(cells: Cells) -> Triple:
        name = cells[1] if isinstance(cells[1], str) else identifier(cells[1], relation)
        stored = relation_of(name, relation)
        spelled = None if name == stored else name.strip()
        first, last = identifier(cells[0], head), identifier(cells[2], tail)
        if (item := item_of(first)) is None:
            return Triple(first, stored, last, name=spelled)
        if (other := item_of(last)) is None:
            return Triple(item, stored, last, head_label="Item", name=spelled)
        return Triple(item, stored, other, head_label="Item", tail_label="Item", name=spelled)

    yield from rows.records([head, relation, tail], make)


def read_entities(source: Source) -> Iterator[EntityRecord | Reject]:
    """Names and kinds of entities: columns entity, name and kind by their names, else the first three.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than three columns.
    """
    rows = open_table(source)
    if isinstance(rows, TypedRows):
        yield from rows.checked(EntityRecord)
        return
    rows, (entity, name, kind) = _columns(rows, [ENTITY, ENTITY_NAME, KIND])

    def make(cells: Cells) -> EntityRecord:
        return EntityRecord(identifier(cells[0], entity), clean_text(cells[1], name), clean_text(cells[2], kind))

    yield from rows.records([entity, name, kind], make)


def read_links(source: Source) -> Iterator[Link | Reject]:
    """Links from items to entities: columns item and entity by their names, else the first two.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than two columns.
    """
    rows = open_table(source)
    if isinstance(rows, TypedRows):
        yield from rows.checked(Link)
        return
    rows, (item, entity) = _columns(rows, [ITEM, ENTITY])

    def make(cells: Cells) -> Link:
        return Link(identifier(cells[0], item), identifier(cells[1], entity))

    yield from rows.records([item, entity], make)


def _columns(rows: Rows, names: Sequence[str]) -> tuple[Rows, list[str]]:
    """The columns with these names; those that have none are taken in the order in which they stand."""
    chosen = [recognise(rows.columns, aliases) for aliases in names]
    if not any(chosen):
        rows = rows.headerless()
    rest = iter([column for column in rows.columns if column not in chosen])
    filled = [column or next(rest, "") for column in chosen]
    if "" in filled:
        raise ReadError(
            rows.name, f"{len(names)} columns are needed ({', '.join(n.split()[0] for n in names)}); {found(rows)}"
        )
    require(rows, filled, "")
    return rows, filled
