"""What is closed while others use it: each of them is answered, or told that it was closed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kg.errors import GraphError
from recommender import Recommender
from recommender.errors import RecommenderError, RefreshRunning
from recommender.refresh.lock import refresh_lock
from tests.recommender.test_loop import events, items
from tests.running import PATIENCE, RUN
from text.errors import TextError

pytestmark = pytest.mark.embedded


def test_eight_threads_recommend_while_it_is_closed(tmp_path: Path) -> None:
    recommender = Recommender.open(tmp_path / "store", run=RUN)
    recommender.ingest(events(), items=items(), scale=(1, 5))
    recommender.refresh(budget=0)
    users = [row[0] for row in recommender.cypher("MATCH (u:User) RETURN u.id AS id ORDER BY id").rows]
    at_work = threading.Barrier(9)
    told: list[BaseException] = []

    def recommends(number: int) -> None:
        for turn in range(100_000):
            try:
                assert len(recommender.recommend(users[(number + turn) % len(users)], k=3, reasons=turn % 2 == 1))
                assert len(recommender.recommend_for(text=f"words {number} of {turn}", k=3))
            except BaseException as error:
                told.append(error)
                return
            if turn == 0:
                at_work.wait(60 * PATIENCE)

    threads = [threading.Thread(target=recommends, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    at_work.wait(60 * PATIENCE)
    recommender.close()
    for thread in threads:
        thread.join(60 * PATIENCE)
    assert len(told) == 8
    for error in told:
        assert isinstance(error, GraphError | RecommenderError | TextError), repr(error)
        assert "closed" in str(error)


def test_versions_are_not_pruned_while_a_refresh_runs(tmp_path: Path) -> None:
    with (
        Recommender.open(tmp_path / "store", run=RUN) as recommender,
        refresh_lock(recommender.store),
        pytest.raises(RefreshRunning, match="another refresh is running"),
    ):
        recommender.models.prune(keep=1)
