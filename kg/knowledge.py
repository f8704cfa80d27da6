"""The knowledge graph as rows, whole or in part, for what writes it to files: items, entities and edges, no people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from kg import queries
from kg.batch import Edge
from kg.errors import RecordError
from kg.schema import KNOWLEDGE, RESERVED
from kg.spelling import in_order
from kg.store import Row, Store


class Knowledge(Protocol):
    """A graph, or a part of one. What it gives is read anew each time, in bounded memory."""

    def items(self) -> Iterator[Row]:
        """``id, properties``; the latter with title and text."""

    def entities(self) -> Iterator[Row]:
        """``id, name, kind``."""

    def edges(self) -> Iterator[Edge]:
        """All edges between items and entities but :meth:`links`."""

    def links(self) -> Iterator[tuple[str, str]]:
        """Item and entity of each ``SAME_AS``."""

    def unconnected(self, label: str) -> Iterator[str]:
        """The nodes that no edge would bring back."""


def relations(store: Store) -> list[str]:
    """The relations of the knowledge graph."""
    return sorted({row["relation"] for row in store.read(queries.text("relation_types"))} - RESERVED)


class WholeGraph:
    """Everything but people and what they did."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def items(self) -> Iterator[Row]:
        """See :class:`Knowledge`."""
        return self._store.stream(queries.text("snapshot_items"))

    def entities(self) -> Iterator[Row]:
        """See :class:`Knowledge`."""
        return self._store.stream(queries.text("snapshot_entities"))

    def edges(self) -> Iterator[Edge]:
        """See :class:`Knowledge`."""
        for names in in_order(self._store, relations(self._store)):
            for head, tail in KNOWLEDGE:
                yield from self._edges(head, names, tail)

    def links(self) -> Iterator[tuple[str, str]]:
        """See :class:`Knowledge`."""
        return ((edge.head, edge.tail) for edge in self._edges("Item", ["SAME_AS"], "Entity"))

    def unconnected(self, label: str) -> Iterator[str]:
        """See :class:`Knowledge`."""
        rows = self._store.stream(queries.statement("unconnected", names={"label": label}).text)
        return (row["id"] for row in rows)

    def _edges(self, head: str, relations: Sequence[str], tail: str) -> Iterator[Edge]:
        names = {"head": head, "relations": list(map(self._store.quoted_type, relations)), "tail": tail}
        for row in self._store.stream(queries.statement("snapshot_edges", names=names).text):
            yield Edge(head, row["head"], row["relation"], tail, row["tail"])


class Neighbourhood:
    """Some items, and what is said of them and of what they lead to, ``hops`` edges far; memory grows with the part.

    An item and its own entity are one, so that ``SAME_AS`` is no hop.

    Raises:
        RecordError: one of the items is not in the graph.
    """

    def __init__(self, store: Store, items: Iterable[str], hops: int = 1) -> None:
        self._store = store
        self._nodes: dict[str, dict[str, None]] = {"Item": {}, "Entity": {}}
        self._edges: dict[Edge, None] = {}
        names = relations(store)
        reached = self._with_entities({("Item", id) for id in items})
        if missing := self._nodes["Item"].keys() - {row["id"] for row in self._read("Item")}:
            raise RecordError("items", f"{min(missing)!r} is no item of the graph")
        for _ in range(hops if names else 0):
            found = [edge for head, tail in KNOWLEDGE for edge in self._leaving(reached, head, names, tail)]
            reached = self._with_entities({(edge.tail_label, edge.tail) for edge in found})

    def items(self) -> Iterator[Row]:
        """See :class:`Knowledge`."""
        return self._read("Item")

    def entities(self) -> Iterator[Row]:
        """See :class:`Knowledge`."""
        for row in self._read("Entity"):
            yield {"id": row["id"], **{name: row["properties"].get(name) for name in ("name", "kind")}}

    def edges(self) -> Iterator[Edge]:
        """See :class:`Knowledge`."""
        return (edge for edge in self._edges if edge.relation != "SAME_AS")

    def links(self) -> Iterator[tuple[str, str]]:
        """See :class:`Knowledge`."""
        return ((edge.head, edge.tail) for edge in self._edges if edge.relation == "SAME_AS")

    def unconnected(self, label: str) -> Iterator[str]:
        """See :class:`Knowledge`."""
        tied = {end for edge in self._edges for end in ((edge.head_label, edge.head), (edge.tail_label, edge.tail))}
        return (row["id"] for row in self._read(label) if (label, row["id"]) not in tied)

    def _read(self, label: str) -> Iterator[Row]:
        text = queries.statement("nodes_of_ids", names={"label": label}).text
        for ids in self._slices(self._nodes[label]):
            yield from self._store.read(text, ids=ids)

    def _with_entities(self, nodes: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those that were not met before, with the entities that they are."""
        links = self._leaving(nodes, "Item", ["SAME_AS"], "Entity")
        met = nodes | {("Entity", edge.tail) for edge in links}
        new = {(label, id) for label, id in met if id not in self._nodes[label]}
        for label, id in new:
            self._nodes[label][id] = None
        return new

    def _leaving(self, nodes: Iterable[tuple[str, str]], head: str, relations: Sequence[str], tail: str) -> list[Edge]:
        """The edges that leave some nodes; all are kept."""
        names = {"head": head, "relations": list(map(self._store.quoted_type, relations)), "tail": tail}
        text = queries.statement("snapshot_edges_of_ids", names=names).text
        found = [
            Edge(head, row["head"], row["relation"], tail, row["tail"])
            for ids in self._slices(id for label, id in nodes if label == head)
            for row in self._store.read(text, ids=ids)
        ]
        self._edges |= dict.fromkeys(found)
        return found

    def _slices(self, ids: Iterable[str]) -> Iterator[list[str]]:
        wanted, most = list(ids), self._store.lookup_ids
        return (wanted[at : at + most] for at in range(0, len(wanted), most))
