"""Typed records that a caller made, checked by the same rules as the rows of a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from kg.errors import RecordError, short
from kg.readers.cleaning import identifier, number, timestamp
from kg.readers.markup import clean_text
from kg.readers.moments import Undated
from kg.readers.rows import ROW, Row, Rows
from kg.records import (
    Attribute,
    EntityRecord,
    Interaction,
    ItemRecord,
    KindRecord,
    Link,
    Note,
    Record,
    Reject,
    Related,
    Scalar,
    Tie,
    Triple,
    UserRecord,
    clean_kind,
    clean_relation,
    event_hash,
    event_kind,
)

R = TypeVar("R", bound=Record)
RECORDS = (Interaction, ItemRecord, UserRecord, EntityRecord, Triple, Link, Tie, KindRecord)


class TypedRows(Rows):
    """An iterable of records of one type; a row's line is its number, from 1."""

    def __init__(self, source: Iterable[Any]) -> None:
        super().__init__("<records>", ())
        self._source = source

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        for line, record in enumerate(self._source, 1):
            yield line, (record,), {type(record).__name__: record}

    def checked(self, wanted: type[R]) -> Iterator[R | Reject]:
        """Each record cleaned; one that breaks a rule, or is of another type, is rejected.

        An event without an id (the empty text) gets :func:`kg.records.event_hash`.
        """

        def make(cells: Sequence[Any]) -> R:
            if not isinstance(cells[0], wanted):
                raise RecordError(ROW, f"is {type(cells[0]).__name__}, and {wanted.__name__} is needed")
            try:
                return cast(R, _checked(cells[0]))
            except (TypeError, AttributeError) as error:
                raise RecordError(ROW, f"has a field of another type than {wanted.__name__} says: {error}") from error

        return self.records((), make)


def _checked(record: Record) -> Record:
    if isinstance(record, Interaction):
        return _event(record)
    if isinstance(record, ItemRecord):
        return ItemRecord(
            identifier(record.id, "id"),
            clean_text(record.title, "title"),
            clean_text(record.text, "text"),
            _properties(record.properties, "properties"),
            tuple(map(_attribute, record.attributes)),
            tuple(Related(clean_kind(r.relation, "related"), identifier(r.item_id, "related")) for r in record.related),
        )
    if isinstance(record, UserRecord):
        properties = _properties(record.properties, "properties")
        return UserRecord(identifier(record.id, "id"), properties, tuple(map(_attribute, record.attributes)))
    if isinstance(record, Triple):
        relation = clean_relation(record.relation, "relation")
        return replace(
            record, head=identifier(record.head, "head"), relation=relation, tail=identifier(record.tail, "tail")
        )
    if isinstance(record, EntityRecord):
        return EntityRecord(
            identifier(record.id, "id"), clean_text(record.name, "name"), clean_text(record.kind, "kind")
        )
    if isinstance(record, Tie):
        return Tie(
            identifier(record.user_id, "user_id"),
            identifier(record.other_id, "other_id"),
            clean_kind(record.relation, "relation"),
            number(record.weight, "weight"),
            timestamp(record.at, "at"),
        )
    if isinstance(record, KindRecord):
        return replace(record, kind=event_kind(record.kind))
    return Link(identifier(record.item_id, "item_id"), identifier(record.entity_id, "entity_id"))


def _event(event: Interaction) -> Interaction:
    user_id, item_id = identifier(event.user_id, "user_id"), identifier(event.item_id, "item_id")
    kind, value = event_kind(event.kind), number(event.value, "value")
    notes: tuple[Note, ...] = ()
    try:
        at = timestamp(event.at, "at")
    except Undated as error:
        at, notes = None, (Note(error.field, error.reason, "undated"),)
    text, title = clean_text(event.text, "text"), clean_text(event.title, "title")
    event_id = event.event_id or event_hash(user_id, item_id, kind, at, value, text)
    context = _properties(event.context, "context")
    return Interaction(
        user_id, item_id, kind, identifier(event_id, "event_id"), at, value, text, title, context, notes=notes
    )


def _attribute(attribute: Attribute) -> Attribute:
    value = clean_text(attribute.value, "attributes")
    kind = clean_text(attribute.kind, "attributes")
    if not value or not kind:
        raise RecordError("attributes", "an attribute needs a kind and a value")
    parent = clean_text(attribute.parent, "attributes")
    checked = Attribute(clean_kind(attribute.relation, "attributes"), kind, value, parent)
    for id in filter(None, (checked.entity_id, checked.parent_id)):
        identifier(id, "attributes")
    return checked


def _properties(properties: Mapping[str, Any], name: str) -> dict[str, Scalar]:
    """Properties as they are: a typed record says itself whether 85711 is a number."""
    for key, value in properties.items():
        clean_kind(key, name)
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise RecordError(name, f"{key} is {short(value)}, and text, a finite number or a truth value is needed")
    return dict(properties)
