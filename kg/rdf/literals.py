"""Literals to what nodes hold, and back."""

from __future__ import annotations

import json
import math
import re

from kg.errors import RecordError
from kg.rdf.terms import LANG_STRING, RDF, STRING, XSD, Fact, local_name
from kg.readers.markup import clean_text
from kg.records import Scalar

_WHOLE = frozenset(
    f"{XSD}{name}"
    for name in (
        *("integer", "int", "long", "short", "byte", "positiveInteger", "negativeInteger", "nonNegativeInteger"),
        *("nonPositiveInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
    )
)
_REAL = frozenset(f"{XSD}{name}" for name in ("double", "float", "decimal"))
_LONGEST = 1_000  # digits that are looked at: Python refuses to convert more than some thousands
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def text_of(fact: Fact) -> str | None:
    """The text of a literal, or the IRI of a resource, as it stands; only of ``rdf:HTML`` the markup is taken out.

    Raises:
        RecordError: it holds a NUL character.
    """
    if fact.datatype == f"{RDF}HTML":
        return clean_text(fact.object, local_name(fact.predicate))
    if "\0" in fact.object:
        raise RecordError(local_name(fact.predicate), "holds a NUL character, which no engine stores")
    return fact.object or None


def scalar_of(fact: Fact) -> Scalar | None:
    """The value of a literal: numbers and truth values of XML Schema as such, everything else as text.

    A whole number beyond 64 bits stays text.

    >>> scalar_of(Fact("s", "p", "08", f"{XSD}integer")), scalar_of(Fact("s", "p", "1999", f"{XSD}gYear"))
    (8, '1999')

    Raises:
        RecordError: the text is none of its datatype, or no finite number.
    """
    text = fact.object.strip()
    if fact.datatype in _WHOLE and _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _LONGEST and -(1 << 63) <= int(text) < 1 << 63 else text
    if fact.datatype in _REAL and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if fact.datatype == f"{XSD}boolean" and text in _TRUTH:
        return _TRUTH[text]
    if fact.datatype in _WHOLE or fact.datatype in _REAL or fact.datatype == f"{XSD}boolean":
        kind = local_name(str(fact.datatype))
        raise RecordError(local_name(fact.predicate), f"{fact.object[:40]!r} is no {kind} that the graph can hold")
    return text_of(fact)


def members_of(value: Scalar) -> list[Scalar]:
    """The members of a list that several literals were made of, in the form in which they are kept; else the value.

    >>> members_of('[2.5, 91]'), members_of('["one"]'), members_of("[2.5,91]"), members_of(7)
    ([2.5, 91], ['["one"]'], ['[2.5,91]'], [7])
    """
    if not isinstance(value, str) or value[:1] != "[" or value[-1:] != "]":
        return [value]
    try:
        found = json.loads(value)
        same = json.dumps(found, ensure_ascii=False) == value
    except (ValueError, RecursionError):
        return [value]
    plain = all(
        isinstance(own, str | int | float) and own not in ("", math.inf, -math.inf) and own == own for own in found
    )
    return found if same and plain and 1 < len(found) == len(set(found)) else [value]


def literal_of(
    subject: str, predicate: str, value: Scalar, *, datatype: str | None = None, language: str | None = None
) -> Fact:
    """A statement with this value, written with a datatype or a language, else by the value's own type."""
    if language:
        return Fact(subject, predicate, str(value), LANG_STRING, language)
    text = str(value)
    if isinstance(value, bool):
        own, text = f"{XSD}boolean", text.lower()
    elif isinstance(value, int):
        own = f"{XSD}integer"
    else:
        own = f"{XSD}double" if isinstance(value, float) else STRING
    return Fact(subject, predicate, text, datatype or own)
