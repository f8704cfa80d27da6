"""Rows of Parquet files, Arrow tables and data frames: columns in blocks, turned into Python values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.errors import ReadError
from kg.readers.cleaning import absent
from kg.readers.pages import check_footer, check_growth, rows_at_once
from kg.readers.rows import MAX_VALUES, ROW, Row, Rows
from kg.readers.stream import FileSource, Trusted, bare, check_ratio, name_of, opened
from kg.records import Reject

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BLOCK_ROWS = 16_384
_BLOCK_VALUES = 500_000


class ParquetRows(Rows):
    """A Parquet file; only the columns asked for are read. A row's line is its number, from 1."""

    def __init__(self, source: FileSource) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        name, file = name_of(source), bare(source)
        self._file = opened(source, name)
        self._measured = not isinstance(source, Trusted)
        try:
            check_footer(self._file, name)
            self._parquet = pq.ParquetFile(file if isinstance(file, str | os.PathLike) else self._file)
            names = self._parquet.schema_arrow.names
        except UnicodeDecodeError as error:
            self._file.close()
            raise ReadError(name, f"the name of a column is not UTF-8 ({error.reason})") from error
        except (pa.ArrowException, OSError, MemoryError) as error:
            self._file.close()
            raise ReadError(name, f"the Parquet file is damaged or not complete: {error}") from error
        super().__init__(name, names)

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        import pyarrow as pa

        needed = list(dict.fromkeys(column for column in columns if column is not None))
        metadata = self._parquet.metadata
        done = grown = 0
        try:
            packed = check_growth(self._file, metadata, len(needed), self.name) if self._measured else None
            chunks = self._chunks(needed)
            for group in range(metadata.num_row_groups):
                size = rows_at_once(self._file, metadata.row_group(group), chunks, self.name)
                for batch in self._parquet.iter_batches(size, row_groups=[group], columns=needed):
                    grown += sum(map(_bytes, batch.columns))
                    if packed is not None:
                        check_ratio(self.name, grown, packed)
                    for part in _parts(batch):
                        yield from _bounded_rows(self.name, part, columns, done)
                        done += part.num_rows
        except (pa.ArrowException, OSError) as error:
            raise ReadError(self.name, f"the Parquet file is damaged: {error}", done + 1) from error
        finally:
            self._parquet.close(force=True)
            self._file.close()

    def _chunks(self, needed: Sequence[str]) -> list[int]:
        """Which columns of the file make up those of the table."""
        schema = self._parquet.schema
        wanted = set(needed)
        return [place for place in range(len(schema)) if schema.column(place).path.split(".", 1)[0] in wanted]


class ArrowRows(Rows):
    """An Arrow table in memory."""

    def __init__(self, table: pa.Table) -> None:
        super().__init__("<table>", table.column_names)
        self._table = table

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        done = 0
        needed = list(dict.fromkeys(column for column in columns if column is not None))
        for batch in self._table.select(needed).to_batches(_BLOCK_ROWS):
            for part in _parts(batch):
                yield from _bounded_rows(self.name, part, columns, done)
                done += part.num_rows


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


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in parts with a bounded number of values in lists: in Python each takes some fifty bytes."""
    sizes = _list_sizes(batch)
    if sizes is None or sizes.sum() <= _BLOCK_VALUES:
        yield batch
        return
    starts = [0, *(np.flatnonzero(np.diff(np.cumsum(np.minimum(sizes, MAX_VALUES)) // _BLOCK_VALUES)) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], batch.num_rows], strict=True):
        yield batch.slice(start, end - start)


def _bounded_rows(name: str, batch: pa.RecordBatch, columns: Sequence[str | None], done: int) -> Iterator[Row | Reject]:
    """The rows of a batch; those whose lists hold too much are rejected, and not made."""
    sizes = _list_sizes(batch)
    if sizes is None or sizes.max(initial=0) <= MAX_VALUES:
        yield from _rows(_plain_columns(batch), columns, batch.num_rows, done)
        return
    for place in range(batch.num_rows):
        if sizes[place] > MAX_VALUES:
            yield Reject(name, done + place + 1, ROW, f"the row has over {MAX_VALUES} values", "")
        else:
            yield from _rows(_plain_columns(batch.slice(place, 1)), columns, 1, done + place)


def _bytes(column: pa.Array) -> int:
    """What a column takes with each text written out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    texts = column.dictionary
    if not (pa.types.is_string(texts.type) or pa.types.is_binary(texts.type) or pa.types.is_large_string(texts.type)):
        return 8 * len(column)
    return pc.sum(pc.binary_length(texts).take(column.indices)).as_py() or 0


def _list_sizes(batch: pa.RecordBatch) -> np.ndarray | None:
    """``(num_rows,)`` int64: the values in the lists of each row, of all depths; None where there are no lists."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total: np.ndarray | None = None
    for column in batch.columns:
        rows = np.arange(batch.num_rows)
        while pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_map(column.type):
            if pa.types.is_map(column.type):
                column = column.cast(
                    pa.list_(pa.struct([("key", column.type.key_type), ("value", column.type.item_type)]))
                )
            sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
            total = np.zeros(batch.num_rows, dtype=np.int64) if total is None else total
            np.add.at(total, rows, sizes)
            rows, column = np.repeat(rows, sizes), column.flatten()
    return total


def _plain_columns(batch: pa.RecordBatch) -> dict[str, list[Any]]:
    """Python values of an Arrow batch. Times finer than a microsecond lose what Python cannot hold."""
    import pyarrow as pa

    values = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind = column.type
        if pa.types.is_dictionary(kind):
            values[name] = _shared(column)
            continue
        if pa.types.is_timestamp(kind):
            column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        try:
            values[name] = column.to_pylist()
        except UnicodeDecodeError:  # a text that is none is rejected with its row
            held = column.cast(pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()).to_pylist()
            values[name] = [cell and cell.decode(errors="surrogateescape") for cell in held]
        except (ValueError, OverflowError):  # a time that Python cannot hold; as a number it is rejected row by row
            values[name] = column.cast(pa.int64(), safe=False).to_pylist()
    return values


def _shared(column: pa.DictionaryArray) -> list[Any]:
    """The values of a column with a dictionary; equal ones are one object, however long they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    used = pc.unique(column.indices.drop_null())
    (found,) = _plain_columns(pa.RecordBatch.from_arrays([column.dictionary.take(used)], ["used"])).values()
    values = dict(zip(used.to_pylist(), found, strict=True))
    return [None if place is None else values[place] for place in column.indices.to_pylist()]


def _plain_series(column: pd.Series[Any]) -> list[Any]:
    try:
        known = column.notna()
    except ArithmeticError:  # Decimal("sNaN")
        known = ~column.map(absent).astype(bool)
    values: list[Any] = column.astype(object).where(known, None).tolist()
    return values
