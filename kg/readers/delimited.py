"""Rows of CSV, TSV and RecBole atomic files."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter
from typing import Any

from kg.errors import ReadError
from kg.readers.rows import ROW, Row, Rows, raw_text
from kg.readers.stream import MAX_LINE_BYTES, LineStream
from kg.records import Reject

MAX_FIELD_CHARS = 2**20
"""A longer field is an error; it also bounds how much an unclosed quote can swallow before it is noticed."""
csv.field_size_limit(max(MAX_FIELD_CHARS, csv.field_size_limit()))

ATOMIC_TYPE = re.compile(r"(.*):(token|token_seq|float|float_seq)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file separates its fields."""

    delimiter: str
    quoted: bool = True
    """Whether fields may stand in double quotes and then hold delimiters and line ends. Atomic files know no quotes."""
    typed: bool = False
    """Whether the header says ``name:type``, as RecBole's atomic files do."""
    header: bool = True

    def parser(self, lines: Iterator[str]) -> Any:
        """The standard parser; ``strict``, so that a stray quote is an error and not a field of a thousand rows."""
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


class DelimitedRows(Rows):
    """A text file with one row a record, fields split by one character.

    A row with too few or too many fields is rejected. A quote that is never closed costs its own line only: reading
    starts again at the next one. In tab-separated files, which many tools write without quoting, a quote that does
    not enclose a whole field is an ordinary character.
    """

    def __init__(self, stream: LineStream, dialect: Dialect) -> None:
        self._stream = stream
        self._dialect = dialect
        self._lines = iter(stream)
        self._first: list[bytes] = []
        """Lines of the header, which are data after all in a file without one."""
        names = self._read_header()
        types = {}
        if dialect.typed:
            matches = [ATOMIC_TYPE.fullmatch(name) for name in names]
            names = [match[1] if match else name for match, name in zip(matches, names, strict=True)]
            types = {match[1]: match[2] for match in matches if match}
        super().__init__(stream.name, names, types)

    def headerless(self) -> DelimitedRows:
        self._dialect = replace(self._dialect, header=False)
        self.columns = tuple(str(position + 1) for position in range(len(self.columns)))
        return self

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        # A None behind the last field stands for columns that are not there.
        positions = [-1 if column is None else self.columns.index(column) for column in columns]
        pick = itemgetter(*positions) if len(positions) > 1 else lambda fields: [fields[positions[0]]]
        try:
            for row in self._fields():
                if isinstance(row, Reject):
                    yield row
                    continue
                line, fields, raw = row
                fields.append(None)
                yield line, pick(fields), raw
        finally:
            self._stream.close()

    def _read_header(self) -> list[str]:
        def lines() -> Iterator[str]:
            for line in self._lines:
                self._first.append(line)
                yield line.decode()

        try:
            for fields in self._dialect.parser(lines()):
                if any(field.strip() for field in fields):
                    return [field.strip() for field in fields]
        except (UnicodeDecodeError, csv.Error) as error:
            self._stream.close()
            raise ReadError(self._stream.name, f"the header is no line of column names ({error})", 1) from error
        raise ReadError(self._stream.name, "the file has no header and no rows")

    def _fields(self) -> Iterator[tuple[int, list[Any], bytes] | Reject]:
        """Parsed rows with as many fields as the header, and rejects."""
        again: deque[bytes] = deque() if self._dialect.header else deque(self._first)
        number = len(self._first) if self._dialect.header else 0
        width = len(self.columns)
        pending: list[bytes] = []  # the lines of the row that is being parsed
        faults: list[str] = []  # what is wrong with them beside their number of fields
        broken: list[ReadError] = []

        def refused() -> Iterator[bytes]:
            while again:
                yield again.popleft()

        def lines() -> Iterator[str]:
            try:
                for line in chain(refused(), self._lines):
                    pending.append(line)
                    if len(line) > MAX_LINE_BYTES:
                        faults.append(f"the row has over {MAX_LINE_BYTES // 2**20} MiB")
                        line = line[:1000]
                    try:
                        yield line.decode()
                    except UnicodeDecodeError:
                        faults.append("the row is not valid UTF-8")
                        yield line.decode(errors="replace")
            except ReadError as error:
                broken.append(error)

        while True:
            try:
                for fields in self._dialect.parser(lines()):
                    raw = pending[0] if len(pending) == 1 else b"".join(pending)
                    if len(fields) == width and not faults:
                        yield number + 1, fields, raw
                    elif fields:
                        faults.append(f"the row has {len(fields)} fields, and the header {width}")
                        yield Reject(self.name, number + 1, ROW, faults[0], raw_text(raw))
                    number += len(pending)
                    pending.clear()
                    faults.clear()
                break
            except csv.Error as error:
                number += 1
                first = pending[0]
                again.extendleft(reversed(pending[1:]))
                pending.clear()
                reason = faults[0] if faults else _reason(error)
                faults.clear()
                yield self._literally(number, first) or Reject(self.name, number, ROW, reason, raw_text(first))
        for damage in broken:
            yield from self._stream.broken_row(damage)
            raise damage

    def _literally(self, number: int, line: bytes) -> tuple[int, list[Any], bytes] | None:
        """A line that the parser refused, its quotes taken as ordinary characters: only in TSV, and only if it fits."""
        if self._dialect.delimiter != "\t" or len(line) > MAX_FIELD_CHARS:
            return None
        try:
            fields: list[Any] = line.decode().rstrip("\r\n").split("\t")
        except UnicodeDecodeError:
            return None
        return (number, fields, line) if len(fields) == len(self.columns) else None


def _reason(error: csv.Error) -> str:
    if "new-line" in str(error):
        return "the row has a carriage return outside quotes"
    return f"the quotes of this row do not match ({error})"
