"""Rows of one JSON document: a list of objects, or an object that holds one, on any number of lines."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from kg.errors import ReadError, TooMuch
from kg.readers.jsonlines import parse_object
from kg.readers.rows import MAX_LINE_BYTES
from kg.readers.stream import LineStream
from kg.records import Reject

log = logging.getLogger(__name__)

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]|(?P<open>")', re.DOTALL)
_BEGINS = re.compile(rb'\{\s*"[^"\\]*"\s*:\s*\[\s*\{')
_MAX_DEPTH = 256
_BESIDE = frozenset({
    "count", "total", "page", "pages", "next", "previous", "offset", "limit", "version", "status", "success", "message",
    "meta", "metadata", "schema", "info",
})  # fmt: skip
"""Keys beside the list of a document on one line: with others it is a row that holds a list."""


def is_document(head: bytes) -> bool:
    """Whether a file that begins so is one document, and not an object a line.

    >>> is_document(b'{\\n "films": [\\n'), is_document(b'[{"a": 1}]'), is_document(b'{"a": 1}\\n{"a": 2}')
    (True, True, False)
    """
    start = head.lstrip()
    if start.startswith(b"["):
        return True
    first, _, rest = start.partition(b"\n")
    row = parse_object(first)
    if isinstance(row, str):
        cut = not rest and _BEGINS.match(first) is not None
        return cut or first.rstrip().endswith((b"{", b"[", b","))
    lists = [key for key, value in row.items() if isinstance(value, list) and value and isinstance(value[0], dict)]
    return not rest.strip() and len(lists) == 1 and row.keys() - set(lists) <= _BESIDE


class Objects:
    """The objects of the first list in a document, each as a line: what :class:`kg.readers.jsonlines.JsonRows` reads
    in place of a stream. A row's line is its number."""

    def __init__(self, stream: LineStream) -> None:
        self._stream = stream
        self.name = stream.name
        self.written = {"format": "one JSON document", "encoding": stream.encoding}

    def __iter__(self) -> Iterator[bytes]:
        """Each object.

        Raises:
            ReadError: the document is damaged, or holds no list of objects; what stands before has been given.
        """
        held = bytearray()
        opened = bytearray()  # the brackets that are open
        within: bytes | None = None  # those around a row
        at, begun, more = 0, -1, False
        for block in self._stream.blocks():
            held += block
            while (token := _TOKEN.search(held, at)) and not token["open"]:
                mark, at = token[0], token.end()
                if mark in (b"{", b"["):
                    # A list that objects alone stand around.
                    if mark == b"{" and opened.endswith(b"[") and opened.count(b"[") == 1:
                        within = within or bytes(opened)
                        begun = token.start() if bytes(opened) == within and not more else -1
                    opened += mark
                    if len(opened) > _MAX_DEPTH:
                        raise TooMuch(self.name, f"is nested over {_MAX_DEPTH} deep")
                elif mark in (b"}", b"]"):
                    if not opened or bytes(opened[-1:]) + mark not in (b"{}", b"[]"):
                        raise ReadError(self.name, f"is no JSON: {mark.decode()} closes what was not opened")
                    del opened[-1]
                    if begun >= 0 and bytes(opened) == within:
                        yield _on_one_line(bytes(held[begun:at]))
                        begun = -1
                    more = more or (within is not None and len(opened) < len(within))
            if token is None:
                at = len(held)
            kept = begun if begun >= 0 else at
            del held[:kept]
            at, begun = at - kept, 0 if begun >= 0 else -1
            if len(held) > MAX_LINE_BYTES:
                raise TooMuch(self.name, f"an object of the document has over {MAX_LINE_BYTES // 2**20} MiB")
        if opened or held:
            raise ReadError(self.name, "the document breaks off; the objects before could be read")
        if within is None:
            raise ReadError(self.name, "the document holds no list of objects")

    def broken_row(self, error: ReadError) -> Iterator[Reject]:
        """Nothing: an object that was cut off is no row."""
        return iter(())

    def close(self) -> None:
        self._stream.close()


def _on_one_line(text: bytes) -> bytes:
    """Line ends stand between the parts of an object alone: in its texts they are escaped."""
    return text.replace(b"\r", b" ").replace(b"\n", b" ")
