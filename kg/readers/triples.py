"""Tables of a knowledge graph to records: triples, names of entities, links from items to entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from kg.advice import advice
from kg.errors import ReadError, RecordError
from kg.readers.cells import attributes
from kg.readers.form import Form
from kg.readers.identifiers import Ids
from kg.readers.mapping import (
    ENTITY,
    ENTITY_NAME,
    HEAD,
    ITEM,
    KIND,
    RELATION,
    TAIL,
    AttributeColumn,
    found,
    is_positions,
    property_name,
    recognise,
    require,
    settled_mapping,
)
from kg.readers.markup import clean_text
from kg.readers.open import Source, open_table
from kg.readers.rows import Rows
from kg.readers.typed import TypedRows
from kg.records import EntityRecord, Link, Reject, Triple, clean_relation, item_of
from kg.schema import NESTED

Cells = Sequence[Any]
R = TypeVar("R", Triple, EntityRecord, Link)


def _named(cell: Any, column: Ids) -> tuple[str, str]:
    """A relation as it is spelled, and as it is stored."""
    name = column(cell)
    return name, clean_relation(name, column.name)


_relation = lru_cache(4096)(_named)
"""A graph has few relations and many triples; a column of anything else must not fill the memory."""


def read_triples(source: Source, *, form: Form | None = None) -> Iterator[Triple | Reject]:
    """Triples of a knowledge graph: columns head, relation and tail by their names, else the first three.

    A file in whose first line no name is recognised has no header. Relations are stored as
    :func:`kg.records.clean_relation` says.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than three columns.
    """
    return _records(source, Triple, [HEAD, RELATION, TAIL], _triple, form)


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """Columns of a table of entities of one kind, which attributes of items and people may name by their ids."""

    id: str
    """What attributes say: ``author_id``."""
    kind: str
    """The kind of all, no column: ``author``."""
    name: str | None = None
    """What an entity is called; by default its id."""
    within: str | None = None
    """The id of the one, or those, that it is part of: ``(:Entity)-[:WITHIN]->(:Entity)``."""


def read_entities(
    source: Source, mapping: EntityMapping | None = None, *, form: Form | None = None
) -> Iterator[EntityRecord | Triple | Reject]:
    """Names and kinds of entities, and what they are within; without a mapping the columns entity, name and kind by
    their names, else the first three.

    Raises:
        ReadError: the source cannot be read (any further), a column is missing, or it has fewer than three columns.
    """
    form = form or Form()
    if mapping is None:
        yield from _records(source, EntityRecord, [ENTITY, ENTITY_NAME, KIND], _entity, form)
        return
    form.must_suit("entities")
    rows = open_table(source, form)
    mapping = settled_mapping(mapping, rows)
    columns = [mapping.id, mapping.name or None, mapping.within or None]
    named = [column for column in columns if column]
    rows = rows.headerless() if is_positions(named) else rows
    require(rows, named, _naming())
    kind = property_name(mapping.kind.strip()).lower()
    nothing = form.nothing(mapping.id)
    own = AttributeColumn(mapping.id, NESTED, kind)
    above = AttributeColumn(mapping.within or mapping.id, NESTED, kind)
    parents: list[str] = []
    seen, selected = rows.sampled(columns, lambda _: False)
    id_of = Ids(mapping.id, [cells[0] for cells in seen], nothing)

    def make(cells: Cells) -> EntityRecord:
        one = next(iter(attributes(id_of(cells[0]), own, nothing)), None)
        if one is None:
            raise RecordError(own.column, "is missing")
        parents[:] = [parent.entity_id for parent in attributes(cells[2], above, nothing) if parent != one]
        return EntityRecord(one.entity_id, clean_text(cells[1], mapping.name or "") or one.value, kind)

    for record in rows.records(columns, make, selected):
        yield record
        if isinstance(record, EntityRecord):
            yield from (Triple(record.id, NESTED, parent, origin=record.origin) for parent in parents)


def _naming() -> str:
    return advice("Name the columns with --id COL, --title COL, --within COL", "Name the columns with EntityMapping")


def read_links(source: Source, *, form: Form | None = None) -> Iterator[Link | Reject]:
    """Links from items to entities: columns item and entity by their names, else the first two.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than two columns.
    """
    return _records(source, Link, [ITEM, ENTITY], _link, form)


def _records(
    source: Source, wanted: type[R], names: Sequence[str], make: Callable[..., R], form: Form | None
) -> Iterator[R | Reject]:
    """What ``make`` makes of the cells of each row and the ids of their columns; typed records are checked."""
    form = form or Form()
    form.must_suit("links" if wanted is Link else "triples")
    rows = open_table(source, form)
    if isinstance(rows, TypedRows):
        yield from rows.checked(wanted)
        return
    rows, columns = _columns(rows, names, named=bool(form.columns))
    seen, selected = rows.sampled(columns, lambda _: False)
    read = [Ids(column, [cells[place] for cells in seen], form.nothing(column)) for place, column in enumerate(columns)]
    yield from rows.records(columns, lambda cells: make(cells, *read), selected)


def _triple(cells: Cells, head: Ids, relation: Ids, tail: Ids) -> Triple:
    name, stored = _relation(cells[1], relation) if isinstance(cells[1], str) else _named(cells[1], relation)
    spelled = None if name == stored else name
    first, last = head(cells[0]), tail(cells[2])
    if (item := item_of(first)) is None:
        return Triple(first, stored, last, name=spelled)
    if (other := item_of(last)) is None:
        return Triple(item, stored, last, head_label="Item", name=spelled)
    return Triple(item, stored, other, head_label="Item", tail_label="Item", name=spelled)


def _entity(cells: Cells, entity: Ids, name: Ids, kind: Ids) -> EntityRecord:
    of = clean_text(cells[2], kind.name)
    return EntityRecord(entity(cells[0]), clean_text(cells[1], name.name), None if of in kind.nothing else of)


def _link(cells: Cells, item: Ids, entity: Ids) -> Link:
    return Link(item(cells[0]), entity(cells[1]))


def _columns(rows: Rows, names: Sequence[str], *, named: bool) -> tuple[Rows, list[str]]:
    """The columns with these names; those that have none are taken in the order in which they stand.

    ``named``: somebody said how the columns are called.
    """
    chosen = [recognise(rows.columns, aliases) for aliases in names]
    if not (any(chosen) or named):
        rows = rows.headerless()
    rest = iter([column for column in rows.columns if column not in chosen])
    filled = [column or next(rest, "") for column in chosen]
    if "" in filled:
        raise ReadError(
            rows.name, f"{len(names)} columns are needed ({', '.join(n.split()[0] for n in names)}); {found(rows)}"
        )
    require(rows, filled, "")
    return rows, filled
