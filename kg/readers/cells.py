"""Cells of tables to what nodes hold: lists of values, attributes, properties."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable
from html import unescape
from typing import Any

from kg.errors import RecordError
from kg.readers.cleaning import absent, isoformat, kind_of_numpy, number
from kg.readers.literals import literal_of
from kg.readers.mapping import AttributeColumn, normal
from kg.readers.markup import ENTITY, clean_text
from kg.readers.rows import MAX_VALUES as MOST_MEMBERS
from kg.records import MAX_ID_BYTES, Attribute, Note, Scalar, clean_id

MAX_LISTED_CHARS = 2**18
"""A longer cell is no list of values."""
MAX_DEPTH = 64
"""How deep lists of values may be nested."""
MAX_VALUES = 10_000
"""Values in one cell, levels of category paths counted."""
_ESCAPED = re.compile(rf"&((?:(?:amp|AMP|#0*38|#[xX]0*26);)*)({ENTITY.pattern[1:-1]});")
"""An entity of HTML, escaped once or several times: ``&amp;amp;``."""
_HELD = "\ufdd0"
"""In place of the semicolon that ends an HTML entity, while the rest are taken for separators: no character."""
_SEVERAL = re.compile(r"genre|tag|keyword|topic|subject|actor|director|writer|country|language|cast|.*[^s]s")
"""Columns whose commas separate."""
_OF_ARRAY = re.compile(r"\[\s*(?:'[^'\\]*'\s+)+'[^'\\]*'\s*\]|\[\s*(?:[-+.\deE]+\s+)+[-+.\deE]+\s*\]")
"""How NumPy prints an array: ``['a' 'b']``, ``[1 2]``."""
_BETWEEN = re.compile(r"(?<=['\d.])\s+(?=['\d.+-])")
_PATH = re.compile(r"categor.*|.*categor(y|ies)|taxonomy|breadcrumbs?")
"""Columns whose ``>`` leads from a level to the next; each level is a value of its own, within the one above."""


def split(value: Any, column: str, separator: str | None = None, depth: int = 0) -> list[Any]:
    """The values in one cell.

    A list gives its members, whatever its depth; text that is written as a list (``["a", "b"]``) too. Other text is cut
    at ``separator`` (an empty one cuts nothing); without one at ``|`` or ``;``, and at commas where the column's name
    says that it holds several (a plural, or one of *genre*, *tag*, *keyword*, ...): a brand may well be called
    "Future US, Inc.".

    >>> split("Garden > Tools | Gifts", "category"), split('["a", "b"]', "brand"), split("a, b", "tags")
    (['Garden > Tools ', ' Gifts'], ['a', 'b'], ['a', ' b'])
    """
    if isinstance(value, dict):
        raise RecordError(column, "holds an object, and text or a list is needed")
    value = listed(value, column)
    if isinstance(value, list | tuple):
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
    if isinstance(members := list_in(text), list):
        return split(members, column, depth=depth)
    if is_object(text):
        raise RecordError(column, "holds an object, and text or a list is needed")
    text = held(text)
    if separator is None:
        separator = next((mark for mark in "|;" if mark in text), None)
        if separator is None and "," in text and _SEVERAL.fullmatch(normal(column)):
            separator = ","
    parts = text.split(separator) if separator else [text]
    return [part.replace(_HELD, ";") for part in parts] if _HELD in text else parts


def held(text: str) -> str:
    """A text in which no entity of HTML ends in a semicolon: ``Simon &amp; Schuster`` is one name."""
    return _ESCAPED.sub(_hold, text) if "&" in text and ";" in text else text


def _hold(found: re.Match[str]) -> str:
    entity = f"&{found[2]};"
    end = ";" if unescape(entity) == entity else _HELD
    return "&" + found[1].replace(";", _HELD) + found[2] + end


def is_object(text: str) -> bool:
    """Whether a text is written as an object of JSON or Python.

    >>> is_object("{'a': 1}"), is_object("{}"), is_object("{a}"), is_object("{1, 2}")
    (True, True, False, False)
    """
    return text[:1] == "{" and text[-1:] == "}" and isinstance(literal(text), dict)


def listed(value: Any, column: str) -> Any:
    """Arrays and sets as lists, as JSON lines would have them; whatever else is there as it is."""
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if hasattr(value, "tolist") and hasattr(value, "shape"):  # an array in a cell of a data frame
        if math.prod(value.shape) > MOST_MEMBERS:
            raise RecordError(column, f"holds over {MOST_MEMBERS} values")
        return value.tolist()
    return value


def list_in(text: str) -> list[Any] | None:
    """The members of a text that is written as a list, a tuple or a set of JSON, Python or NumPy; None for others.

    >>> list_in("['a', 'b']"), list_in("('a', 'b')"), list_in("['a' 'b']"), list_in("[a] and (b)"), list_in("(live)")
    (['a', 'b'], ['a', 'b'], ['a', 'b'], None, None)
    """
    if text[:1] + text[-1:] not in ("[]", "()", "{}"):
        return None
    if text[0] == "[" and _OF_ARRAY.fullmatch(text):
        text = _BETWEEN.sub(", ", text)
    found = literal(text)
    if isinstance(found, set | frozenset):
        return sorted(found, key=str)
    return list(found) if isinstance(found, list | tuple) else None


def levels(value: Any, column: str) -> list[Any]:
    """The levels of a category path, the highest first; of a column that holds no paths, the value alone.

    >>> levels("Garden > Tools", "category"), levels("Garden > Tools", "brand")
    (['Garden ', ' Tools'], ['Garden > Tools'])
    """
    return value.split(">") if isinstance(value, str) and _PATH.fullmatch(normal(column)) else [value]


def attributes(
    value: Any, spec: AttributeColumn, nothing: Collection[str] = (), notes: list[Note] | None = None
) -> Iterable[Attribute]:
    """The entities that one cell names, each once under each level above it, cleaned as text.

    A name in ``nothing`` is none, which ``notes`` say.

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
            if name in nothing:
                if notes is not None:
                    notes.append(Note.missing(spec.column, name))
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
    """A property's value of a cell that is no text; None when it is empty (NaN counts as empty).

    Lists become text, and moments, whatever their year, are written in ISO 8601.

    Raises:
        RecordError: infinite, or too long.
    """
    if absent(value):
        return None
    if (letter := kind_of_numpy(value)) == "M":
        return isoformat(value, column) or None
    if letter == "m":
        return number(value, column)
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()  # a NumPy scalar
    value = listed(value, column)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else clean_id(str(value), column)
    if isinstance(value, list | tuple | dict):
        try:
            return clean_text(_json(value), column)
        except (RecursionError, ValueError):  # ValueError: it holds itself
            raise RecordError(column, "is nested too deep") from None
    if hasattr(value, "year"):
        return isoformat(value, column) or None
    if hasattr(value, "isoformat"):
        return str(value)
    return number(value, column)


def _json(value: Any) -> str:
    """JSON of a list or an object; as in JSON lines there is no NaN and no infinity, but null."""
    try:
        return json.dumps(value, ensure_ascii=False, default=_jsonable, allow_nan=False)
    except ValueError:
        text = json.dumps(value, ensure_ascii=False, default=_jsonable)
        return json.dumps(json.loads(text, parse_constant=lambda _: None), ensure_ascii=False)


def _jsonable(value: Any) -> Any:
    """What JSON can say of a member that it cannot say itself."""
    plain = listed(value, "") if not hasattr(value, "item") or hasattr(value, "__len__") else value.item()
    return str(value) if plain is value else plain


def _members(value: Any, column: str, depth: int) -> list[Any]:
    return (
        split(value, column, depth=depth)
        if isinstance(value, list | tuple | set | frozenset | dict) or hasattr(value, "shape")
        else [value]
    )


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
