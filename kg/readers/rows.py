"""The one shape in which every format hands over its rows."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kg.errors import ReadError, RecordError, TooMuch, short
from kg.records import Origin, Record, Reject

R = TypeVar("R", bound=Record)

MAX_RAW_CHARS = 2**20
"""How much of a rejected row is handed over; only a longer one is cut, and the rejects file keeps nothing of that."""
MAX_LINE_BYTES = 16 * 2**20
"""A longer line is cut here, and its row rejected: no row is that long, but a binary file may have no line at all."""
MAX_VALUES = 100_000
"""A row with more values is rejected: some bytes of text make hundreds in memory."""
MAX_COLUMNS = 10_000
"""A table with more columns, or a header of over ..."""
MAX_HEADER_BYTES = 2**20
"""... so many bytes, is an error."""
SAMPLE_ROWS = 1_000
"""How many rows are looked at before any is read, to know what a column holds, ..."""
SAMPLE_BYTES = 4 * 2**20
"""... or so many bytes of them."""
MOST_SAMPLED = 64
"""So many times as much is looked at where the first rows leave something open."""
ROW = "row"
"""The field of a reject that concerns the row as a whole."""

Raw = str | bytes | Mapping[str, Any] | tuple[Sequence[str | None], Sequence[Any]]
"""A row as it stood in its source (a tuple: names and cells); made text only for the few rows that are rejected."""
Row = tuple[int, Sequence[Any], Raw]
"""Line (from 1, the header counted; the row's number where the source has no lines), the chosen cells, the raw row."""


class Rows(ABC):
    """A table that is read once, in order."""

    def __init__(self, name: str, columns: Sequence[str], types: Mapping[str, str] | None = None) -> None:
        if len(columns) > MAX_COLUMNS:
            raise TooMuch(name, f"has over {MAX_COLUMNS} columns")
        self.name = name
        """What errors and rejects call the source."""
        self.columns = tuple(columns)
        """Column names. Of sources without a header (JSON lines, dictionaries): the keys in the first 1,000 rows."""
        self.is_complete = True
        """Whether it has no columns but those; of JSON and of dictionaries others may come later."""
        self.keeps: str | None = None
        """A column whose numbers stay even where they stand for none: the graph keeps the values of events."""
        self.whole = False
        """Whether the sample was all that there is."""
        self.ids: frozenset[str | None] = frozenset()
        """Columns of ids, where a number that stands for none in every column is an id: the 99th person."""
        self.types = types or {}
        """RecBole's type of each column (``token``, ``token_seq``, ``float``, ``float_seq``); empty elsewhere."""

    @abstractmethod
    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        """The cells of these columns row by row; None where a column is None, or the row has no such cell.

        Raises:
            ReadError: the source cannot be read any further; what was read before has been given.
        """

    @property
    def written(self) -> Mapping[str, str]:
        """In words how the source is written, as far as it has been read: its format, encoding, delimiter, quoting."""
        return {"format": type(self).__name__.removesuffix("Rows")}

    @property
    def begins_with_data(self) -> bool:
        """Whether what is taken for names of columns looks like a row."""
        return False

    def close(self) -> None:  # noqa: B027 - what is in memory needs none
        """Let go of the source, where nothing of it is read."""

    def has(self, column: str) -> bool:
        """Whether there is such a column, or one can be made of those that are there."""
        return column in self.columns

    def look_on(self, columns: Collection[str]) -> None:  # noqa: B027 - a header names all columns
        """Look for columns behind the first rows, where no header names them."""

    @property
    def lacks_header(self) -> bool:
        """Whether each row names its own cells, so that some may have what others have not."""
        return False

    def headerless(self, names: Sequence[str] = ()) -> Rows:
        """The same table when its first line is data: columns have these names, or are called ``1``, ``2``, ...

        Only files have a header.
        """
        return self

    def sampled(
        self, columns: Sequence[str | None], undecided: Callable[[Sequence[Any]], bool]
    ) -> tuple[list[Sequence[Any]], Iterator[Row | Reject]]:
        """The cells of the first rows, and all rows.

        ``undecided`` is told each row's cells, and says whether more than the usual sample is wanted.
        """
        rows = self.select(columns)
        first: list[tuple[str, Row | Reject]] = []
        seen: list[Sequence[Any]] = []
        size = 0
        failed: ReadError | None = None
        try:
            for row in rows:
                first.append((self.name, row))
                more = 1
                if not isinstance(row, Reject):
                    seen.append(row[1])
                    more = MOST_SAMPLED if undecided(row[1]) else 1
                    size += _size(row)
                if len(first) >= SAMPLE_ROWS * more or size >= SAMPLE_BYTES * more:
                    break
            else:
                self.whole = True
        except ReadError as error:  # what was read before it is given first
            failed = error
        return seen, self._replayed(first, rows if failed is None else _failing(failed))

    def _replayed(self, first: list[tuple[str, Row | Reject]], rest: Iterator[Row | Reject]) -> Iterator[Row | Reject]:
        """Rows that were looked at, each while the source has the name of the file that it is from."""
        now = self.name
        for name, row in first:
            self.name = name
            yield row
        first.clear()
        self.name = now
        yield from rest

    def records(
        self,
        columns: Sequence[str | None],
        make: Callable[[Sequence[Any]], R],
        selected: Iterable[Row | Reject] | None = None,
    ) -> Iterator[R | Reject]:
        """What ``make`` builds of each row's cells; a row for which it raises :class:`RecordError` becomes a reject.

        ``selected`` are the rows, where some were looked at before.
        """
        for row in self.select(columns) if selected is None else selected:
            if isinstance(row, Reject):
                yield row
                continue
            try:
                record = make(row[1])
            except RecordError as error:
                yield Reject(self.name, row[0], error.field, error.reason, raw_text(row[2]))
            else:
                object.__setattr__(record, "origin", Origin(self.name, row[0], row[2]))  # it is nobody else's yet
                yield record


def _failing(error: ReadError) -> Iterator[Row | Reject]:
    yield from ()
    raise error


def _size(row: Row) -> int:
    """About what a row takes."""
    if isinstance(row[2], bytes):
        return 4 * len(row[2])
    return sum(64 * len(cell) if isinstance(cell, list | dict) else len(cell) for cell in row[1] if _has_length(cell))


def _has_length(cell: Any) -> bool:
    return isinstance(cell, str | bytes | list | dict)


def raw_text(raw: Raw) -> str:
    """A rejected row as text, without its line end; bytes that are no UTF-8 are written ``\\xNN``."""
    if isinstance(raw, bytes):
        text = raw[: 4 * MAX_RAW_CHARS + 4].decode(errors="backslashreplace")
    elif isinstance(raw, str):
        text = raw[: MAX_RAW_CHARS + 1].encode(errors="surrogateescape").decode(errors="backslashreplace")
    else:
        if isinstance(raw, tuple):
            raw = {name: cell for name, cell in zip(*raw, strict=True) if name is not None}
        try:
            text = json.dumps(raw, ensure_ascii=False, default=str, skipkeys=True)
        except (ValueError, RecursionError):  # refers to itself, or holds a number of thousands of digits
            text = short({name: type(cell).__name__ for name, cell in raw.items()})
        text = text.encode(errors="backslashreplace").decode()
    return text[:MAX_RAW_CHARS] if len(text) > MAX_RAW_CHARS else text.rstrip("\r\n")
