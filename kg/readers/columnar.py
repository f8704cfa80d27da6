"""Rows of Parquet files, Arrow tables and data frames: columns in blocks, turned into Python values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kg.errors import ReadError
from kg.readers.rows import Row, Rows
from kg.readers.stream import FileSource, name_of
from kg.records import Reject

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BLOCK_ROWS = 16_384


class ParquetRows(Rows):
    """A Parquet file; only the columns asked for are read. A row's line is its number, from 1."""

    def __init__(self, source: FileSource) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._file = source if isinstance(source, str) or hasattr(source, "__fspath__") else source.open("rb")
        try:
            self._parquet = pq.ParquetFile(self._file)
        except (pa.ArrowException, OSError) as error:
            raise ReadError(name_of(source), f"the Parquet file is damaged or not complete: {error}") from error
        super().__init__(name_of(source), self._parquet.schema_arrow.names)

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        import pyarrow as pa

        needed = list(dict.fromkeys(column for column in columns if column is not None))
        done = 0
        try:
            for batch in self._parquet.iter_batches(_BLOCK_ROWS, columns=needed):
                yield from _rows(_plain_columns(batch), columns, batch.num_rows, done)
                done += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise ReadError(self.name, f"the Parquet file is damaged: {error}", done + 1) from error
        finally:
            self._parquet.close(force=True)


class ArrowRows(Rows):
    """An Arrow table in memory."""

    def __init__(self, table: pa.Table) -> None:
        super().__init__("<table>", table.column_names)
        self._table = table

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        done = 0
        needed = list(dict.fromkeys(column for column in columns if column is not None))
        for batch in self._table.select(needed).to_batches(_BLOCK_ROWS):
            yield from _rows(_plain_columns(batch), columns, batch.num_rows, done)
            done += batch.num_rows


class FrameRows(Rows):
    """A pandas data frame. NaN, NaT and None are all empty cells, since pandas has no other way to say so."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__("<DataFrame>", [str(column) for column in frame.columns])
        self._frame = frame

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        for start in range(0, len(self._frame), _BLOCK_ROWS):
            block = self._frame.iloc[start : start + _BLOCK_ROWS]
            values = {
                name: _plain_series(block.iloc[:, position])
                for position, name in enumerate(self.columns)
                if name in columns
            }
            yield from _rows(values, columns, len(block), start)


def _rows(values: dict[str, list[Any]], columns: Sequence[str | None], size: int, done: int) -> Iterator[Row]:
    nothing: list[Any] = [None] * size
    cells = zip(*(nothing if column is None else values[column] for column in columns), strict=True)
    for number, row in enumerate(cells, done + 1):
        yield number, row, (columns, row)


def _plain_columns(batch: pa.RecordBatch) -> dict[str, list[Any]]:
    """Python values of an Arrow batch. Times finer than a microsecond lose what Python cannot hold."""
    import pyarrow as pa

    values = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind = column.type
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        try:
            values[name] = column.to_pylist()
        except (ValueError, OverflowError):  # a time that Python cannot hold; as a number it is rejected row by row
            values[name] = column.cast(pa.int64(), safe=False).to_pylist()
    return values


def _plain_series(column: pd.Series[Any]) -> list[Any]:
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return values
