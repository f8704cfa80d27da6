"""A source as a document in TOML: everything that ``ingest`` takes as options, for several files, kept in one place.

::

    name = "shop"

    [[table]]
    files = ["orders-*.csv"]            # names or globs, within the folder that is given, else beside the document
    verb = "events"                     # or items, users, social, triples, lists, amazon-reviews, amazon-items
    map = { user = "customer|session", item = "sku", at = "date+time", value = "quantity" }
    kind = "PURCHASED"
    delimiter = ";"
    encoding = "latin-1"
    decimal = ","
    missing = { sku = ["NA"], "" = ["-"] }   # "": in every column
    drop = { status = ["cancelled"] }        # keep = { ... }: only these
    words = { channel = { "1" = "WEB", "2" = "SHOP" } }
    join = ["customers.csv:customer=number"]    # their columns, too; one row a key

    [[table]]
    files = ["products.csv"]
    verb = "items"
    id = "sku"
    title = "name"
    text = ["description"]
    attributes = ["brand:MADE_BY", "category"]
    properties = ["price"]

    [kinds.PURCHASED]
    meaning = "count"
    weight = 0.9
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from kg.errors import ReadError
from kg.readers import (
    AttributeColumn,
    EventMapping,
    ItemMapping,
    SocialMapping,
    UserMapping,
    read_events,
    read_items,
    read_lists,
    read_social,
    read_users,
)
from kg.readers.amazon import SCALE, read_amazon_items, read_amazon_reviews
from kg.readers.archives import archive_at
from kg.readers.form import Form, Join
from kg.readers.friends import friends_column
from kg.readers.knowledge import read_knowledge
from kg.readers.mapping import FRIEND, related_column
from kg.readers.stream import trusted
from kg.records import Interaction, KindRecord, Record, Reject, Scale, event_kind
from recommender.configured import read_config
from recommender.errors import InvalidInput

Verb = Literal["events", "items", "users", "social", "triples", "lists", "amazon-reviews", "amazon-items"]
NAMED: tuple[Verb, ...] = ("items", "users", "amazon-items")
"""Those whose names are merged."""
Records = Iterator[Record | Reject]


@dataclass(frozen=True)
class Kind:
    """What is declared of a kind of event."""

    meaning: str | None = None
    """``rating``, ``count``, ``flag``, ``event`` or ``like``."""
    weight: float | None = None
    """Of one event, in [-1, 1]."""


@dataclass(frozen=True)
class Table:
    """Files of one form, and the verb that reads them; a key is the name of its option."""

    files: tuple[str, ...]
    """Names or globs within the folder."""
    verb: Verb = "events"
    optional: bool = False
    """Whether the files may be missing."""
    together: bool = False
    """Whether its files are parts of one, so that of a property a row the newest of all files wins."""
    map: Mapping[str, str] = field(default_factory=dict)
    """Of events and ties: the column of each role."""
    context: tuple[str, ...] = ()
    """Of events: columns kept as properties of them."""
    kind: str | None = None
    scale: tuple[float, ...] | None = None
    id: str | None = None
    """Of items and people: the column of ids; by default the columns are chosen by their names."""
    title: str | None = None
    text: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """``COL``, ``COL:RELATION`` or ``COL:RELATION=KIND``."""
    properties: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    """Columns with ids of other items: ``COL:RELATION``."""
    friends: tuple[str, ...] = ()
    """Of people: columns with ids of other people, ``COL`` or ``COL:RELATION``."""
    type: str = FRIEND
    """Of ties: ``FRIEND``, ``FOLLOWS``, ..."""
    link: str | None = None
    """Of triples: the file with item id and entity id."""
    columns: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    escape: str | None = None
    decimal: str = "."
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    each: str | None = None
    join: tuple[str, ...] = ()
    """``FILE:COLUMN`` or ``FILE:OWN=THEIRS``; the file lies in the folder, its name may be a glob."""
    quotes: bool = True
    at_format: str | None = None
    zone: str | None = None
    repeats: Literal["once", "count"] | None = None
    blocks: str | None = None
    wide: bool = False
    long: tuple[str, ...] = ()
    impressions: str | None = None

    def form(self, folder: Path, joins: Sequence[Join] = ()) -> Form:
        """What it says of how its files are written; the files that it joins lie in a folder, or in a zip archive.

        ``joins`` stand in place of its own.
        """
        stated = {name: getattr(self, name) for name in Form.__dataclass_fields__}
        own = (replace(join, source=_one_of(join.source, folder)) for join in map(Join.parse, self.join))
        return Form(**{**stated, "join": tuple(joins or own)})

    @property
    def limits(self) -> Scale | None:
        """The declared scale."""
        if self.scale is None:
            return None
        if len(self.scale) != 2:
            raise InvalidInput(f"scale = {list(self.scale)} is not [lowest, highest]")
        return Scale(*self.scale)


@dataclass(frozen=True)
class Source:
    """A source: its tables, in the order in which they are read."""

    table: tuple[Table, ...]
    name: str = ""
    text: str = ""
    """A line for people: what it is, and where it comes from."""
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.table:
            raise InvalidInput("a source needs a [[table]]")

    def records(self, folder: Path, *, trust: bool = False) -> Records:
        """Everything that it holds.

        Raises:
            ReadError: a file is missing, or cannot be read (any further).
        """
        declared = [
            KindRecord(event_kind(kind), meaning=own.meaning, weight=own.weight) for kind, own in self.kinds.items()
        ]
        return chain(declared, *(read() for _, read in self._reads(folder, trust=trust)))

    def named(self, folder: Path, *, trust: bool = False) -> Records:
        """Its items and people once more, for their names to be merged."""
        return chain(*(read() for verb, read in self._reads(folder, trust=trust) if verb in NAMED))

    def _reads(self, folder: Path, *, trust: bool) -> Iterator[tuple[Verb, Any]]:
        unscaled = {event_kind(kind) for kind, own in self.kinds.items() if own.meaning not in (None, "rating")}
        inside = _inside(folder)
        found = [(table, _files_of(table, folder, inside)) for table in self.table]
        if not any(files for _, files in found):
            wanted = ", ".join(file for table in self.table for file in table.files)
            raise ReadError(str(folder), f"has none of the files {wanted}; there is {_there(inside)}")
        for table, files in found:
            for file in [files] if table.together and files else files:
                yield table.verb, partial(read_table, table, trusted(file, trust), folder, unscaled)


def read_source(path: Path) -> Source:
    """The source in a TOML file.

    Raises:
        InvalidInput: it cannot be read, has an unknown key, or a value of another type; names it.
    """
    return read_config(Source, path)


def read_table(
    table: Table, file: Any, folder: Path, unscaled: Collection[str] = (), joins: Sequence[Join] = ()
) -> Records:
    """The records of one file of a table; its scale is not that of the kinds ``unscaled``."""
    if table.verb == "amazon-reviews":
        return _scaled(read_amazon_reviews(file), SCALE)
    if table.verb == "amazon-items":
        return read_amazon_items(file)
    form = table.form(folder, joins)
    if table.verb == "events":
        mapping = _mapping(EventMapping, {**table.map, "context": table.context})
        return _scaled(
            read_events(file, mapping, kind=table.kind, scale=table.limits, form=form), table.limits, unscaled
        )
    if table.verb == "lists":
        return read_lists(file, kind=table.kind or "INTERACTED", form=form)
    if table.verb == "triples":
        return read_knowledge(
            file, None if table.link is None else _one_of(Path(table.link), folder), None, progress=False
        )
    if table.verb == "social":
        return read_social(file, SocialMapping.of(table.map), type=table.type, form=form)
    attributes = tuple(map(AttributeColumn.parse, table.attributes))
    if table.verb == "users":
        friends = tuple(map(friends_column, table.friends))
        users = None if table.id is None else UserMapping(table.id, attributes, table.properties, friends)
        return read_users(file, users, form=form)
    related = tuple(map(related_column, table.related))
    items = (
        None
        if table.id is None
        else ItemMapping(table.id, table.title, table.text, attributes, table.properties, related)
    )
    return read_items(file, items, form=form)


def _scaled(records: Records, scale: Scale | None, unscaled: Collection[str] = ()) -> Records:
    """The records; before the first event with a value of each kind, but for some, that the kind has this scale."""
    kinds = set(unscaled)
    for record in records:
        kind = record.kind if isinstance(record, Interaction) and record.value is not None else None
        if kind is not None and scale is not None and kind not in kinds:
            kinds.add(kind)
            yield KindRecord(kind, scale)
        yield record


def _mapping(kind: Any, given: Mapping[str, Any]) -> Any:
    known = kind.__dataclass_fields__
    if unknown := [role for role in given if role not in known]:
        raise InvalidInput(f"map: there is no {unknown[0]!r}; there are {', '.join(known)}")
    return kind(**given)


def _files_of(table: Table, folder: Path, inside: Mapping[str, Any]) -> list[Any]:
    """The files of a table, by name, among those of a folder or a zip archive.

    Raises:
        ReadError: there is none.
    """
    found: list[Any] = []
    for pattern in table.files:
        matching = [inside[pattern]] if pattern in inside else []
        matching = matching or [file for name, file in sorted(inside.items()) if PurePosixPath(name).match(pattern)]
        if not matching and not table.optional:
            raise ReadError(str(folder), f"has no file {pattern!r}; there is {_there(inside)}")
        found += matching
    return found


def _there(inside: Mapping[str, Any]) -> str:
    return ", ".join(sorted(inside)[:20]) or "nothing"


def _one_of(pattern: Path, folder: Path) -> Any:
    """The file that a table joins.

    Raises:
        ReadError: there is none.
    """
    return _files_of(Table((pattern.as_posix(),)), folder, _inside(folder))[0]


def _inside(folder: Path) -> dict[str, Any]:
    """The files of a folder or an archive, by their paths in it."""
    if folder.is_dir():
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not folder.is_file() or not zipfile.is_zipfile(folder):
        raise ReadError(str(folder), "is no folder, nor a zip archive")
    archive = archive_at(folder).root
    return {name: zipfile.Path(archive, name) for name in archive.namelist() if not name.endswith("/")}
