"""A graph into an empty store."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from kg import queries, schema
from kg.access import TRUSTED, opened
from kg.advice import option
from kg.errors import QueryFailed, RecordError, StoreError, StoreVersionError
from kg.exact import decode, in_utc
from kg.migrate import migrate
from kg.quoting import Quoted
from kg.store import Statement, Store
from kg.transfer.archive import Archive
from kg.transfer.cut import Cut, VersionsChanged
from kg.transfer.files import add_file, folders_of, plain_files, require_apart, save_files
from kg.transfer.stream import Edge, Node, Source, StoreSource, Tally, shown, tally_of

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", Node, Edge)

MAX_ROWS = 5_000
"""Nodes or edges of one transaction."""
MAX_BYTES = 4 << 20
"""Rough bytes that wait to be written; Bolt messages over 16 MiB hang on the embedded engine."""


@dataclass
class Filled:
    """What came into a store, compared with what is there now."""

    nodes: dict[str, int]
    """By labels."""
    edges: dict[str, int]
    """By type."""
    digest: str
    """Of :class:`kg.transfer.stream.Tally`."""
    files: int
    """Copied into the working directory."""
    in_utc: dict[str, int]
    """Moments whose offset, or the lack of one, this engine does not keep: by label or type and property."""
    changed_meanwhile: bool = False
    """Whether somebody wrote to the source: what has arrived is of no single moment."""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)


def fill(store: Store, source: Source, *, progress: bool = True) -> Filled:
    """Bring all of a source into an empty store, and compare.

    Until the end the store is marked as unfinished, so that nothing opens half of a graph.

    Raises:
        StoreError: the store or its working directory is not empty, or lies in what is read; the engine failed, or the
            comparison did.
        ReadError: a backup turns out to be damaged.
        StoreVersionError: the source was made by a later version of the schema.
    """
    remembered = dict(source.schema)
    if remembered["version"] > schema.VERSION:
        raise StoreVersionError(
            f"the source has schema version {remembered['version']} and this program speaks {schema.VERSION}; "
            f"use the release that made it, or a later one"
        )
    _require_empty(store, source)
    before = source.cut() if isinstance(source, StoreSource) else None
    _set_schema(store, {"version": schema.UNFINISHED})
    load = _Load(store, progress)
    try:
        load.take(source)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise StoreError(
            f"what is to be stored has a property that no graph takes: {error}; {store.address} "
            "is unfinished: empty it and begin again"
        ) from error
    found = tally_of(StoreSource(store), progress=progress)
    if found.to_dict() != load.tally.to_dict():
        raise StoreError(
            f"{store.address} differs from what was written to it: {found.to_dict()} in place of "
            f"{load.tally.to_dict()}; did somebody else write? Empty it and begin again"
        )
    files = 0 if _is_same(source, store) else _copy_files(source, store.work)
    changed = before is not None and _changed(before, store)
    _set_schema(store, remembered)
    migrate(store)
    return Filled(dict(found.labels), dict(found.relations), found.digest, files, dict(load.in_utc), changed)


class _Load:
    """Nodes, then edges, then the constraints of the kinds, which make a load slower while they stand."""

    def __init__(self, store: Store, progress: bool) -> None:
        self._store = store
        self._progress = progress
        self._keys: dict[int, str] = {}
        self.tally = Tally()
        self.in_utc: Counter[str] = Counter()

    def take(self, source: Source) -> None:
        """Everything."""
        nodes, edges = source.sizes()
        self._add_nodes(self.tally.of_nodes(self._kept(shown(source.nodes(), nodes, "nodes", self._progress))))
        self._add_edges(self.tally.of_edges(self._kept(shown(source.edges(), edges, "edges", self._progress))))
        for row in self._store.read(queries.text("kinds")):
            self._store.write(Statement(schema.kind_constraint(row["kind"]), {}))

    def _kept(self, entries: Iterable[T]) -> Iterator[T]:
        """The entries as this engine will give them back."""
        if self._store.keeps_zones:
            yield from entries
            return
        for entry in entries:
            for name, value in entry.properties.items():
                if (kept := in_utc(value)) != value:
                    entry.properties[name] = kept
                    self.in_utc[f"{_name(entry)}.{name}"] += 1
            yield entry

    def _add_nodes(self, nodes: Iterable[Node]) -> None:
        for (labels, names), group in _groups(
            enumerate(nodes), lambda entry: (entry[1].labels, tuple(entry[1].properties))
        ):
            if labels == ("EventKind",):
                for _, node in group:
                    _check_kind(node.properties.get("id"))
            rows = [[number, *decode(node.properties).values()] for number, node in group]
            written = Quoted("".join(f":{self._store.quoted_type(label)}" for label in labels))
            named = {"labels": written, "properties": self._naming(names, 1)}
            with self._refusing("nodes", ":".join(labels)):
                (made,) = self._store.write(queries.statement("copy_nodes", names=named, rows=rows))
            self._keys.update((row["number"], row["key"]) for row in made)

    def _add_edges(self, edges: Iterable[Edge]) -> None:
        for (relation, names), group in _groups(edges, lambda edge: (edge.relation, tuple(edge.properties))):
            rows = [[self._keys[e.head], self._keys[e.tail], *decode(e.properties).values()] for e in group]
            named = {"type": self._store.quoted_type(relation), "properties": self._naming(names, 2)}
            with self._refusing("edges", relation):
                self._store.write(queries.statement("copy_edges", names=named, rows=rows))

    @contextmanager
    def _refusing(self, what: str, names: str) -> Iterator[None]:
        """Say what it was that the engine did not take."""
        try:
            yield
        except QueryFailed as error:
            raise StoreError(f"{self._store.address} cannot hold the {what} {names!r}: {error}") from error

    def _naming(self, names: Iterable[str], first: int) -> Quoted:
        """The properties, whose values begin at ``first`` in each row."""
        return Quoted(", ".join(f"{self._store.quoted(name)}: row[{at}]" for at, name in enumerate(names, first)))


def _check_kind(kind: Any) -> None:
    try:
        schema.check_kind(kind)
    except RecordError as error:
        raise StoreError(f"the source names a kind of event that none can have: {error.reason}") from error


def _groups(entries: Iterable[Any], key: Callable[[Any], K]) -> Iterator[tuple[K, list[Any]]]:
    """The entries in batches of one key each."""
    waiting: dict[K, list[Any]] = defaultdict(list)
    room = MAX_BYTES
    for entry in entries:
        group = waiting[key(entry)]
        group.append(entry)
        room -= len(orjson.dumps(entry, default=tuple))
        if len(group) == MAX_ROWS:
            yield key(entry), waiting.pop(key(entry))
        elif room <= 0:
            yield from waiting.items()
            waiting.clear()
            room = MAX_BYTES
    yield from waiting.items()


def _require_empty(store: Store, source: Source) -> None:
    nodes, _ = StoreSource(store).sizes()
    if nodes:
        raise StoreError(f"{store.address} holds a graph of {nodes:,} nodes; a copy goes into an empty store only")
    if not _is_same(source, store):
        for place in folders_of(store):
            require_apart(place, *getattr(source, "folders", ()))
        if plain_files(store.work):
            raise StoreError(f"the working directory {store.work} holds files; name a new one with {option('work')}")


def _is_same(source: Source, store: Store) -> bool:
    return source.work.resolve() == store.work.resolve()


def _copy_files(source: Source, work: Path) -> int:
    """Write the files of a source; of a store those that are plain, of a backup those that its manifest names."""
    opened(work / TRUSTED, "ab").close()  # of what was made elsewhere, nothing is trusted here
    if isinstance(source, Archive):
        return sum(add_file(file, work, name) for name, file in source.files())
    return len(save_files(source.work, work, localise=True))


def _changed(before: Cut, store: Store) -> bool:
    """Whether the source was written to; its versions must be what they were."""
    try:
        return before.changed(Cut.of(before.store), store.work)
    except VersionsChanged:
        raise StoreError(
            f"versions of {before.store.address} were published, rolled back or pruned while it was copied; empty "
            f"{store.address} and its working directory, and begin again while none of these runs"
        ) from None


def _set_schema(store: Store, properties: Mapping[str, Any]) -> None:
    store.write(queries.statement("schema_set", properties=dict(properties)))


def _name(entry: Node | Edge) -> str:
    return ":".join(entry.labels) if isinstance(entry, Node) else entry.relation
