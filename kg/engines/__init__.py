"""Graph engines: a folder is the embedded ArcadeDB, a URL is a Neo4j server. Each module holds only what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg.connection import ConnectionConfig, check_url, is_url
from kg.folders import check_here, local

if TYPE_CHECKING:
    from kg.bolt import BoltStore


def open_store(
    location: str | Path,
    *,
    work: str | Path | None = None,
    create: bool = True,
    check: bool = True,
    connection: ConnectionConfig | None = None,
) -> BoltStore:
    """Open the graph in this folder, or at this Neo4j URL, with its schema checked.

    Args:
        location: a folder, or a URL such as ``neo4j://host:7687``, whose user, password and database are in
            ``NEO4J_USERNAME``, ``NEO4J_PASSWORD`` and ``NEO4J_DATABASE``.
        work: working directory; by default inside an embedded store, else ``TASTEGRAPH_WORK`` or ``./tastegraph-work``.
        create: make a folder that is not there. Readers pass False, so that a mistyped name is an error.
        check: False leaves the schema as it is, accepts every version and opens an adopted graph as its owner knows it:
            for :mod:`kg.migrate` and :mod:`kg.transfer`.
        connection: certificates, limits and waits for a server; by default those of the environment.

    Raises:
        StoreError: the process's own directory is gone; the folder is not a store, or is not there and ``create`` is
            False; or the server is too old, or its URL holds a password.
        StoreInUse: another process has the folder open.
        StoreUnavailable: no server answers, or it rejects the credentials.
        StoreVersionError: the graph was made by another version.
    """
    check_here()
    folder = None if work is None else local(work)
    store: BoltStore
    if is_url(str(location)):
        check_url(str(location))
        from kg.engines.adopted import open_server
        from kg.engines.neo4j import Neo4jStore

        opened = open_server if check else Neo4jStore.open
        store = opened(str(location), work=folder, config=connection)
    else:
        from kg.engines.arcadedb import ArcadeStore

        store = ArcadeStore.open(local(location), work=folder, create=create)
    try:
        if check:
            store.ensure_schema()
    except BaseException:
        store.close()
        raise
    return store
