"""The typed records that readers make and the store takes: one dataclass for each thing that can be ingested."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from kg import alphabets
from kg.errors import RecordError, short

MAX_ID_BYTES = 1024
ITEM_ENTITY = "tastegraph:item:"
"""In tables of triples, which hold entities alone: what stands before the id of an item that has no entity."""
ENGINE_FIELDS = frozenset({"@rid", "@type", "@cat", "@in", "@out", "@props", "@this"})
"""What ArcadeDB calls its own fields: no property has such a name on any engine."""
Scalar = str | int | float | bool
"""What a property may hold."""


class Origin(NamedTuple):
    """Where a record was read, so that one which the graph refuses is kept as it stood."""

    file: str
    line: int | None
    raw: Any
    """The row; :func:`kg.readers.rows.raw_text` makes text of it."""


class Note(NamedTuple):
    """A cell that was left out of a record, which was stored without it."""

    field: str
    reason: str
    kind: str = "left out"
    """``left out``: it cannot be right; ``missing``: it stands for none; ``undated``: a number that is no time;
    ``again``: the whole row equals one before it, and says nothing more; ``counted``: it does, and counts once more."""

    @classmethod
    def missing(cls, field: str, word: str) -> Note:
        """Of a cell that holds a word for none."""
        return cls(field, f"is missing ({word.strip()})", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """What all records share."""

    origin: Origin | None = field(default=None, compare=False, repr=False)
    """None for a record that no reader made."""
    notes: tuple[Note, ...] = field(default=(), compare=False, repr=False)
    """Cells of its row that it lacks."""


@dataclass(frozen=True, slots=True)
class Interaction(Sourced):
    """One event between a person and an item.

    ``kind`` is in upper case; ``at`` is aware, in UTC; ``value`` is finite; ``event_id`` is the caller's, or
    :func:`event_hash` of the cleaned content.
    """

    user_id: str
    item_id: str
    kind: str
    event_id: str
    at: datetime | None = None
    value: float | None = None
    text: str | None = None
    title: str | None = None
    context: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attribute:
    """``(:Item|:User)-[:relation]->(:Entity {id: "kind:value", name: value, kind})``."""

    relation: str
    kind: str
    value: str
    parent: str | None = None
    """Of a level of a category path the level above: ``(:Entity)-[:WITHIN]->(:Entity)`` of the same kind."""

    @property
    def entity_id(self) -> str:
        """The id of the entity: its kind, a colon, its value."""
        return f"{self.kind}:{self.value}"

    @property
    def parent_id(self) -> str | None:
        """Likewise of :attr:`parent`."""
        return None if self.parent is None else f"{self.kind}:{self.parent}"


@dataclass(frozen=True, slots=True)
class Related:
    """``(:Item)-[:relation]->(:Item)``, for example ``ALSO_BOUGHT``; the other item is created when it is not known."""

    relation: str
    item_id: str


@dataclass(frozen=True, slots=True)
class ItemRecord(Sourced):
    """What is known of an item beside events; a second record of an item fills in and overwrites, never removes."""

    id: str
    title: str | None = None
    text: str | None = None
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    attributes: tuple[Attribute, ...] = ()
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class UserRecord(Sourced):
    """What is known of a person beside events."""

    id: str
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityRecord(Sourced):
    """What an entity is called; the first name and the first kind that an entity is given stay."""

    id: str
    name: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Triple(Sourced):
    """``(:head_label {id: head})-[:relation]->(:tail_label {id: tail})`` of a knowledge graph."""

    head: str
    relation: str
    tail: str
    head_label: str = field(default="Entity", kw_only=True)
    tail_label: str = field(default="Entity", kw_only=True)
    """Two of :data:`kg.schema.KNOWLEDGE`, or of :data:`kg.schema.TRAIT_EDGES`."""
    name: str | None = field(default=None, compare=False, kw_only=True)
    """The relation as its source spells it, so that an export can; None: as the graph does."""


@dataclass(frozen=True, slots=True)
class Link(Sourced):
    """``(:Item {id: item_id})-[:SAME_AS]->(:Entity {id: entity_id})``."""

    item_id: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class Tie(Sourced):
    """``(:User {id: user_id})-[:relation {weight, at}]->(:User {id: other_id})``: whom somebody knows, or follows."""

    user_id: str
    other_id: str
    relation: str = "FRIEND"
    """In upper case; one of :data:`kg.schema.BOTH_WAYS` counts from either end."""
    weight: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """The declared range of a rating: ``--scale MIN:MAX``."""

    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        try:
            holds = math.isfinite(self.minimum) and math.isfinite(self.maximum) and self.minimum < self.maximum
        except (TypeError, OverflowError):
            holds = False
        if not holds:
            reason = f"{short(self.minimum)}:{short(self.maximum)} is not MIN:MAX with MIN below MAX"
            raise RecordError("scale", reason)

    def __contains__(self, value: float) -> bool:
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True, slots=True)
class KindRecord(Sourced):
    """A kind of event, and what is declared of it."""

    kind: str
    scale: Scale | None = None
    meaning: str | None = None
    """What its values are, one of :data:`MEANINGS`."""
    weight: float | None = None
    """Of one event, in [-1, 1], when its value does not say more."""
    unrated: tuple[float, ...] = ()
    """Values that stand for none."""

    def __post_init__(self) -> None:
        if self.meaning not in (None, *MEANINGS):
            raise RecordError("meaning", f"{short(self.meaning)} is none of {', '.join(MEANINGS)}")
        if self.weight is not None and not -1 <= self.weight <= 1:
            raise RecordError("weight", f"{self.weight} is outside -1 to 1")


MEANINGS = ("rating", "count", "flag", "event", "like")
"""What the values of a kind of event may be."""


def codes_of(text: str | None) -> tuple[float, ...]:
    """The values of a kind that stand for none, as the graph holds them: with a blank between."""
    return tuple(map(float, (text or "").split()))


def codes_text(codes: Iterable[float]) -> str | None:
    """Values as :func:`codes_of` reads them, rising; None for none.

    >>> codes_text([0.0, -1.0])
    '-1 0'
    """
    return " ".join(f"{code:g}" for code in sorted({*codes})) or None


Record = Interaction | ItemRecord | UserRecord | EntityRecord | Triple | Link | Tie | KindRecord


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was refused: where it stood, which field, why, and the row itself."""

    file: str
    line: int | None
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Begins:
    """In a stream of records: those that follow are of this source, see :mod:`kg.ingested`."""

    verb: str
    """How it is ingested."""
    name: str
    """What it is called, such as a file."""


def clean_id(value: Any, name: str) -> str:
    """An external id as stored: text of 1 to 1,024 UTF-8 bytes without NUL, surrounding white space taken off.

    Raises:
        RecordError: missing, no text and no whole number, empty, over-long, with a NUL, or not encodable.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise RecordError(name, "is missing")
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 8 * MAX_ID_BYTES:
        return str(value)
    if not isinstance(value, str):
        raise RecordError(name, f"is {type(value).__name__}, and text is needed")
    text = value.strip()
    if not text:
        raise RecordError(name, "is empty")
    if "\0" in text:
        raise RecordError(name, "holds a NUL character, which no engine stores")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise RecordError(name, "is not valid Unicode (a lone surrogate)") from None
    if size > MAX_ID_BYTES:
        raise RecordError(name, f"has {size} bytes; at most {MAX_ID_BYTES} are allowed")
    return text


def clean_name(name: Any, field: str) -> str:
    """What a property of a person or an item, or of the context of an event, may be called; it is stored as it is.

    >>> clean_name("ship`s name", "context")
    'ship`s name'

    Raises:
        RecordError: no text, empty, not valid Unicode, with a control character, over 1,024 bytes, or of
            :data:`ENGINE_FIELDS`.
    """
    if wrong := _wrong_with(name) if isinstance(name, str) else "is no text":
        raise RecordError(field, f"the name {short(name)} of a property {wrong}")
    return str(name)


@lru_cache(4096)
def _wrong_with(name: str) -> str:
    """Why nothing can have this name; nothing where it can."""
    try:
        clean_id(name, "name")
    except RecordError as error:
        return error.reason
    if name in ENGINE_FIELDS:
        return "is that of a field of the engine's own"
    control = (character for character in name if unicodedata.category(character) in ("Cc", "Zl", "Zp"))
    return next((f"holds the control character {character!r}" for character in control), "")


_BETWEEN_WORDS = re.compile(r"(?<=\w)[\s./-]+(?=\w)")


def clean_kind(value: str, name: str = "kind") -> str:
    """The kind of an event, or a relation, as stored: in NFC, the letters of ASCII in upper case.

    >>> clean_kind("rated"), clean_kind("Größe"), clean_kind("导演")
    ('RATED', 'GRößE', '导演')

    Raises:
        RecordError: no name as :mod:`kg.alphabets` has them, or too long a one.
    """
    stored = alphabets.upper(value) if isinstance(value, str) else ""
    if not alphabets.is_name(stored):
        is_address = isinstance(value, str) and not {":", "@"}.isdisjoint(value)
        shown = "it (not repeated, for it may hold a password)" if is_address else short(value)
        raise RecordError(name, f"{shown} must be a letter, then at most 63 letters, digits or underscores")
    if not alphabets.is_type(stored):
        raise RecordError(
            name, f"{short(value)} is too long: over {alphabets.LONGEST_FILE} bytes as the name of a file"
        )
    return stored


def event_kind(value: str, name: str = "kind") -> str:
    """The kind of an event as people write it, with blanks, hyphens, dots or slashes between its words.

    >>> event_kind("page-view"), event_kind("Add to cart"), event_kind("cart.add")
    ('PAGE_VIEW', 'ADD_TO_CART', 'CART_ADD')

    Raises:
        RecordError: as :func:`clean_kind`.
    """
    return clean_kind(_BETWEEN_WORDS.sub("_", value) if isinstance(value, str) else value, name)


def clean_relation(value: Any, name: str = "relation") -> str:
    """A relation of an imported graph as stored: as :func:`clean_kind`, each run of other characters one underscore.

    Graphs name relations with dots, slashes and bare numbers, which a relationship type cannot hold. Of an IRI the
    part after the last ``#`` or ``/`` is kept. A name over 64 characters keeps its first 51 and a hash of the whole,
    and so does one with symbols or fractions beyond ASCII, which would be one with others without them.

    >>> clean_relation("film.film.actor"), clean_relation("7"), clean_relation("http://dbpedia.org/ontology/author")
    ('FILM_FILM_ACTOR', 'R_7', 'AUTHOR')
    >>> clean_relation("hôte"), clean_relation("की"), clean_relation("x²")
    ('HôTE', 'की', 'X_F855EAA2E105')

    Raises:
        RecordError: missing, empty, or without a letter or digit.
    """
    text = clean_id(value, name)
    if "://" in text:
        text = re.split(r"[/#]", text.rstrip("/#"))[-1]
    upper = alphabets.upper(text)
    if not any(map(str.isalnum, upper)):
        raise RecordError(name, f"{text!r} has no letter or digit that a relation could be called by")
    stored = alphabets.worded(upper)
    if not stored[:1].isalpha():
        stored = f"R_{stored}".rstrip("_")
    if alphabets.loses(upper):
        return alphabets.told_apart(stored, upper)
    return stored if alphabets.is_type(stored) else alphabets.told_apart(stored, text)


def item_of(entity_id: str) -> str | None:
    """The item that an entity stands for where a file has no other way to name an item.

    >>> item_of(f"{ITEM_ENTITY}7"), item_of("brand:Acme")
    ('7', None)
    """
    return entity_id[len(ITEM_ENTITY) :] or None if entity_id.startswith(ITEM_ENTITY) else None


def event_hash(
    user_id: str, item_id: str, kind: str, at: datetime | None, value: float | None, text: str | None
) -> str:
    """The ``event_id`` of an event that came without one: 128 bits of BLAKE2b over the cleaned fields, in hex.

    Fields are separated by NUL, which only the last one, the text, could hold: no two different events spell the same
    bytes.
    """
    stamp = "" if at is None else (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()
    amount = "" if value is None else repr(float(value))
    content = "\0".join((user_id, item_id, kind, stamp, amount, text or ""))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
