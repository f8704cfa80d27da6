"""The engines that the contract runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.bolt import BoltStore
from kg.store import Statement


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
