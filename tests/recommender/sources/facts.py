"""What a source says, as tuples that a test can write down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kg.records import (
    Begins,
    EntityRecord,
    Interaction,
    ItemRecord,
    KindRecord,
    Record,
    Reject,
    Tie,
    Triple,
    UserRecord,
)


def facts(records: Iterable[Record | Reject | Begins]) -> list[tuple[Any, ...]]:
    """Every record as a tuple, in the order in which it was read; what is empty at the end of one is left out.

    ============ =====================================================================================
    ``event``    person, item, kind, value, moment (UTC, to the minute's seconds), text, title, context
    ``item``     id, title, text, properties, attributes as ``relation kind name``, related as ``relation id``
    ``person``   id, properties, attributes
    ``kind``     name, scale, meaning, weight, codes for not rated
    ``entity``   id, name, kind
    ``triple``   head, relation, tail
    ``tie``      person, relation, other person, weight, moment
    ``rejected`` file, line, field
    ============ =====================================================================================
    """
    return [_trimmed(_fact(record)) for record in records if not isinstance(record, Begins)]


def _fact(record: Record | Reject) -> tuple[Any, ...]:
    if isinstance(record, Interaction):
        at = record.at.strftime("%Y-%m-%d %H:%M:%S") if record.at else None
        own = (record.user_id, record.item_id, record.kind, record.value, at, record.text, record.title)
        return ("event", *own, dict(record.context))
    if isinstance(record, ItemRecord):
        related = [f"{one.relation} {one.item_id}" for one in record.related]
        return ("item", record.id, record.title, record.text, dict(record.properties), _attributes(record), related)
    if isinstance(record, UserRecord):
        return ("person", record.id, dict(record.properties), _attributes(record))
    if isinstance(record, KindRecord):
        scale = (record.scale.minimum, record.scale.maximum) if record.scale else None
        return ("kind", record.kind, scale, record.meaning, record.weight, record.unrated)
    if isinstance(record, EntityRecord):
        return ("entity", record.id, record.name, record.kind)
    if isinstance(record, Triple):
        return ("triple", record.head, record.relation, record.tail)
    if isinstance(record, Tie):
        since = record.at.strftime("%Y-%m-%d %H:%M:%S") if record.at else None
        return ("tie", record.user_id, record.relation, record.other_id, record.weight, since)
    if isinstance(record, Reject):
        return ("rejected", record.file.rpartition("/")[2], record.line, record.field)
    return (type(record).__name__, record)


def _attributes(record: ItemRecord | UserRecord) -> list[str]:
    return [
        f"{one.relation} {one.kind} {one.value}" + (f" < {one.parent}" if one.parent else "")
        for one in record.attributes
    ]


def _trimmed(fact: tuple[Any, ...]) -> tuple[Any, ...]:
    while fact and fact[-1] in (None, {}, [], ()):
        fact = fact[:-1]
    return fact
