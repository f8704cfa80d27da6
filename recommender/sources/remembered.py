"""How files were read, kept with the graph, so that the next file of the same columns is read the same way.

A property of ``(:Schema)`` for each verb and set of columns: the options that were stated, and no cell of the file. So
a backup holds it, a restore and a copy bring it along, and earlier releases leave it alone.
"""

from __future__ import annotations

import json
import logging
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from pathlib import Path, PurePath
from typing import Any, cast

from kg import queries
from kg.advice import advice, option
from kg.errors import GraphError
from kg.ingested import id_of, ingested
from kg.merging import can_be_read_again
from kg.readers import EventMapping, ItemMapping, UserMapping, is_file, open_rows
from kg.readers.form import Form, Join
from kg.readers.lists import list_rows
from kg.readers.mapping import USER, normal
from kg.readers.open import open_table
from kg.readers.recbole import interactions
from kg.readers.rows import Rows
from kg.readers.social import FROM, TO
from kg.readers.stream import LineStream, bare, name_of
from kg.readers.typed import TypedRows
from kg.records import Begins, Scale
from kg.store import Store
from recommender.configured import configured, stated_by
from recommender.errors import InvalidInput
from recommender.sources.document import Table, Verb
from recommender.sources.writing import options_of

log = logging.getLogger(__name__)

PREFIX = "source_"
"""Of the properties that hold sources."""
NAME = 200
"""Characters of a file's name that are kept."""
MOST_COLUMNS = 1000
"""A source with more of them is not remembered: a matrix has one an item."""
PERSONAL = "email mail emailaddress username login phone name firstname lastname fullname address ip ipaddress"
"""Columns of people's names and addresses, by normal name."""
_FIELDS = frozenset(Table.__dataclass_fields__)


@dataclass(frozen=True)
class Remembered:
    """Files of the same columns that were ingested by the same verb."""

    name: str
    """The last of them."""
    verb: Verb
    columns: tuple[str, ...]
    table: Table
    """How they are read: what was stated."""
    part_of: str = ""
    """The source, a document or a recipe, among whose files it was; itself where it stands alone."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, and small."""
        stated = {name: value for name, value in stated_by(self.table).items() if name not in ("files", "verb")}
        part_of = None if self.stands_alone else self.part_of
        plain = {"name": self.name, "verb": self.verb, "columns": list(self.columns), "read": _plain(stated)}
        return plain | {"part_of": part_of}

    @property
    def stands_alone(self) -> bool:
        """Whether it is a source of its own."""
        return self.part_of == id_of(self.verb, self.name)


def remembered(store: Store) -> list[Remembered]:
    """Everything that was kept, by name; what a later release keeps otherwise is left out."""
    found = []
    for row in store.read(queries.text("schema_state")):
        for key, text in row["properties"].items():
            if key.startswith(PREFIX) and (own := _read(text)) is not None:
                found.append(own)
    return sorted(found, key=lambda own: (own.name, own.verb, own.columns))


def keys_of(store: Store, verb: str, name: str) -> list[str]:
    """The properties that hold how a source, and what is part of it, is read."""
    return [_key(own.verb, own.columns) for own in remembered(store) if own.part_of == id_of(verb, name)]


def listed(store: Store) -> list[dict[str, Any]]:
    """All sources that the graph knows of, as :meth:`Remembered.to_dict`, with what each has brought.

    ``number`` and ``brought`` (records that were new when they came) are None of what was ingested before this was
    noted, and of a file of a document or a recipe, which is ``part_of`` it; ``columns`` and ``read`` are empty where
    another file of the same columns has been read since.
    """
    told = {own.id: own for own in ingested(store).values() if not own.undone}
    found = []
    for read in remembered(store):
        own = told.pop(id_of(read.verb, read.name), None) if read.stands_alone else None
        found.append(read.to_dict() | {"number": own and own.number, "brought": own and own.brought})
    for own in told.values():
        plain: dict[str, Any] = {"name": own.name, "verb": own.verb, "columns": [], "read": {}, "part_of": None}
        found.append(plain | {"number": own.number, "brought": own.brought})
    return sorted(found, key=lambda own: (own["name"], own["verb"]))


def as_before(store: Store, stated: Table, columns: tuple[str, ...], said: Collection[str] = ()) -> Table:
    """A table read as the last one of the same columns was, save for what is stated now.

    ``said`` are the fields that are stated though they are as by default.
    """
    if not columns:
        return stated
    before = next((own for own in remembered(store) if (own.verb, own.columns) == (stated.verb, columns)), None)
    if before is None:
        return stated
    explicit = {name: getattr(stated, name) for name in said if name in _FIELDS}
    own = {**stated_by(stated), **explicit, "files": stated.files, "map": {**before.table.map, **stated.map}}
    merged = replace(before.table, **own)
    if merged != stated:
        log.info(
            "%s: read as %s was, which has the same columns: %s; %s",
            stated.files[0],
            before.name,
            _said(merged, [name for name in stated_by(merged) if getattr(merged, name) != getattr(stated, name)]),
            advice("options change it, --anew takes nothing over", "arguments change it, anew=True takes nothing over"),
        )
    return merged


def _said(table: Table, names: Collection[str]) -> str:
    """What was stated of a table, in the words of the door."""
    stated = {name: getattr(table, name) for name in names}
    words = options_of(replace(Table(table.files, table.verb), **stated))
    return advice(shlex.join(words), ", ".join(f"{name}={value!r}" for name, value in stated.items()))


def keep(
    store: Store, table: Table, columns: tuple[str, ...], part_of: Begins, folder: Path, joins: Sequence[Join] = ()
) -> None:
    """Keep how a source of these columns was read; nothing where there are none (:func:`columns_of`).

    ``joins`` are those that were stated with places of their own.
    """
    if not columns:
        return
    plain = _without_people(replace(table, join=_places(table, folder, joins)), columns)
    document = {
        "name": table.files[0][:NAME],
        "part_of": id_of(part_of.verb, part_of.name),
        "columns": columns,
        "table": _plain({name: value for name, value in stated_by(plain).items() if name != "files"}),
    }
    text = json.dumps(document | {"verb": table.verb}, ensure_ascii=False)
    store.write(queries.statement("sources_keep", sources={_key(table.verb, columns): text}))


def _places(table: Table, folder: Path, joins: Sequence[Join]) -> tuple[str, ...]:
    """Where the tables lie that it joins: within the folder, or from the root; those of frames are not kept."""
    stated = joins or (table.form(folder).join if table.join else ())
    return tuple(
        f"{_within(Path(own.source), folder)}:{own.own}={own.theirs}"
        for own in stated
        if isinstance(own.source, str | Path)
    )


def _within(path: Path, folder: Path) -> str:
    whole = path.absolute()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root := folder.absolute()) else whole.as_posix()


def _without_people(table: Table, columns: tuple[str, ...]) -> Table:
    """A table that names nobody: values of columns that hold people are left out, and so is what is an address.

    What stands for none stays, for that is nobody.
    """
    people = _people(table, columns)

    def kept(column: str, code: str) -> bool:
        return "@" not in code and (column not in people or code in table.missing.get(column, ()))

    stated: dict[str, Any] = {}
    for name in ("missing", "drop", "keep", "values", "words"):
        stated[name] = {}
        for column, codes in getattr(table, name).items():
            left = [code for code in codes if kept(column, code)]
            if left or not codes:
                by_code = isinstance(codes, Mapping)
                stated[name][column] = {code: codes[code] for code in left} if by_code else tuple(left)
            if len(left) < len(codes):
                log.info("what %s says of %s is not kept with the graph, for it may name people", option(name), column)
    return replace(table, **stated)


def _people(table: Table, columns: tuple[str, ...]) -> set[str]:
    """The columns that hold people, by what is stated of them and by their names."""
    roles = {"user", "from", "to"}
    stated = [column for role, column in table.map.items() if role in roles]
    stated += [own.partition(":")[0] for own in table.friends]
    stated += [table.id] if table.verb == "users" and table.id else []
    parts = [part.strip() for column in stated for part in re.split(r"[|+]", column)]
    usual = set(f"{USER} {FROM} {TO} {PERSONAL}".split())
    if table.verb in ("items", "triples", "links"):
        usual = set(f"{USER} {PERSONAL}".split())
    mentioned = {column for name in ("drop", "keep", "values", "words") for column in getattr(table, name)}
    return {*stated, *parts, *(own for own in (*columns, *mentioned) if normal(own) in usual)}


def columns_of(source: Any, verb: Verb) -> tuple[str, ...]:
    """The names of a source's columns, in the order of the alphabet; of one without a header their number alone.

    None at all where a source has no columns, too many, or can be read once only.
    """
    if not can_be_read_again(bare(source) if is_file(source) else source):
        return ()
    rows = _opened(source, verb)
    if rows is None:
        return ()
    unnamed = rows.begins_with_data or (len(rows.columns) == 1 and rows.columns[0].endswith(":"))
    names = range(1, len(rows.columns) + 1) if unnamed else sorted(rows.columns)
    rows.close()
    return tuple(map(str, names)) if len(rows.columns) <= MOST_COLUMNS else ()


def _opened(source: Any, verb: Verb) -> Rows | None:
    """The rows of a source; of lists those of its two columns."""
    try:
        if verb == "recbole":
            return interactions(source)
        if verb == "lists":
            return list_rows(source)
        rows = open_rows(source)
        if isinstance(rows, LineStream):
            rows.close()
            return None
    except GraphError:
        try:  # such as numbers between blanks, of which nobody knows what they are
            rows = open_table(source)
        except GraphError:
            return None
    return rows if isinstance(rows, Rows) and not isinstance(rows, TypedRows) else None


def events_table(
    name: Any, mapping: EventMapping | None, kind: str | None, scale: Scale | None, form: Form | None
) -> Table:
    """What is stated of events, as a table of a source."""
    mapping = mapping or EventMapping()
    roles = {own.name: getattr(mapping, own.name) for own in fields(mapping) if own.name != "context"}
    return table_of(
        name,
        "events",
        form,
        map={role: column for role, column in roles.items() if column is not None},
        context=mapping.context,
        kind=kind,
        scale=None if scale is None else (scale.minimum, scale.maximum),
    )


def nodes_table(name: Any, verb: Verb, mapping: ItemMapping | UserMapping | None, form: Form | None) -> Table:
    """Likewise of items or people."""
    if mapping is None:
        return table_of(name, verb, form)
    specs = (*mapping.attributes, *getattr(mapping, "related", ()), *getattr(mapping, "friends", ()))
    parted = {own.column: own.separator for own in specs if own.separator is not None}
    form = replace(form or Form(), split={**parted, **(form.split if form else {})}) if parted else form
    stated = {own.name: getattr(mapping, own.name) for own in fields(mapping)}
    listed = {own: tuple(map(_written, stated[own])) for own in ("attributes", "related", "friends") if own in stated}
    return table_of(name, verb, form, **(stated | listed))


def called(source: Any) -> str:
    """What a source is called: the name of a file, of several the first; else that of its type."""
    if isinstance(source, list | tuple) and source and all(map(is_file, source)):
        source = source[0]
    return (PurePath(name_of(source)).name if is_file(source) else type(source).__name__)[:NAME]


def table_of(source: Any, verb: Verb, form: Form | None = None, **stated: Any) -> Table:
    """What is stated of any source; its joins are the caller's to hold."""
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
        part_of = found.get("part_of") or id_of(found["verb"], found["name"])
        return Remembered(found["name"], found["verb"], tuple(found["columns"]), table, part_of)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidInput):
        return None


def _plain(stated: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON holds it."""
    return cast(dict[str, Any], json.loads(json.dumps(stated, default=dict)))
