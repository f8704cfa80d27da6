"""What files hold and how they would be ingested, before anything is: :func:`inspect`.

Each file is read twice from end to end, in bounded memory: once as the records that an ingest would make of it, and
once column by column.
"""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any, get_args

from kg.advice import advice, option
from kg.errors import ReadError, RecordError
from kg.merging import can_be_read_again
from kg.progress import tqdm
from kg.readers import EventMapping, ItemMapping, UserMapping, read_lists, read_triples
from kg.readers.form import Form
from kg.readers.guess import guess_items, guess_users
from kg.readers.knowledge import is_rdf, read_knowledge
from kg.readers.mapping import (
    ENTITY,
    HEAD,
    ITEM,
    RELATION,
    TAIL,
    USER,
    AttributeColumn,
    is_positions,
    recognise,
    resolve_events,
)
from kg.readers.open import open_rows
from kg.readers.parts import is_file
from kg.readers.rows import Rows
from kg.readers.shaped import parts_of
from kg.readers.stream import LineStream, bare, name_of, trusted
from kg.readers.table import read_events, read_items, read_users
from kg.records import Interaction, ItemRecord, KindRecord, Record, Reject, Scale, UserRecord
from recommender.inspection.columns import ColumnFound, ColumnTally, TimesFound, looks_like_time
from recommender.inspection.kinds import KindSummary, Tally
from recommender.inspection.sketch import Distinct, Ids
from recommender.meaning import MeaningConfig
from recommender.sources.document import Kind, Source, Table, Verb
from recommender.sources.writing import command_of, document_of

Inspected = Any
"""A path, a frame, or what else :func:`kg.readers.open_rows` opens."""


@dataclass(frozen=True)
class Overlap:
    """Ids of one file that are among those of another."""

    what: str
    """``item ids`` or ``user ids``."""
    of: str
    among: str
    ids: int
    found: int
    estimated: bool
    near: dict[str, int]
    """How many more would be found but for their spelling, by what differs."""

    def __str__(self) -> str:
        """One line for people."""
        about = "about " if self.estimated else ""
        near = "; ".join(f"{about}{number:,} more are there but for {what}" for what, number in self.near.items())
        line = f"{about}{self.found:,} of {self.ids:,} {self.what} of {self.of} are among those of {self.among}"
        return f"{line}; {near}" if near else line


@dataclass(frozen=True)
class FileFound:
    """One file, what it holds, and how it is read."""

    name: str
    form: dict[str, str]
    """Its format, encoding, delimiter and quoting, as far as it has any."""
    verb: Verb | None
    """Of ``ingest``; None where the columns do not say what it holds."""
    why: str
    rows: int
    columns: tuple[ColumnFound, ...] = ()
    records: int = 0
    """What an ingest would make of the rows."""
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Of rejected rows: why (the first of each column), and how many."""
    ids: int = 0
    """Different ids of what the rows are: of items, people, or events."""
    repeated: int = 0
    """Rows with an id that was there before; of events, equal rows."""
    estimated: bool = False
    """Whether the last two are estimates."""
    kinds: tuple[KindSummary, ...] = ()
    histograms: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """Of each kind of event the values, and how many events have them."""
    suspicions: tuple[str, ...] = ()
    """What may have been meant otherwise, and the option that says so."""

    @property
    def unread(self) -> list[ColumnFound]:
        """Columns that are not read, first those that look like times."""
        return sorted((own for own in self.columns if own.role is None), key=lambda own: not looks_like_time(own))


@dataclass(frozen=True)
class Inspection:
    """Files, how they go together, and the command that ingests them so."""

    files: tuple[FileFound, ...]
    overlaps: tuple[Overlap, ...]
    source: Source | None
    """The document that reads them so; None where nothing can be read."""
    command: str
    folder: str = "."
    """That the names of files in the document start from."""

    @property
    def suspicions(self) -> list[str]:
        """All of them."""
        apart = [str(own) for own in self.overlaps if (own.found == 0 and own.ids) or own.near]
        return [doubt for file in self.files for doubt in file.suspicions] + apart

    def document(self) -> str:
        """The source as TOML, which ``ingest source`` reads."""
        return "" if self.source is None else document_of(self.source)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "files": [asdict(own) for own in self.files],
            "overlaps": [asdict(own) for own in self.overlaps],
            "suspicions": self.suspicions,
            "document": self.document(),
            "command": self.command,
        }


def inspect(
    sources: Inspected | Sequence[Inspected],
    *,
    mapping: EventMapping | None = None,
    kind: str | None = None,
    scale: tuple[float, float] | None = None,
    kinds: Iterable[KindRecord] = (),
    form: Form | None = None,
    trust: bool = False,
    progress: bool = False,
) -> Inspection:
    """Look at files or frames from end to end, without a store.

    Args:
        sources: a path, a frame or a list of rows; or several of them.
        mapping: what is stated of the columns of events.
        kind: of events that do not say theirs.
        scale: lowest and highest rating.
        kinds: what is declared of kinds of events.
        form: how the files are written.
        trust: read packed files however far they grow.
        progress: show a bar on stderr.

    Raises:
        ReadError: a file cannot be read, or only once, as a pipe.
    """
    given = list(sources) if _are_several(sources) else [sources]
    stated = _Stated(
        mapping or EventMapping(), kind, None if scale is None else Scale(*scale), tuple(kinds), form or Form()
    )
    looks = [_Look(own, stated, trust) for own in given]
    for look in looks:
        look.through(progress)
    _tell_people_from_items(looks, progress)
    return _together(looks, stated)


@dataclass(frozen=True)
class _Stated:
    """What the caller says."""

    mapping: EventMapping
    kind: str | None
    scale: Scale | None
    kinds: tuple[KindRecord, ...]
    form: Form


class _Records:
    """Watches the records of one file."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.users, self.items, self.own = Ids(), Ids(), Ids()
        """Ids of the people and of the items of events; of the rows of items or people."""
        self.events = Distinct()
        self.count = 0
        self.rejects: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.dated = self.future = 0

    def watch(self, records: Iterator[Record | Reject], now: datetime) -> None:
        """All of them."""
        for record in self.tally.watch(records):
            if isinstance(record, Reject):
                self.rejects[record.field] += 1
                self.reasons.setdefault(record.field, record.reason)
                continue
            if isinstance(record, KindRecord):
                continue
            self.count += 1
            if isinstance(record, Interaction):
                self.users.add(record.user_id)
                self.items.add(record.item_id)
                self.events.add(record.event_id)
                if record.at is not None:
                    self._time(record.at, now)
            elif isinstance(record, ItemRecord | UserRecord):
                self.own.add(record.id)

    def _time(self, at: datetime, now: datetime) -> None:
        self.dated += 1
        self.future += at > now
        self.first = at if self.first is None or at < self.first else self.first
        self.last = at if self.last is None or at > self.last else self.last

    @property
    def ids(self) -> Distinct | Ids:
        """Of what the rows are."""
        return self.events if self.events.count else self.own


class _Look:
    """One file that is looked at."""

    def __init__(self, source: Inspected, stated: _Stated, trust: bool) -> None:
        if not can_be_read_again(bare(source) if is_file(source) else source) and not hasattr(source, "open"):
            raise ReadError(
                name_of(source) if is_file(source) else f"<{type(source).__name__}>",
                "can be read once only, and to inspect is to read from end to end before: write it to a file",
            )
        self.source = trusted(source, trust)
        self.stated = stated
        self.now = datetime.now(UTC)
        self.verb: Verb | None = None
        self.why = ""
        self.table: Table | None = None
        self.columns: list[ColumnFound] = []
        self.form: dict[str, str] = {}
        self.rows = 0
        self.records = _Records()
        self.name = name_of(self.source) if is_file(self.source) else f"<{type(source).__name__}>"
        self._roles: dict[str, tuple[str, str]] = {}
        self._mapping: Any = None
        self._doubtful = False
        """Whether the file may hold people as well as items."""

    # --- What it is

    def _decide(self) -> Rows | LineStream | None:
        """Say what the file holds; its rows, where it has some."""
        stated = self.stated
        if is_file(self.source) and is_rdf(self.source):
            self.verb, self.why, self.form = "triples", "it is RDF", {"format": "RDF"}
            return None
        rows = open_rows(self.source, stated.form, table=bool(stated.mapping.columns()))
        if isinstance(rows, LineStream):
            rows.close()
            self.verb, self.why, self.form = "lists", "lines of whole numbers", {"format": "lists"}
            return rows
        if is_positions(stated.mapping.columns()):
            rows = rows.headerless()
        self._table(rows)
        return rows

    def _table(self, rows: Rows) -> None:
        columns = list(rows.columns)
        if all(recognise(columns, names) for names in (HEAD, RELATION, TAIL)) and len(columns) <= 4:
            self.verb, self.why = "triples", "it has a head, a relation and a tail"
            return
        if len(columns) == 2 and recognise(columns, ENTITY) and recognise(columns, ITEM):
            self.why = "it links items to entities: give it to ingest triples with " + option("link")
            return
        named = all(recognise(columns, names) for names in (USER, ITEM))
        if rows.types and not (named or self.stated.mapping.columns() or ".inter" in PurePath(self.name).suffixes):
            # Any two columns of tokens would do.
            self._others(rows, columns, ReadError(self.name, "no column is known as an id"), EventMapping())
            return
        stated = self.stated.mapping
        if not all(map(rows.has, stated.columns())):  # it speaks of another file
            self.stated = replace(self.stated, mapping=EventMapping())
        try:
            mapping = resolve_events(rows, self.stated.mapping, kind_given=self.stated.kind is not None)
        except ReadError as error:
            if self.stated.mapping.columns():
                self.why = error.reason
            else:
                self._others(rows, columns, error, stated)
            return
        self.verb, self.why = "events", f"its rows have a person ({mapping.user}) and an item ({mapping.item})"
        self._events(mapping)

    def _others(self, rows: Rows, columns: list[str], error: ReadError, stated: EventMapping) -> None:
        item, user, id = (recognise(columns, names) for names in (ITEM, USER, "id"))
        if not (item or user):  # the columns that hold ids in the events may do so here
            item, user = (own if own in columns else None for own in (stated.item, stated.user))
        if rows.begins_with_data or (item and user) or not (item or user or id):
            self.why = error.reason
            return
        self._doubtful = not (item or user) and not rows.types
        if item or (id and not user):
            self._items(guess_items(rows, item or id), rows)
        else:
            self._people(guess_users(rows, user))

    def _events(self, mapping: EventMapping) -> None:
        stated = self.stated
        roles = {own: column for own in mapping.__dataclass_fields__ if (column := getattr(mapping, own))}
        context = roles.pop("context", ())
        for role, column in roles.items():
            said = getattr(stated.mapping, role)
            self._roles[column] = (role, "stated" if said else "by its name")
        self._roles |= dict.fromkeys(context, ("context", "stated"))
        self._mapping = mapping
        limits = stated.scale
        self.table = self._table_of(
            "events",
            map=roles,
            context=context,
            kind=stated.kind,
            scale=None if limits is None else (limits.minimum, limits.maximum),
        )

    def _items(self, mapping: ItemMapping, rows: Rows) -> None:
        self.verb, self.why, self._mapping = "items", f"its rows have an item's id ({mapping.id})", mapping
        self._roles[mapping.id] = ("id", "by its name")
        self._roles |= dict.fromkeys(mapping.properties, ("property", "has no other role"))
        self._roles |= dict.fromkeys(mapping.text, ("text", "by its name"))
        self._roles |= {own.column: ("attribute", "by its name") for own in mapping.attributes}
        if mapping.title:
            self._roles[mapping.title] = ("title", "by its name")
        typed = bool(rows.types)
        named = {
            "id": mapping.id,
            "title": mapping.title,
            "text": mapping.text,
            "attributes": tuple(map(_written, mapping.attributes)),
            "properties": mapping.properties,
        }
        self.table = self._table_of("items", **({} if typed else named))

    def _people(self, mapping: UserMapping) -> None:
        self.verb, self.why, self._mapping = "users", f"its rows have a person's id ({mapping.id})", mapping
        self._roles = {mapping.id: ("id", "by its name")}
        self._roles |= dict.fromkeys(mapping.properties, ("property", "has no other role"))
        self.table = self._table_of("users", id=mapping.id, properties=mapping.properties)

    def _table_of(self, verb: Verb, **stated: Any) -> Table:
        form = {name: getattr(self.stated.form, name) for name in Form.__dataclass_fields__}
        return Table((PurePath(self.name).name,), verb, **stated, **form)

    # --- What it holds

    def through(self, progress: bool) -> None:
        """Read it twice."""
        rows = self._decide()
        if self.table is None and self.verb is not None:
            self.table = self._table_of(self.verb)
        with tqdm(unit=" rows", disable=not progress, desc=f"inspect {self.name}", leave=False) as bar:
            if isinstance(rows, Rows):
                self._cells(rows, bar)
            if self.verb is not None:
                self.records.watch(_moving(self._read(), bar), self.now)
        if self.verb in ("lists", "triples"):
            self.rows = self.rows or self.records.count + self.records.rejects.total()

    def _read(self) -> Iterator[Record | Reject]:
        stated, source = self.stated, self.source
        if self.verb == "events":
            events = partial(read_events, source, stated.mapping, kind=stated.kind, scale=stated.scale)
            return _chained(stated.kinds, events(form=replace(stated.form, repeats="once")))
        if self.verb == "items":
            return read_items(source, self._mapping, form=stated.form)
        if self.verb == "users":
            return read_users(source, self._mapping, form=stated.form)
        if self.verb == "lists":
            return read_lists(source)
        return read_knowledge(source) if is_file(source) else read_triples(source)

    def _cells(self, rows: Rows, bar: tqdm) -> None:
        made = [column for column in self._roles if column not in rows.columns]
        names = [*dict.fromkeys(rows.columns), *made]
        parts = {part: column for column in made for part in (parts_of(column, rows) or ("", ()))[1]}
        tallies = [ColumnTally(name, self._roles.get(name, (None,))[0], self.now) for name in names]
        for number, row in enumerate(rows.select(names), 1):
            self.rows += 1
            if not isinstance(row, Reject):
                for tally, cell in zip(tallies, row[1], strict=True):
                    tally.add(cell)
            if number % 1000 == 0:
                bar.update(1000)
        self.form = dict(rows.written)
        for name, tally in zip(names, tallies, strict=True):
            found = tally.found(self._roles.get(name, (None, "no role is known by this name"))[1])
            if found.role is None and name in parts:
                found = replace(found, role="part", why=f"part of {parts[name]}")
            self.columns.append(found)

    def instead(self, progress: bool) -> None:
        """Read it as people, not items."""
        rows = open_rows(self.source, self.stated.form, table=True)
        assert isinstance(rows, Rows)
        self.records, self.columns, self.rows = _Records(), [], 0
        self._people(guess_users(rows))
        self.why += ", which the people of the events have"
        with tqdm(unit=" rows", disable=not progress, desc=f"inspect {self.name}", leave=False) as bar:
            self._cells(rows, bar)
            self.records.watch(self._read(), self.now)

    def found(self) -> FileFound:
        """All of it."""
        seen = self.records
        columns = [replace(own, times=self._times(own)) if own.role == "at" else own for own in self.columns]
        kinds = seen.tally.summaries({}, MeaningConfig())
        ids = seen.ids
        counted = self.verb in ("events", "items", "users", "lists")
        return FileFound(
            name=self.name,
            form=self.form,
            verb=self.verb,
            why=self.why,
            rows=self.rows,
            columns=tuple(columns),
            records=seen.count,
            rejected=seen.rejects.total(),
            reasons={f"{name}: {seen.reasons[name]}": often for name, often in seen.rejects.most_common()},
            ids=ids.count if counted else 0,
            repeated=ids.repeats if counted else 0,
            estimated=ids.estimated,
            kinds=tuple(kinds),
            histograms=seen.tally.histograms(),
            suspicions=tuple(self._suspicions(columns, kinds)),
        )

    def _times(self, column: ColumnFound) -> TimesFound | None:
        """As the events have them."""
        seen, times = self.records, column.times
        if times is None:
            return None
        unread = seen.rejects[column.name] + max(0, seen.count - seen.dated - column.empty)
        return replace(
            times,
            first=seen.first,
            last=seen.last,
            read=seen.dated,
            unread=unread,
            future=seen.future,
            alike=seen.dated > 1 and seen.first == seen.last,
            reason=seen.reasons.get(column.name, times.reason if unread else ""),
        )

    def _suspicions(self, columns: Sequence[ColumnFound], kinds: Sequence[KindSummary]) -> Iterator[str]:
        where = self.name
        if self.verb is None:
            yield f"{where}: is not read: {self.why}"
        for kind in kinds:
            yield from kind.suspicions
        times = next((own.times for own in columns if own.role == "at"), None)
        unread = next((own.name for own in columns if own.role is None and looks_like_time(own)), None)
        if self.verb == "events" and times is None and unread:
            yield f"{where}: no column is read as the time of events; is it {unread}? " + advice(
                f"--map at={unread}", f"mapping={{'at': {unread!r}}}"
            )
        if times and times.unread:
            yield f"{where}: {times.unread:,} times cannot be read ({times.reason}); {option('at_format')} says how"
        if times and times.alike:
            yield f"{where}: all times are the same ({times.first})"
        if times and times.future:
            yield f"{where}: {times.future:,} times are in the future (the last is {times.last})"
        for own in columns:
            if own.role and own.nothings:
                words = ", ".join(f"{word} ({often:,})" for word, often in own.nothings.items())
                yield f"{where}: {own.name} has words for nothing: {words}; " + (
                    f"{option('missing', f'{own.name}=WORD')} empties them"
                )
        for name, ids in (("users", self.records.users), ("items", self.records.items), ("ids", self.records.own)):
            if ids.rounded:
                yield (
                    f"{where}: {ids.rounded:,} {name} are numbers that a spreadsheet has rounded, such as 1.23E+12: "
                    "export the column as text"
                )


def _tell_people_from_items(looks: Sequence[_Look], progress: bool) -> None:
    """A file whose ids are called ``id`` holds people where they are those of the people of events."""
    events = [look.records for look in looks if look.verb == "events"]
    for look in looks:
        if not look._doubtful or look.verb != "items":
            continue
        as_items = sum(own.items.among(look.records.own).found for own in events)
        as_people = sum(own.users.among(look.records.own).found for own in events)
        if as_people > as_items:
            look.instead(progress)


def _together(looks: Sequence[_Look], stated: _Stated) -> Inspection:
    tables = [look for look in looks if look.table is not None]
    order = [*get_args(Verb)[1:], "events"]
    tables.sort(key=lambda look: order.index(look.verb))
    folder = _folder([look.name for look in tables if is_file(look.source)])
    named = [
        replace(look.table, files=(_within(look.name, folder) if is_file(look.source) else look.name,))
        for look in tables
        if look.table is not None
    ]
    kinds: dict[str, Kind] = {}
    for own in stated.kinds:
        before = kinds.get(own.kind, Kind())
        kinds[own.kind] = Kind(own.meaning or before.meaning, before.weight if own.weight is None else own.weight)
    source = Source(tuple(named), kinds=kinds) if named else None
    commands = [command_of(table, source, look.name) for table, look in zip(named, tables, strict=True) if source]
    if any(look.form.get("format") == "RecBole" and look.verb != "events" for look in tables):
        commands = [shlex.join(["tastegraph", "ingest", "recbole", str(folder)])]
    return Inspection(
        tuple(look.found() for look in looks), tuple(_overlaps(looks)), source, " && ".join(commands), str(folder)
    )


def _overlaps(looks: Sequence[_Look]) -> Iterator[Overlap]:
    for events in (look for look in looks if look.records.users.count):
        for what, verb in (("item", "items"), ("user", "users")):
            ids = events.records.items if what == "item" else events.records.users
            for other in (look for look in looks if look.verb == verb and look.records.own.count):
                shared = ids.among(other.records.own)
                yield Overlap(
                    f"{what} ids",
                    events.name,
                    other.name,
                    shared.ids,
                    shared.found,
                    shared.estimated,
                    shared.near,
                )


def _are_several(sources: Any) -> bool:
    return isinstance(sources, list | tuple) and all(is_file(own) or hasattr(own, "columns") for own in sources)


def _folder(names: Sequence[str]) -> Path:
    """Where all of these files are."""
    parents = [str(Path(name).absolute().parent) for name in names]
    return Path(os.path.commonpath(parents)) if parents else Path()


def _within(name: str, folder: Path) -> str:
    with suppress(ValueError):
        name = Path(name).absolute().relative_to(folder).as_posix()
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _written(column: AttributeColumn) -> str:
    return f"{column.column}:{column.relation}" if column.relation else column.column


def _chained(first: Iterable[Record], rest: Iterator[Any]) -> Iterator[Record | Reject]:
    yield from first
    yield from rest


def _moving(records: Iterator[Record | Reject], bar: tqdm) -> Iterator[Record | Reject]:
    for number, record in enumerate(records, 1):
        yield record
        if number % 1000 == 0:
            bar.update(1000)


def words(mapping: Mapping[str, Any]) -> str:
    """Facts in one line."""
    return ", ".join(f"{name} {value}" for name, value in mapping.items())


__all__ = ["ColumnFound", "FileFound", "Inspection", "Overlap", "RecordError", "TimesFound", "inspect"]
