"""Rows of what a caller already holds: any iterable of dictionaries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from kg.readers.jsonlines import SAMPLE_ROWS
from kg.readers.rows import ROW, Row, Rows, raw_text
from kg.records import Reject


class MappingRows(Rows):
    """An iterable of dictionaries, read as it comes; anything else in it is rejected. A row's line is its number."""

    def __init__(self, source: Iterable[Any], again: Sequence[Any] = ()) -> None:
        """``again``: the same once more, where it can be had."""
        self._again = again
        self._rows = iter(source)
        self._sample = list(islice(self._rows, SAMPLE_ROWS))
        keys = dict.fromkeys(key for row in self._sample if isinstance(row, Mapping) for key in row)
        super().__init__("<records>", [key for key in keys if isinstance(key, str)])
        self.is_complete = False

    @property
    def lacks_header(self) -> bool:
        return True

    def look_on(self, columns: Collection[str]) -> None:
        rows = (row for row in self._again[SAMPLE_ROWS:] if isinstance(row, Mapping))
        further = dict.fromkeys(key for row in rows for key in columns if key in row and key not in self.columns)
        self.columns = (*self.columns, *further)

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        for number, row in enumerate(chain(self._sample, self._rows), 1):
            if isinstance(row, Mapping):
                get: Any = row.get
                yield number, [get(column) for column in columns], row
            else:
                reason = f"is no dictionary but {type(row).__name__}"
                yield Reject(self.name, number, ROW, reason, raw_text({"": row}))
