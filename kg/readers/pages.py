"""The pages of a Parquet file, by their headers: their size is bounded before anything is unpacked.

A page says itself what it unpacks to, and a dictionary or a common prefix lets a few bytes stand for many long texts,
so the reader of Arrow takes whatever memory a file asks for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

from kg.errors import ReadError, TooMuch
from kg.readers.stream import check_ratio

MAX_FOOTER_BYTES = 8 * 2**20
"""Of the schema and the places of all pages; each of its bytes becomes a dozen."""
MAX_PAGE_BYTES = 64 * 2**20
"""Of one page, unpacked; of all columns that are read together ..."""
MAX_PAGES_BYTES = 2 * MAX_PAGE_BYTES
"""... so much."""
MAX_DICTIONARY_BYTES = 16 * 2**20
"""Of the texts that the other pages of a column refer to."""
MAX_LIST_VALUES = 16 * 2**20
"""Values that the lists of one column hold in one row group."""
_BATCH_BYTES = 32 * 2**20
_MOST_ROWS = 16_384
_HEADER_BYTES = 2**16
_DATA, _DICTIONARY = (5, 8), 7  # fields of a page's header
_DELTA_BYTE_ARRAY = 7
_TEXTS = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")


def check_footer(file: IO[bytes], name: str) -> None:
    """Refuse a file whose description alone is beyond all measure.

    Raises:
        TooMuch: it is.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    length = int.from_bytes(file.read(8)[:4], "little")
    file.seek(0)
    if MAX_FOOTER_BYTES < length < size:
        raise TooMuch(name, f"the footer of the Parquet file has over {MAX_FOOTER_BYTES // 2**20} MiB")


def check_growth(file: IO[bytes], metadata: Any, columns: int, name: str) -> int:
    """Refuse a file that says itself that it unpacks to beyond all measure; its size.

    Raises:
        TooMuch: it does.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    grown = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    check_ratio(name, max(grown, 8 * columns * metadata.num_rows), size)
    return size


def rows_at_once(file: IO[bytes], group: Any, chunks: Iterable[int], name: str) -> int:
    """How many rows of a row group fit into memory together, by the pages of the columns that are read.

    Raises:
        TooMuch: not even single pages do.
        ReadError: the header of a page cannot be read.
    """
    pages = widest = 0
    for chunk in chunks:
        column = group.column(chunk)
        found = _walked(file, column, name)
        if found.values > MAX_LIST_VALUES and found.values > group.num_rows:
            raise TooMuch(
                name, f"the lists of {column.path_in_schema[:60]} have over {MAX_LIST_VALUES} values in a row group"
            )
        pages += found.page
        widest += found.value
    if pages > MAX_PAGES_BYTES:
        raise TooMuch(name, f"the pages of its columns have over {MAX_PAGES_BYTES // 2**20} MiB together")
    return max(1, min(_MOST_ROWS, _BATCH_BYTES // max(1, widest)))


@dataclass
class _Chunk:
    """What one column has in one row group."""

    page: int = 0
    """Bytes of the largest page."""
    value: int = 0
    """Bytes of a value, on average of the page with the largest; of texts in a dictionary the most there can be."""
    values: int = 0


def _walked(file: IO[bytes], column: Any, name: str) -> _Chunk:
    start = column.data_page_offset
    if column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    end = start + column.total_compressed_size
    found = _Chunk()
    while start < end:
        file.seek(start)
        held = file.read(_HEADER_BYTES)
        try:
            header, size = _struct(held, 0)
            kind = next(field for field in (*_DATA, _DICTIONARY) if field in header)
            unpacked, packed, count = header[2], header[3], header[kind].get(1, 0)
            encoding = header[kind].get(4 if kind == _DATA[1] else 2)
        except (IndexError, StopIteration, KeyError, AttributeError, RecursionError):
            raise ReadError(name, f"the Parquet file is damaged: no page begins at byte {start}") from None
        if unpacked < 0 or packed < 0 or count < 0:
            raise ReadError(name, f"the Parquet file is damaged: the page at byte {start} has less than nothing")
        most = MAX_DICTIONARY_BYTES if kind == _DICTIONARY else MAX_PAGE_BYTES
        if max(unpacked, packed) > most:
            what = "a dictionary" if kind == _DICTIONARY else "a page"
            raise TooMuch(
                name, f"{what} of {column.path_in_schema[:60]} has over {most // 2**20} MiB; write smaller ones"
            )
        spreads = kind == _DICTIONARY or encoding == _DELTA_BYTE_ARRAY
        if spreads and column.physical_type in _TEXTS:
            found.value = max(found.value, unpacked)
        elif kind != _DICTIONARY:
            found.value = max(found.value, unpacked // max(1, count))
        found.page = max(found.page, unpacked)
        found.values += count if kind != _DICTIONARY else 0
        start += size + packed
    return found


def _struct(held: bytes, at: int) -> tuple[dict[int, Any], int]:
    """Numbers and structures of a structure in Thrift's compact protocol, by field, and where it ends.

    https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
    """
    fields: dict[int, Any] = {}
    field = 0
    while kind := held[at]:
        at += 1
        if kind >> 4:
            field += kind >> 4
        else:
            field, at = _number(held, at)
        fields[field], at = _value(held, at, kind & 15)
    return fields, at + 1


def _value(held: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2):
        return kind == 1, at
    if kind == 3:
        return held[at], at + 1
    if kind in (4, 5, 6):
        return _number(held, at)
    if kind == 7:
        return None, at + 8
    if kind == 8:
        size, at = _varint(held, at)
        return None, at + size
    if kind == 12:
        return _struct(held, at)
    raise KeyError(kind)  # headers of pages hold no lists


def _number(held: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(held, at)
    return (value >> 1) ^ -(value & 1), at


def _varint(held: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = held[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise IndexError
