"""What a record must keep to enter a graph: no reserved name, values within their scale, nothing unstorable."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from kg import queries
from kg.batch import MAX_TEXT, context_name
from kg.errors import RecordError
from kg.records import (
    EntityRecord,
    Interaction,
    KindRecord,
    Link,
    Record,
    Scalar,
    Scale,
    Tie,
    Triple,
    UserRecord,
    clean_name,
    codes_of,
    codes_text,
)
from kg.schema import HIDDEN, KNOWLEDGE, TRAIT_EDGES, check_kind, taken
from kg.store import Store


class Scales:
    """The declared scales of the kinds of one graph."""

    def __init__(self, store: Store, given: Scale | None) -> None:
        self._store = store
        self._given = given
        rows = store.read(queries.text("kinds"))
        self._scales = {
            row["kind"]: Scale(row["minimum"], row["maximum"]) for row in rows if row["minimum"] is not None
        }
        self._stored = {row["kind"] for row in rows}
        self._unrated = {row["kind"]: set(codes_of(row["unrated"])) for row in rows}
        self._notes: dict[str, KindRecord] = {}
        self._undeclared: dict[str, Scale | None] = {}

    def forget(self, kinds: Iterable[str]) -> None:
        """Take kinds for new ones, since all events of them go before anything is written."""
        for kind in kinds:
            self._scales.pop(kind, None)
            self._unrated.pop(kind, None)
            self._stored.discard(kind)

    def check(self, event: Interaction) -> None:
        """Refuse a value outside the scale of its kind.

        Raises:
            RecordError: it is outside.
            ScaleConflict: the kind cannot have the scale that is given.
        """
        if event.value is None or event.value in self._unrated.get(event.kind, ()):
            return
        scale = self._scales.get(event.kind)
        if self._given is not None:
            if scale is None:
                scale = self._take(event.kind, self._given)
            elif scale != self._given:
                raise ScaleConflict.of(event.kind, scale, self._given)
        if scale is not None and event.value not in scale:
            raise RecordError("value", f"{event.value:g} is outside the scale {scale.minimum:g} to {scale.maximum:g}")

    def note(self, record: KindRecord) -> None:
        """Take a kind, and its scale.

        Raises:
            ScaleConflict: it has another one, or stored events lie outside.
        """
        if record.meaning or record.unrated or record.weight is not None:
            known = self._unrated.setdefault(record.kind, set())
            known.update(record.unrated)
            before = self._notes.get(record.kind, record)
            self._notes[record.kind] = KindRecord(
                record.kind,
                meaning=record.meaning or before.meaning,
                weight=before.weight if record.weight is None else record.weight,
                unrated=tuple(known),
            )
        declared = self._scales.get(record.kind)
        if record.scale is not None and declared is not None and declared != record.scale:
            raise ScaleConflict.of(record.kind, declared, record.scale)
        if declared is None:
            if record.scale is None:
                self._undeclared[record.kind] = None
            else:
                self._take(record.kind, record.scale)

    def _take(self, kind: str, scale: Scale) -> Scale:
        """A scale for a kind that has none, unless events that are stored contradict it."""
        if kind in self._stored:
            counted = queries.statement(
                "values_outside",
                names={"relation": self._store.quoted_type(kind)},
                minimum=float(scale.minimum),
                maximum=float(scale.maximum),
            )
            (found,) = self._store.read(counted.text, **counted.parameters)
            if found["events"]:
                raise ScaleConflict(
                    f"{found['events']} {kind} events of this graph have values from {found['lowest']:g} to "
                    f"{found['highest']:g}, outside {_text(scale)}; give a scale that holds them, or another kind"
                )
        self._scales[kind] = self._undeclared[kind] = scale
        return scale

    def declare(self) -> None:
        """Write the kinds and scales that were met first in this run."""
        undeclared, self._undeclared = self._undeclared, {}
        notes, self._notes = self._notes, {}
        if not undeclared and not notes:
            return
        self._store.ensure_schema({*undeclared, *notes})
        for kind, scale in sorted(undeclared.items()):
            if scale is None:
                continue
            low, high = float(scale.minimum), float(scale.maximum)
            ((row,),) = self._store.write(queries.statement("kind_scale", kind=kind, minimum=low, maximum=high))
            if (row["minimum"], row["maximum"]) != (low, high):
                raise ScaleConflict.of(kind, Scale(row["minimum"], row["maximum"]), scale)
        for kind, note in sorted(notes.items()):
            codes = codes_text(note.unrated)
            self._store.write(
                queries.statement("kind_notes", kind=kind, meaning=note.meaning, weight=note.weight, unrated=codes)
            )


class ScaleConflict(RecordError):
    """A scale that a kind of event cannot have: it has another one, or events that are stored lie outside."""

    def __init__(self, reason: str) -> None:
        super().__init__("scale", reason)

    @classmethod
    def of(cls, kind: str, declared: Scale, given: Scale) -> ScaleConflict:
        """It has another one."""
        return cls(
            f"{kind} events of this graph have the scale {_text(declared)}, not {_text(given)}; give the same, or "
            "another kind"
        )


def _text(scale: Scale) -> str:
    return f"{scale.minimum:g}:{scale.maximum:g}"


_check_known_kind = lru_cache(1024)(check_kind)
"""The kinds of a graph are few, and its events many."""


def check(record: Record, scales: Scales) -> str:
    """Refuse what the schema or a scale forbids; returns what kind of record it is."""
    if isinstance(record, Interaction):
        _check_known_kind(record.kind)
        scales.check(record)
        if record.text is not None or record.title is not None:
            _check_texts(text=record.text, title=record.title)
        if record.context:
            _check_scalars(record.context, "context")
            if len(set(map(context_name, record.context))) < len(record.context):
                raise RecordError(
                    "context", "two names come to the same one in the graph, where context_ is added to some"
                )
        return record.kind
    if isinstance(record, Triple):
        check_kind(record.relation, "relation")
        if (record.head_label, record.tail_label) not in (*KNOWLEDGE, *TRAIT_EDGES):
            raise RecordError("relation", f"no relation leads from {record.head_label} to {record.tail_label}")
        return "triples"
    if isinstance(record, Link):
        return "links"
    if isinstance(record, Tie):
        check_kind(record.relation, "relation")
        if record.user_id == record.other_id:
            raise RecordError("relation", "a person is tied to themselves")
        return "ties"
    if isinstance(record, KindRecord):
        check_kind(record.kind)
        scales.note(record)
        return "kinds"
    if isinstance(record, EntityRecord):
        _check_texts(name=record.name, kind=record.kind)
        return "entities"
    for attribute in record.attributes:
        check_kind(attribute.relation, "relation")
    _check_scalars(record.properties, "properties")
    for name in record.properties:
        if name.startswith(HIDDEN):
            raise RecordError(name, f"{taken(name)}; rename it")
    if isinstance(record, UserRecord):
        return "users"
    for related in record.related:
        check_kind(related.relation, "relation")
    _check_texts(text=record.text, title=record.title)
    return "items"


def _check_texts(**texts: str | None) -> None:
    for name, value in texts.items():
        if value is None:
            continue
        if len(value) > MAX_TEXT:
            raise RecordError(name, f"has {len(value)} characters; at most {MAX_TEXT} are stored")
        _check_unicode(name, value)


def _check_scalars(properties: Mapping[str, Scalar], field: str) -> None:
    """Refuse what only one engine, or only one way in, would store."""
    for name, value in properties.items():
        clean_name(name, field)
        if isinstance(value, str):
            _check_texts(**{name: value})
        elif isinstance(value, float) and not math.isfinite(value):
            raise RecordError(name, f"{value} is no finite number")
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise RecordError(name, "is an integer beyond 64 bits")


def _check_unicode(name: str, value: str) -> None:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RecordError(name, "is not valid Unicode (a lone surrogate)") from None
