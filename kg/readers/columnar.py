"""Rows of Parquet files, Arrow tables and data frames: columns in blocks, turned into Python values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.errors import ReadError, short
from kg.readers.cleaning import absent
from kg.readers.pages import check_footer, check_growth, rows_at_once
from kg.readers.rows import MAX_LINE_BYTES, MAX_VALUES, ROW, Row, Rows, raw_text
from kg.readers.stream import FileSource, Trusted, bare, check_ratio, name_of, opened
from kg.records import Reject

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BLOCK_ROWS = 16_384
_PART_BYTES = 16 * 2**20
"""Of the values that are made at once, where one row is not more."""
_DAY = {unit: 86_400 * 1_000**power for power, unit in enumerate(("s", "ms", "us", "ns"))}
_TEXTS = ("string", "large_string", "binary", "large_binary")
_VALUE_BYTES = 64
"""What a value in a list takes in Python."""


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
                if not metadata.row_group(group).num_rows:
                    continue  # it has no pages
                size = rows_at_once(self._file, metadata.row_group(group), self._parquet.schema, chunks, self.name)
                for batch in self._parquet.iter_batches(size, row_groups=[group], columns=needed):
                    grown += sum(map(_bytes, batch.columns))
                    if packed is not None:
                        check_ratio(self.name, grown, packed)
                    yield from _bounded_rows(self.name, batch, columns, done)
                    done += batch.num_rows
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
            yield from _bounded_rows(self.name, batch, columns, done)
            done += batch.num_rows


class FrameRows(Rows):
    """A pandas data frame. NaN, NaT and None are all empty cells, since pandas has no other way to say so."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__("<DataFrame>", [str(column) for column in frame.columns])
        self._frame = frame

    def select(self, columns: Sequence[str | None]) -> Iterator[Row | Reject]:
        import pyarrow as pa

        for start in range(0, len(self._frame), _BLOCK_ROWS):
            block = self._frame.iloc[start : start + _BLOCK_ROWS]
            values: dict[str, list[Any]] = {}
            arrays = {}
            for position, name in enumerate(self.columns):
                if name in columns:
                    series = block.iloc[:, position]
                    array = _as_arrow(series)
                    if array is None:
                        values[name] = _plain_series(series)
                    else:
                        arrays[name] = array
            if arrays:
                batch = pa.RecordBatch.from_pydict(arrays)
                yield from _bounded_rows(self.name, batch, columns, start, values)
            else:
                yield from _rows(self.name, values, columns, len(block), start, {})


def _bounded_rows(
    name: str,
    batch: pa.RecordBatch,
    columns: Sequence[str | None],
    done: int,
    others: Mapping[str, list[Any]] | None = None,
) -> Iterator[Row | Reject]:
    """The rows of a batch, made in parts of bounded memory; those that hold too much are rejected, and not made.

    ``others`` are columns beside those of the batch whose values are made already.
    """
    sizes = [_sizes(column) for column in batch.columns]
    values = sum((held for held, _ in sizes), np.zeros(batch.num_rows, dtype=np.int64))
    texts = sum((held for _, held in sizes), np.zeros(batch.num_rows, dtype=np.int64))
    large = (values > MAX_VALUES) | (texts > MAX_LINE_BYTES)
    part = np.cumsum(np.where(large, 0, _VALUE_BYTES * values + texts)) // _PART_BYTES
    starts = np.flatnonzero((np.diff(part) > 0) | large[1:] | large[:-1]) + 1
    for start, end in pairwise([0, *starts.tolist(), batch.num_rows]):
        if start < end and large[start]:
            widest = batch.schema.names[max(range(len(sizes)), key=lambda place: sizes[place][1][start])]
            yield Reject(name, done + start + 1, *_excess(values[start], widest), "")
        else:
            made, unread = _plain_columns(batch.slice(start, end - start))
            made |= {column: cells[start:end] for column, cells in (others or {}).items()}
            yield from _rows(name, made, columns, end - start, done + start, unread)


def _excess(values: int, widest: str) -> tuple[str, str]:
    """The field and the reason of a row that holds too much."""
    if values > MAX_VALUES:
        return ROW, f"the row has over {MAX_VALUES} values"
    return widest, f"the texts of the row have over {MAX_LINE_BYTES // 2**20} MiB; shorten them or leave the column out"


def _rows(
    name: str,
    values: Mapping[str, list[Any]],
    columns: Sequence[str | None],
    size: int,
    done: int,
    unread: Mapping[int, tuple[str, str]],
) -> Iterator[Row | Reject]:
    """Rows of columns of equal length; those in ``unread`` (place: field and reason) are rejected."""
    nothing: list[Any] = [None] * size
    cells = zip(*(nothing if column is None else values[column] for column in columns), strict=True)
    for place, row in enumerate(cells):
        number, raw = done + place + 1, (columns, row)
        if unread and place in unread:
            yield Reject(name, number, *unread[place], raw_text(raw))
        else:
            yield number, row, raw


def _bytes(column: pa.Array) -> int:
    """What a column takes with each text written out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    used, places = _used(column)
    if str(used.type) not in _TEXTS:
        return 8 * len(column)
    return pc.sum(pc.binary_length(used).take(places)).as_py() or 0


def _used(column: pa.DictionaryArray) -> tuple[pa.Array, pa.Array]:
    """What cells of a column refer to in its dictionary, and which cell to which of these.

    Each batch of a file comes with the whole dictionary, so that to look at all of it each time is quadratic.
    """
    own = column.indices.dictionary_encode()
    return column.dictionary.take(own.dictionary), own.indices


def _sizes(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """``(len(column),)`` int64 each: the members of lists and structs in each cell, of all depths, and bytes of text.

    Nothing is unpacked: a text that several cells refer to counts in each of them, save where a column as a whole has
    a dictionary, whose equal values are made once.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        values, texts = _member_sizes(column)
        _, first = np.unique(column.indices.fill_null(0).to_numpy(zero_copy_only=False), return_index=True)
        once = np.zeros_like(texts)
        once[first] = texts[first]
        return values, once
    return _member_sizes(column)


def _member_sizes(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, size = column.type, len(column)
    values = texts = np.zeros(size, dtype=np.int64)
    if isinstance(column, pa.ExtensionArray):
        return _member_sizes(column.storage)
    if pa.types.is_dictionary(kind):
        used, own = _used(column)
        return _taken(_member_sizes(used), _numbers(own, -1))
    if pa.types.is_run_end_encoded(kind):
        places = np.searchsorted(_numbers(column.run_ends), np.arange(size) + column.offset, side="right")
        return _taken(_member_sizes(column.values), places)
    if pa.types.is_struct(kind) or pa.types.is_union(kind):
        for place in range(kind.num_fields):
            held = _member_sizes(column.field(place))
            if isinstance(kind, pa.DenseUnionType):
                own = _numbers(column.type_codes) == kind.type_codes[place]
                held = _taken(held, np.where(own, _numbers(column.offsets), -1))
            values, texts = values + held[0] + 1, texts + held[1]
        return values, texts
    if pa.types.is_map(kind) or hasattr(kind, "value_type"):
        return _list_sizes(column)
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):  # 16 bytes each, which begin with the length
        texts = np.frombuffer(column.buffers()[1], np.int32)[::4][column.offset : column.offset + size].astype(np.int64)
        texts = np.where(_filled(column), texts, 0)
    elif str(kind) in _TEXTS or pa.types.is_fixed_size_binary(kind):
        texts = _numbers(pc.binary_length(column))
    return values, texts


def _taken(sizes: tuple[np.ndarray, np.ndarray], places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes at these places; at place -1 there is nothing."""
    values, texts = (np.append(held, 0)[places] for held in sizes)
    return values, texts


def _list_sizes(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow as pa

    kind, size = column.type, len(column)
    if pa.types.is_fixed_size_list(kind):
        starts = (np.arange(size) + column.offset) * kind.list_size
        ends = starts + kind.list_size
    elif pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        starts = _numbers(column.offsets)
        ends = starts + _numbers(column.sizes)
    else:
        bounds = _numbers(column.offsets)
        starts, ends = bounds[:-1], bounds[1:]
    filled = (ends > starts) & _filled(column)
    starts, ends = np.where(filled, starts, 0), np.where(filled, ends, 0)
    low, high = (int(starts[filled].min()), int(ends[filled].max())) if filled.any() else (0, 0)
    starts, ends = np.where(filled, starts - low, 0), np.where(filled, ends - low, 0)
    values, texts = ends - starts, np.zeros(size, dtype=np.int64)
    for members in [column.keys, column.items] if pa.types.is_map(kind) else [column.values]:
        held = [np.append(0, np.cumsum(sizes)) for sizes in _member_sizes(members.slice(low, high - low))]
        values, texts = values + held[0][ends] - held[0][starts], texts + held[1][ends] - held[1][starts]
    return values, texts


def _numbers(column: pa.Array, empty: int = 0) -> np.ndarray:
    """The numbers of an array as int64."""
    filled = column.fill_null(empty) if column.null_count else column
    numbers: np.ndarray = filled.to_numpy(zero_copy_only=False)
    return numbers.astype(np.int64, copy=False)


def _filled(column: pa.Array) -> np.ndarray:
    """Which cells are not null."""
    valid: np.ndarray = column.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _plain_columns(batch: pa.RecordBatch) -> tuple[dict[str, list[Any]], dict[int, tuple[str, str]]]:
    """Python values of an Arrow batch, and the rows that have none (place: field and reason)."""
    values: dict[str, list[Any]] = {}
    unread: dict[int, tuple[str, str]] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        values[name], reasons = _plain(column)
        unread |= {place: (name, reason) for place, reason in reasons.items()}
    return values, unread


def _plain(column: pa.Array) -> tuple[list[Any], dict[int, str]]:
    """The Python values of a column, and by place the reasons why some cannot be one.

    Moments are in UTC, whatever their zone is called; nanoseconds are cut to microseconds.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return _shared(column)
    if _may_wrap(column):
        return _one_by_one(column)
    if (kind := _in_utc(column.type)) != column.type:
        column = column.view(kind)
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    try:
        return column.to_pylist(), {}
    except UnicodeDecodeError:  # a text that is none is rejected with its row
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            held = column.cast(pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()).to_pylist()
            return [cell and cell.decode(errors="surrogateescape") for cell in held], {}
        return _one_by_one(column)
    except (ValueError, OverflowError, LookupError, NotImplementedError):
        return _one_by_one(column)


def _in_utc(kind: pa.DataType) -> pa.DataType:
    """A type with UTC in place of other time zones, which may be unknown here."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp(kind.unit, "UTC")
    if pa.types.is_struct(kind):
        return pa.struct([member.with_type(_in_utc(member.type)) for member in kind])
    if pa.types.is_map(kind):
        return pa.map_(_in_utc(kind.key_type), _in_utc(kind.item_type), kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_in_utc(kind.value_type), kind.list_size)
    for is_kind, make in (
        (pa.types.is_list, pa.list_),
        (pa.types.is_large_list, pa.large_list),
        (pa.types.is_list_view, pa.list_view),
        (pa.types.is_large_list_view, pa.large_list_view),
    ):
        if is_kind(kind):
            return make(kind.value_field.with_type(_in_utc(kind.value_type)))
    return kind


def _may_wrap(column: pa.Array) -> bool:
    """Whether there may be a time that is beyond a day: Arrow makes it one of the next, in silence."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_time(column.type):
        return any(name in str(column.type) for name in ("time32", "time64"))
    ends = pc.min_max(column.view(pa.int32() if pa.types.is_time32(column.type) else pa.int64()))
    return not all(cell is None or 0 <= cell < _DAY[column.type.unit] for cell in ends.as_py().values())


def _wraps(cell: Any) -> bool:
    """Whether a cell of Arrow's is such a time, or holds one."""
    import pyarrow as pa

    if not cell.is_valid:
        return False
    if pa.types.is_time(cell.type):
        return not 0 <= cell.value < _DAY[cell.type.unit]
    if isinstance(cell, pa.StructScalar):
        return any(map(_wraps, cell.values()))
    if isinstance(cell, pa.ListScalar | pa.FixedSizeListScalar | pa.ListViewScalar | pa.LargeListViewScalar):
        return any(map(_wraps, cell.values))
    return isinstance(held := getattr(cell, "value", None), pa.Scalar) and _wraps(held)


def _one_by_one(column: pa.Array) -> tuple[list[Any], dict[int, str]]:
    values: list[Any] = [None] * len(column)
    reasons = {}
    for place, cell in enumerate(column):
        if _wraps(cell):
            values[place], reasons[place] = str(getattr(cell, "value", cell)), f"holds a {cell.type} of no day"
            continue
        try:
            values[place] = cell.as_py()
        except (ValueError, OverflowError, LookupError, NotImplementedError) as error:
            count = getattr(cell, "value", None)
            if isinstance(count, int):
                values[place] = str(count)
                reasons[place] = f"{count} as {cell.type} is no possible time"
            else:
                reasons[place] = f"holds {str(cell.type)[:100]} that cannot be read: {short(str(error))}"
    return values, reasons


def _shared(column: pa.DictionaryArray) -> tuple[list[Any], dict[int, str]]:
    """The same of a column with a dictionary; equal values are one object, however long they are."""
    used, own = _used(column)
    values, wrong = _plain(used)
    places = own.to_pylist()
    reasons = {place: wrong[index] for place, index in enumerate(places) if index in wrong} if wrong else {}
    return [None if index is None else values[index] for index in places], reasons


def _plain_series(column: pd.Series[Any]) -> list[Any]:
    try:
        known = column.notna()
    except ArithmeticError:  # Decimal("sNaN")
        known = ~column.map(absent).astype(bool)
    values: list[Any] = column.astype(object).where(known, None).tolist()
    return values


def _as_arrow(column: pd.Series[Any]) -> pa.Array | None:
    """The Arrow array that a column is, or that holds its moments exactly; None for others."""
    import pandas as pd
    import pyarrow as pa

    kind = column.dtype
    if isinstance(kind, pd.ArrowDtype):
        if pa.types.is_floating(kind.pyarrow_dtype):
            return None  # its NaN are empty cells
        held = pa.array(column)
        return held.combine_chunks() if isinstance(held, pa.ChunkedArray) else held
    if kind.kind != "M":
        return None
    return pa.Array.from_pandas(column.dt.tz_convert(None) if isinstance(kind, pd.DatetimeTZDtype) else column)
