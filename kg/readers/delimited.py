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

from kg.errors import ReadError, TooMuch
from kg.formulas import MARK, unescaped
from kg.readers.rows import (
    MAX_COLUMNS,
    MAX_HEADER_BYTES,
    MAX_LINE_BYTES,
    MAX_VALUES,
    ROW,
    Row,
    Rows,
    raw_text,
)
from kg.readers.stream import LineStream
from kg.records import Reject

MAX_FIELD_CHARS = 2**20
"""A longer field is an error; it also bounds how much an unclosed quote can swallow before it is noticed."""
_READ_AGAIN_BYTES = 2 * 2**20
"""What is read again after quotes that were not closed, beside as much as was read: else some bytes a line would do
for a time that grows with the square of the file."""
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
        self._escaped = [position for position, name in enumerate(names) if name.endswith(MARK)]
        super().__init__(stream.name, [name.removesuffix(MARK) for name in names], types)

    def headerless(self, names: Sequence[str] = ()) -> DelimitedRows:
        if names and len(names) != len(self.columns):
            self._stream.close()
            columns = f"the first row has {len(self.columns)} fields"
            raise ReadError(self.name, f"{len(names)} columns are named ({', '.join(names)}), and {columns}", 1)
        self._escaped = []
        self._dialect = replace(self._dialect, header=False)
        self.columns = tuple(names) or tuple(str(position + 1) for position in range(len(self.columns)))
        return self

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        # A None behind the last field stands for columns that are not there.
        places = {column: place for place, column in reversed([*enumerate(self.columns)])}
        positions = [-1 if column is None else places[column] for column in columns]
        pick = itemgetter(*positions) if len(positions) > 1 else lambda fields: [fields[positions[0]]]
        try:
            for row in self._fields():
                if isinstance(row, Reject):
                    yield row
                    continue
                line, fields, raw = row
                for position in self._escaped:
                    fields[position] = unescaped(fields[position])
                fields.append(None)
                yield line, pick(fields), raw
        finally:
            self._stream.close()

    def _read_header(self) -> list[str]:
        def lines() -> Iterator[str]:
            room = MAX_HEADER_BYTES
            for line in self._lines:
                self._first.append(line)
                room -= len(line)
                if room < 0 or line.count(delimiter) > MAX_COLUMNS:
                    self._stream.close()
                    limits = f"{MAX_HEADER_BYTES // 2**20} MiB or {MAX_COLUMNS} columns"
                    raise TooMuch(self._stream.name, f"the header has over {limits}", 1)
                yield line.decode()

        delimiter = self._dialect.delimiter.encode()
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
        read = repeated = 0  # bytes of all lines, and those that are read again
        delimiter = self._dialect.delimiter.encode()

        def refused() -> Iterator[bytes]:
            while again:
                yield again.popleft()

        def lines() -> Iterator[str]:
            nonlocal read
            size = values = 0  # of the row
            try:
                for line in chain(refused(), self._lines):
                    pending.append(line)
                    read += len(line)
                    several = len(pending) > 1
                    size = size * several + len(line)
                    values = values * several + line.count(delimiter)
                    if size > MAX_LINE_BYTES or values > MAX_VALUES:
                        much = f"{MAX_LINE_BYTES // 2**20} MiB" if size > MAX_LINE_BYTES else f"{MAX_VALUES} values"
                        faults.append(f"the row has over {much}")
                        if several:
                            raise csv.Error(faults[-1])
                        line = line[:1000]
                    try:
                        yield line.decode()
                    except UnicodeDecodeError:
                        faults.append(f"the row is not valid {self._stream.encoding}")
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
                first, *others = pending
                pending.clear()
                reason = faults[0] if faults else _reason(error)
                faults.clear()
                repeated += sum(map(len, others))
                if repeated <= _READ_AGAIN_BYTES + read // 2:
                    again.extendleft(reversed(others))
                    others = []
                yield self._literally(number, first) or Reject(self.name, number, ROW, reason, raw_text(first))
                for line in others:
                    number += 1
                    if line.strip():
                        yield self._alone(number, line)
        for damage in broken:
            yield from self._stream.broken_row(damage)
            raise damage

    def _alone(self, number: int, line: bytes) -> tuple[int, list[Any], bytes] | Reject:
        """A line as a row of its own."""
        try:
            fields: list[Any] = next(self._dialect.parser(iter([line.decode()])), [])
        except (csv.Error, UnicodeDecodeError):
            fields = []
        if len(fields) == len(self.columns):
            return number, fields, line
        return Reject(self.name, number, ROW, "stands after quotes that are not closed, and is no row", raw_text(line))

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
