"""The engines that the contract runs on: the embedded one always, a Neo4j server where the environment names one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.bolt import BoltStore
from kg.engines import open_store
from kg.store import Statement

SERVER = "TASTEGRAPH_TEST_NEO4J_URL"
"""URL of a server whose graph the tests may empty; ``NEO4J_USERNAME`` and ``NEO4J_PASSWORD`` as usual."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoltStore]:
    """A Neo4j server."""
    url = os.environ.get(SERVER)
    if not url:
        pytest.skip(f"needs a Neo4j server: set {SERVER}, NEO4J_USERNAME and NEO4J_PASSWORD")
    with open_store(url, work=tmp_path_factory.mktemp("work")) as opened:
        yield opened


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph in each engine."""
    store: BoltStore = request.getfixturevalue(request.param)
    store.write(Statement("MATCH (n) WHERE NOT n:Schema DETACH DELETE n", {}))
    store._kinds.clear()
    return store


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    """Where a test's rejected rows go."""
    return tmp_path / "test.rejects.jsonl"
