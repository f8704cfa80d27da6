"""Tables of a knowledge graph to records: triples, names of entities, links from items to entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from kg.errors import ReadError
from kg.readers.form import Form
from kg.readers.identifiers import present
from kg.readers.mapping import ENTITY, ENTITY_NAME, HEAD, ITEM, KIND, RELATION, TAIL, found, recognise, require
from kg.readers.markup import clean_text
from kg.readers.open import Source, open_table
from kg.readers.rows import Rows
from kg.readers.typed import TypedRows
from kg.records import EntityRecord, Link, Reject, Triple, clean_relation, item_of

Cells = Sequence[Any]
R = TypeVar("R", Triple, EntityRecord, Link)
_relation = lru_cache(4096)(clean_relation)
"""A graph has few relations and many triples; a column of anything else must not fill the memory."""


def read_triples(source: Source, *, form: Form | None = None) -> Iterator[Triple | Reject]:
    """Triples of a knowledge graph: columns head, relation and tail by their names, else the first three.

    A file in whose first line no name is recognised has no header. Relations are stored as
    :func:`kg.records.clean_relation` says.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than three columns.
    """
    return _records(source, Triple, [HEAD, RELATION, TAIL], _triple, form)


def read_entities(source: Source, *, form: Form | None = None) -> Iterator[EntityRecord | Reject]:
    """Names and kinds of entities: columns entity, name and kind by their names, else the first three.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than three columns.
    """
    return _records(source, EntityRecord, [ENTITY, ENTITY_NAME, KIND], _entity, form)


def read_links(source: Source, *, form: Form | None = None) -> Iterator[Link | Reject]:
    """Links from items to entities: columns item and entity by their names, else the first two.

    Raises:
        ReadError: the source cannot be read (any further), or has fewer than two columns.
    """
    return _records(source, Link, [ITEM, ENTITY], _link, form)


def _records(
    source: Source, wanted: type[R], names: Sequence[str], make: Callable[..., R], form: Form | None
) -> Iterator[R | Reject]:
    """What ``make`` makes of the cells of each row and its columns; typed records are checked."""
    form = form or Form()
    rows = open_table(source, form)
    if isinstance(rows, TypedRows):
        yield from rows.checked(wanted)
        return
    rows, columns = _columns(rows, names)
    named = [Named(column, form.nothing(column)) for column in columns]
    yield from rows.records(columns, lambda cells: make(cells, *named))


class Named(NamedTuple):
    """A column, and what stands for none in it."""

    name: str
    nothing: frozenset[str]

    def id(self, cell: Any) -> str:
        return present(cell, self.name, self.nothing)


def _triple(cells: Cells, head: Named, relation: Named, tail: Named) -> Triple:
    name = relation.id(cells[1])
    stored = _relation(name, relation.name)
    spelled = None if name == stored else name
    first, last = head.id(cells[0]), tail.id(cells[2])
    if (item := item_of(first)) is None:
        return Triple(first, stored, last, name=spelled)
    if (other := item_of(last)) is None:
        return Triple(item, stored, last, head_label="Item", name=spelled)
    return Triple(item, stored, other, head_label="Item", tail_label="Item", name=spelled)


def _entity(cells: Cells, entity: Named, name: Named, kind: Named) -> EntityRecord:
    of = clean_text(cells[2], kind.name)
    return EntityRecord(entity.id(cells[0]), clean_text(cells[1], name.name), None if of in kind.nothing else of)


def _link(cells: Cells, item: Named, entity: Named) -> Link:
    return Link(item.id(cells[0]), entity.id(cells[1]))


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
