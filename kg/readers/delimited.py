"""Rows of CSV, TSV and RecBole atomic files."""

from __future__ import annotations

import csv
import logging
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kg.advice import option
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

if TYPE_CHECKING:
    from kg.readers.blocks import BlockStream

log = logging.getLogger(__name__)

MAX_FIELD_CHARS = 2**20
"""A longer field is an error; it also bounds how much an unclosed quote can swallow before it is noticed."""
_READ_AGAIN_BYTES = 2 * 2**20
"""What is read again after quotes that were not closed, beside as much as was read: else some bytes a line would do
for a time that grows with the square of the file."""
_PADDING = b"\0\x1a \t\r\n"
"""What some programs put behind the last row."""
csv.field_size_limit(max(MAX_FIELD_CHARS, csv.field_size_limit()))

DELIMITERS = ("\t", ",", ";", "|", "::")
"""What separates fields in most files."""
_LOOKED_AT = 1000
"""Lines of the first bytes that say what the rows of a file look like."""
_NUMBER = re.compile(r"[-+]?[\d.,:/-]*\d|NULL|null|NA|N/A|nan|\\N|-?")
_BLANKS = re.compile(r'"(?:[^"]|"")*"(?=[ \t]|$)|[^ \t]+')

ATOMIC_TYPE = re.compile(r"(.*):(token|token_seq|float|float_seq)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file separates its fields."""

    delimiter: str
    """One character; several, such as ``::``, where nothing is quoted; a blank stands for any number of them."""
    quoted: bool = True
    """Whether fields may stand in double quotes and then hold delimiters and line ends. Atomic files know no quotes."""
    typed: bool = False
    """Whether the header says ``name:type``, as RecBole's atomic files do."""
    header: bool = True
    escape: str | None = None
    """What makes a quote, a delimiter or itself part of a field, as the caller says."""

    def parser(self, lines: Iterator[str], escaped: bool = False) -> Iterator[list[Any]]:
        """The standard parser; ``strict``, so that a stray quote is an error and not a field of a thousand rows.

        ``escaped``: a quote behind a backslash is part of its field, but for one that ends a field.
        """
        if self.delimiter == " ":
            return map(between_blanks, lines)
        if len(self.delimiter) > 1:
            return (line.rstrip("\r\n").split(self.delimiter) if line.strip() else [] for line in lines)
        quoting: Any = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        if self.escape:
            return csv.reader(
                map(self._stated, lines),
                delimiter=self.delimiter,
                quoting=quoting,
                strict=True,
                escapechar=self.escape,
            )
        if escaped:
            return csv.reader(map(self._found, lines), delimiter=self.delimiter, strict=True, escapechar="\\")
        return csv.reader(lines, delimiter=self.delimiter, quoting=quoting, strict=True)

    def _stated(self, line: str) -> str:
        """A line for a parser that takes off each escape: those that escape nothing are doubled."""
        escape = self.escape or ""
        if escape not in line:
            return line
        kept = {escape, '"', self.delimiter, "\r", "\n"}
        pairs = re.compile(re.escape(escape) + "(.?)", re.DOTALL)
        return pairs.sub(lambda pair: pair[0] if pair[1] in kept else escape + pair[0], line)

    def _found(self, line: str) -> str:
        """The same where only quotes are escaped, and not what closes a field that ends in a backslash."""
        if "\\" not in line:
            return line
        runs = re.compile(rf'(\\+)("(?!{re.escape(self.delimiter)}|[\r\n]|\Z))?')
        return runs.sub(_doubled, line)

    def every_escape(self, line: str) -> list[Any]:
        """The fields of a line in which each quote behind a backslash is part of its field."""
        text = re.sub(r'(\\+)(")?', _doubled, line)
        return next(csv.reader([text], delimiter=self.delimiter, strict=True, escapechar="\\"), [])

    def after_blanks(self, line: str) -> list[Any]:
        """The fields of a line in which blanks stand between delimiters and quotes."""
        return next(csv.reader([line], delimiter=self.delimiter, strict=True, skipinitialspace=True), [])


def _doubled(run: re.Match[str]) -> str:
    """Backslashes doubled, but for the last one of an odd number before a quote, which it escapes."""
    if run[2] is None or len(run[1]) % 2 == 0:
        return 2 * run[1] + (run[2] or "")
    return 2 * run[1][1:] + "\\" + run[2]


def between_blanks(line: str) -> list[Any]:
    """The words of a line; one in double quotes may hold blanks."""
    if '"' not in line:
        return [word for word in line.rstrip("\r\n").replace("\t", " ").split(" ") if word]
    words = _BLANKS.findall(line.rstrip("\r\n"))
    return [word[1:-1].replace('""', '"') if len(word) > 1 and word[0] == word[-1] == '"' else word for word in words]


class DelimitedRows(Rows):
    """A text file with one row a record, fields split by one character.

    A row with too few or too many fields is rejected. A quote that is never closed costs its own line only: reading
    starts again at the next one. In tab-separated files, which many tools write without quoting, a quote that does
    not enclose a whole field is an ordinary character. Where rows make no sense otherwise, a quote behind a backslash
    is part of its field. In a file that quotes nothing, the last column takes what a row has too much, if it holds
    texts and all before it hold numbers or words without blanks.
    """

    def __init__(self, stream: LineStream | BlockStream, dialect: Dialect) -> None:
        self._stream = stream
        self._dialect = dialect
        self._lines = iter(stream)
        self._first: list[bytes] = []
        """Lines of the header, which are data after all in a file without one."""
        self._escapes = False
        """Whether quotes behind backslashes were found to be parts of fields."""
        self._tried = -1
        """The row that was read again for that."""
        self._leading: list[bool] | None = None
        """Of each column but the last, whether it holds numbers; none where the last cannot take more."""
        self._overflowing = 0
        self._ended: bool | None = None
        """Whether each row ends in a delimiter, and the header does not."""
        self._width = 0
        self._is_named = False
        names = self._read_header()
        self._width = len(names)
        types = {}
        if dialect.typed:
            matches = [ATOMIC_TYPE.fullmatch(name) for name in names]
            names = [match[1] if match else name for match, name in zip(matches, names, strict=True)]
            types = {match[1]: match[2] for match in matches if match}
        self._escaped = [position for position, name in enumerate(names) if name.endswith(MARK)]
        super().__init__(stream.name, [name.removesuffix(MARK) for name in names], types)

    def headerless(self, names: Sequence[str] = ()) -> DelimitedRows:
        if names and len(names) != len(self.columns):
            fields = Counter(len(row) for row in self._sample(header=True)).most_common(1)
            if not fields or fields[0][0] != len(names):
                self._stream.close()
                columns = f"most rows have {fields[0][0] if fields else len(self.columns)} fields"
                raise ReadError(self.name, f"{len(names)} columns are named ({', '.join(names)}), and {columns}", 1)
        self._escaped = []
        self._is_named = bool(names)
        self._dialect = replace(self._dialect, header=False)
        self.columns = tuple(names) or tuple(str(position + 1) for position in range(len(self.columns)))
        self._width = len(self.columns)
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
            if self._overflowing:
                log.info("%s: the last column takes the rest in %d rows", self.name, self._overflowing)

    def close(self) -> None:
        self._stream.close()

    @property
    def written(self) -> Mapping[str, str]:
        dialect = self._dialect
        names = {"\t": "tab", " ": "blanks"}
        escape = dialect.escape or ("\\" if self._escapes else "")
        quoting = '"' if dialect.quoted and b'"' in self._stream.head else "none"
        return {
            "format": "RecBole" if dialect.typed else "delimited",
            "encoding": self._stream.encoding,
            "delimiter": names.get(dialect.delimiter, dialect.delimiter),
            "quoting": f"{quoting} with {escape}" if escape else quoting,
            "header": "one line" if dialect.header else "none",
        }

    @property
    def begins_with_data(self) -> bool:
        """Whether the first line looks like a row: numbers, addresses, or what the rows below are made of."""
        if not self._dialect.header:
            return not self._is_named
        first, rows = self.columns, [row for row in self._sample(header=False)[:20] if len(row) == len(self.columns)]
        if any(re.fullmatch(r"[-+]?\d[\d.,:/ -]*|\S+@\S+\.\S+|https?://\S+", cell.strip()) for cell in first):
            return True
        below = list(zip(*rows, strict=True)) if rows else []
        repeated = any(name.strip() and name in cells for name, cells in zip(first, below, strict=False))
        alike = any(
            re.search(r"\d", name) and {_shape(name)} == set(map(_shape, cells))
            for name, cells in zip(first, below, strict=False)
        )
        return repeated or alike

    def _sample(self, *, header: bool) -> list[list[Any]]:
        """Lines of the first bytes as rows of their own, those that are none left out."""
        lines = self._stream.head.splitlines()[:_LOOKED_AT]
        if len(lines) < _LOOKED_AT and len(lines) > 1 and not self._stream.head.endswith((b"\n", b"\r")):
            lines.pop()  # it may be cut
        rows = (self._row(line) for line in lines[0 if header else len(self._first) :] if len(line) <= MAX_FIELD_CHARS)
        return [row for row in rows if row]

    def _row(self, line: bytes) -> list[Any]:
        """The fields of one line; none where it is no row."""
        try:
            return next(iter(self._dialect.parser(iter([line.decode()]), self._escapes)), [])
        except (csv.Error, UnicodeDecodeError):
            return []

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
        except csv.Error as error:
            if len(self._first) == 1 and (fields := self._another(self._first[0])):
                self._escapes = True
                return [field.strip() for field in fields]
            self._stream.close()
            raise ReadError(self._stream.name, f"the header is no line of column names ({error})", 1) from error
        except UnicodeDecodeError as error:
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
                for fields in self._dialect.parser(lines(), self._escapes):
                    raw = pending[0] if len(pending) == 1 else b"".join(pending)
                    if len(fields) == width and not faults:
                        yield number + 1, fields, raw
                    elif fields:
                        if not faults and self._reads_escapes(number, raw):
                            repeated += len(raw)
                            again.extendleft(reversed(pending))
                            pending.clear()
                            break
                        other = None if faults or len(pending) > 1 else self._otherwise(fields, raw)
                        if other:
                            yield number + 1, other, raw
                        elif raw.strip(_PADDING):
                            faults.append(self._unequal(len(fields), raw))
                            yield Reject(self.name, number + 1, ROW, faults[0], raw_text(raw))
                    number += len(pending)
                    pending.clear()
                    faults.clear()
                else:
                    break
            except csv.Error as error:
                size = sum(map(len, pending))
                if (
                    not faults
                    and repeated + size <= _READ_AGAIN_BYTES + read // 2
                    and self._reads_escapes(number, b"".join(pending))
                ):
                    repeated += size
                    again.extendleft(reversed(pending))
                    pending.clear()
                    continue
                number += 1
                first, *others = pending
                pending.clear()
                faulty = bool(faults)
                reason = faults[0] if faults else _reason(error)
                faults.clear()
                repeated += sum(map(len, others))
                if repeated <= _READ_AGAIN_BYTES + read // 2:
                    again.extendleft(reversed(others))
                    others = []
                row = [] if faulty else self._another(first)
                yield (
                    (number, row, first)
                    if row
                    else self._literally(number, first) or Reject(self.name, number, ROW, reason, raw_text(first))
                )
                for line in others:
                    number += 1
                    if line.strip():
                        yield self._alone(number, line)
        for damage in broken:
            yield from self._stream.broken_row(damage)
            raise damage

    def _otherwise(self, fields: list[Any], line: bytes) -> list[Any]:
        """The fields of a row that has too many or too few, read in another way; none where that makes no sense."""
        if len(fields) == self._width + 1 and not fields[-1]:
            if self._ended is None:
                rows = self._sample(header=not self._dialect.header)
                self._ended = all(len(row) == self._width + 1 and not row[-1] for row in rows)
            if self._ended:
                return fields[:-1]
        return self._another(line) or self._with_rest(line)

    def _reads_escapes(self, row: int, raw: bytes) -> bool:
        """Whether a row that makes no sense is to be read again, quotes behind backslashes taken for parts of fields;
        or, where that made no sense of it either, not."""
        if self._tried == row:
            self._escapes = False
            return False
        if self._escapes or b'\\"' not in raw or not self._by_quotes:
            return False
        self._escapes, self._tried = True, row
        return True

    @property
    def _by_quotes(self) -> bool:
        """Whether nobody has said what the file escapes with, and it may quote."""
        dialect = self._dialect
        return dialect.quoted and dialect.escape is None and len(dialect.delimiter) == 1 and dialect.delimiter != " "

    def _another(self, line: bytes) -> list[Any]:
        """The fields of a line in the other readings of a backslash or a blank before a quote; none where there is
        none."""
        if len(line) > MAX_FIELD_CHARS or not self._by_quotes:
            return []
        readings: list[Callable[[str], list[Any]]] = []
        if b'\\"' in line:
            readings = [lambda text: next(self._dialect.parser(iter([text]))), self._dialect.every_escape]
        if self._dialect.delimiter.encode() + b' "' in line:
            readings.append(self._dialect.after_blanks)
        for read in readings:
            with suppress(csv.Error, UnicodeDecodeError, StopIteration):
                fields: list[Any] = read(line.decode())
                if not self._width or len(fields) == self._width:
                    return fields
        return []

    def _with_rest(self, line: bytes) -> list[Any]:
        """The fields of a row with too many, the last of which takes the rest; none where it cannot."""
        if self._leading is None:
            self._leading = self._numbers_before_the_last()
        if not self._leading or len(line) > MAX_FIELD_CHARS:
            return []
        *cells, rest = line.decode().rstrip("\r\n").split(self._dialect.delimiter, len(self._leading))
        fits = len(cells) == len(self._leading) and all(
            _NUMBER.fullmatch(cell) if number else " " not in cell
            for number, cell in zip(self._leading, cells, strict=True)
        )
        if not fits or not rest.strip(self._dialect.delimiter + " ") or rest.endswith(self._dialect.delimiter):
            return []
        self._overflowing += 1
        return [*cells, rest]

    def _numbers_before_the_last(self) -> list[bool]:
        """Of each column but the last, whether it holds numbers; none unless the others hold words without blanks, the
        last one texts, most rows fit, and nothing is quoted."""
        width = len(self.columns)
        sample = self._sample(header=not self._dialect.header)
        rows = [row for row in sample if len(row) == width]
        if width < 2 or len(rows) * 2 < len(sample) or not rows or self._quotes or self._dialect.delimiter == " ":
            return []
        *leading, last = zip(*rows, strict=True)
        numbers = [all(map(_NUMBER.fullmatch, cells)) for cells in leading]
        words = all(
            number or not any(" " in cell for cell in cells) for number, cells in zip(numbers, leading, strict=True)
        )
        return numbers if words and not all(map(_NUMBER.fullmatch, last)) else []

    @property
    def _quotes(self) -> bool:
        """Whether fields of the file stand in quotes."""
        delimiter = re.escape(self._dialect.delimiter.encode())
        return self._dialect.quoted and bool(re.search(rb"(?:^|[\r\n]|" + delimiter + rb')"', self._stream.head))

    def _unequal(self, fields: int, raw: bytes) -> str:
        """Why a row is none that has another number of fields than the header, and what might help."""
        width, first = len(self.columns), b"".join(self._first)
        said = f"the row has {fields} fields, and the header {width}"
        for other in (each.encode() for each in DELIMITERS if each != self._dialect.delimiter):
            if 0 < raw.count(other) == first.count(other):
                return (
                    f"{said}; both have {raw.count(other) + 1} parted by {other.decode()!r}: try {option('delimiter')}"
                )
        if fields > width and not self._quotes:
            return f"{said}; a field that holds {self._dialect.delimiter!r} must stand in double quotes"
        return said

    def _alone(self, number: int, line: bytes) -> tuple[int, list[Any], bytes] | Reject:
        """A line as a row of its own."""
        fields = self._row(line)
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


def _shape(cell: str) -> str:
    """A cell with a mark for its digits and letters: ``u17`` and ``u5`` are alike."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))


def _reason(error: csv.Error) -> str:
    if "new-line" in str(error):
        return "the row has a carriage return outside quotes"
    return f"the quotes of this row do not match ({error})"
