"""Files of RDF to statements: N-Triples and N-Quads line by line, Turtle, TriG, RDF/XML and JSON-LD as a stream.

The format is told from the content. Names of graphs (N-Quads, TriG) are left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

from kg.errors import ReadError, TooMuch
from kg.extras import extra
from kg.rdf.plain_xml import MAX_LITERAL_CHARS, PlainXml
from kg.rdf.sieve import JsonSieve, Sieve, TurtleSieve
from kg.rdf.terms import BLANK, OWN_BLANK, Fact
from kg.readers.rows import ROW, raw_text
from kg.readers.stream import FileSource, LineStream
from kg.records import Reject

if TYPE_CHECKING:
    import pyoxigraph as ox

MAX_STATEMENT_BYTES = 8 * 2**20
"""The longest line of N-Triples; a longer one is rejected."""
MAX_BLANK_NODES = 750_000
"""Of one file that is no N-Triples, whose blank nodes have names of their own; each is held."""
_GROWN, _GROWN_CHARS = 200, 64 * 2**20
"""How many times its own size a file may grow to by its prefixes, once it has so many characters."""
_LINES_AT_ONCE, _BYTES_AT_ONCE = 2_000, 2**20
_MOST_QUOTED = 16
"""Statements about statements in one line: the parser ends the process where some thousands are nested."""
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PLACE = re.compile(r"Parser error (?:at|between) .*?: ", re.DOTALL)
"""What the parser says of where, counted from the start of what it was given."""
_SAMPLE_LINES = 100
_LONG_HEAD = 2**16
"""Bytes from which on the last line that is looked at may be cut."""
_XML = (b"<?xml", b"<rdf:", b"<!DOCTYPE", b"<!--")
_JSON_LD = re.compile(rb'"@(?:context|id|graph|type)"\s*:')
_DIRECTIVE = re.compile(rb"^[ \t]*+(?:@?prefix|@?base)\s++[^\s<]*+\s*+<", re.IGNORECASE | re.MULTILINE)
_TRIPLE = re.compile(rb"\s*(?:<[^<>\s]*>|_:\S+)\s+<[^<>\s]*>\s+(?:<|_:|\").*\.\s*(?:#.*)?")
_BEGINS = re.compile(rb"\s*(?:<[^<>\s]*>|_:\S+)\s+<[^<>\s]*>\s+(?:<|_:|\")")
_TURTLE = re.compile(rb"\s*(?:<[^<>\s]*>|_:\S+|\[)\s*(?:a|<[^<>\s]*>)\s.*[;,.\]]\s*", re.DOTALL)


class Syntax(Enum):
    """How statements are written; the values are pyoxigraph's names of the formats that include each."""

    LINES = "N_QUADS"
    TURTLE = "TRIG"
    XML = "RDF_XML"
    JSON = "JSON_LD"


def sniff_rdf(head: bytes) -> Syntax | None:
    """The syntax of a file that begins so; None when it is no RDF.

    >>> sniff_rdf(b"<http://a> <http://b> 'c' ."), sniff_rdf(b"head,relation,tail")
    (<Syntax.TURTLE: 'TRIG'>, None)
    """
    start = head.lstrip()
    if start.startswith((b"{", b"[")):
        return Syntax.JSON if _JSON_LD.search(head) else None
    if start.startswith(_XML):
        return Syntax.XML
    if _DIRECTIVE.search(head):
        return Syntax.TURTLE
    begun = start.splitlines()[:_SAMPLE_LINES]
    lines = [line for line in begun if line.strip() and not line.lstrip().startswith(b"#")]
    if len(begun) < _SAMPLE_LINES and len(head) >= _LONG_HEAD:  # the last one may be cut
        if len(lines) == 1 and _BEGINS.match(lines[0]):
            return Syntax.LINES
        lines = lines[: max(1, len(lines) - 1)]
    if 2 * sum(_TRIPLE.fullmatch(line) is not None for line in lines) > len(lines):
        return Syntax.LINES
    return Syntax.TURTLE if lines and _TURTLE.match(b"\n".join(lines)) else None


_SIEVES: dict[Syntax, Callable[[str], Sieve | PlainXml]] = {
    Syntax.TURTLE: TurtleSieve,
    Syntax.JSON: JsonSieve,
    Syntax.XML: PlainXml,
}


class RdfFile:
    """One file of statements; it is opened, and its first bytes looked at, on construction.

    Raises:
        ReadError: it cannot be read, or is no RDF.
        MissingExtra: pyoxigraph is not installed.
    """

    def __init__(self, source: FileSource) -> None:
        self._stream = LineStream(source)
        self.name = self._stream.name
        found = sniff_rdf(self._stream.head)
        if found is None:
            self._stream.close()
            raise ReadError(self.name, "is neither N-Triples nor Turtle, RDF/XML or JSON-LD")
        self.syntax = found
        self._digest = hashlib.blake2b(digest_size=8)
        self._read = 0
        with extra("rdf", "reading RDF"):
            import pyoxigraph as ox
        self._ox = ox

    @property
    def digest(self) -> str:
        """A hash of the unpacked bytes that were read: what tells blank nodes of two files apart."""
        return self._digest.hexdigest()

    def facts(self) -> Iterator[Fact | Reject]:
        """Every statement; of N-Triples also what is none, as rejects.

        Labels of blank nodes are those of the file, or numbers in the order of their first appearance.

        Raises:
            ReadError: the file breaks off; or of other syntaxes than N-Triples: an error in it, with its line. What
                stands before has been given.
        """
        try:
            yield from self._lines() if self.syntax is Syntax.LINES else self._whole()
        finally:
            self._stream.close()

    def _lines(self) -> Iterator[Fact | Reject]:
        try:
            lines: list[bytes] = []
            first, size = 1, 0
            for line in self._stream:
                lines.append(line)
                size += len(line)
                if len(lines) == _LINES_AT_ONCE or size > _BYTES_AT_ONCE:
                    yield from self._block(lines, first)
                    first += len(lines)
                    lines, size = [], 0
        except ReadError as error:
            yield from self._block(lines, first)
            yield from self._stream.broken_row(error)
            raise
        yield from self._block(lines, first)

    def _block(self, lines: list[bytes], first: int) -> Iterator[Fact | Reject]:
        block = b"".join(lines)
        self._digest.update(block)
        told = [n for n, line in enumerate(lines, first) if not line.isspace() and not line.lstrip().startswith(b"#")]
        try:
            facts = self._parsed(block) if len(block) <= MAX_STATEMENT_BYTES and b"<<" not in block else []
        except SyntaxError:
            facts = []
        if len(facts) == len(told):
            yield from (fact._replace(line=number) for fact, number in zip(facts, told, strict=True))
            return
        del block
        for number, line in enumerate(lines, first):  # by itself: a quote that is not closed would take the next ones
            try:
                yield from [fact._replace(line=number) for fact in self._statement(line)]
            except SyntaxError as error:
                reason = _PLACE.sub("", str(error.msg))
                yield Reject(self.name, number, ROW, f"is no N-Triples: {reason}", raw_text(line))

    def _statement(self, line: bytes) -> list[Fact]:
        if len(line) > MAX_STATEMENT_BYTES:
            raise SyntaxError(f"the line has over {MAX_STATEMENT_BYTES // 2**20} MiB")
        if b"<<" in line and _TEXT.sub(b"", line).count(b"<<") > _MOST_QUOTED:
            raise SyntaxError(f"over {_MOST_QUOTED} statements about statements are nested")
        return self._parsed(line)

    def _parsed(self, lines: bytes) -> list[Fact]:
        fact_of = fact_maker(self._ox)
        return [fact_of(quad) for quad in self._ox.parse(lines, format=self._ox.RdfFormat.N_QUADS)]

    def _whole(self) -> Iterator[Fact | Reject]:
        labels: dict[str, str] = {}
        grown = 0
        fact_of = fact_maker(self._ox, labels)
        file = _Blocks(_SIEVES[self.syntax](self.name).blocks(self._digested()))
        try:
            parser = self._ox.parse(file, format=getattr(self._ox.RdfFormat, self.syntax.value))  # type: ignore[arg-type]
            for quad in parser:
                fact = fact_of(quad)
                grown += fact.size
                if grown > _GROWN_CHARS and grown > _GROWN * self._read:
                    raise TooMuch(self.name, f"grows to over {_GROWN} times its size by its prefixes; shorten them")
                if len(labels) > MAX_BLANK_NODES:
                    raise TooMuch(self.name, f"has over {MAX_BLANK_NODES} blank nodes; write it as N-Triples")
                if len(fact.object) > MAX_LITERAL_CHARS:
                    reason = f"a text has over {MAX_LITERAL_CHARS // 2**20} Mi characters"
                    yield Reject(self.name, None, ROW, reason, raw_text(str(fact)))
                else:
                    yield fact
        except SyntaxError as error:
            reason = str(error.msg)
            if "LoadDocumentCallback" in reason:
                reason = 'the context is on the web and is not fetched; write its terms into "@context"'
            raise ReadError(self.name, f"{reason}; what stands before it could be read", error.lineno) from error
        except MemoryError as error:  # of the parser, whose longest token has 16 MiB
            raise TooMuch(self.name, f"a text or name is too long to be read: {error}") from error

    def _digested(self) -> Iterator[bytes]:
        for block in self._stream.blocks():
            self._digest.update(block)
            self._read += len(block)
            yield block


class _Blocks:
    """Blocks as the file that the parser reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._held = memoryview(block)
        size = len(self._held) if size < 0 else size
        block, self._held = bytes(self._held[:size]), self._held[size:]
        return block


def fact_maker(library: Any, labels: dict[str, str] | None = None) -> Callable[[ox.Quad | ox.Triple], Fact]:
    """A function from a parsed statement to a :class:`Fact`; with ``labels`` it numbers blank nodes."""
    iri, blank, literal = library.NamedNode, library.BlankNode, library.Literal

    def resource(term: Any) -> str:
        if type(term) is iri:
            return str(term.value)
        if type(term) is not blank:
            raise SyntaxError("a statement about a statement is not read")
        label = str(term.value)
        if labels is not None and not OWN_BLANK.fullmatch(label):
            label = labels.setdefault(label, f"b{len(labels)}")
        return f"{BLANK}{label}"

    def fact(quad: Any) -> Fact:
        said = quad.object
        subject = resource(quad.subject)
        if type(said) is literal:
            return Fact(subject, quad.predicate.value, said.value, said.datatype.value, said.language)
        return Fact(subject, quad.predicate.value, resource(said))

    return fact
