"""The embedded engine's fast path into a graph that nobody reads yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from kg import schema
from kg.folders import sync

ROOM_EVERY = 200_000
"""Edges between two looks at the free space of the disk."""


@dataclass(frozen=True)
class Bridge:
    """The engine's classes that take many rows as one JSON text."""

    nodes: Any
    edges: Any


class GraphLoad:
    """A :class:`kg.store.BulkLoad` into an empty database.

    Each ``event_id`` is checked as it is stored, which costs less than an index over all of them afterwards once there
    are some hundred thousand. The caller sees to it that ids differ; if they do not, nothing is published.
    """

    def __init__(self, database: Any, bridge: Bridge, check_room: Callable[[], None]) -> None:
        self._database = database
        self._bridge = bridge
        self._check_room = check_room
        self._stack = ExitStack()
        self._relations: set[str] = set()
        self._timed: set[str] = set()
        self._kinds: set[str] = set()
        self._since_check = 0

    def __enter__(self) -> Self:
        for text in schema.node_constraints():
            self._database.command("opencypher", text)
        self._database.command("sql", "CREATE PROPERTY Review.at DATETIME_MICROS")
        self._batch = self._stack.enter_context(self._database.graph_batch())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if error is None:
            self._sign()

    def add_nodes(self, label: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """See :class:`kg.store.BulkLoad`."""
        if not rows:
            return []
        made = self._bridge.nodes.createVerticesJson(self._batch._java_graph_batch, label, _json(rows))
        return str(made).split(";")

    def add_edges(
        self, relation: str, heads: Sequence[Any], tails: Sequence[Any], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """See :class:`kg.store.BulkLoad`."""
        if not heads:
            return
        timed = relation not in self._timed and any("at" in row for row in rows or ())
        if relation not in self._relations or timed:
            self._make_relation(relation, timed=timed)
        into = self._batch._java_graph_batch
        if rows is None:
            self._bridge.edges.newEdgesJoined(into, ";".join(heads), relation, ";".join(tails))
        else:
            ends = [{"_src": h, "_dst": t, **row} for h, t, row in zip(heads, tails, rows, strict=True)]
            self._bridge.edges.newEdgesJson(into, relation, _json(ends))
        self._since_check += len(heads)
        if self._since_check >= ROOM_EVERY:
            self._since_check = 0
            self._check_room()

    def declare_kind(self, kind: str) -> None:
        """See :class:`kg.store.BulkLoad`."""
        if kind not in self._kinds:
            self._kinds.add(kind)
            self._make_relation(kind, timed=True)
            self._database.command("opencypher", schema.kind_constraint(kind))

    def _make_relation(self, relation: str, timed: bool) -> None:
        self._relations.add(relation)
        self._database.schema.get_or_create_edge_type(relation)
        if timed:  # declared, so that text becomes a moment
            self._timed.add(relation)
            self._database.schema.get_or_create_property(relation, "at", "DATETIME_MICROS")

    def _sign(self) -> None:
        self._database.command(
            "opencypher",
            "CREATE (:Schema {id: 'tastegraph', version: $version}) WITH 1 AS one "
            "UNWIND $kinds AS kind CREATE (:EventKind {id: kind})",
            {"version": schema.VERSION, "kinds": sorted(self._kinds)},
        )


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    """One text for all rows: what crosses into Java once costs little. A declared property turns text into a moment."""
    return orjson.dumps(rows).decode()


def sync_folder(folder: Path) -> None:
    """Make the files of a folder, and the folder itself, durable."""
    for path in [*(entry for entry in folder.iterdir() if entry.is_file()), folder]:
        sync(path)
