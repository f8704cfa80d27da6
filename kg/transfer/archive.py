"""The folder of a backup.

::

    manifest.json      format, schema, counts, digest, and the hash and size of every file
    nodes.jsonl.zst    a line a node: [labels, properties]; its number is that of its line, from 0
    edges.jsonl.zst    a line an edge: [number of the head, type, number of the tail, properties]
    work/              the working directory: vectors, snapshots, model versions

A backup is of one moment as far as versions go: where one was published, rolled back or pruned meanwhile, all is read
again. Of the graph the manifest says under ``changed_meanwhile`` whether somebody wrote to it; an edge whose end came
too late is left out.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import orjson
import zstandard

from kg.access import opened
from kg.errors import ReadError, StoreError
from kg.exact import require_encoded
from kg.folders import appearing, hash_file, refuse_address
from kg.readers.rows import MAX_LINE_BYTES
from kg.readers.stream import check_ratio
from kg.store import Store
from kg.transfer import bounds
from kg.transfer import manifest as manifests
from kg.transfer.cut import Cut, VersionsChanged
from kg.transfer.files import open_plain, require_apart, save_files
from kg.transfer.stream import Edge, Node, StoreSource, Tally, shown

log = logging.getLogger(__name__)

TRIES = 3
"""How often a backup begins again because versions have changed."""
MAX_WINDOW = 8 << 20
"""How far back a packed file may look, which is memory; ``zstd -19`` uses all of it, and what is written here less."""


def backup(store: Store, folder: Path, *, progress: bool = True) -> dict[str, Any]:
    """Write all of a store to a new folder, which appears when it is complete; returns the manifest.

    Raises:
        StoreError: the folder is there already or cannot be written, or lies in the store; the engine failed; or
            versions came and went each time it was tried.
    """
    source = StoreSource(store)
    require_apart(folder, *source.folders)
    for _ in range(TRIES):
        try:
            with appearing(folder) as beside:
                return _written(store, source, beside, progress)
        except VersionsChanged:
            log.info("versions were published, rolled back or pruned meanwhile: the backup begins again")
    raise StoreError(
        f"no backup of {store.address}: versions were published, rolled back or pruned each of the {TRIES} times that "
        "it was tried; take it while none of these runs"
    )


def _written(store: Store, source: StoreSource, beside: Path, progress: bool) -> dict[str, Any]:
    tally, before = Tally(), Cut.of(store)
    nodes, edges = before.counts
    every_node = tally.of_nodes(shown(source.nodes(), nodes, "nodes", progress))
    every_edge = tally.of_edges(shown(source.edges(), edges, "edges", progress))
    _write_lines(beside / "nodes.jsonl.zst", every_node, _different_labels())
    _write_lines(beside / "edges.jsonl.zst", every_edge, _different_types())
    names = [*manifests.PARTS, *(f"work/{name}" for name in save_files(store.work, beside / "work"))]
    manifest = {"format": manifests.FORMAT, "schema": source.schema, **tally.to_dict(), "left_out": source.left_out}
    changed = before.changed(Cut.of(store), beside / "work")
    manifest |= {"changed_meanwhile": changed, "versions_left_out": before.left_out}
    files = {name: hash_file(beside / name) for name in names}
    sizes = {name: (beside / name).stat().st_size for name in names}
    text = json.dumps({**manifest, "files": files, "bytes": sizes}, indent=1, default=str)
    try:
        bounds.require_short(text.encode())
    except ValueError as error:
        raise StoreError(
            f"{store.work} holds {len(names):,} files, which are more than a backup can name: {error}; prune versions"
        ) from error
    with opened(beside / manifests.NAME, "x", encoding="utf-8") as file:
        file.write(text + "\n")
    return manifest


class Archive:
    """A backup as a :class:`kg.transfer.stream.Source`, after each of its files was compared with its hash.

    Whoever made it is not trusted: it is read through no link, nothing is taken that its manifest does not name, and
    all nodes and edges have been read once before anybody gets the first.

    Args:
        folder: what :func:`backup` wrote.
        trust: whether the nodes and the edges may unpack to any size.

    Raises:
        ReadError: it is missing, incomplete, damaged, of another format, or holds what no graph does.
        StoreError: it is the address of a server, which is not repeated.
    """

    def __init__(self, folder: Path, *, trust: bool = False) -> None:
        refuse_address(folder)
        self._folder = folder
        self._trust = trust
        self._manifest = _manifest(folder)
        for name in self._manifest["files"]:
            with self._open(name) as file:
                self._compare(name, file)
        self._require_whole()

    @property
    def work(self) -> Path:
        """See :class:`kg.transfer.stream.Source`."""
        return self._folder / "work"

    @property
    def folders(self) -> tuple[Path, ...]:
        """What nothing is to be restored into."""
        return (self._folder,)

    @property
    def schema(self) -> Mapping[str, Any]:
        """See :class:`kg.transfer.stream.Source`."""
        return dict(self._manifest["schema"])

    def sizes(self) -> tuple[int, int]:
        """See :class:`kg.transfer.stream.Source`."""
        return sum(self._manifest["nodes"].values()), sum(self._manifest["edges"].values())

    def nodes(self) -> Iterator[Node]:
        """See :class:`kg.transfer.stream.Source`."""
        different = _different_labels()
        for number, line in self._lines("nodes.jsonl.zst"):
            match line:
                case [list() as labels, dict() as properties] if _are_names(labels) and "Schema" not in labels:
                    self._require_few("nodes.jsonl.zst", number, labels, properties, different)
                    yield Node(tuple(labels), properties)
                case _:
                    raise self._wrong("nodes.jsonl.zst", "is no node", number)

    def edges(self) -> Iterator[Edge]:
        """See :class:`kg.transfer.stream.Source`."""
        nodes, different = self.sizes()[0], _different_types()
        for number, line in self._lines("edges.jsonl.zst"):
            match line:
                case [int(head), str(relation), int(tail), dict() as properties] if (
                    _are_names([relation]) and 0 <= head < nodes and 0 <= tail < nodes
                ):
                    self._require_few("edges.jsonl.zst", number, [relation], properties, different)
                    yield Edge(head, relation, tail, properties)
                case _:
                    raise self._wrong("edges.jsonl.zst", "is no edge between nodes that are there", number)

    def files(self) -> Iterator[tuple[str, IO[bytes]]]:
        """The files of the working directory, by their names there."""
        for name in self._manifest["files"]:
            if name.startswith("work/"):
                with self._open(name) as file:
                    self._compare(name, file)
                    file.seek(0)
                    yield name.removeprefix("work/"), file

    def _require_whole(self) -> None:
        """Read all nodes and edges: none may be stored while one that comes later turns out to be none."""
        parts: tuple[Iterator[Node | Edge], ...] = (self.nodes(), self.edges())
        for name, said, entries in zip(manifests.PARTS, self.sizes(), parts, strict=True):
            number = 0
            for number, entry in enumerate(entries, 1):
                try:
                    require_encoded(entry.properties)
                except ValueError as error:
                    raise self._wrong(name, f"holds what no graph takes ({error})", number) from error
            if number != said:
                reason = f"has {number:,} lines, and the manifest says otherwise; take another backup"
                raise ReadError(str(self._folder / name), reason)

    def _open(self, name: str) -> IO[bytes]:
        return open_plain(self._folder, name)

    def _compare(self, name: str, file: IO[bytes]) -> None:
        size = self._manifest.get("bytes", {}).get(name)
        if size is None or size == file.seek(0, io.SEEK_END):
            file.seek(0)
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()  # type: ignore[arg-type]
            if digest == self._manifest["files"][name]:
                return
        raise ReadError(str(self._folder / name), "is damaged; take another backup")

    def _lines(self, name: str) -> Iterator[tuple[int, Any]]:
        unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        with self._open(name) as file, unpacker.stream_reader(file) as unpacked:
            lines, number, size = io.BufferedReader(unpacked, 1 << 20), 0, 0
            packed = os.fstat(file.fileno()).st_size
            try:
                while line := lines.readline(MAX_LINE_BYTES + 1):
                    number += 1
                    size += len(line)
                    if not self._trust:
                        check_ratio(str(self._folder / name), size, packed)
                    bounds.require_short(line)
                    yield number, orjson.loads(line)
            except (zstandard.ZstdError, ValueError) as error:
                raise self._wrong(name, f"cannot be read ({error})", number) from error

    def _require_few(
        self, name: str, number: int, names: list[str], properties: dict[str, Any], different: bounds.Different
    ) -> None:
        try:
            bounds.require_few(names, properties)
            different.require_few(tuple(names))
        except ValueError as error:
            raise self._wrong(name, f"holds what no graph does: {error}", number) from error

    def _wrong(self, name: str, what: str, line: int) -> ReadError:
        return ReadError(str(self._folder / name), f"{what}; take another backup", line)


def _different_labels() -> bounds.Different:
    return bounds.Different("labels of nodes", bounds.MAX_LABEL_SETS)


def _different_types() -> bounds.Different:
    return bounds.Different("types of edges", bounds.MAX_TYPES)


def _are_names(names: list[Any]) -> bool:
    return all(isinstance(name, str) and name for name in names)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        with open_plain(folder, manifests.NAME) as file:
            text = file.read(MAX_LINE_BYTES + 1)
    except ReadError as error:
        raise ReadError(str(folder), f"is no complete backup ({manifests.NAME}: {error.reason})") from error
    return manifests.parsed(text, str(folder / manifests.NAME))


def _write_lines(path: Path, entries: Iterable[Node | Edge], different: bounds.Different) -> None:
    with opened(path, "xb") as file, zstandard.ZstdCompressor().stream_writer(file) as out:
        for entry in entries:
            line = orjson.dumps(entry, default=tuple, option=orjson.OPT_APPEND_NEWLINE)
            names = entry.labels if isinstance(entry, Node) else (entry.relation,)
            try:
                bounds.require_few(names, entry.properties)
                different.require_few(names)
                bounds.require_short(line)
            except ValueError as error:
                kind = "node" if isinstance(entry, Node) else "edge"
                raise StoreError(
                    f"a {kind} {':'.join(names)[:200]!r} is more than a backup can hold: {error}; make it smaller"
                ) from error
            out.write(line)
