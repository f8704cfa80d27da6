"""A mapping for tables of items and people that came without one, from the names and types of their columns."""

from __future__ import annotations

import re

from kg.advice import advice
from kg.errors import ReadError
from kg.readers.mapping import (
    FRIENDS,
    ITEM,
    ITEM_TEXT,
    ITEM_TITLE,
    KNOWN,
    RELATED,
    USER,
    AttributeColumn,
    ItemMapping,
    UserMapping,
    found,
    normal,
    property_name,
    recognise,
)
from kg.readers.rows import Rows

_ATTRIBUTES = frozenset(KNOWN) | {"brand", "genre", "author", "director", "publisher", "manufacturer", "artist", "tag"}
_TYPED_TITLE = re.compile(r"title|name")


def guess_items(rows: Rows, id: str | None = None) -> ItemMapping:
    """Id (unless it is said), title and text by the usual names; then attributes and properties.

    With RecBole's types, every other ``token`` and ``token_seq`` column is an attribute (a ``token_seq`` is split at
    blanks), and ``float`` a property; ``float_seq`` is left out. Without types, the columns known as attributes
    (brand, category, genre, author, ...) are, and the rest are properties. Columns that are known to hold ids of other
    items (``also_buy``, ``similar_books``, ...) relate them.

    Raises:
        ReadError: no column is known as the item's id.
    """
    columns = list(dict.fromkeys(rows.columns))
    item = id or _id(rows, columns, f"id {ITEM}", "item")
    columns.remove(item)
    title = recognise(columns, ITEM_TITLE) or _typed_title(rows, columns)
    if title:
        columns.remove(title)
    texts = [column for column in columns if normal(column) in ITEM_TEXT.split()]
    rest = [column for column in columns if column not in texts]
    related = [AttributeColumn(column, RELATED[normal(column)]) for column in rest if normal(column) in RELATED]
    rest = [column for column in rest if normal(column) not in RELATED]
    if rows.types:
        chosen = [column for column in rest if rows.types.get(column) in ("token", "token_seq")]
        specs = [AttributeColumn(c, separator=" " if rows.types[c] == "token_seq" else "\t") for c in chosen]
        properties = [column for column in rest if rows.types.get(column) == "float"]
    else:
        specs = [AttributeColumn(column) for column in rest if normal(column) in _ATTRIBUTES]
        properties = [column for column in rest if normal(column) not in _ATTRIBUTES]
    free = _free(properties, {"id", "title", "text"})
    return ItemMapping(item, title, tuple(texts), tuple(specs), free, tuple(related))


def guess_users(rows: Rows, id: str | None = None) -> UserMapping:
    """Id by the usual names, unless it is said; friends by theirs; every other column is a property.

    Raises:
        ReadError: no column is known as the person's id.
    """
    columns = list(dict.fromkeys(rows.columns))
    user = id or _id(rows, columns, f"id {USER}", "user")
    columns.remove(user)
    friends = [AttributeColumn(column, FRIENDS[normal(column)]) for column in columns if normal(column) in FRIENDS]
    rest = [c for c in columns if rows.types.get(c) != "float_seq" and normal(c) not in FRIENDS]
    return UserMapping(user, (), _free(rest, {"id"}), tuple(friends))


def _id(rows: Rows, columns: list[str], names: str, what: str) -> str:
    column = recognise(columns, names) or next((c for c in columns if rows.types.get(c) == "token"), None)
    if column is None:
        raise ReadError(
            rows.name,
            f"no column is known as the {what}'s id; {found(rows)}. "
            + advice("Name it with --id COL", f"Name it with {what.title()}Mapping(id=COL)", "Name it with the key id"),
        )
    return column


def _typed_title(rows: Rows, columns: list[str]) -> str | None:
    typed = (column for column in columns if rows.types.get(column) == "token_seq")
    return next((column for column in typed if _TYPED_TITLE.search(normal(column))), None)


def _free(columns: list[str], reserved: set[str]) -> tuple[str, ...]:
    """Columns that can be properties: those without a name, or with one that is taken, are left out."""
    taken, free = set(reserved), []
    for column in columns:
        name = property_name(column)
        if column.strip() and name not in taken:
            taken.add(name)
            free.append(column)
    return tuple(free)
