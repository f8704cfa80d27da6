"""Rows of JSON lines; also of lines of Python literals, as the Amazon metadata of 2014 is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from kg.errors import ReadError
from kg.readers.literals import literal_of
from kg.readers.rows import MAX_LINE_BYTES, MAX_VALUES, ROW, Row, Rows, raw_text
from kg.readers.stream import LineStream
from kg.records import Reject

if TYPE_CHECKING:
    from kg.readers.document import Objects

SAMPLE_ROWS = 1000
"""How many rows are looked at for column names."""
_SAMPLE_BYTES = 4 * 2**20
_LITERAL_CHARS = 2**20  # of Python, whose compiler takes hundreds of bytes for each
_LONG = re.compile(rb"-[0-9]{19}|[0-9]{20}")  # what may pass 64 bits, which orjson rounds
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
# A text without end takes the rest of the line: to search on behind each of its quotes is quadratic.


class JsonRows(Rows):
    """A file with one JSON object a line. Any other line is rejected, and reading goes on; blank lines are nothing."""

    def __init__(self, stream: LineStream | Objects, again: Callable[[], Iterable[bytes]] | None = None) -> None:
        """``again`` gives the same lines once more, where they can be had."""
        self._stream = stream
        self._again = again
        self._lines = iter(stream)
        self._sample: list[bytes] = []
        self._broken: ReadError | None = None
        self._whole = False
        super().__init__(stream.name, self._keys())
        self.is_complete = False

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        try:
            for number, line in enumerate(chain(self._sample, self._lines), 1):
                try:
                    row: Any = None if excess(line) or _LONG.search(line) else orjson.loads(line)
                    get = row.get
                except (orjson.JSONDecodeError, AttributeError):
                    if not line.strip():
                        continue
                    parsed = parse_object(line)
                    if isinstance(parsed, str):
                        yield Reject(self.name, number, ROW, parsed, raw_text(line))
                        continue
                    get = parsed.get
                yield number, [get(column) for column in columns], line
            if self._broken:
                raise self._broken
        except ReadError as error:
            yield from self._stream.broken_row(error)
            raise
        finally:
            self._stream.close()

    def close(self) -> None:
        self._stream.close()

    @property
    def lacks_header(self) -> bool:
        return True

    def look_on(self, columns: Collection[str]) -> None:
        """Look for keys behind the first rows: in those lines alone in which they stand somehow."""
        wanted = dict.fromkeys(column for column in columns if column not in self.columns)
        if not wanted or self._again is None or self._whole:
            return
        spellings = [re.escape(key.encode()) if key.isascii() else rb"[^\x00-\x7f]|\\u" for key in wanted]
        stands = re.compile(b"|".join(spellings))
        with suppress(ReadError):  # said when the rows are read
            for line in self._again():
                row = parse_object(line) if stands.search(line) else ""
                found = [key for key in wanted if key in row] if isinstance(row, dict) else []
                self.columns = (*self.columns, *found)
                for key in found:
                    del wanted[key]
                if not wanted:
                    break

    @property
    def written(self) -> Mapping[str, str]:
        if isinstance(self._stream, LineStream):
            return {"format": "JSON lines", "encoding": self._stream.encoding}
        return self._stream.written

    def _keys(self) -> list[str]:
        """The keys in the first rows, in the order of their first appearance."""
        keys: dict[str, None] = {}
        size = 0
        try:
            for line in self._lines:
                self._sample.append(line)
                row = parse_object(line)
                if isinstance(row, dict):
                    keys.update(dict.fromkeys(row))
                size += len(line)
                if len(self._sample) >= SAMPLE_ROWS or size > _SAMPLE_BYTES:
                    break
            else:
                self._whole = True
        except ReadError as error:
            self._whole = True
            if not self._sample and not isinstance(self._stream, LineStream):
                raise
            self._broken = error
        return list(keys)


def parse_object(line: bytes) -> dict[str, Any] | str:
    """The object on this line, or why there is none.

    What ``orjson`` refuses is tried again more slowly, since NaN, lone surrogates and Python literals deserve a reject
    that names their field, or none; so is what holds whole numbers that it would round.
    """
    if bound := excess(line):
        return f"the row has over {bound}"
    try:
        row = json.loads(line.decode()) if _LONG.search(line) else orjson.loads(line)
    except (ValueError, RecursionError) as error:  # of either
        try:
            row = _parse_slowly(line.decode())
        except UnicodeDecodeError:
            return "the row is not valid UTF-8"
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return f"is not valid JSON ({error})"
    if not isinstance(row, dict):
        return f"is not a JSON object but {type(row).__name__}"
    return row


def excess(text: bytes) -> str | None:
    """Which bound a text of JSON passes, so that it is not parsed: ``16 MiB``, or ``100000 values``."""
    if len(text) <= MAX_VALUES:
        return None
    if len(text) > MAX_LINE_BYTES:
        return f"{MAX_LINE_BYTES // 2**20} MiB"
    if _values(text) > MAX_VALUES and _values(_STRING.sub(b"", text)) > MAX_VALUES:
        return f"{MAX_VALUES} values"
    return None


def _values(line: bytes) -> int:
    """How many values a line has at most."""
    return line.count(b",") + line.count(b"[") + line.count(b"{")


def _parse_slowly(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        if len(text) > _LITERAL_CHARS or not text.lstrip().startswith(("{'", '{"', "{u'", '{u"')):
            raise
        return literal_of(text)
