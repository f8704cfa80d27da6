"""The graph as tables that other programs read: triples in CSV, and RecBole's atomic files.

There items are no nodes of the knowledge graph: an edge of an item is written as one of its entity, and a table of
links says which entity an item is. An item without an entity of its own is called ``tastegraph:item:ID``, which is read
as the item again.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

import numpy as np

from kg import queries
from kg.errors import StoreError
from kg.folders import appearing
from kg.formulas import MARK, escaped
from kg.knowledge import WholeGraph
from kg.packed import packed, unpacked_suffix
from kg.people import People
from kg.progress import tqdm
from kg.records import ITEM_ENTITY
from kg.schema import BROUGHT, HIDDEN
from kg.spelling import reads_as, spellings
from kg.store import Row, Store

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EntityGraph:
    """The knowledge graph between entities alone."""

    def __init__(self, store: Store) -> None:
        self._knowledge = WholeGraph(store)
        self._spelled = {name: text for name, text in spellings(store).items() if reads_as(text, name)}
        self._links = sorted(self._knowledge.links())
        owners = Counter(entity for _, entity in self._links)
        # Of several entities of its own any will do; what is said of one that items share would be said of all of them.
        self._own = {item: entity for item, entity in self._links if owners[entity] == 1}
        self._made: dict[str, None] = {}
        rows = store.stream(queries.text("items_unmet"))
        self._mentions = {row["id"] for row in rows if row["properties"].keys() <= {"id", BROUGHT}}

    def triples(self) -> Iterator[tuple[str, str, str]]:
        """Head, relation as its source spelled it, tail."""
        for edge in self._knowledge.edges():
            head, tail = edge.head, edge.tail
            if edge.tail_label == "Item":
                tail = self._entity(tail)
            if edge.head_label == "Item":
                # Only from an item does an edge lead to what is an item because others point at it.
                made = edge.tail_label == "Item" and edge.tail in self._mentions
                head = f"{ITEM_ENTITY}{head}" if made else self._entity(head)
            yield head, self._spelled.get(edge.relation, edge.relation), tail

    def links(self) -> Iterator[tuple[str, str]]:
        """Item and entity; complete once :meth:`triples` has been read to its end."""
        yield from self._links
        yield from ((item, f"{ITEM_ENTITY}{item}") for item in self._made)

    def _entity(self, item: str) -> str:
        if own := self._own.get(item):
            return own
        if item not in self._mentions:
            self._made[item] = None
        return f"{ITEM_ENTITY}{item}"


def export_triples(
    store: Store, path: Path, links: Path | None = None, *, raw: bool = False, progress: bool = False
) -> dict[str, int]:
    """Write ``head,relation,tail``, and with ``links`` also ``item_id,entity_id``; returns how many of each.

    The suffix ``.tsv`` makes tabs of the commas; ``.gz`` or ``.zst`` may follow. Cells, ids among them, that a
    spreadsheet would run are escaped as :mod:`kg.formulas` says, and counted, unless ``raw``.

    Raises:
        StoreError: a file cannot be written.
    """
    graph = EntityGraph(store)
    shown = _shown(graph.triples(), path, progress)
    triples, escapes = _write_csv(path, ("head", "relation", "tail"), shown, raw=raw)
    if links is None:
        counts = {"triples": triples, "links_left_out": sum(1 for _ in graph.links())}
    else:
        count, more = _write_csv(links, ("item_id", "entity_id"), graph.links(), raw=raw)
        counts, escapes = {"triples": triples, "links": count}, escapes + more
    return counts | ({"escaped": escapes} if escapes else {})


def export_social(store: Store, path: Path, *, raw: bool = False, progress: bool = False) -> dict[str, int]:
    """Write whom people know as ``from,to,type,weight,at``; returns how many ties there are.

    Raises:
        StoreError: the file cannot be written.
    """
    rows = (
        (tie.user_id, tie.other_id, tie.relation, _text(tie.weight), "" if tie.at is None else tie.at.isoformat())
        for tie in People(store).ties()
    )
    header = ("from", "to", "type", "weight", "at")
    ties, escapes = _write_csv(path, header, _shown(rows, path, progress), raw=raw)
    return {"ties": ties} | ({"escaped": escapes} if escapes else {})


def _text(number: float | None) -> str:
    return "" if number is None else repr(number)


def export_recbole(store: Store, folder: Path, *, progress: bool = False) -> dict[str, int]:
    """Write RecBole's atomic files, named after the folder, which appears when complete; returns rows by suffix.

    ``.inter`` has kind and id of each event beside RecBole's columns, ``.ent`` the names and kinds of entities, which
    RecBole reads as a further file, and ``.net``, where there are any, the ties between people. What has no place in
    these files is left out: reviews, what ties people to entities, declared scales, and properties that are no numbers
    (of items) or truth values.

    Raises:
        StoreError: the folder is there or cannot be written, or an id holds a tab or the end of a line.
    """
    graph = EntityGraph(store)
    knowledge = WholeGraph(store)
    tables: dict[str, Callable[[], tuple[Sequence[str], Iterable[Sequence[Any]]]]] = {
        ".inter": lambda: (_EVENT_COLUMNS, _events(store)),
        ".user": lambda: _nodes("user_id", {}, lambda: store.stream(queries.text("snapshot_users")), _is_plain),
        ".item": lambda: _nodes("item_id", {"title": "title", "text": "text"}, knowledge.items, _is_number),
        ".kg": lambda: (("head_id:token", "relation_id:token", "tail_id:token"), graph.triples()),
        ".link": lambda: (("item_id:token", "entity_id:token"), graph.links()),
        ".ent": lambda: (("entity_id:token", "name:token_seq", "kind:token"), _entities(store)),
        ".net": lambda: (_TIE_COLUMNS, _ties(store)),
    }
    written = {}
    with appearing(folder) as unfinished:
        for suffix, table in tables.items():
            path = unfinished / f"{folder.name}{suffix}"
            header, rows = table()
            if suffix == ".net":  # most graphs have no ties, and RecBole's readers no use for an empty file
                rows = iter(rows)
                first = list(islice(rows, 1))
                if not first:
                    continue
                rows = chain(first, rows)
            written[suffix] = _write_atomic(path, header, _shown(rows, path, progress))
    return written


# --- Rows of atomic files

_EVENT_COLUMNS = ("user_id:token", "item_id:token", "rating:float", "timestamp:float", "kind:token", "event_id:token")


_TIE_COLUMNS = ("source_id:token", "target_id:token", "type:token", "weight:float", "timestamp:float")


def _ties(store: Store) -> Iterator[Sequence[Any]]:
    for tie in People(store).ties():
        yield tie.user_id, tie.other_id, tie.relation, tie.weight, _seconds(tie.at)


def _events(store: Store) -> Iterator[Sequence[Any]]:
    for kind in sorted(row["kind"] for row in store.read(queries.text("kinds"))):
        for row in store.stream(queries.statement("snapshot_events", names={"relation": store.quoted_type(kind)}).text):
            yield row["user"], row["item"], row["value"], _seconds(row["at"]), kind, row["event_id"]


def _seconds(at: datetime | None) -> str | None:
    """Unix time, with all six places where there is a fraction: a float would lose the last."""
    if at is None:
        return None
    past = at - _EPOCH
    whole = past.days * 86_400 + past.seconds
    return f"{whole}.{past.microseconds:06d}" if past.microseconds else str(whole)


def _entities(store: Store) -> Iterator[Sequence[Any]]:
    return ((row["id"], row["name"], row["kind"]) for row in store.stream(queries.text("entity_names")))


def _nodes(
    id: str, texts: Mapping[str, str], rows: Callable[[], Iterator[Row]], fits: Callable[[Any], bool]
) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Columns and rows of nodes: the id, the texts, then each property all of whose values fit."""
    numeric: dict[str, bool] = {}
    unfit: set[str] = {"id", *texts}
    for row in rows():
        for name, value in row["properties"].items():
            if name in unfit or name.startswith(HIDDEN) or value is None:
                continue
            if not fits(value):
                unfit.add(name)
            numeric[name] = numeric.get(name, True) and _is_number(value)
    names = sorted(numeric.keys() - unfit)
    typed = [f"{name}:{'float' if numeric[name] else 'token'}" for name in names]
    header = (f"{id}:token", *(f"{text}:token_seq" for text in texts), *typed)
    wanted = (*texts, *names)
    return header, ((row["id"], *(row["properties"].get(name) for name in wanted)) for row in rows())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, bool)


# --- Files

_PARTING = re.compile(r"[,;\t\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What some program begins a cell or a row after, whichever the file's own delimiter is."""


def _shown(rows: Iterable[T], path: Path, progress: bool) -> Iterable[T]:
    bar: Iterable[T] = tqdm(rows, path.name, unit=" rows", disable=not progress, leave=False)
    return bar


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool) -> tuple[int, int]:
    """Write a table; how many rows it has, and how many cells were escaped: only columns with such are marked."""
    delimiter = "\t" if unpacked_suffix(path) == ".tsv" else ","
    count, escapes = 0, [0] * len(header)
    with packed(path) as file, TemporaryFile(dir=path.parent) as body:
        bare, quoted = (
            csv.writer(_Text(body), delimiter=delimiter, lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        for count, row in enumerate(rows, 1):  # noqa: B007
            cells = row if raw else [escaped(cell) for cell in row]
            for column, (cell, given) in enumerate(zip(cells, row, strict=True)):
                escapes[column] += cell != given
            (quoted if any(map(_PARTING.search, cells)) else bare).writerow(cells)
        marked = [f"{name}{MARK}" if escapes[column] else name for column, name in enumerate(header)]
        csv.writer(_Text(file), delimiter=delimiter, lineterminator="\n").writerow(marked)
        body.seek(0)
        copyfileobj(body, file)
    return count, sum(escapes)


def _write_atomic(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """A table split by tabs, without quotes. Texts have their white space made blanks; an id cannot."""
    kinds = [name.rpartition(":")[2] for name in header]
    count = 0
    with packed(path) as file:
        file.write(("\t".join(header) + "\n").encode())
        for count, row in enumerate(rows, 1):  # noqa: B007
            cells = (_cell(path, cell, kind) for cell, kind in zip(row, kinds, strict=True))
            file.write(("\t".join(cells) + "\n").encode())
    return count


def _cell(path: Path, value: Any, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return np.format_float_positional(value, trim="0")
    text = str(value)
    if not any(mark in text for mark in "\t\n\r"):
        return text
    if kind == "token_seq":
        return " ".join(text.split())
    raise StoreError(f"{path.name}: {text!r} holds a tab or the end of a line, which an atomic file cannot")


class _Text(io.TextIOBase):
    """Text into a binary file, which stays open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())
