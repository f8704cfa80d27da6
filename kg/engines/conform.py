"""Bring an engine's Arrow table to the schema that was asked for."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc


def json_text(value: dict[str, Any]) -> str:
    """A map as the JSON text that stands for it in a table; keys sorted, so that equal maps have equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """``table`` with exactly the columns and types of ``schema``; a column that is missing is null.

    Moments come as ISO text without a zone from the embedded engine, as numbers of the type's unit from a server, and
    are UTC.
    """
    found = set(table.column_names)
    columns = [
        _cast(table.column(field.name), field.type) if field.name in found else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if column.type == wanted:
        return column
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), wanted)])
    if pa.types.is_dictionary(wanted):
        return column.cast(wanted.value_type).dictionary_encode().cast(wanted)
    if pa.types.is_timestamp(wanted) and pa.types.is_string(column.type):
        # A moment that the driver wrote ends in Z, one that was loaded in bulk does not.
        return pc.utf8_rtrim(column, "Z").cast(pa.timestamp(wanted.unit)).cast(wanted)
    return column.cast(wanted)
