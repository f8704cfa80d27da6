"""The engines that the contract runs on, and what they cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.bolt import BoltStore
from tests.conftest import ENGINES, emptied
from tests.kg.store.limits import limit_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect what is listed in :mod:`tests.kg.store.limits` to fail, and nothing else."""
    for item in items:
        engine = item.callspec.params.get("graph") if isinstance(item, pytest.Function) and _has_engine(item) else None
        if engine and (limit := limit_of(engine, item.originalname)):  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.xfail(strict=True, reason=f"{limit.when}: {limit.reason}"))


def _has_engine(item: pytest.Function) -> bool:
    return hasattr(item, "callspec")


@pytest.fixture(params=ENGINES)
def graph(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph in each engine."""
    return emptied(request.getfixturevalue(request.param))


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    """Where a test's rejected rows go."""
    return tmp_path / "test.rejects.jsonl"
