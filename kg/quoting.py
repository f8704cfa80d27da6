"""Names in the text of a query, written so that the engine's lexer reads the same name back, or refused.

A name is a label, a type, a property or an index. Each engine has one function for them, and every name that is no
identifier of this package's own goes through it. Values are never written into a text: they are parameters.
"""

from __future__ import annotations

from urllib.parse import quote_plus

from kg.alphabets import PLAIN, is_name
from kg.errors import StoreError, short
from kg.records import ENGINE_FIELDS

LONGEST_PROPERTY = 60_000
"""Bytes of a property's name that ArcadeDB stores."""
LONGEST_TYPE = 220
"""Bytes of a label or type there, which names files: what they cannot hold is written as ``%XX``."""


class Quoted(str):
    """A part of a query whose names were quoted: what :func:`kg.queries.statement` puts into a text as it is."""


def own(name: str) -> Quoted:
    """A name as :mod:`kg.alphabets` has them, which every engine takes alike: one beyond ASCII between backticks.

    >>> print(own("RATED"), own("导演"))
    RATED `导演`

    Raises:
        ValueError: it is none.
    """
    if not is_name(name):
        raise ValueError(f"{name!r} is no identifier, and was not quoted")
    return Quoted(name if PLAIN.fullmatch(name) else f"`{name}`")


def neo4j(name: str) -> Quoted:
    r"""A name as Neo4j's Cypher takes it.

    The server decodes ``\uXXXX`` before it parses, inside backticks too, so a backslash is written as such a code: else
    a name that spells ``\u0060`` would end its own quotation.

    >>> print(neo4j("ship`s name"), neo4j(r"\u0060"))
    `ship``s name` `\u005Cu0060`

    Raises:
        StoreError: no server can hold the name.
    """
    if "\0" in _checked(name):
        raise _refusal(name, "holds a NUL character")
    return Quoted(f"`{_doubled(name)}`".replace("\\", "\\u005C"))


def neo4j_text(text: str) -> Quoted:
    r"""A text of ours as Neo4j's Cypher takes it, where no parameter can stand: the name of a type that is compared.

    >>> print(neo4j_text("AUTHOR"), neo4j_text("it's"))
    'AUTHOR' 'it\u005C's'
    """
    escaped = text.replace("\\", r"\\").replace("'", r"\'")
    return Quoted(f"'{escaped}'".replace("\\", "\\u005C"))


def arcadedb(name: str) -> Quoted:
    r"""A name as ArcadeDB's Cypher takes it, where a backslash is a character like any other.

    >>> print(arcadedb("ship`s name"), arcadedb(r"\u0060"))
    `ship``s name` `\u0060`

    Raises:
        StoreError: the engine cannot hold the name.
    """
    if _checked(name) in ENGINE_FIELDS:
        raise _refusal(name, "is that of a field of the engine's own")
    if len(name.encode()) > LONGEST_PROPERTY:
        raise _refusal(name, f"has over {LONGEST_PROPERTY:,} bytes")
    return Quoted(f"`{_doubled(name)}`")


def arcadedb_type(name: str) -> Quoted:
    """A label or type as ArcadeDB's Cypher takes it; of these it can hold fewer.

    Raises:
        StoreError: it cannot hold this one.
    """
    written = arcadedb(name)
    if found := sorted(set("*,~").intersection(name)):
        raise _refusal(name, f"holds {found[0]!r}, which no label and no type may hold there")
    if not name.strip():
        raise _refusal(name, "is blank")
    if len(quote_plus(name)) > LONGEST_TYPE:
        raise _refusal(name, f"has over {LONGEST_TYPE} bytes as the name of a file")
    return written


def _refusal(name: object, reason: str) -> StoreError:
    return StoreError(f"the graph cannot hold the name {short(name)}: it {reason}; choose another one")


def _checked(name: str) -> str:
    if not isinstance(name, str) or not name:
        raise _refusal(name, "is empty" if name == "" else "is no text")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _refusal(name, "is not valid Unicode (a lone surrogate)") from None
    return name


def _doubled(name: str) -> str:
    return name.replace("`", "``")
