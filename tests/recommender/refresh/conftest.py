"""The engines that batch work is tested on."""

from __future__ import annotations

import pytest

from kg.bolt import BoltStore
from kg.store import Statement
from tests.conftest import emptied

BOTH = [pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]


@pytest.fixture(params=BOTH)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph in each engine, whose lock nobody holds."""
    store = emptied(request.getfixturevalue(request.param))
    store.write(Statement("MATCH (s:Schema) REMOVE s.lock_token", {}))
    return store
