"""Turtle and JSON-LD before their parser sees them: bounds that it does not keep itself.

Nesting ends the process there, a long token is a bare ``MemoryError``, and JSON-LD is held in memory, at some seventy
times its size, until the outermost object ends.
"""

from __future__ import annotations

import re
import string
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import orjson

from kg.errors import TooMuch

MAX_DEPTH = 256
"""How deep a document may be nested: collections, blank nodes, objects, elements."""
MAX_TOKEN_BYTES = 8 * 2**20
"""The longest text, name, tag or comment."""
MAX_IRI_BYTES = 8 * 2**10
"""The longest IRI: an id of 1,024 bytes, each escaped, and what stands before it."""
MAX_HELD_BYTES = 32 * 2**20
"""Of names that a parser holds to the end of a file, each with :data:`HELD_EACH` more."""
HELD_EACH = 100
MAX_OBJECT_BYTES = 3 * 2**20
"""The largest object of JSON-LD that the parser holds: one of an outermost list, or the whole."""
MAX_CONTEXT_TEXTS = 5_000
"""Texts in one ``@context``: of terms that are defined by one another, some thousands end the process."""
MOST_COPIES = 4
"""Of so many, that contexts within one another make of the texts around them."""
MAX_EXPANDED_BYTES = 64 * 2**20
"""What the names in an object of JSON-LD may come to, each with as much before it as its context has at the most."""
_PART_BYTES = 256 * 1024
_DIRECTIVE = len("@prefix")
_LETTERS = b"@" + string.ascii_letters.encode()
_JOINED = re.compile(rb'(?!"[^:/"]*+://)(?:".*[:/?#\[\]@]"|".*\\)', re.DOTALL)
"""A text of a context that may be a prefix, and begin with one."""
_SCHEMA_ORG = re.compile(rb'"https?://(?:www\.)?schema\.org/?"')


class Held:
    """What a parser holds of a file to its end."""

    def __init__(self) -> None:
        self._names: set[object] = set()
        self._bytes = 0

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def add(self, name: object, size: int) -> bool:
        """Count a name, unless it was counted before; whether there is room for it."""
        if name not in self._names:
            self._names.add(name)
            self._bytes += size + HELD_EACH
        return self._bytes <= MAX_HELD_BYTES


class Sieve(ABC):
    """A document that passes in pieces, each of whole tokens, and is refused where it passes a bound."""

    _token: ClassVar[re.Pattern[bytes]]
    """Tokens that matter; the group ``open`` is one whose end has not come."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._depth = 0
        self._piece = b""
        """What is being looked at, ..."""
        self._at = 0
        """... up to this token, ..."""
        self._out: list[bytes] = []
        """... what passed of it, ..."""
        self._done = 0
        """... and up to where."""
        self._line = 1

    def blocks(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same document, or one that says the same.

        Raises:
            TooMuch: it passes a bound; nothing after that was given.
        """
        held: list[bytes] = []
        size = wanted = 0
        for block in blocks:
            held.append(block)
            size += len(block)
            if size < wanted:  # so that a long token is looked at a few times, not with each block
                continue
            piece, rest = self._passed(b"".join(held))
            yield piece
            held, size, wanted = [rest], len(rest), min(2 * len(rest), MAX_TOKEN_BYTES)
            if size > MAX_TOKEN_BYTES:
                self._at = 0
                raise self._refused(f"a text, name or comment is over {MAX_TOKEN_BYTES // 2**20} MiB")
        yield b"".join(self._passed(b"".join((*held, b"\n"))))  # what is still open is for the parser to judge

    @abstractmethod
    def _see(self, token: bytes) -> bytes | None:
        """Take one token; what stands in its place, None for itself."""

    def _passed(self, piece: bytes) -> tuple[bytes, bytes]:
        """What may pass, and the rest, which begins with a token that is not complete."""
        self._piece, self._out, end = piece, [], len(piece)
        self._at = self._done = 0
        for found in self._token.finditer(piece):
            self._at = found.start()
            if found.lastgroup or found.end() == len(piece):
                end = self._at
                break
            if (instead := self._see(found[0])) is not None:
                self._out += (piece[self._done : self._at], instead)
                self._done = found.end()
        self._line += piece.count(b"\n", 0, end)
        return b"".join((*self._out, piece[self._done : end])), piece[end:]

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(f"is nested over {MAX_DEPTH} deep")

    def _refused(self, reason: str) -> TooMuch:
        return TooMuch(self._file, reason, self._line + self._piece.count(b"\n", 0, self._at))


class TurtleSieve(Sieve):
    """Turtle and TriG: depth, the length of tokens, and prefixes, which the parser holds."""

    _token = re.compile(
        rb'"""(?:[^"\\]|\\.|"(?!""))*+"""|'
        rb"'''(?:[^'\\]|\\.|'(?!''))*+'''|"
        rb'"(?!"")[^"\\]*+(?:\\.[^"\\]*+)*+"|'
        rb"'(?!'')[^'\\]*+(?:\\.[^'\\]*+)*+'|"
        rb"#[^\r\n]*+|<<|>>|<[^<>\s]*+>?|\\.|[()\[\]{}]|(?P<open>[\"'])|"
        rb"@(?i:prefix|base)\b|[pPbB](?<![\w:%-].)(?i:(?<=p)refix|(?<=b)ase)(?=[\s<#])",
        re.DOTALL,
    )

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._prefixes = Held()
        self._directive = b""
        """What declares a prefix or the base, until its IRI comes, ..."""
        self._from = 0
        """... and where it stands in the piece."""
        self._base = 0
        """Bytes of the base."""

    def _passed(self, piece: bytes) -> tuple[bytes, bytes]:
        self._from = 0
        whole = len(piece[:-_DIRECTIVE]) + len(piece[-_DIRECTIVE:].rstrip(_LETTERS))  # the end may be half of one
        passed, rest = super()._passed(piece[:whole])
        return passed, rest + piece[whole:]

    def _see(self, token: bytes) -> None:
        if token in (b"(", b"[", b"{", b"<<"):
            self._deeper()
        elif token in (b")", b"]", b"}", b">>"):
            self._depth -= 1
        elif token[:1] == b"<":
            if self._directive:
                self._declare(self._directive, token)
                self._directive = b""
        elif token.lstrip(b"@").lower() in (b"prefix", b"base"):
            self._directive, self._from = token, self._at

    def _declare(self, directive: bytes, iri: bytes) -> None:
        """Count what a prefix takes, whose IRI begins with the base where it is a relative one."""
        if len(iri) > MAX_IRI_BYTES:
            raise self._refused(f"the IRI of a prefix or base has over {MAX_IRI_BYTES // 2**10} KiB")
        before = 0 if b":" in iri else self._base
        if directive[-1:] in b"eE":
            self._base = before + len(iri)
            if self._base > MAX_IRI_BYTES:
                raise self._refused(f"the base comes to over {MAX_IRI_BYTES // 2**10} KiB by those before")
            return
        said = self._piece[self._from : self._at] + iri
        if not self._prefixes.add((said, before), len(said) + before):
            raise self._refused(f"its prefixes have over {MAX_HELD_BYTES // 2**20} MiB; write it as N-Triples")


@dataclass(slots=True)
class _Context:
    """An ``@context`` of JSON-LD."""

    depth: int
    """Of its object."""
    texts: int = 0
    longest: int = 0
    """Bytes of a text that may stand before a name."""
    prefixes: int = 0
    """Terms that are said to be prefixes, whatever they end with."""
    joined: int = 0
    """Bytes of texts that may stand before one another."""


class JsonSieve(Sieve):
    """JSON-LD: depth, the length of tokens, the size of objects and of contexts.

    An outermost object becomes the one member of a list, and the members of its ``@graph`` are dealt out over several
    such objects, each with the same ``@context``: the parser lets go of an object of an outermost list when it ends.
    """

    _token = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]|(?P<open>")', re.DOTALL)

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._before = 0
        """Bytes before the piece."""
        self._begun = 0
        """Where the object begins that the parser holds."""
        self._last = b""
        self._context: int | None = None
        """The depth outside of the context that is being read."""
        self._contexts: list[_Context] = []
        """Those that hold here."""
        self._texts = 0
        """Of the object that the parser holds."""
        self._outermost = b""
        """What opens the document."""
        self._head: bytes | None = b""
        """What an outermost object begins with, for as long as that is nothing but a context."""
        self._graph = b""
        """This, and what opens the ``@graph`` whose members are being dealt out."""
        self._dealt = False

    def _passed(self, piece: bytes) -> tuple[bytes, bytes]:
        passed, rest = super()._passed(piece)
        if self._head is not None:
            self._head += passed
        self._before += len(piece) - len(rest)
        return passed, rest

    def _see(self, token: bytes) -> bytes | None:
        last, self._last = self._last, token
        if self._before + self._at - self._begun > MAX_OBJECT_BYTES:
            raise self._refused(
                f"an object of JSON-LD has over {MAX_OBJECT_BYTES // 2**20} MiB; write a list of objects, or @graph "
                "right after @context, or N-Triples"
            )
        if token[:1] == b'"':
            return self._text(token, last)
        if token == b",":
            return self._next()
        return self._opened(token, last) if token in (b"{", b"[") else self._closed(token)

    def _text(self, token: bytes, last: bytes) -> bytes | None:
        self._texts += 1
        if self._context is not None:
            self._define(token, _key(last))
        if self._contexts:
            self._check_expanded()
        if self._depth == 1 and last in (b"{", b","):
            key = _key(token)
            if key == "@context" and self._dealt:
                raise self._refused(
                    f"@context stands after an @graph of over {_PART_BYTES // 2**10} KiB; put it before"
                )
            if key not in ("@context", "@graph"):
                self._head = None
        if _SCHEMA_ORG.fullmatch(token) and _key(last) == "@context":
            return b'{"@vocab": "https://schema.org/"}'  # a context on the web, whose terms are all of schema.org
        return None

    def _define(self, text: bytes, of: str | None) -> None:
        """Count a text of a context."""
        context = self._contexts[-1]
        context.texts += 1
        context.prefixes += _key(text) == "@prefix"
        if of in ("@vocab", "@base") or _JOINED.match(text):
            context.joined += len(text)
        else:
            context.longest = max(context.longest, len(text))
        self._check_contexts()

    def _check_expanded(self) -> None:
        """The parser holds each name with what its context has before it."""
        before = sum(own.longest * (1 + own.prefixes) + own.joined for own in self._contexts)
        if self._texts * before > MAX_EXPANDED_BYTES:
            raise self._refused(
                f"names in an object of JSON-LD come to over {MAX_EXPANDED_BYTES // 2**20} MiB with what its @context "
                "has before them; shorten that, write smaller objects, or N-Triples"
            )

    def _check_contexts(self) -> None:
        """The parser copies a context for each one within its reach."""
        texts = sum(own.texts for own in self._contexts)
        if texts > MAX_CONTEXT_TEXTS:
            raise self._refused(f"an @context has over {MAX_CONTEXT_TEXTS} texts, with those around it")
        if texts * len(self._contexts) > MOST_COPIES * MAX_CONTEXT_TEXTS:
            raise self._refused(f"{len(self._contexts)} contexts are in one another, of {texts} texts together")

    def _opened(self, token: bytes, last: bytes) -> bytes | None:
        if self._context is None and _key(last) == "@context":
            self._context = self._depth
            self._contexts.append(_Context(self._depth))
        self._deeper()
        if self._depth == 1:
            self._outermost = token
            if token == b"[":
                self._head = None
            return b"[{" if token == b"{" else None
        if self._depth == 2 and token == b"[" and self._head is not None and _key(last) == "@graph":
            passed = b"".join((self._head, *self._out, self._piece[self._done : self._at + 1]))
            self._graph, self._head = passed[passed.find(b"{") :].replace(b"\n", b" "), None
        return None

    def _closed(self, token: bytes) -> bytes | None:
        self._depth -= 1
        if self._depth == self._context:
            self._context = None
        while self._contexts and self._contexts[-1].depth > self._depth:
            self._contexts.pop()
        if self._depth == 1:
            self._graph = b""
        return b"}]" if self._depth == 0 and token == b"}" else None

    def _next(self) -> bytes | None:
        at = self._before + self._at
        if self._depth == 1 and self._outermost == b"[":
            self._begun, self._texts = at, 0
        if self._depth == 2 and self._graph and at - self._begun > _PART_BYTES:
            self._begun, self._texts, self._dealt = at, 0, True
            return b"]}," + self._graph
        return None


def _key(token: bytes) -> str | None:
    """What a short text says."""
    if not token.startswith(b'"') or len(token) > 64:
        return None
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:
        return None
