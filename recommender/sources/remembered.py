"""How files were read, kept with the graph, so that the next file of the same columns is read the same way.

A property of ``(:Schema)`` for each verb and set of columns: the options that were stated, and no cell of the file. So
a backup holds it, a restore and a copy bring it along, and earlier releases leave it alone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from pathlib import PurePath
from typing import Any, cast

from kg import queries
from kg.errors import GraphError
from kg.ingested import ingested
from kg.merging import can_be_read_again
from kg.readers import AttributeColumn, EventMapping, ItemMapping, UserMapping, is_file, open_rows
from kg.readers.form import Form
from kg.readers.rows import Rows
from kg.readers.stream import LineStream, bare, name_of
from kg.readers.typed import TypedRows
from kg.records import Scale
from kg.store import Store
from recommender.configured import configured
from recommender.errors import InvalidInput
from recommender.sources.document import Table, Verb
from recommender.sources.writing import options_of, stated_by

log = logging.getLogger(__name__)

PREFIX = "source_"
"""Of the properties that hold sources."""
NAME = 200
"""Characters of a file's name that are kept."""


@dataclass(frozen=True)
class Remembered:
    """Files of the same columns that were ingested by the same verb."""

    name: str
    """The last of them."""
    verb: Verb
    columns: tuple[str, ...]
    table: Table
    """How they are read: what was stated."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, and small."""
        stated = {name: value for name, value in stated_by(self.table).items() if name not in ("files", "verb")}
        return {"name": self.name, "verb": self.verb, "columns": list(self.columns), "read": _plain(stated)}


def remembered(store: Store) -> list[Remembered]:
    """Everything that was kept, by name; what a later release keeps otherwise is left out."""
    found = []
    for row in store.read(queries.text("schema_state")):
        for key, text in row["properties"].items():
            if key.startswith(PREFIX) and (own := _read(text)) is not None:
                found.append(own)
    return sorted(found, key=lambda own: (own.name, own.verb, own.columns))


def keys_of(store: Store, verb: str, name: str) -> list[str]:
    """The properties that hold how sources of this name are read."""
    return [_key(own.verb, own.columns) for own in remembered(store) if (own.verb, own.name) == (verb, name)]


def listed(store: Store) -> list[dict[str, Any]]:
    """All sources that the graph knows of, as :meth:`Remembered.to_dict`, with what each has brought.

    ``number`` and ``brought`` (records that were new when they came) are None of what was ingested before this was
    noted; ``columns`` and ``read`` are empty where another file of the same columns has been read since.
    """
    told = {(own.verb, own.name): own for own in ingested(store).values() if not own.undone}
    found = []
    for read in remembered(store):
        own = told.pop((read.verb, read.name), None)
        found.append(read.to_dict() | {"number": own and own.number, "brought": own and own.brought})
    for own in told.values():
        plain = {"name": own.name, "verb": own.verb, "columns": [], "read": {}}
        found.append(plain | {"number": own.number, "brought": own.brought})
    return sorted(found, key=lambda own: (own["name"], own["verb"]))


def as_before(store: Store, stated: Table, columns: tuple[str, ...]) -> Table:
    """A table read as the last one of the same columns was, save for what is stated now."""
    before = next((own for own in remembered(store) if (own.verb, own.columns) == (stated.verb, columns)), None)
    if before is None:
        return stated
    merged = replace(
        before.table, **{**stated_by(stated), "files": stated.files, "map": {**before.table.map, **stated.map}}
    )
    if merged != stated:
        how = " ".join(options_of(merged)) or "the same options"
        log.info(
            "%s: read as %s was, which has the same columns: %s; options change it", stated.files[0], before.name, how
        )
    return merged


def keep(store: Store, table: Table, columns: tuple[str, ...]) -> None:
    """Keep how a source of these columns was read; nothing where there are none (:func:`columns_of`)."""
    if not columns:
        return
    user = table.map.get("user", table.id if table.verb == "users" else None)
    plain = replace(table, files=(), drop={own: codes for own, codes in table.drop.items() if own != user})
    document = {
        "name": table.files[0][:NAME],
        "columns": columns,
        "table": _plain({name: value for name, value in stated_by(plain).items() if name != "files"}),
    }
    text = json.dumps(document | {"verb": table.verb}, ensure_ascii=False)
    store.write(queries.statement("sources_keep", sources={_key(table.verb, columns): text}))


def columns_of(source: Any) -> tuple[str, ...]:
    """The names of a source's columns, in the order of the alphabet; of one without a header their number alone.

    None at all where a source has no columns, or can be read once only.
    """
    if not can_be_read_again(bare(source) if is_file(source) else source):
        return ()
    try:
        rows = open_rows(source)
    except GraphError:
        return ()
    if isinstance(rows, LineStream):
        rows.close()
        return ()
    if not isinstance(rows, Rows) or isinstance(rows, TypedRows):
        return ()
    names = range(1, len(rows.columns) + 1) if rows.begins_with_data else sorted(rows.columns)
    rows.close()
    return tuple(map(str, names))


def events_table(
    name: Any, mapping: EventMapping | None, kind: str | None, scale: Scale | None, form: Form | None
) -> Table:
    """What is stated of events, as a table of a source."""
    mapping = mapping or EventMapping()
    roles = {own.name: getattr(mapping, own.name) for own in fields(mapping) if own.name != "context"}
    return _table(
        name,
        "events",
        form,
        map={role: column for role, column in roles.items() if column is not None},
        context=mapping.context,
        kind=kind,
        scale=None if scale is None else (scale.minimum, scale.maximum),
    )


def nodes_table(name: Any, verb: Verb, mapping: ItemMapping | UserMapping | None, form: Form | None) -> Table | None:
    """Likewise of items or people; None where a document cannot say it."""
    if mapping is None:
        return _table(name, verb, form)
    specs = (*mapping.attributes, *getattr(mapping, "related", ()), *getattr(mapping, "friends", ()))
    if any(isinstance(own, AttributeColumn) and own.separator for own in specs):
        return None
    stated = {own.name: getattr(mapping, own.name) for own in fields(mapping)}
    listed = {own: tuple(map(_written, stated[own])) for own in ("attributes", "related", "friends") if own in stated}
    return _table(name, verb, form, **(stated | listed))


def called(source: Any) -> str:
    """What a source is called: the name of a file, of several the first; else that of its type."""
    if isinstance(source, list | tuple) and source and all(map(is_file, source)):
        source = source[0]
    return (PurePath(name_of(source)).name if is_file(source) else type(source).__name__)[:NAME]


def _table(source: Any, verb: Verb, form: Form | None, **stated: Any) -> Table:
    name = called(source)
    said = {own.name: getattr(form or Form(), own.name) for own in fields(Form) if own.name != "join"}
    return Table((name,), verb, **stated, **said)


def _written(column: Any) -> str:
    kind = getattr(column, "kind", None)
    relation = column.relation or (column.named()[0] if kind else None)
    return ":".join(filter(None, (column.column, relation))) + (f"={kind}" if kind else "")


def _key(verb: str, columns: tuple[str, ...]) -> str:
    return PREFIX + blake2b("\0".join([verb, *columns]).encode(errors="replace"), digest_size=8).hexdigest()


def _read(text: Any) -> Remembered | None:
    try:
        found = json.loads(text)
        table = configured(Table, {"files": [found["name"]], "verb": found["verb"], **found["table"]}, "a source")
        return Remembered(found["name"], found["verb"], tuple(found["columns"]), table)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidInput):
        return None


def _plain(stated: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON holds it."""
    return cast(dict[str, Any], json.loads(json.dumps(stated, default=dict)))
