"""Lists for everybody, read from the version's snapshot and what came since, are those that each person gets alone."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pandas as pd
import pytest

from kg.ingest import write_event
from kg.records import Interaction
from kg.store import Statement
from recommender import Recommender, people
from recommender.refresh.config import RefreshConfig
from tests.conftest import emptied
from tests.recommender.test_loop import PEOPLE, events, items
from tests.running import RUN

READ = people.read_people
CONFIG = RefreshConfig(tune_seconds=0)
WITHOUT_ID = "MATCH (u:User {id: 'u5'}), (i:Item {id: 'i14'}) CREATE (u)-[:RATED {value: 1.0}]->(i)"


@pytest.fixture(
    params=[pytest.param("embedded", marks=pytest.mark.embedded), pytest.param("server", marks=pytest.mark.neo4j)]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty graph is: a folder, or a server."""
    if request.param == "embedded":
        return str(tmp_path / "store")
    return emptied(request.getfixturevalue("server")).address


def test_everybody_gets_the_list_that_they_get_alone(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = events()
    told["reviewText"] = [f"I heard number {n}" if n % 3 == 0 else None for n in range(len(told))]
    with Recommender.open(place, work=tmp_path / "work", run=RUN, config=CONFIG) as recommender:
        recommender.ingest(told, items=items(), scale=(1, 5))
        recommender.ingest(users=[{"user_id": "idle", "age": 30}])
        recommender.refresh()
        agrees(recommender, PEOPLE + 1, monkeypatch)

        recommender.feedback("u1", "i14", "DISLIKED")  # somebody known, of a known item
        recommender.feedback("u2", "i3", "RATED", value=5, text="the theremin, again and again")
        recommender.ingest(items=[{"item_id": "unheard", "title": "Unheard"}])
        recommender.feedback("u3", "unheard", "LIKED")  # an item that came after the version
        recommender.feedback("ann", "i20", "LIKED")  # somebody who came after it
        recommender.feedback("bob", "unheard", "LIKED")
        found = agrees(recommender, PEOPLE + 3, monkeypatch)
        assert "i14" not in set(found[found.user_id == "u1"].item_id)
        assert {"ann", "bob", "idle"} <= set(found.user_id)

        write_event(recommender.store, Interaction("u6", "i29", "HUMMED", "a kind that came after the version"))
        agrees(recommender, PEOPLE + 3, monkeypatch)
        ids, read = people.read_everyone(recommender.store, recommender._opened.serving.model())
        recommender.forget("u4", refresh=False)
        assert "u4" not in set(agrees(recommender, PEOPLE + 2, monkeypatch).user_id)  # nothing notes changes any more
        assert {person.user_id for person in read(ids)} == set(ids) - {"u4"}, "who was forgotten meanwhile gets no list"


def test_what_no_change_tells_of_is_read_from_the_graph(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recommender.open(place, work=tmp_path / "work", run=RUN, config=CONFIG) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        recommender.store.write(Statement(WITHOUT_ID, {}))  # which no snapshot holds
        recommender.refresh()
        alone: list[str] = []
        monkeypatch.setattr(
            people, "read_people", lambda *given, **options: alone.extend(given[2]) or READ(*given, **options)
        )
        found = agrees(recommender, PEOPLE)
        assert alone == ["u5"], "of the others the graph holds what a snapshot does"
        assert "i14" not in set(found[found.user_id == "u5"].item_id)
        recommender.store.write(Statement("MATCH (u:User {id: 'u7'}) DETACH DELETE u", {}))
        assert "u7" not in set(agrees(recommender, PEOPLE - 1).user_id)


def agrees(
    recommender: Recommender, size: int, monkeypatch: pytest.MonkeyPatch | None = None, k: int = 8
) -> pd.DataFrame:
    """Everybody's lists, which are those of each person alone; with a patch, nobody is read alone for them."""
    if monkeypatch is None:
        everybody = recommender.recommend(None, k=k)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(people, "read_people", _not_one_by_one)
            everybody = recommender.recommend(None, k=k)
    users = everybody["user_id"].drop_duplicates().tolist()
    assert len(users) == size
    alone = pd.concat([recommender.recommend([user], k=k) for user in users], ignore_index=True)
    pd.testing.assert_frame_equal(everybody, alone, rtol=1e-5, atol=1e-6)
    return everybody


def _not_one_by_one(*_: object, **__: object) -> NoReturn:
    raise AssertionError("people were read one by one")
