"""RDF/XML before its parser sees it: the same elements, attributes and texts, and nothing else.

Entities are expanded, declarations, comments and instructions left out, and bounds kept: on the depth, on entities, on
what one element may hold. Nothing that a document names is ever opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.parsers import expat

from kg.errors import ReadError, TooMuch
from kg.rdf.sieve import MAX_DEPTH, MAX_HELD_BYTES, MAX_TOKEN_BYTES, Held

MAX_ENTITY_BYTES = 1024
"""The longest value of an entity."""
MAX_ATTRIBUTES = 1_000
"""Of one element, and namespaces that are declared at one place."""
MAX_LITERAL_CHARS = 4 * 2**20
"""The longest text of an element; of a longer one so much is given and one character more."""
_EXPANDED = 20
"""How many times its own size a document may grow to by entities, ..."""
_EXPANDED_BYTES = 64 * 2**20
"""... once it has so much."""
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_VALUE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


class _Scope(NamedTuple):
    """What holds within an open element."""

    namespaces: int = 0
    """That are declared, ..."""
    size: int = 0
    """... characters of the tags around, ..."""
    base: int = 0
    """... and of their bases."""


class PlainXml:
    """One document."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 2**16
        parser.ordered_attributes = True
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._out: list[str] = []
        self._read = 0
        self._written = 0
        self._text = 0
        """Characters of the text that is being read."""
        self._scopes = [_Scope()]
        """Of the document, and of each open element."""
        self._held = Held()
        self._literal: int | None = None
        """The depth of an open element whose content is a literal, ..."""
        self._literal_from = 0
        """... and where that begins."""

    def blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The document in pieces, in UTF-8.

        Raises:
            TooMuch: it passes a bound.
            ReadError: it is not well-formed, or breaks off; what stands before was given.
        """
        for block in blocks:
            self._read += len(block)
            yield from self._parsed(block, last=False)
            if self._read - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                raise self._refused(f"a tag or comment is over {MAX_TOKEN_BYTES // 2**20} MiB")
        yield from self._parsed(b"", last=True)

    def _parsed(self, block: bytes, *, last: bool) -> Iterator[bytes]:
        error: ReadError | None = None
        try:
            self._parser.Parse(block, last)
        except expat.ExpatError as found:
            if "amplification" in expat.ErrorString(found.code):
                raise self._refused("grows too much by its entities") from found
            reason = "the file breaks off" if last else f"is no XML: {expat.ErrorString(found.code)}"
            error = ReadError(self._file, f"{reason}; what stands before it could be read", found.lineno)
        except (ValueError, LookupError) as found:  # an encoding of several bytes a letter, or one that nobody knows
            raise ReadError(
                self._file, f"is in an encoding that is not read here ({found}): save it as UTF-8"
            ) from found
        piece = "".join(self._out)
        self._out.clear()
        if piece:
            yield piece.encode()
        if error:
            raise error

    def _entity(self, name: str, is_parameter: bool, value: str | None, *_places: str | None) -> None:
        if is_parameter or value is None:
            kind = "a parameter" if is_parameter else "an external"
            raise self._refused(f"{name} is {kind} entity, which is not read; write out what it stands for")
        if "&" in value or "<" in value or "%" in value:
            raise self._refused(f"the entity {name} is nested or holds markup; only those of plain text are read")
        if len(value.encode()) > MAX_ENTITY_BYTES:
            raise self._refused(f"the entity {name[:100]} has over {MAX_ENTITY_BYTES} bytes")
        self._hold(name, len(name) + len(value))

    def _skipped(self, name: str, _is_parameter: bool) -> None:
        raise self._refused(f"the entity {name} is declared elsewhere, and nothing is fetched; declare it in the file")

    def _start(self, name: str, attributes: list[str]) -> None:
        self._text = 0
        if len(self._scopes) > MAX_DEPTH:
            raise self._refused(f"is nested over {MAX_DEPTH} deep")
        if name not in self._held:
            self._hold(name, len(name))
        self._scopes.append(self._scope(name, attributes))
        if self._literal is None and _is_literal(attributes):
            self._literal, self._literal_from = len(self._scopes), self._written
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        values = (f' {own}="{value.translate(_VALUE)}"' for own, value in pairs)
        self._write(f"<{name}{''.join(values)}>")

    def _scope(self, element: str, attributes: list[str]) -> _Scope:
        """What holds within an element; its names, and the ids that it gives, are counted."""
        namespaces, size, base = self._scopes[-1]
        size += len(element)
        for name, value in zip(attributes[::2], attributes[1::2], strict=True):
            if name not in self._held:
                self._hold(name, len(name))
            size += len(value)
            if name.startswith("xmlns"):
                namespaces += 1
            elif name == "xml:base":
                base += len(value)
            elif name.endswith(":ID"):
                self._hold((value, base), len(value) + base)
        if max(len(attributes) // 2, namespaces) > MAX_ATTRIBUTES:
            raise self._refused(f"{element[:100]} has over {MAX_ATTRIBUTES} attributes or namespaces")
        if size > MAX_TOKEN_BYTES:
            raise self._refused(f"tags within one another have over {MAX_TOKEN_BYTES // 2**20} Mi characters")
        return _Scope(namespaces, size, base)

    def _hold(self, name: object, size: int) -> None:
        if not self._held.add(name, size):
            raise self._refused(
                f"has over {MAX_HELD_BYTES // 2**20} MiB of different names, ids and entities; write it as N-Triples"
            )

    def _end(self, name: str) -> None:
        self._text = 0
        if self._literal == len(self._scopes):
            self._literal = None
        self._scopes.pop()
        self._write(f"</{name}>")

    def _characters(self, text: str) -> None:
        left = MAX_LITERAL_CHARS + 1 - self._text
        self._text += len(text)
        if left > 0:
            self._write(text[:left].translate(_TEXT))

    def _write(self, text: str) -> None:
        self._written += len(text)
        self._out.append(text)
        if self._literal is not None and self._written - self._literal_from > MAX_LITERAL_CHARS:
            raise self._refused(f"a literal of XML has over {MAX_LITERAL_CHARS // 2**20} Mi characters")
        if self._written > _EXPANDED_BYTES and self._written > _EXPANDED * self._read:
            raise self._refused(f"grows to over {_EXPANDED} times its size by its entities")

    def _refused(self, reason: str) -> TooMuch:
        return TooMuch(self._file, reason, self._parser.CurrentLineNumber)


def _is_literal(attributes: list[str]) -> bool:
    pairs = zip(attributes[::2], attributes[1::2], strict=True)
    return any(name.endswith("parseType") and value == "Literal" for name, value in pairs)
