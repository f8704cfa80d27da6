"""A graph as two streams, nodes and then edges; what passed is counted and digested."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson

from kg import queries
from kg.errors import StoreError
from kg.exact import encode
from kg.progress import tqdm
from kg.store import Store
from kg.transfer.cut import Cut
from kg.transfer.files import folders_of

T = TypeVar("T")


class Node(NamedTuple):
    """One node; its number is its place in the stream. Values are those of :mod:`kg.exact`."""

    labels: tuple[str, ...]
    properties: dict[str, Any]


class Edge(NamedTuple):
    """One edge by the numbers of its ends."""

    head: int
    relation: str
    tail: int
    properties: dict[str, Any]


class Source(Protocol):
    """Where a graph comes from."""

    @property
    def work(self) -> Path:
        """The folder of its vectors, snapshots and model versions."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """What the graph remembers of its schema, its version among that."""

    def sizes(self) -> tuple[int, int]:
        """Nodes and edges, about."""

    def nodes(self) -> Iterator[Node]:
        """All nodes but that of the schema."""

    def edges(self) -> Iterator[Edge]:
        """All edges between them; only after all nodes."""


class StoreSource:
    """A :class:`Source` of what a store holds now.

    Raises:
        StoreError: it is an adopted graph, whose owner's labels and ids would be lost.
    """

    def __init__(self, store: Store) -> None:
        if not store.notes_changes:  # others write to it by names of their own, which our texts do not see
            raise StoreError(
                f"{store.address} is its owner's graph, which tastegraph only adopted; copy it with Neo4j's own tools "
                "(neo4j-admin database dump), and what was added goes along"
            )
        self._store = store
        self._numbers: dict[str, int] = {}
        self.left_out = 0
        """Edges of nodes that somebody made after the nodes were read."""

    @property
    def work(self) -> Path:
        """See :class:`Source`."""
        return self._store.work

    @property
    def folders(self) -> list[Path]:
        """What nothing is to be copied into."""
        return folders_of(self._store)

    @property
    def schema(self) -> dict[str, Any]:
        """See :class:`Source`."""
        (row,) = self._store.read(queries.text("schema_state"))
        return dict(row["properties"])

    def cut(self) -> Cut:
        """What tells later whether it has changed."""
        return Cut.of(self._store)

    def sizes(self) -> tuple[int, int]:
        """See :class:`Source`."""
        (row,) = self._store.read(queries.text("every_count"))
        return row["nodes"], row["edges"]

    def nodes(self) -> Iterator[Node]:
        """See :class:`Source`."""
        self._numbers.clear()
        for key, labels, properties in self._store.scan(queries.text("every_node")):
            self._numbers[key] = len(self._numbers)
            yield Node(tuple(sorted(labels)), encode(properties, zoned=self._store.keeps_zones))

    def edges(self) -> Iterator[Edge]:
        """See :class:`Source`."""
        self.left_out = 0
        for head, relation, tail, properties in self._store.scan(queries.text("every_edge")):
            if head in self._numbers and tail in self._numbers:
                ends = self._numbers[head], self._numbers[tail]
                yield Edge(ends[0], relation, ends[1], encode(properties, zoned=self._store.keeps_zones))
            else:
                self.left_out += 1


@dataclass
class Tally:
    """What passed: counts, and a digest that is equal for equal graphs in whatever order they come.

    The digest is the sum modulo 2^128 of a BLAKE2b hash of each node (labels and properties) and of each edge (the
    hashes of its ends, type and properties).
    """

    labels: Counter[str] = field(default_factory=Counter)
    """Nodes by their labels, joined by ``:``."""
    relations: Counter[str] = field(default_factory=Counter)
    """Edges by type."""
    total: int = 0
    hashes: bytearray = field(default_factory=bytearray, repr=False)
    """Of the nodes, 16 bytes each."""

    @property
    def digest(self) -> str:
        """In hex."""
        return f"{self.total:032x}"

    def of_nodes(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """The same nodes, counted as they pass."""
        for node in nodes:
            self.labels[":".join(node.labels)] += 1
            self.hashes += self._add(_bytes(node))
            yield node

    def of_edges(self, edges: Iterable[Edge]) -> Iterator[Edge]:
        """The same edges, counted as they pass."""
        for edge in edges:
            self.relations[edge.relation] += 1
            ends = self._hash(edge.head) + self._hash(edge.tail)
            self._add(ends + _bytes((edge.relation, edge.properties)))
            yield edge

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return {"nodes": dict(self.labels), "edges": dict(self.relations), "digest": self.digest}

    def _hash(self, number: int) -> bytes:
        return bytes(self.hashes[16 * number : 16 * number + 16])

    def _add(self, content: bytes) -> bytes:
        digest = hashlib.blake2b(content, digest_size=16).digest()
        self.total = (self.total + int.from_bytes(digest)) % (1 << 128)
        return digest


def tally_of(source: Source, *, progress: bool) -> Tally:
    """Read all of a source, and keep nothing."""
    tally = Tally()
    nodes, edges = source.sizes()
    for _ in tally.of_nodes(shown(source.nodes(), nodes, "compare nodes", progress)):
        pass
    for _ in tally.of_edges(shown(source.edges(), edges, "compare edges", progress)):
        pass
    return tally


def shown(entries: Iterable[T], total: int, name: str, progress: bool) -> Iterator[T]:
    """The same entries under a bar on stderr."""
    yield from tqdm(entries, total=total, desc=name, unit="", disable=not progress, leave=False)


def _bytes(content: Any) -> bytes:
    return orjson.dumps(content, default=tuple, option=orjson.OPT_SORT_KEYS)
