"""A Neo4j server, 5.26 LTS or later: any number of processes, one database of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from kg.bolt import BoltStore, Connection
from kg.engines.conform import conform, json_text
from kg.errors import QueryFailed, QueryRefused, StoreUnavailable
from kg.store import Result

LISTS = 64
"""How many lists the rows of an export are gathered in."""
FORBIDDEN_OPERATORS = ("LoadCSV", "TerminateTransactions")
"""Operators of plans that a READ session would run and that reach beyond reading the graph."""


class Neo4jStore(BoltStore):
    """A :class:`kg.store.Store` on a server."""

    @classmethod
    def open(cls, url: str, *, work: Path | None = None) -> Self:
        """Connect as the environment says; see :func:`kg.engines.open_store`."""
        password = os.environ.get("NEO4J_PASSWORD")
        if password is None:
            raise StoreUnavailable(f"NEO4J_PASSWORD is not set; it holds the password for {url}")
        connection = Connection(
            url=url,
            user=os.environ.get("NEO4J_USERNAME", "neo4j"),
            password=password,
            database=os.environ.get("NEO4J_DATABASE", "neo4j"),
        )
        folder = work or Path(os.environ.get("TASTEGRAPH_WORK", "tastegraph-work"))
        return cls(connection, address=url, work=folder, one_writer=False)

    def export(self, text: str, schema: pa.Schema, *, maps: bool = False, **parameters: Any) -> pa.Table:
        """The rows of a query as Arrow; see :class:`kg.store.Store`.

        Rows travel gathered in lists, which takes a seventh of the time of a record each.
        """
        names = [f"`{name}`" for name in schema.names]
        gathered = (
            f"CALL () {{ {text} }} WITH {', '.join(names)}, toInteger(rand() * {LISTS}) AS list "
            f"RETURN list, collect([{', '.join(names)}]) AS rows"
        )
        tables = [_table(row["rows"], schema, maps) for row in self.stream(gathered, **parameters)]
        return pa.concat_tables(tables) if tables else schema.empty_table()

    def query(
        self, text: str, parameters: Mapping[str, Any], *, max_rows: int = 10_000, timeout: float = 30.0
    ) -> Result:
        """A user's query, planned by the server before it runs; see :class:`kg.store.Store`."""
        try:
            plan = self.explain(text, parameters)
        except (TypeError, ValueError, OverflowError) as error:  # of the driver, before it sends anything
            raise QueryFailed(f"the parameters hold what is no value that the server knows: {error}") from error
        if plan.kind != "r":
            raise QueryRefused("only queries that read are allowed: this one writes, or changes the schema")
        if found := sorted(set(plan.operators) & set(FORBIDDEN_OPERATORS)):
            raise QueryRefused(f"a query reads the graph only; this one uses {', '.join(found)}")
        return self.run_limited(text, parameters, max_rows, timeout)


def _table(rows: list[list[Any]], schema: pa.Schema, maps: bool) -> pa.Table:
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    if maps:
        columns = [[json_text(value) if isinstance(value, dict) else value for value in column] for column in columns]
    return conform(pa.table(dict(zip(schema.names, columns, strict=True))), schema)
