"""The folder of a backup.

::

    manifest.json      format, schema, counts, digest, and the hash of every file
    nodes.jsonl.zst    a line a node: [labels, properties]; its number is that of its line, from 0
    edges.jsonl.zst    a line an edge: [number of the head, type, number of the tail, properties]
    work/              the working directory: vectors, snapshots, model versions
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import zstandard

from kg.errors import ReadError
from kg.folders import appearing, hash_file
from kg.store import Store
from kg.transfer.stream import Edge, Node, StoreSource, Tally, shown

FORMAT = 1
"""Version of the layout above."""
PASSING = (".lock", ".partial")
"""Endings of what in a working directory belongs to a process that runs."""


def backup(store: Store, folder: Path, *, progress: bool = True) -> dict[str, Any]:
    """Write all of a store to a new folder, which appears when it is complete; returns the manifest.

    Raises:
        StoreError: the folder is there already or cannot be written, or the engine failed.
    """
    source, tally = StoreSource(store), Tally()
    nodes, edges = source.sizes()
    with appearing(folder) as beside:
        _write_lines(beside / "nodes.jsonl.zst", tally.of_nodes(shown(source.nodes(), nodes, "nodes", progress)))
        _write_lines(beside / "edges.jsonl.zst", tally.of_edges(shown(source.edges(), edges, "edges", progress)))
        copy_files(store.work, beside / "work")
        manifest = {"format": FORMAT, "schema": source.schema, **tally.to_dict(), "left_out": source.left_out}
        files = {path.relative_to(beside).as_posix(): hash_file(path) for path in files_in(beside)}
        text = json.dumps({**manifest, "files": files}, indent=1, default=str)
        (beside / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


class Archive:
    """A backup as a :class:`kg.transfer.stream.Source`, after each of its files was compared with its hash.

    Raises:
        ReadError: it is missing, incomplete, damaged, or of another format.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = _manifest(folder)
        for name, digest in self._manifest["files"].items():
            path = folder / name
            if not path.is_file() or hash_file(path) != digest:
                raise ReadError(str(path), f"{'is damaged' if path.is_file() else 'is missing'}; take another backup")

    @property
    def work(self) -> Path:
        """See :class:`kg.transfer.stream.Source`."""
        return self._folder / "work"

    @property
    def schema(self) -> Mapping[str, Any]:
        """See :class:`kg.transfer.stream.Source`."""
        return dict(self._manifest["schema"])

    def sizes(self) -> tuple[int, int]:
        """See :class:`kg.transfer.stream.Source`."""
        return sum(self._manifest["nodes"].values()), sum(self._manifest["edges"].values())

    def nodes(self) -> Iterator[Node]:
        """See :class:`kg.transfer.stream.Source`."""
        for labels, properties in _lines(self._folder / "nodes.jsonl.zst"):
            yield Node(tuple(labels), properties)

    def edges(self) -> Iterator[Edge]:
        """See :class:`kg.transfer.stream.Source`."""
        for line in _lines(self._folder / "edges.jsonl.zst"):
            yield Edge(*line)


def copy_files(source: Path, target: Path) -> int:
    """Copy a working directory, save what belongs to processes that run; returns how many files."""
    paths = files_in(source)
    for path in paths:
        into = target / path.relative_to(source)
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, into)
    return len(paths)


def files_in(folder: Path) -> list[Path]:
    """The files of a working directory, at any depth, save what belongs to processes that run."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.endswith(PASSING) for part in path.relative_to(folder).parts)
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["format"]
    except OSError as error:
        raise ReadError(str(folder), f"is no complete backup ({path.name}: {error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError(str(path), "is damaged; take another backup") from error
    if found != FORMAT:
        raise ReadError(str(folder), f"has backup format {found}, and this program reads {FORMAT}; use a later release")
    return dict(manifest)


def _write_lines(path: Path, entries: Iterable[Any]) -> None:
    with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as out:
        for entry in entries:
            out.write(orjson.dumps(entry, default=tuple, option=orjson.OPT_APPEND_NEWLINE))


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as compressed:
        for line in io.BufferedReader(compressed, 1 << 20):
            yield orjson.loads(line)
