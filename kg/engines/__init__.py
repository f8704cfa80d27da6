"""Graph engines: a folder is the embedded ArcadeDB, a URL is a Neo4j server. Each module holds only what differs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import StoreError

if TYPE_CHECKING:
    from kg.bolt import BoltStore

_URL = re.compile(r"(?P<scheme>[a-z0-9+.-]+)://", re.IGNORECASE)
SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
"""What a server's URL may begin with."""


def open_store(
    location: str | Path, *, work: str | Path | None = None, create: bool = True, check: bool = True
) -> BoltStore:
    """Open the graph in this folder, or at this Neo4j URL, with its schema checked.

    Args:
        location: a folder, or a URL such as ``neo4j://host:7687``, whose user, password and database are in
            ``NEO4J_USERNAME``, ``NEO4J_PASSWORD`` and ``NEO4J_DATABASE``.
        work: working directory; by default inside an embedded store, else ``TASTEGRAPH_WORK`` or ``./tastegraph-work``.
        create: make a folder that is not there. Readers pass False, so that a mistyped name is an error.
        check: False leaves the schema as it is and accepts every version, for :mod:`kg.migrate`.

    Raises:
        StoreError: the folder is not a store, or is not there and ``create`` is False.
        StoreInUse: another process has the folder open.
        StoreUnavailable: no server answers, or it rejects the credentials.
        StoreVersionError: the graph was made by another version.
    """
    folder = None if work is None else Path(work)
    url = _URL.match(str(location))
    store: BoltStore
    if url is None:
        from kg.engines.arcadedb import ArcadeStore

        store = ArcadeStore.open(Path(location), work=folder, create=create)
    elif url["scheme"].lower() in SCHEMES:
        from kg.engines.neo4j import Neo4jStore

        store = Neo4jStore.open(str(location), work=folder)
    else:
        raise StoreError(f"{url['scheme']}:// is no graph server; use one of {', '.join(SCHEMES)}, or a folder")
    try:
        if check:
            store.ensure_schema()
    except BaseException:
        store.close()
        raise
    return store
