"""Cells of tables to what nodes hold: lists of values, attributes, properties."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from kg.errors import RecordError
from kg.readers.cleaning import absent, isoformat, kind_of_numpy, number, price
from kg.readers.literals import literal_of
from kg.readers.mapping import AttributeColumn, normal
from kg.readers.markup import clean_text
from kg.readers.rows import MAX_VALUES as MOST_MEMBERS
from kg.records import MAX_ID_BYTES, Attribute, Scalar, clean_id

MAX_LISTED_CHARS = 2**18
"""A longer cell is no list of values."""
MAX_DEPTH = 64
"""How deep lists of values may be nested."""
MAX_VALUES = 10_000
"""Values in one cell, levels of category paths counted."""
_CODE = re.compile(r"zip|postal|postcode|phone|code|isbn|ean|upc|sku|id$|ids$")
"""Columns whose digits are a name, not a number."""
_MONEY = re.compile(r"price|cost|msrp")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,15})\.\d{1,15}")
_SEVERAL = re.compile(r"genre|tag|keyword|topic|subject|actor|director|writer|country|language|cast|.*[^s]s")
"""Columns whose commas separate."""
_PATH = re.compile(r"categor.*|.*categor(y|ies)|taxonomy|breadcrumbs?")
"""Columns whose ``>`` leads from a level to the next; each level is a value of its own, within the one above."""


def split(value: Any, column: str, separator: str | None = None, depth: int = 0) -> list[Any]:
    """The values in one cell.

    A list gives its members, whatever its depth; text that is written as a list (``["a", "b"]``) too. Other text is cut
    at ``separator``; without one at ``|`` or ``;``, and at commas where the column's name says that it holds several
    (a plural, or one of *genre*, *tag*, *keyword*, ...): a brand may well be called "Future US, Inc.".

    >>> split("Garden > Tools | Gifts", "category"), split('["a", "b"]', "brand"), split("a, b", "tags")
    (['Garden > Tools ', ' Gifts'], ['a', 'b'], ['a', ' b'])
    """
    if isinstance(value, dict):
        raise RecordError(column, "holds an object, and text or a list is needed")
    if hasattr(value, "tolist"):  # an array in a cell of a data frame
        if math.prod(getattr(value, "shape", ())) > MOST_MEMBERS:
            raise RecordError(column, f"holds over {MOST_MEMBERS} values")
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) > MOST_MEMBERS:
            raise RecordError(column, f"holds over {MOST_MEMBERS} values")
        if depth > MAX_DEPTH:
            raise RecordError(column, f"is nested over {MAX_DEPTH} deep")
        return [part for member in value for part in _members(member, column, depth + 1)]
    if not isinstance(value, str):
        return [] if absent(value) else [value]
    text = value.strip()
    if len(text) > MAX_LISTED_CHARS:
        raise RecordError(
            column, f"has over {MAX_LISTED_CHARS // 2**10} Ki characters, and is no list of values but a text"
        )
    if text.startswith("[") and text.endswith("]") and isinstance(members := literal(text), list):
        return split(members, column, depth=depth)
    if separator is None:
        separator = next((mark for mark in "|;" if mark in text), None)
        if separator is None and "," in text and _SEVERAL.fullmatch(normal(column)):
            separator = ","
    return [text] if separator is None else text.split(separator)


def levels(value: Any, column: str) -> list[Any]:
    """The levels of a category path, the highest first; of a column that holds no paths, the value alone.

    >>> levels("Garden > Tools", "category"), levels("Garden > Tools", "brand")
    (['Garden ', ' Tools'], ['Garden > Tools'])
    """
    return value.split(">") if isinstance(value, str) and _PATH.fullmatch(normal(column)) else [value]


def attributes(value: Any, spec: AttributeColumn) -> Iterable[Attribute]:
    """The entities that one cell names, each once under each level above it, cleaned as text.

    Raises:
        RecordError: a value is no text, or too long for an id.
    """
    relation, kind = spec.named()
    found: dict[Attribute, None] = {}
    for part in split(value, spec.column, spec.separator):
        parent = None
        for level in levels(part, spec.column):
            if not (name := clean_text(level, spec.column)):
                continue
            attribute = Attribute(relation, kind, name, parent if parent != name else None)
            if len(attribute.entity_id.encode()) > MAX_ID_BYTES:
                raise RecordError(spec.column, f"a value has over {MAX_ID_BYTES} bytes, and is no attribute but a text")
            found[attribute] = None
            parent = name
        if len(found) > MAX_VALUES:
            raise RecordError(spec.column, f"holds over {MAX_VALUES} values")
    return found


def scalar(value: Any, column: str) -> Scalar | None:
    """A property's value; None when the cell is empty (NaN counts as empty).

    Text that is a number in its usual form becomes one, except in columns of codes (zip, phone, id, ...), where
    ``01234`` and ``85711`` must stay alike; a column of prices is read as such; lists become text.

    Raises:
        RecordError: infinite, or too long.
    """
    if absent(value):
        return None
    name = normal(column)
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        # A NumPy scalar; of a moment in nanoseconds this would be their number.
        value = value if kind_of_numpy(value) in ("m", "M") else value.item()
    if isinstance(value, str):
        if _MONEY.search(name):
            return price(value)
        text = clean_text(value, column)
        if text is None or _CODE.search(name):
            return text
        if _WHOLE.fullmatch(text):
            return int(text)
        return float(text) if _DECIMAL.fullmatch(text) else text
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else clean_id(str(value), column)
    if isinstance(value, list | tuple | dict):
        try:
            return clean_text(json.dumps(value, ensure_ascii=False, default=str), column)
        except (RecursionError, ValueError):  # ValueError: it holds itself
            raise RecordError(column, "is nested too deep") from None
    if hasattr(value, "year") or kind_of_numpy(value) == "M":
        return isoformat(value, column) or None
    if hasattr(value, "isoformat"):
        return str(value)
    return number(value, column)


def _members(value: Any, column: str, depth: int) -> list[Any]:
    return split(value, column, depth=depth) if isinstance(value, list | tuple | set | frozenset | dict) else [value]


def literal(text: str) -> Any:
    """What a text says as JSON or as a Python literal; None where it is neither, or too long."""
    if len(text) > MAX_LISTED_CHARS:
        return None
    for parse in (json.loads, literal_of):
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None
