"""Which column holds what: declared by the caller, or recognised by its name."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypeVar

from kg import alphabets
from kg.advice import advice
from kg.errors import ReadError, RecordError, short
from kg.readers.rows import Rows
from kg.records import clean_kind

USER = "user userid reviewerid customerid customer visitorid memberid personid accountid uid username"
ITEM = (
    "item itemid asin parentasin productid product movieid bookid isbn artistid trackid songid articleid businessid iid"
)
AT = (
    "timestamp unixreviewtime at time datetime date eventtime createdat ts reviewtime reviewdate eventdate dateadded "
    "tdat ratingdate purchasedate orderdate invoicedate transactiondate"
)
VALUE = "value rating overall score stars starrating reviewscore bookrating weight"
COUNTED = {
    "PLAYED": "plays play playcount playcounts listens listencount listencounts scrobbles streams artistplays"
    " trackplays playtime playtimeforever playedminutes listeningcount",
    "PURCHASED": "quantity qty units unitssold orderquantity purchasequantity quantities",
    "VIEWED": "views viewcount pageviews",
    "CLICKED": "clicks clickcount",
    "INTERACTED": "count counts frequency hits numevents occurrences",
    "THUMBS": "recommended isrecommended recommend recommends votedup thumbs thumb thumbsup upvoted",
}
"""Columns of values that are no stars, and the kind of event that a row is where nothing says it."""
KIND = "kind eventkind event eventtype action actiontype behavior behaviour behaviortype"
TEXT = "reviewtext text review reviewbody comment body content"
TITLE = "summary reviewtitle reviewheadline headline title"
EVENT_ID = "eventid interactionid reviewid"

ITEM_TITLE = "title name movietitle itemname itemtitle producttitle productname booktitle artistname label"
ITEM_TEXT = "description text plot overview synopsis abstract body content feature features"
HEAD = "head headid subject source h"
RELATION = "relation relationid predicate relationship type r"
TAIL = "tail tailid object target t"
ENTITY_NAME = "name entityname label title"
ENTITY = "entity entityid iri uri freebaseid kgid"


M = TypeVar("M", bound="EventMapping | ItemMapping | UserMapping")
D = TypeVar("D", bound=Any)
"""Any mapping: a dataclass of columns."""


@dataclass(frozen=True, slots=True)
class EventMapping:
    """Columns of an event: ``--map user=COL,item=COL,...``.

    None: recognised by its name, and left out where no column has one. The empty text: left out.
    """

    user: str | None = None
    """The person's id; required."""
    item: str | None = None
    """The item's id; required."""
    at: str | None = None
    """When it happened; see :func:`kg.readers.cleaning.timestamp`."""
    value: str | None = None
    """A rating, a count, a flag."""
    kind: str | None = None
    """What happened, such as ``PURCHASED``; any case."""
    text: str | None = None
    """What the person wrote."""
    title: str | None = None
    """The headline of what the person wrote; recognised only beside a text."""
    event: str | None = None
    """The caller's own ``event_id``."""
    context: tuple[str, ...] = ()
    """Further columns kept as properties of the event; all others are left out."""

    def __post_init__(self) -> None:
        _set_columns(self, context=_names)

    @classmethod
    def parse(cls, text: str) -> Self:
        """What ``--map`` says: ``user=COL,item=COL``. ``role=`` leaves a role out; a number is a position in a file
        without a header; a pair with a comma in it stands in double quotes.

        Raises:
            RecordError: not of this form, or an unknown role.
        """
        roles = {field.name for field in fields(cls)} - {"context"}
        mapping: dict[str, Any] = {}
        for part in pairs_in(text):
            role, equals, column = part.partition("=")
            if not equals or role.strip() not in roles or role.strip() in mapping:
                raise RecordError(
                    "map", f"{part!r} is not ROLE=COLUMN, once each, with ROLE of {', '.join(sorted(roles))}"
                )
            mapping[role.strip()] = column.strip()
        if mapping.get("user") and mapping.get("user") == mapping.get("item"):
            raise RecordError("map", f"the column {mapping['user']!r} cannot be both the user and the item")
        return cls(**mapping)

    def columns(self) -> list[str]:
        """The columns that the caller named."""
        named = [getattr(self, field.name) for field in fields(self) if field.name != "context"]
        return [column for column in (*named, *self.context) if column]


@dataclass(frozen=True, slots=True)
class AttributeColumn:
    """A column whose values become entities: ``--attribute COL[:RELATION]``."""

    column: str
    relation: str | None = None
    """The relation to the entity; by default the column's name in upper case, or what :data:`KNOWN` says."""
    kind: str | None = None
    """The entity's kind; by default the column's name in lower case, or what :data:`KNOWN` says."""
    separator: str | None = None
    """What separates several values in one cell; None: see :func:`kg.readers.cells.split`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """What ``--attribute`` says: ``genres``, ``genres:GENRE`` or, with the kind of entity, ``genres:GENRE=genre``.

        Raises:
            RecordError: the relation is no relation's name, or there is no column.
        """
        column, _, relation = text.rpartition(":") if ":" in text else (text, "", "")
        relation, _, kind = relation.partition("=")
        if not column.strip():
            raise RecordError("attribute", f"{text!r} is not COLUMN, COLUMN:RELATION or COLUMN:RELATION=KIND")
        named = clean_kind(relation.strip(), "attribute") if relation.strip() else None
        return cls(column.strip(), named, property_name(kind.strip()).lower() if kind.strip() else None)

    def named(self) -> tuple[str, str]:
        """The relation and the kind of entity."""
        kind, relation = KNOWN.get(normal(self.column), (alphabets.lower(property_name(self.column)), None))
        if self.relation and is_positions([self.column]):
            kind = alphabets.lower(self.relation)
        kind = self.kind or kind
        return clean_kind(self.relation or relation or kind, "attribute"), kind


KNOWN: Mapping[str, tuple[str, str]] = {
    "category": ("category", "IN_CATEGORY"),
    "categories": ("category", "IN_CATEGORY"),
    "class": ("genre", "GENRE"),
    "genres": ("genre", "GENRE"),
    "brands": ("brand", "BRAND"),
    "tags": ("tag", "TAG"),
    "authors": ("author", "AUTHOR"),
    "actors": ("actor", "ACTOR"),
    "directors": ("director", "DIRECTOR"),
    "artists": ("artist", "ARTIST"),
}
"""Columns by normal name: the kind of their entities and the relation to them."""


RELATED: Mapping[str, str] = {
    **dict.fromkeys(("alsobuy", "alsobought"), "ALSO_BOUGHT"),
    **dict.fromkeys(("alsoview", "alsoviewed"), "ALSO_VIEWED"),
    **dict.fromkeys(("boughttogether", "buytogether"), "BOUGHT_TOGETHER"),
    **dict.fromkeys(("similar", "similaritems", "similarproducts", "similarbooks", "similarmovies"), "SIMILAR"),
    **dict.fromkeys(("similarartists", "similartracks", "similargames", "similararticles"), "SIMILAR"),
}
"""Columns of ids of other items by normal name, and the relation to them."""


def related_column(text: str) -> AttributeColumn:
    """What ``--related`` says: ``similar_books`` or ``sequels:FOLLOWED_BY``.

    >>> related_column("similar_books").relation, related_column("sequels:FOLLOWED_BY").relation
    ('SIMILAR', 'FOLLOWED_BY')

    Raises:
        RecordError: as :meth:`AttributeColumn.parse`.
    """
    column = AttributeColumn.parse(text)
    return column if column.relation else replace(column, relation=RELATED.get(normal(column.column)))


@dataclass(frozen=True, slots=True)
class ItemMapping:
    """Columns of an item. Without any mapping, :func:`kg.readers.table.read_items` chooses them by name."""

    id: str
    title: str | None = None
    text: tuple[str, ...] = ()
    """Columns that together make the item's text, joined by a blank."""
    attributes: tuple[AttributeColumn, ...] = ()
    properties: tuple[str, ...] = ()
    related: tuple[AttributeColumn, ...] = ()
    """Columns that hold ids of other items, with a relation such as ``ALSO_BOUGHT``."""

    def __post_init__(self) -> None:
        _set_columns(self, text=_names, attributes=_specs, properties=_names, related=_specs)


FRIEND = "FRIEND"
FRIENDS: Mapping[str, str] = {
    "friends": FRIEND,
    "friendids": FRIEND,
    "following": "FOLLOWS",
    "follows": "FOLLOWS",
    "followees": "FOLLOWS",
    "trusts": "TRUSTS",
}
"""Columns of a table of people that hold people, by normal name, and what ties them."""


@dataclass(frozen=True, slots=True)
class UserMapping:
    """Columns of a person. Without any mapping every column beside the id is a property."""

    id: str
    attributes: tuple[AttributeColumn, ...] = ()
    properties: tuple[str, ...] = ()
    friends: tuple[AttributeColumn, ...] = ()
    """Columns that hold ids of other people, with a relation such as ``FRIEND``; see :mod:`kg.readers.friends`."""

    def __post_init__(self) -> None:
        _set_columns(self, attributes=_specs, properties=_names, friends=_specs)


def mapping_of(kind: type[M], given: M | Mapping[str, Any] | None) -> M | None:
    """A mapping, also where it is given as a dict of its fields.

    Raises:
        RecordError: a field that there is not, or one that is missing.
    """
    if given is None or isinstance(given, kind):
        return given
    names = [own.name for own in fields(kind)]
    if not isinstance(given, Mapping) or (wrong := sorted(given.keys() - set(names))):
        what = f"{wrong[0]!r} is no field" if isinstance(given, Mapping) else f"{short(given)} is no mapping"
        raise RecordError("mapping", f"{what}; {kind.__name__} has {', '.join(names)}")
    try:
        return kind(**given)
    except TypeError as error:
        raise RecordError("mapping", f"{kind.__name__}: {error}") from None


def pairs_in(text: str) -> list[str]:
    """The parts of a list with commas; one that holds a comma stands in double quotes.

    >>> pairs_in('item=sku,"user=name, first"')
    ['item=sku', 'user=name, first']
    """
    parts = next(csv.reader([text], skipinitialspace=True), []) if '"' in text else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def _set_columns(mapping: Any, **clean: Callable[[Any], Any]) -> None:
    for field, make in clean.items():
        object.__setattr__(mapping, field, make(getattr(mapping, field)))


def _names(columns: str | Iterable[str]) -> tuple[str, ...]:
    """Columns as a tuple; one may stand alone."""
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _specs(columns: Any) -> tuple[AttributeColumn, ...]:
    """Columns of attributes, also as the command line writes them: ``genres``, ``genres:GENRE``."""
    several = [columns] if isinstance(columns, str | AttributeColumn) else columns
    return tuple(AttributeColumn.parse(own) if isinstance(own, str) else own for own in several)


def normal(column: str) -> str:
    """A column's name without case, blanks and punctuation, as names are recognised: ``user_id`` is ``userid``."""
    return re.sub(r"[\W_]", "", column.casefold())


def property_name(column: str) -> str:
    """A column's name as the graph can hold it: ``zip code`` is ``zip_code``.

    It may be of any alphabet, as :mod:`kg.alphabets` says. A name over 64 characters with letters beyond ASCII, and
    one with symbols beyond ASCII, ends in a hash of the whole.

    >>> property_name("zip code"), property_name("Größe"), property_name("年龄"), property_name("2 म")
    ('zip_code', 'Größe', '年龄', 'column_2_म')
    """
    name = alphabets.worded(column)
    name = name if name[:1].isalpha() else f"column_{name}"
    if alphabets.loses(column) or (len(name) > alphabets.LONGEST and not name.isascii()):
        return alphabets.told_apart(name.rstrip("_"), column)
    return name[: alphabets.LONGEST]


def kind_of_values(column: str | None) -> str:
    """What an event with a value is, by the name of the column of values, where nothing says it.

    >>> kind_of_values("play_count"), kind_of_values("is_recommended"), kind_of_values("stars")
    ('PLAYED', 'THUMBS', 'RATED')
    """
    name = normal(column or "")
    return next((kind for kind, names in COUNTED.items() if name in names.split()), "RATED")


def recognise(columns: Iterable[str], names: str) -> str | None:
    """The column whose normal name comes first in a list of names; None when there is none."""
    found = {normal(column): column for column in reversed(list(columns))}
    return next((found[name] for name in names.split() if name in found), None)


def is_positions(columns: Sequence[str]) -> bool:
    """Whether a mapping speaks of positions (``1``, ``2``) in a file without a header."""
    return bool(columns) and all(column.isascii() and column.isdigit() for column in columns)


def require(rows: Rows, columns: Iterable[str], option: str) -> None:
    """Check that the source has these columns, each once.

    Raises:
        ReadError: it has not; says which columns were found, and which option names another.
    """
    columns = list(columns)
    look_on(rows, columns)
    there = Counter(rows.columns)
    for column in columns:
        if not rows.has(column):
            raise ReadError(rows.name, f"there is no column {column!r}; {found(rows)}. {option}")
        if there[column] > 1:
            raise ReadError(rows.name, f"several columns are called {column!r}: rename one. {option}")


def look_on(rows: Rows, columns: Iterable[str]) -> None:
    """Look behind the first rows for what these columns are, or are made of, where it is not there."""
    wanted: dict[str, None] = {}
    for column in columns:
        if not rows.has(column):
            wanted[column] = None
            for name in re.split(r"[|+]", column):
                words = name.strip().split(".")
                wanted |= dict.fromkeys(".".join(words[:length]) for length in range(1, len(words) + 1))
    if wanted:
        rows.look_on(wanted)


def settled(rows: Rows, column: str) -> str:
    """A column by the name that it has there: of one that is marked as optional (``metascore?``) the name without the
    mark, or nothing where it is not there; of several (``user_id?|username``) those that are.

    >>> from kg.readers.memory import MappingRows
    >>> rows = MappingRows(iter([{"name": "a", "why?": 1}]))
    >>> [settled(rows, column) for column in ("name?", "id?", "id?|name", "id?|nick?", "why?", "nick")]
    ['name', '', 'name', '', 'why?', 'nick']
    """
    if "?" not in column or column in rows.columns:
        return column
    parts = [part.strip() for part in column.split("|")]
    return "|".join(name for part in parts if (name := _settled(rows, part)))


def _settled(rows: Rows, column: str) -> str:
    bare = column.removesuffix("?")
    return column if bare == column or column in rows.columns else bare if rows.has(bare) else ""


def settled_mapping(mapping: D, rows: Rows) -> D:
    """A mapping without the optional columns that are not there."""
    named = [name for own in fields(mapping) for name in _columns_in(getattr(mapping, own.name))]
    if not any("?" in name for name in named):
        return mapping
    look_on(rows, [part.strip().removesuffix("?") for name in named for part in name.split("|")])
    optional = [
        own.name for own in fields(mapping) if own.name not in ("id", "kind") or isinstance(mapping, EventMapping)
    ]
    return replace(mapping, **{name: _settle(rows, getattr(mapping, name)) for name in optional})


def _columns_in(value: Any) -> list[str]:
    several = value if isinstance(value, tuple) else (value,)
    return [own.column if isinstance(own, AttributeColumn) else own for own in several if own]


def _settle(rows: Rows, value: Any) -> Any:
    """What one field of a mapping says, with columns that are there."""
    if isinstance(value, tuple):
        return tuple(kept for own in value if (kept := _settle(rows, own)))
    if isinstance(value, AttributeColumn):
        column = settled(rows, value.column)
        return replace(value, column=column) if column else None
    return settled(rows, value) if value else value


def found(rows: Rows) -> str:
    """The columns of a source, in words; not where they are somebody's data."""
    if len(rows.columns) == 1 and rows.columns[0].endswith(":"):
        blocks = advice(
            "--blocks item --columns user,rating,...",
            "blocks='item', columns=['user', 'rating', ...]",
            'blocks = "item" and columns = ["user", "rating", ...]',
        )
        return f"the file is in blocks below lines such as 17: ({blocks})"
    if rows.begins_with_data:
        return (
            f"its {len(rows.columns)} columns have no names, since the first line looks like data: name them with "
            + advice("--columns COL,COL,...", "columns=[COL, COL, ...]", "the key columns")
        )
    names = ", ".join(column[:60] or "(no name)" for column in rows.columns[:40])
    return f"the columns are: {names}" if names else "no column was found; JSON takes one object a line"


def resolve_events(rows: Rows, mapping: EventMapping, *, kind_given: bool) -> EventMapping:
    """The mapping with every role decided: a column that is there, or None.

    A ``--kind`` without ``--map kind=COL`` speaks for all rows, so no column of kinds is looked for then.

    Raises:
        ReadError: a column is missing.
    """
    option = "Name the columns with " + advice(
        "--map user=COL,item=COL,at=COL,... (positions such as user=1,item=2 without a header)",
        "mapping=EventMapping(user=COL, item=COL, at=COL, ...) (positions such as '1' and '2' without a header)",
        'map = { user = "COL", item = "COL", at = "COL" } (positions such as "1" and "2" without a header)',
    )
    require(rows, mapping.columns(), option)
    taken = set(mapping.columns())
    decided: dict[str, Any] = {}
    names = {
        "user": USER,
        "item": ITEM,
        "at": AT,
        "value": " ".join((VALUE, *COUNTED.values())),
        "kind": KIND,
        "text": TEXT,
        "title": TITLE,
        "event": EVENT_ID,
    }
    for role, aliases in names.items():
        column = getattr(mapping, role)
        if column is None and not (role == "kind" and kind_given):
            column = recognise((name for name in rows.columns if name not in taken), aliases)
            if role == "title" and not decided["text"]:
                column = None
        if role == "event" and column is None and mapping.kind is None and decided["kind"]:
            # Beside a column of kinds, one called "event" is no second one.
            column = recognise((name for name in rows.columns if name not in taken), "event")
        decided[role] = column or None
        taken.add(column or "")
    # RecBole calls the two columns as its configuration says; they are the first of type ``token``.
    rest = iter([name for name in rows.columns if rows.types.get(name) == "token" and name not in taken])
    for role in ("user", "item"):
        decided[role] = decided[role] or next(rest, None)
    if decided["user"] is None or decided["item"] is None:
        missing = " and ".join(role for role in ("user", "item") if decided[role] is None)
        raise ReadError(rows.name, f"no column is known as the {missing}; {found(rows)}. {option}")
    require(rows, filter(None, decided.values()), option)
    return replace(mapping, **decided)
