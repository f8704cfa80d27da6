"""Rows in blocks: lines below one that says what they are of, or lines of ``key: value``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, suppress
from itertools import chain, pairwise
from typing import Any

from kg.errors import ReadError
from kg.readers.delimited import DELIMITERS
from kg.readers.rows import MAX_LINE_BYTES, MAX_VALUES, ROW, Row, Rows, raw_text
from kg.readers.stream import LineStream
from kg.records import Reject

KEYED = ":"
"""In :attr:`kg.readers.form.Form.blocks`: records of ``key: value`` lines, parted by blank lines."""
_SAMPLE = 1000
_MAX_KEY = 1024
_BLOCK = re.compile(rb"[ \t]*(\S[^\r\n]*?)[ \t]*:[ \t]*(?:\r?\n|\r)?")
_PAIR = re.compile(rb"[ \t]*([A-Za-z_][\w/. -]{0,60}?)[ \t]*:(?:[ \t]+([^\r\n]*?))?[ \t]*(?:\r?\n|\r)?")


def is_keyed(head: bytes) -> bool:
    """Whether a file begins with several records of ``key: value`` lines.

    >>> is_keyed(b"user: 1\\nitem: 2\\n\\nuser: 1\\nitem: 3\\n"), is_keyed(b"user: 1\\n")
    (True, False)
    """
    lines = [line.strip() for line in head.splitlines()[:100]]
    firsts = [line for before, line in pairwise([b"", *lines]) if line and not before]
    keys = {pair[1] if (pair := _PAIR.fullmatch(line)) else None for line in firsts}
    pairs = sum(_PAIR.fullmatch(line) is not None for line in lines)
    return len(firsts) > 1 and len(keys) == 1 and None not in keys and pairs * 4 > 3 * sum(map(bool, lines))


class BlockStream:
    """The lines of a file whose blocks begin with a line ``ITEM:``, each with the name of its block before it.

    It takes the place of a :class:`kg.readers.stream.LineStream`; a line that begins a block is an empty one.
    """

    def __init__(self, stream: LineStream, delimiter: str | None) -> None:
        self._stream = stream
        self.name, self.encoding = stream.name, stream.encoding
        lines = [line for line in stream.head.splitlines(keepends=True) if line.strip()]
        first = lines[0] if lines else b""
        if not _begins(first):
            stream.close()
            raise ReadError(self.name, "blocks begin with a line such as 17: and the first line is none", 1)
        rows = b"".join(line for line in lines if not _begins(line))
        counts = {each: rows.count(each.encode()) for each in DELIMITERS}
        self.delimiter = delimiter or max(counts, key=lambda each: counts[each])
        self.head = b"".join(self._named(iter(lines)))

    def __iter__(self) -> Iterator[bytes]:
        return self._named(iter(self._stream))

    def broken_row(self, error: ReadError) -> Iterator[Reject]:
        return self._stream.broken_row(error)

    def close(self) -> None:
        self._stream.close()

    def _named(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        block = b""
        for line in lines:
            if begins := _begins(line):
                name = begins[1]
                quoted = len(self.delimiter) == 1 and (self.delimiter.encode() in name or b'"' in name)
                block = (b'"' + name.replace(b'"', b'""') + b'"' if quoted else name) + self.delimiter.encode()
                yield b"\n"
            else:
                yield block + line if line.strip() else line


def _begins(line: bytes) -> re.Match[bytes] | None:
    return _BLOCK.fullmatch(line) if len(line) < _MAX_KEY and line.rstrip().endswith(b":") else None


class KeyedRows(Rows):
    """Records of ``key: value`` lines, parted by blank lines. A line without a key goes on with the value before it;
    a key that a record has several times holds a list. A row's line is its first."""

    def __init__(self, stream: LineStream, again: Callable[[], LineStream] | None = None) -> None:
        """``again`` opens the same file once more, where that can be."""
        self._stream = stream
        self._again = again
        self._records = self._read()
        self._sample: list[tuple[int, dict[str, Any], bytes] | Reject] = []
        self._broken: ReadError | None = None
        keys: dict[str, None] = {}
        size = 0
        try:
            for record in self._records:
                self._sample.append(record)
                if not isinstance(record, Reject):
                    keys.update(dict.fromkeys(record[1]))
                    size += len(record[2])
                if len(self._sample) >= _SAMPLE or size > 4 * 2**20:
                    break
        except ReadError as error:
            self._broken = error
        super().__init__(stream.name, list(keys))
        self.is_complete = False

    @property
    def lacks_header(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.close()

    def look_on(self, columns: Collection[str]) -> None:
        if self._again is None or self._broken or len(self._sample) < _SAMPLE:
            return
        wanted = set(columns) - set(self.columns)
        rows = KeyedRows(self._again())
        with suppress(ReadError), closing(rows):  # said when the rows are read
            for record in rows._records:
                found = wanted.intersection(() if isinstance(record, Reject) else record[1])
                self.columns = (*self.columns, *sorted(found))
                wanted -= found
                if not wanted:
                    break

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        try:
            for record in chain(self._sample, self._records):
                if isinstance(record, Reject):
                    yield record
                    continue
                line, pairs, raw = record
                yield line, [None if column is None else pairs.get(column) for column in columns], raw
            if self._broken:
                raise self._broken
        except ReadError as error:
            yield from self._stream.broken_row(error)
            raise
        finally:
            self._stream.close()

    def _read(self) -> Iterator[tuple[int, dict[str, Any], bytes] | Reject]:
        lines: list[bytes] = []
        size = begun = 0
        for number, line in enumerate(chain(self._stream, [b"\n"]), 1):
            if line.strip():
                begun = begun or number
                size += len(line)
                if size <= MAX_LINE_BYTES and len(lines) < MAX_VALUES:
                    lines.append(line)
                else:
                    size = MAX_LINE_BYTES + 1
            elif lines:
                raw = b"".join(lines)
                pairs = _pairs(lines) if size <= MAX_LINE_BYTES else "the record has over 16 MiB or 100000 lines"
                if isinstance(pairs, str):
                    yield Reject(self._stream.name, begun, ROW, pairs, raw_text(raw))
                else:
                    yield begun, pairs, raw
                lines, size, begun = [], 0, 0


def _pairs(lines: list[bytes]) -> dict[str, Any] | str:
    """The keys of a record with their values, or why it is none."""
    values: dict[str, list[list[str]]] = {}
    last: list[str] | None = None
    try:
        for line in lines:
            pair = _PAIR.fullmatch(line)
            if pair:
                last = [(pair[2] or b"").decode()]
                values.setdefault(pair[1].decode(), []).append(last)
            elif last is None:
                return "a record begins with a line of key: value"
            else:
                last.append(line.decode().strip())
    except UnicodeDecodeError:
        return "the row is not valid UTF-8"
    texts = {key: [" ".join(parts).strip() for parts in several] for key, several in values.items()}
    return {key: several[0] if len(several) == 1 else several for key, several in texts.items()}
