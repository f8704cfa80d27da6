"""A source as a document in TOML: everything that ``ingest`` takes as options, for several files, kept in one place.

::

    name = "shop"

    [[table]]
    files = ["orders-*.csv"]            # names or globs, within the folder that is given, else beside the document
    verb = "events"                     # or any other of KEYS
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
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from kg.errors import ReadError, RecordError
from kg.rdf.mapping_file import read_mapping
from kg.readers import (
    AttributeColumn,
    EntityMapping,
    EventMapping,
    ItemMapping,
    SocialMapping,
    UserMapping,
    read_entities,
    read_events,
    read_items,
    read_links,
    read_lists,
    read_recbole,
    read_social,
    read_users,
)
from kg.readers.amazon import SCALE, read_amazon_items, read_amazon_reviews
from kg.readers.archives import archive_at
from kg.readers.form import SUITS, Form, Join
from kg.readers.friends import friends_column
from kg.readers.knowledge import read_knowledge
from kg.readers.mapping import FRIEND, related_column
from kg.readers.stream import trusted
from kg.records import Interaction, KindRecord, Record, Reject, Scale, event_kind
from recommender.configured import KeyWrong, read_config, stated_by
from recommender.errors import InvalidInput

Verb = Literal[
    "events",
    "items",
    "users",
    "social",
    "entities",
    "triples",
    "links",
    "lists",
    "amazon-reviews",
    "amazon-items",
    "recbole",
]
KEYS: Mapping[Verb, tuple[str, frozenset[str]]] = {
    "events": ("events", frozenset(("map", "context", "kind", "scale"))),
    "items": ("items", frozenset(("id", "title", "text", "attributes", "properties", "related"))),
    "users": ("users", frozenset(("id", "attributes", "properties", "friends"))),
    "social": ("social", frozenset(("map", "type"))),
    "entities": ("entities", frozenset(("id", "title", "kind", "within"))),
    "triples": ("triples", frozenset(("link", "rdf_map"))),
    "links": ("links", frozenset()),
    "lists": ("lists", frozenset(("kind",))),
    "amazon-reviews": ("reviews", frozenset(("scale",))),
    "amazon-items": ("metadata", frozenset()),
    "recbole": ("atomic files", frozenset(("kind", "scale"))),
}
"""What each verb reads, as :data:`kg.readers.form.SUITS` calls it, and the keys of its own, beside those of a form."""
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
    within: str | None = None
    """Of entities, whose ``kind`` is theirs: the column of those that they are part of."""
    link: str | None = None
    """Of triples: the file with item id and entity id."""
    rdf_map: str | None = None
    """Of RDF: the file that says what its predicates mean."""
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
    """``FILE:COLUMN`` or ``FILE:OWN=THEIRS``; the file lies in the folder, its name may be a glob. With ``?`` at the
    end it may be missing."""
    quotes: bool = True
    at_format: str | None = None
    zone: str | None = None
    repeats: Literal["once", "count"] | None = None
    blocks: str | None = None
    wide: bool = False
    long: tuple[str, ...] = ()
    split: Mapping[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    impressions: str | None = None

    def form(self, folder: Path, joins: Sequence[Join] = ()) -> Form:
        """What it says of how its files are written; the files that it joins lie in a folder, or in a zip archive.

        ``joins`` stand in place of its own.
        """
        own = (
            replace(join, source=source)
            for join in map(Join.parse, self.join)
            if (source := _one_of(join.source, folder, optional=join.optional)) is not None
        )
        return Form(**{**self._stated(), "join": tuple(joins or own)})

    def _stated(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Form.__dataclass_fields__}

    def check(self) -> None:
        """Check what can be known before any file is read.

        Raises:
            KeyWrong: a key says nothing of what the verb reads, or has a value that it cannot have.
        """
        what, own = KEYS[self.verb]
        suiting = own | SUITS[what] | _OF_ALL
        for name in stated_by(self):
            if name not in suiting:
                raise KeyWrong(f"{name} says nothing of {what}; there are {', '.join(sorted(suiting))}", name)
        if self.verb == "entities" and not (self.id and self.kind):
            raise KeyWrong('entities need id = "COLUMN" and kind = "KIND"', "verb")
        try:
            Form(**self._stated()).must_suit(what)
            _mapping(EventMapping, self.map) if self.verb == "events" else SocialMapping.of(self.map)
        except RecordError as error:
            raise KeyWrong(f"{error.field}: {error.reason}", error.field) from None
        self.limits  # noqa: B018 - says what is wrong with it

    @property
    def limits(self) -> Scale | None:
        """The declared scale."""
        if self.scale is None:
            return None
        if len(self.scale) != 2:
            raise KeyWrong(f"scale = {list(self.scale)} is not [lowest, highest]", "scale")
        return Scale(*self.scale)


_OF_ALL = frozenset(("files", "verb", "optional", "together"))


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
        for place, table in enumerate(self.table):
            try:
                table.check()
            except KeyWrong as error:
                raise KeyWrong(f"table: {error}", "table", place, *error.path) from None

    def records(self, folder: Path, *, trust: bool = False) -> Records:
        """Everything that it holds.

        Raises:
            ReadError: a file is missing, or cannot be read (any further).
        """
        files = self.files(folder, trust=trust)
        return chain(self.declared, *(read_table(table, file, folder, self.unscaled) for table, file in files))

    @property
    def declared(self) -> list[KindRecord]:
        """What it says of kinds of events."""
        return [
            KindRecord(event_kind(kind), meaning=own.meaning, weight=own.weight) for kind, own in self.kinds.items()
        ]

    @property
    def unscaled(self) -> set[str]:
        """The kinds of which no scale holds."""
        return {event_kind(kind) for kind, own in self.kinds.items() if own.meaning not in (None, "rating")}

    def files(self, folder: Path, *, trust: bool = False) -> Iterator[tuple[Table, Any]]:
        """Each file of each table, in the order in which they are read; those of a table that are one together.

        Raises:
            ReadError: one that a table needs is missing.
        """
        inside = _inside(folder)
        found = [(table, _files_of(table, folder, inside)) for table in self.table]
        if not any(files for _, files in found):
            wanted = ", ".join(file for table in self.table for file in table.files)
            raise ReadError(str(folder), f"has none of the files {wanted}; there is {_there(inside)}")
        for table, files in found:
            for file in [files] if table.together and files else files:
                yield table, trusted(file, trust)


def read_source(path: Path) -> Source:
    """The source in a TOML file.

    Raises:
        InvalidInput: it cannot be read, has an unknown key, or a value of another type; names it.
    """
    return read_config(Source, path)


def read_table(
    table: Table, file: Any, folder: Path, unscaled: Collection[str] = (), joins: Sequence[Join] = ()
) -> Records:
    """The records of one file of a table, and its scale, which is not that of the kinds ``unscaled``."""
    return scaled(read_plain(table, file, folder, joins), scale_of(table), unscaled)


def scale_of(table: Table) -> Scale | None:
    """The scale that its ratings have, if that is known."""
    return table.limits or (SCALE if table.verb == "amazon-reviews" else None)


def read_plain(table: Table, file: Any, folder: Path, joins: Sequence[Join] = ()) -> Records:
    """The records of one file of a table."""
    form = table.form(folder, joins)
    if table.verb == "amazon-reviews":
        return read_amazon_reviews(file, scale=table.limits or SCALE, form=form)
    if table.verb == "amazon-items":
        return read_amazon_items(file, form=form)
    if table.verb == "recbole":
        return read_recbole(file, kind=table.kind, scale=table.limits, form=form)
    if table.verb == "events":
        mapping = _mapping(EventMapping, {**table.map, "context": table.context})
        return read_events(file, mapping, kind=table.kind, scale=table.limits, form=form)
    if table.verb == "lists":
        return read_lists(file, **({} if table.kind is None else {"kind": table.kind}), form=form)
    if table.verb == "links":
        return read_links(file, form=form)
    if table.verb == "triples":
        links = None if table.link is None else _one_of(Path(table.link), folder)
        meant = None if table.rdf_map is None else read_mapping(_one_of(Path(table.rdf_map), folder))
        return read_knowledge(file, links, meant, form=form, progress=False)
    if table.verb == "social":
        return read_social(file, SocialMapping.of(table.map), type=table.type, form=form)
    if table.verb == "entities":
        entities = EntityMapping(table.id or "", table.kind or "", table.title, table.within)
        return read_entities(file, entities, form=form)
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


def scaled(records: Records, scale: Scale | None, unscaled: Collection[str] = ()) -> Records:
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
        raise KeyWrong(f"map: there is no {unknown[0]!r}; there are {', '.join(known)}", "map", unknown[0])
    return kind(**given)


def _files_of(table: Table, folder: Path, inside: Mapping[str, Any]) -> list[Any]:
    """The files of a table, by name, among those of a folder or a zip archive.

    Raises:
        ReadError: there is none.
    """
    if table.verb == "recbole":
        return [_folder_in(folder, name) for name in table.files]
    found: list[Any] = []
    for pattern in table.files:
        matching = [inside[pattern]] if pattern in inside else []
        matching = matching or [file for name, file in sorted(inside.items()) if PurePosixPath(name).match(pattern)]
        if not matching and not table.optional:
            raise ReadError(str(folder), f"has no file {pattern!r}; there is {_there(inside)}")
        found += matching
    return found


def _folder_in(folder: Path, name: str) -> Path:
    """The folder of atomic files of this name; ``.`` is the whole.

    Raises:
        ReadError: it leads out of the folder.
    """
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ReadError(str(folder), f"has no folder {name!r}")
    return folder / name


def _there(inside: Mapping[str, Any]) -> str:
    return ", ".join(sorted(inside)[:20]) or "nothing"


def _one_of(pattern: Path, folder: Path, *, optional: bool = False) -> Any:
    """The file that a table joins; None where an optional one is not there.

    Raises:
        ReadError: there is none.
    """
    return next(iter(_files_of(Table((pattern.as_posix(),), optional=optional), folder, _inside(folder))), None)


def _inside(folder: Path) -> dict[str, Any]:
    """The files of a folder or an archive, by their paths in it."""
    if folder.is_dir():
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not folder.is_file() or not zipfile.is_zipfile(folder):
        raise ReadError(str(folder), "is no folder, nor a zip archive")
    archive = archive_at(folder).root
    return {name: zipfile.Path(archive, name) for name in archive.namelist() if not name.endswith("/")}
