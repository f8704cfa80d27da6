"""One door to every source of rows."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any

from kg.advice import advice, option
from kg.errors import ReadError
from kg.readers.blocks import KEYED, BlockStream, KeyedRows
from kg.readers.delimited import DelimitedRows, Dialect
from kg.readers.document import Objects
from kg.readers.each import EachRows
from kg.readers.form import Form, Join
from kg.readers.joined import JoinedRows
from kg.readers.jsonlines import JsonRows
from kg.readers.mapping import look_on
from kg.readers.memory import MappingRows
from kg.readers.moments import Clock
from kg.readers.parts import PartRows, can_be_read_again, is_file, parts_of
from kg.readers.reshaped import ImpressionRows, LongRows, WideRows, nothing_of
from kg.readers.rows import Rows
from kg.readers.shaped import ShapedRows
from kg.readers.sniff import PARQUET_MAGIC, Lines, even_lists, preamble, sniff
from kg.readers.stream import FileSource, LineStream, starts_with
from kg.readers.typed import RECORDS, TypedRows

log = logging.getLogger(__name__)

Source = FileSource | Iterable[Any]
"""A path, also of a folder or with ``*``; a list of paths, whose files are parts of one source; a member of an archive,
a pandas data frame, an Arrow table, or an iterable of dictionaries or records."""


def open_rows(source: Source, form: Form | None = None, *, table: bool = False) -> Rows | LineStream:
    """The rows of any source, as ``form`` says; what it leaves out is told from the content.

    A :class:`LineStream` stands for a file of LightGCN lists, which have no columns; with ``table`` such a file is read
    as a table split by spaces, without a header.

    Raises:
        ReadError: the source cannot be read, or is no table.
    """
    form = form or Form()
    parts = parts_of(source)
    if len(parts) > 1:
        rows: Rows | LineStream = PartRows(parts, lambda part: _table(part, form))
    else:
        rows = _shaped(parts[0], form, table=table)
    if form.long and isinstance(rows, Rows) and not isinstance(rows, TypedRows):
        return ShapedRows(_joined(LongRows(rows, form.long, Clock(form.at_format, form.zone)), form), form)
    return rows


def open_table(source: Source, form: Form | None = None) -> Rows:
    """The rows of any source, as a table."""
    rows = open_rows(source, form, table=True)
    assert isinstance(rows, Rows)  # what ``table`` asks for
    return rows


def _shaped(source: Source, form: Form, *, table: bool) -> Rows | LineStream:
    """The rows of one part of a source."""
    rows = _open(source, form, table=table or form.wide)
    if not isinstance(rows, Rows) or isinstance(rows, TypedRows):
        return rows
    if form.wide:
        rows = WideRows(rows, nothing_of(form), form.leave_out)
    if form.impressions:
        rows = ImpressionRows(rows, form.impressions)
    if form.each:
        rows = EachRows(rows, form.each)
    return ShapedRows(rows if form.long else _joined(rows, form), form)


def _joined(rows: Rows, form: Form) -> Rows:
    """The rows with the columns of the tables that the form joins."""
    for join in form.join:
        if join.optional and not _can_be_joined(rows, join):
            continue
        rows = JoinedRows(rows, join, open_table(join.source))
    return rows


def _can_be_joined(rows: Rows, join: Join) -> bool:
    """Whether both sides of an optional join are there."""
    look_on(rows, [join.own])
    there = not isinstance(join.source, str | os.PathLike) or os.path.exists(join.source)
    return there and ShapedRows(rows, Form()).has(join.own)


def _table(part: Source, form: Form) -> Rows:
    rows = _shaped(part, form, table=True)
    assert isinstance(rows, Rows)  # what ``table`` asks for
    return rows


def _open(source: Source, form: Form, *, table: bool) -> Rows | LineStream:
    if is_file(source):
        return _open_file(source, form, table=table)
    if _is_a(source, "pandas", "DataFrame"):
        from kg.readers.columnar import FrameRows

        form.must_suit("frames")
        return FrameRows(source)  # type: ignore[arg-type]
    if _is_a(source, "pyarrow", "Table"):
        from kg.readers.columnar import ArrowRows

        form.must_suit("frames")
        return ArrowRows(source)
    if isinstance(source, Iterable) and not isinstance(source, bytes | bytearray | Mapping):
        rows = iter(source)
        first = list(islice(rows, 1))
        again = chain(first, rows)
        # Nothing at all has no columns to miss.
        if first and isinstance(first[0], RECORDS):
            form.must_suit("records")
            return TypedRows(again)
        form.must_suit("frames")
        if not first:
            return TypedRows(again)
        return MappingRows(again, source if isinstance(source, list | tuple) else ())
    raise ReadError(f"<{type(source).__name__}>", "is neither a file nor a data frame nor an iterable of records")


def _open_file(source: Any, form: Form, *, table: bool) -> Rows | LineStream:
    if starts_with(source, PARQUET_MAGIC):
        from kg.readers.columnar import ParquetRows

        form.must_suit("Parquet")
        return ParquetRows(source)
    stream = LineStream(source, form.encoding)
    if stream.head.startswith(PARQUET_MAGIC):
        stream.close()
        raise ReadError(stream.name, "Parquet is read from its end, so it must be a plain file: unpack it first")
    again = partial(LineStream, source, form.encoding) if can_be_read_again(source) else None
    if form.blocks == KEYED:
        return KeyedRows(stream, again)
    if form.blocks:
        return _blocks(BlockStream(stream, form.delimiter), form.blocks, form)
    number, delimiter, marked = preamble(stream.head)
    if number or marked:
        stream.pass_over(number, b"# " if marked else b"")
    if number:
        log.info("%s: lines before the table, such as # remarks, are left out: %d", stream.name, number)
    found = _dialect(form) or (Dialect(delimiter) if delimiter else sniff(stream))
    if found in (Lines.DOCUMENT, Lines.JSON):
        form.must_suit("JSON")
    if found is Lines.DOCUMENT:
        return JsonRows(Objects(stream), again and (lambda: Objects(again())))
    if found is Lines.JSON:
        return JsonRows(stream, again)
    if found is Lines.KEYED:
        log.info("%s: read as records of key: value; %s makes a table of it", stream.name, option("delimiter"))
        return KeyedRows(stream, again)
    if isinstance(found, Dialect):
        rows = DelimitedRows(stream, _escaped(found, form))
        return rows.headerless(form.columns) if form.columns else rows
    if table or form.columns:
        return DelimitedRows(stream, Dialect(" ")).headerless(form.columns)
    if width := even_lists(stream.head):
        stream.close()
        raise ReadError(
            stream.name,
            f"has {width} numbers in each row: name the columns with {_columns()}; or say with "
            + advice("ingest lists", "lists= (read_lists)", 'verb = "lists"')
            + " that a row is a person and their items",
        )
    log.info("%s: read as lists, in each row a person and then items; %s make columns of them", stream.name, _columns())
    return stream


def _columns() -> str:
    """What names the columns of lines of numbers."""
    return advice(
        "--columns user,item,... or --map user=1,item=2,...",
        "columns=['user', 'item', ...] or mapping={'user': '1', 'item': '2', ...}",
        'columns = ["user", "item", ...] or map = { user = "1", item = "2", ... }',
    )


def _is_a(source: Any, module: str, name: str) -> bool:
    """Whether this is an instance of a class in a module that nobody may have imported."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(source, getattr(loaded, name))


def _dialect(form: Form) -> Dialect | None:
    return Dialect(form.delimiter) if form.delimiter else None


def _escaped(dialect: Dialect, form: Form) -> Dialect:
    """A dialect with the quotes and the escape that are stated; quotes that are doubled are read anyway."""
    dialect = dialect if form.quotes else replace(dialect, quoted=False)
    return replace(dialect, escape=form.escape) if form.escape and form.escape != '"' else dialect


def _blocks(stream: BlockStream, name: str, form: Form) -> Rows:
    """The rows of a file in blocks, which has no header: without names, columns are 1, 2, ... behind the block's."""
    rows = DelimitedRows(stream, _escaped(Dialect(stream.delimiter), form))
    names = form.columns or tuple(str(place + 1) for place in range(len(rows.columns) - 1))
    return rows.headerless((name, *names))
