"""The engines that the contract runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.bolt import BoltStore
from tests.conftest import emptied


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph in each engine."""
    return emptied(request.getfixturevalue(request.param))


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    """Where a test's rejected rows go."""
    return tmp_path / "test.rejects.jsonl"
