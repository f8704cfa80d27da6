"""A Neo4j server, 5.26 LTS or later: any number of processes, one database of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import pyarrow as pa

from kg import queries, quoting
from kg.allowed import PROCEDURES
from kg.bolt import USERS_QUERY, BoltStore, Plan, translated
from kg.connection import Connection, ConnectionConfig
from kg.engines.conform import conform, json_text
from kg.errors import QueryFailed, QueryRefused, StoreError
from kg.limits import Limits, Stops, check_running_on
from kg.quoting import Quoted
from kg.store import COSINE, Result, Row, Statement
from kg.values import plain

T = TypeVar("T")

OLDEST = (5, 26)
"""The first version that the tests run on."""
LISTS = 64
"""How many lists the rows of an export are gathered in."""
CHUNK = 50_000
"""Rows, about, that are made into a table at a time."""
FORBIDDEN_OPERATORS = ("LoadCSV", "TerminateTransactions")
"""Operators of plans that a READ session would run and that reach beyond reading the graph."""
SHOWN = ("ShowConstraints", "ShowIndexes")
"""Operators of ``SHOW`` that tell of the graph, and nothing of the server or of others."""


class Neo4jStore(BoltStore):
    """A :class:`kg.store.Store` on a server."""

    @classmethod
    def open(cls, url: str, *, work: Path | None = None, config: ConnectionConfig | None = None) -> Self:
        """Connect as the environment says, at once or not at all; see :func:`kg.engines.open_store`."""
        folder = work or Path(os.environ.get("TASTEGRAPH_WORK", "tastegraph-work"))
        store = cls(
            Connection.of_environment(url),
            address=url,
            work=folder,
            one_writer=False,
            config=config or ConnectionConfig.of_environment(),
        )
        try:
            check_agent(store.server_agent(), url)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def transaction_seconds(self) -> float | None:
        """See :class:`kg.connection.ConnectionConfig`."""
        return self._config.transaction_seconds

    def quoted(self, name: str) -> Quoted:
        """See :class:`kg.store.Store`."""
        return quoting.neo4j(name)

    def export(
        self, text: str, schema: pa.Schema, *, maps: bool = False, each: str | None = None, **parameters: Any
    ) -> pa.Table:
        """The rows of a query as Arrow; see :class:`kg.store.Store`.

        Rows travel gathered in lists and moments as numbers: a record each, with moments of the driver, would take ten
        times as long.
        """
        gathered = _gathered(text, schema, each)

        def attempt() -> list[pa.Table]:
            lists = (rows for (rows,) in self._values_of(gathered, parameters))
            return [_table(rows, schema, maps) for rows in _chunks(lists)]

        with translated(self.address):
            tables = self._retried(attempt, writes=False)
        return pa.concat_tables(tables) if tables else schema.empty_table()

    def nearest(self, label: str, name: str, vector: Sequence[float], k: int) -> list[Row]:
        """By the vector index, which is made when there is none of this length; see :class:`kg.store.Store`."""
        self.index_vectors(label, name, len(vector))
        return self.read(
            queries.text("nearest_indexed"), index=self._index(label, name), vector=list(map(float, vector)), k=k
        )

    def index_vectors(self, label: str, name: str, dimension: int, similarity: str = COSINE) -> None:
        """Make the index, anew when it has another dimension or similarity, and wait until it holds all nodes.

        The server is asked each time: another process may have made it for other vectors.
        """
        index = self._index(label, name)
        named, on, of = map(self.quoted_type, (index, label, name))
        wanted = {"vector.dimensions": dimension, "vector.similarity_function": similarity.upper()}
        found = self.read(queries.text("vector_indexes"), name=index)
        stands = any(wanted.items() <= row["config"].items() for row in found)
        if not stands:
            self.write(Statement(f"DROP INDEX {named} IF EXISTS", {}))
            names = {"index": named, "label": on, "property": of}
            config = wanted | {"vector.quantization.enabled": False}  # or scores would be off by some hundredths
            self.write(queries.statement("vector_index_make", names=names, config=config))
        if not stands or found[0]["state"] != "ONLINE":
            self.read("CALL db.awaitIndex($name, 600)", name=index)

    def _index(self, label: str, name: str) -> str:
        return f"{label}_{name}".lower()

    def _answer(self, text: str, parameters: Mapping[str, Any], limits: Limits, stops: Stops) -> Result:
        """A user's query, planned by the server before it runs, and stopped by it; see :class:`kg.store.Store`."""
        check_running_on(self._running_on(limits))
        try:
            plan = self.explain(text, parameters, limits)
        except (TypeError, ValueError, OverflowError) as error:  # of the driver, before it sends anything
            raise QueryFailed(f"the parameters hold what is no value that the server knows: {error}") from error
        check_plan(plan)
        return self.run_limited(text, parameters, limits)

    def _running_on(self, limits: Limits) -> int:
        """How many queries of this program, of whichever process, the server still runs past their limits."""
        try:
            found = self.run_limited(queries.text("queries_running_on"), {"sort": USERS_QUERY}, limits, "question")
        except QueryFailed:  # who may not see transactions counts those of this process alone
            return 0
        return int(found.rows[0][0])


def check_plan(plan: Plan) -> None:
    """Refuse what does not only read, and what calls what :mod:`kg.allowed` should have found in the text.

    Raises:
        QueryRefused: says what.
    """
    if plan.kind != "r":
        raise QueryRefused("only queries that read are allowed: this one writes, or changes the schema")
    for name, details in plan.operators:
        if name in FORBIDDEN_OPERATORS or (name.startswith("Show") and name not in SHOWN):
            raise QueryRefused(f"a query reads the graph only; this one uses {name}")
        called = details.partition("(")[0].replace("`", "").lower()
        if name == "ProcedureCall" and called not in PROCEDURES:
            raise QueryRefused(f"the procedure {called} is on no list of those that only read the graph")


def check_agent(agent: str, url: str) -> None:
    """Refuse what is no Neo4j, or one older than :data:`OLDEST`.

    Raises:
        StoreError: says which it is.
    """
    number = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if number is None or (int(number[1]), int(number[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise StoreError(f"{url} is {agent}; this program needs Neo4j {oldest} or later, so upgrade the server")


def _gathered(text: str, schema: pa.Schema, each: str | None) -> str:
    """A query that answers the rows of ``text`` in lists: one of each node, or :data:`LISTS` in all."""
    values = ", ".join(_value(field) for field in schema)
    if each is None:
        return (
            f"CALL () {{ {text} }} WITH [{values}] AS row, toInteger(rand() * {LISTS}) AS list "
            f"WITH list, collect(row) AS rows RETURN rows"
        )
    name = each.partition(":")[0]
    return (
        f"MATCH ({each}) CALL ({name}) {{ CALL ({name}) {{ {text} }} RETURN collect([{values}]) AS rows }} RETURN rows"
    )


def _value(field: pa.Field) -> str:
    """A column of an export, moments as microseconds since 1970."""
    name = quoting.neo4j(field.name)
    return f"{name}.epochSeconds * 1000000 + {name}.microsecond" if pa.types.is_timestamp(field.type) else name


def _chunks(lists: Iterable[list[T]]) -> Iterator[list[T]]:
    """The same entries in fewer, longer lists."""
    waiting: list[T] = []
    for entries in lists:
        waiting += entries
        if len(waiting) >= CHUNK:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _table(rows: list[list[Any]], schema: pa.Schema, maps: bool) -> pa.Table:
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    if maps:
        columns = [
            [json_text(plain(value)) if isinstance(value, dict) else value for value in column] for column in columns
        ]
    return conform(pa.table(dict(zip(schema.names, columns, strict=True))), schema)
