"""The pages of a Parquet file, by their headers: their size is bounded before anything is unpacked.

A page says itself what it unpacks to, and a dictionary or a common prefix lets a few bytes stand for many long texts,
so the reader of Arrow takes whatever memory a file asks for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

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
MAX_LIST_BYTES = 40 * 2**20
"""Of the lists of one column in one row, each value written out; of all columns that are read together ..."""
MAX_LISTS_BYTES = 2 * MAX_LIST_BYTES
"""... so much."""
_BATCH_BYTES = 32 * 2**20
_MOST_ROWS = 16_384
_HEADER_BYTES = 2**16
_DATA, _DICTIONARY = (5, 8), 7  # fields of a page's header
_BY_DICTIONARY, _RLE, _DELTA_BYTE_ARRAY = (2, 8), 3, 7  # encodings
_NUMBER_BYTES = 8
_LEVEL_BYTES = 4  # how deep a value lies, and where its list begins
_GROUPS = 2**16  # of eight values that are unpacked together
_DELTAS = 2**16  # that are packed together
_POWERS = 1 << np.arange(32, dtype=np.int64)
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


def rows_at_once(file: IO[bytes], group: Any, schema: Any, chunks: Iterable[int], name: str) -> int:
    """How many rows of a row group fit into memory together, by the pages of the columns that are read.

    Raises:
        TooMuch: not even single pages or rows do.
        ReadError: a page cannot be read.
    """
    pages = widest = spread = 0
    lists = []
    for chunk in chunks:
        column, kind = group.column(chunk), schema.column(chunk)
        levels = kind.max_repetition_level, kind.max_definition_level
        found = _walked(file, column, levels, name)
        if found.values > MAX_LIST_VALUES and found.values > group.num_rows:
            raise TooMuch(
                name, f"the lists of {column.path_in_schema[:60]} have over {MAX_LIST_VALUES} values in a row group"
            )
        pages += found.page
        if kind.max_repetition_level:
            lists.append((column, levels))
            spread += found.spread
        else:
            widest += found.value
    if pages > MAX_PAGES_BYTES:
        raise TooMuch(name, f"the pages of its columns have over {MAX_PAGES_BYTES // 2**20} MiB together")
    size = max(1, min(_MOST_ROWS, _BATCH_BYTES // max(1, widest)))
    if spread <= _BATCH_BYTES:
        return size
    rows = np.zeros(0, dtype=np.float32)
    for column, levels in lists:
        own = _row_bytes(file, column, levels, name)
        short, long = sorted((rows, own), key=len)
        rows = long.copy()
        rows[: len(short)] += short
        for held, most in ((own, MAX_LIST_BYTES), (rows, MAX_LISTS_BYTES)):
            if held.max(initial=0) > most:
                raise TooMuch(
                    name,
                    f"the lists of a row have over {most // 2**20} MiB with {column.path_in_schema[:60]}, each value "
                    "written out; shorten them or leave the column out",
                )
    while size > 1 and np.add.reduceat(rows, np.arange(0, len(rows), size)).max(initial=0) > _BATCH_BYTES:
        size //= 2
    return size


@dataclass
class _Chunk:
    """What one column has in one row group."""

    page: int = 0
    """Bytes of the largest page."""
    value: int = 0
    """Bytes of a value, on average of the page with the largest; of texts that are not written out, of the longest."""
    values: int = 0
    spread: int = 0
    """The most that all values take when each is written out."""


@dataclass(frozen=True)
class _Page:
    """One page by its header."""

    body: int
    """Where its content begins in the file."""
    packed: int
    unpacked: int
    count: int
    """Its values; of a dictionary its entries."""
    kind: int
    fields: dict[int, Any]
    """Those of the header that its kind alone has."""

    @property
    def encoding(self) -> int | None:
        return self.fields.get(4 if self.kind == _DATA[1] else 2)


def _walked(file: IO[bytes], column: Any, levels: tuple[int, int], name: str) -> _Chunk:
    found = _Chunk()
    for page, each in _measured(file, column, levels, name):
        found.page = max(found.page, page.unpacked)
        if page.kind != _DICTIONARY:
            found.value = max(found.value, int(each))
            found.values += page.count
            found.spread += int(page.count * each)
    return found


def _measured(file: IO[bytes], column: Any, levels: tuple[int, int], name: str) -> Iterator[tuple[_Page, float]]:
    """The pages of a column, each with what a value of it takes when it is written out, its level counted.

    ``levels`` are how often lists and how often values that may be missing are nested in the column.
    """
    longest = 0
    for page in _pages(file, column, name):
        if column.physical_type not in _TEXTS:
            yield page, _NUMBER_BYTES + _LEVEL_BYTES
            continue
        if page.kind == _DICTIONARY:
            longest = _longest(file, column, page)
            each: float = longest
        elif page.encoding in _BY_DICTIONARY:
            each = longest
        elif page.encoding == _DELTA_BYTE_ARRAY:
            each = _longest_of_prefixes(_values(file, column, page, levels), page)
        else:
            each = page.unpacked / max(1, page.count)
        yield page, each + _LEVEL_BYTES


def _pages(file: IO[bytes], column: Any, name: str) -> Iterator[_Page]:
    """The pages of a column in one row group.

    Raises:
        TooMuch: one is too large.
        ReadError: a header cannot be read.
    """
    start = column.data_page_offset
    if column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    end = start + column.total_compressed_size
    if start < 0:
        raise ReadError(name, "the Parquet file is damaged: pages begin before it")
    while start < end:
        file.seek(start)
        held = file.read(_HEADER_BYTES)
        try:
            header, size = _struct(held, 0)
            kind = next(field for field in (*_DATA, _DICTIONARY) if field in header)
            page = _Page(start + size, header[3], header[2], header[kind].get(1, 0), kind, header[kind])
        except (IndexError, StopIteration, KeyError, AttributeError, RecursionError):
            raise ReadError(name, f"the Parquet file is damaged: no page begins at byte {start}") from None
        if page.unpacked < 0 or page.packed < 0 or page.count < 0:
            raise ReadError(name, f"the Parquet file is damaged: the page at byte {start} has less than nothing")
        most = MAX_DICTIONARY_BYTES if kind == _DICTIONARY else MAX_PAGE_BYTES
        if max(page.unpacked, page.packed) > most:
            what = "a dictionary" if kind == _DICTIONARY else "a page"
            raise TooMuch(
                name, f"{what} of {column.path_in_schema[:60]} has over {most // 2**20} MiB; write smaller ones"
            )
        yield page
        start = page.body + page.packed


def _row_bytes(file: IO[bytes], column: Any, levels: tuple[int, int], name: str) -> np.ndarray:
    """``(rows,)`` float32: what the lists of each row take in a column when each value is written out.

    The values of a page count alike. For ``levels`` see :func:`_measured`.
    """
    width = int(levels[0]).bit_length()
    rows: list[np.ndarray] = []
    last = 0.0
    for page, each in _measured(file, column, levels, name):
        if page.kind == _DICTIONARY:
            continue
        try:
            for count, starts in _row_starts(_levels(file, column, page), width, page.count):
                if starts is None or not starts.any():
                    last += each * count
                    continue
                places = np.flatnonzero(starts)
                whole = np.diff(places, prepend=0) * each
                whole[0] += last
                rows.append(whole.astype(np.float32))
                last = each * (count - int(places[-1]))
        except (IndexError, ValueError):
            raise ReadError(
                name, f"the Parquet file is damaged: the lists in the page at byte {page.body} have no end"
            ) from None
    held = np.append(np.concatenate(rows or [np.zeros(0, np.float32)]), np.float32(last))
    return held[1:] if held[0] == 0 else held  # before the first row there is nothing


def _levels(file: IO[bytes], column: Any, page: _Page) -> bytes | None:
    """Where lists begin in a page, as it is packed in there; None where only the reader of Arrow knows."""
    if page.kind == _DATA[1]:
        file.seek(page.body)
        return file.read(min(page.packed, max(0, page.fields.get(6, 0))))
    held = _unpacked(file, column, page)
    if held is None or page.fields.get(4) != _RLE:
        return None
    return held[4 : 4 + int.from_bytes(held[:4], "little")]


def _row_starts(levels: bytes | None, width: int, count: int) -> Iterator[tuple[int, np.ndarray | None]]:
    """How many values come next, and at which of them a row begins; None where it does at none.

    https://parquet.apache.org/docs/file-format/data-pages/encodings/#run-length-encoding--bit-packing-hybrid-rle--3
    """
    if levels is None:
        yield count, None
        return
    at = 0
    while count > 0:
        head, at = _varint(levels, at)
        left = head >> 1
        if left == 0:
            raise ValueError
        if head & 1:
            while left > 0 and count > 0:
                groups = min(left, _GROUPS)
                bits = np.unpackbits(np.frombuffer(levels, np.uint8, groups * width, at), bitorder="little")
                starts = (bits.reshape(-1, width).max(axis=1) == 0)[:count]
                yield len(starts), starts
                at, left, count = at + groups * width, left - groups, count - len(starts)
        else:
            level = int.from_bytes(levels[at : at + (width + 7) // 8], "little")
            at += (width + 7) // 8
            while left > 0 and count > 0:
                size = min(left, count, 8 * _GROUPS) if level == 0 else min(left, count)
                yield size, None if level else np.ones(size, dtype=bool)
                left, count = left - size, count - size


def _longest(file: IO[bytes], column: Any, page: _Page) -> int:
    """Bytes of the longest text of a dictionary."""
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
        return page.unpacked // max(1, page.count)
    held = _unpacked(file, column, page)
    if held is None:
        return page.unpacked
    longest = at = 0
    for _ in range(page.count):
        if at >= len(held):
            break
        size = int.from_bytes(held[at : at + 4], "little")
        longest, at = max(longest, size), at + 4 + size
    return min(longest, page.unpacked)


def _longest_of_prefixes(held: bytes | None, page: _Page) -> int:
    """Bytes of the longest text of a page whose texts begin as the one before; that of the page where nobody knows.

    https://parquet.apache.org/docs/file-format/data-pages/encodings/#delta-strings-delta_byte_array--7
    """
    try:
        shared, at = _deltas(held or b"", 0, page.count)
        own, _ = _deltas(held or b"", at, page.count)
        return max(0, int((shared + own).max(initial=0)))
    except (IndexError, ValueError):
        return page.unpacked


def _deltas(held: bytes, at: int, most: int) -> tuple[np.ndarray, int]:
    """At most so many numbers that are written by their differences, and where they end.

    https://parquet.apache.org/docs/file-format/data-pages/encodings/#delta-encoding-delta_binary_packed--5
    """
    block, at = _varint(held, at)
    parts, at = _varint(held, at)
    count, at = _varint(held, at)
    first, at = _number(held, at)
    if not 0 < parts <= block <= _DELTAS or block % (8 * parts) or not 0 < count <= min(most, MAX_LIST_VALUES):
        raise ValueError
    size = block // parts
    values = np.zeros(count + size, dtype=np.int64)  # the last part may have room for more
    values[0] = first
    filled = 1
    while filled < count:
        lowest, at = _number(held, at)
        widths, at = held[at : at + parts], at + parts
        if len(widths) < parts or max(widths) > 32 or abs(lowest) > 2**32:
            raise ValueError
        for width in widths[: -(-(count - filled) // size)]:
            bits = np.unpackbits(np.frombuffer(held, np.uint8, size * width // 8, at), bitorder="little")
            values[filled : filled + size] = bits.reshape(size, width) @ _POWERS[:width] + lowest
            filled, at = filled + size, at + size * width // 8
    return np.cumsum(values[:count]), at


def _values(file: IO[bytes], column: Any, page: _Page, levels: tuple[int, int]) -> bytes | None:
    """What a page with data holds behind its levels; None where only the reader of Arrow knows."""
    if page.kind == _DATA[1]:
        skipped = min(page.packed, sum(max(0, page.fields.get(field, 0)) for field in (5, 6)))
        return _unpacked(file, column, page, skipped, is_packed=page.fields.get(7, True))
    held, at = _unpacked(file, column, page), 0
    for field, level in zip((4, 3), levels, strict=True):
        if level:
            if held is None or page.fields.get(field) != _RLE:
                return None
            at += 4 + int.from_bytes(held[at : at + 4], "little")
    return held and held[at:]


def _unpacked(file: IO[bytes], column: Any, page: _Page, skipped: int = 0, *, is_packed: bool = True) -> bytes | None:
    """The content of a page behind the bytes to be skipped; None where it is packed in a way that is not known here."""
    import pyarrow as pa

    file.seek(page.body + skipped)
    held = file.read(max(0, page.packed - skipped))
    if column.compression == "UNCOMPRESSED" or not is_packed:
        return held
    try:
        codec = pa.Codec("lz4_raw" if column.compression == "LZ4" else column.compression.lower())
        return bytes(codec.decompress(held, max(0, page.unpacked - skipped), asbytes=True))
    except (ValueError, OSError):
        return None


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
