"""Bad input from end to end: each gives its documented error or result, and nothing is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from kg.errors import StoreError, StoreVersionError
from kg.store import Statement
from recommender import Recommender
from recommender.errors import InvalidInput
from tests.recommender.test_loop import events, items
from tests.running import RUN

pytestmark = pytest.mark.embedded


LONG = "x" * 1024
STRANGE = [
    'a "quoted" id',
    "it's {braced}: $x",
    "new\nline",
    "emoji 🎸",
    "日本語",
    "back\\slash",
    "x" * 1024,
    "MATCH (n) DELETE n",
]


@pytest.mark.slow
def test_strange_ids_survive_the_whole_way(tmp_path: Path) -> None:
    """Quotes, newlines and emoji are ids like any other; NUL, empty and over-long ones are rejected and kept."""
    rows = events().to_dict("records")
    named = {f"i{n}": STRANGE[n] for n in range(len(STRANGE))} | {f"u{n}": STRANGE[n] for n in range(len(STRANGE))}
    for row in rows:
        row["user_id"], row["item_id"] = (named.get(row[key], row[key]) for key in ("user_id", "item_id"))
    bad = [{**rows[0], "user_id": user} for user in ("nul\0", "", "y" * 1025, None)]
    bad += [{**rows[0], "rating": rating} for rating in (float("inf"), "five", 9)]
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        report = recommender.ingest([*rows, *bad], scale=(1, 5), rejects=tmp_path / "rejects.jsonl")
        assert (report.accepted, report.rejected) == (len(rows), len(bad))
        assert len((tmp_path / "rejects.jsonl").read_text().splitlines()) == len(bad)
        recommender.refresh(budget=0)
        lists = recommender.recommend(STRANGE, k=5)
        assert lists.groupby("user_id").size().to_dict() == dict.fromkeys(STRANGE, 5)
        assert recommender.feedback(STRANGE[2], STRANGE[3], "liked").new
        assert recommender.profile(STRANGE[0])["user_id"] == STRANGE[0]
        assert recommender.cypher("MATCH (u:User {id: $id}) RETURN u.id", id=STRANGE[7]).rows == [[STRANGE[7]]]


@pytest.mark.slow
def test_a_robot_with_a_hundred_thousand_events_and_a_person_with_one(tmp_path: Path) -> None:
    size = 100_000
    robot = pd.DataFrame(
        {
            "user_id": "robot",
            "item_id": [f"i{n % 30}" for n in range(size)],
            "kind": "VIEWED",
            "timestamp": [1_600_000_000 + n for n in range(size)],
        }
    )
    single = pd.DataFrame([("one", "i20", 5.0, 1_600_000_000)], columns=events().columns)
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(pd.concat([events(), single]), items=items(), scale=(1, 5))
        assert recommender.ingest(robot).accepted == size
        recommender.refresh(budget=0)
        assert recommender.recommend("robot", k=3).empty
        near = recommender.recommend("one", k=5).item_id
        assert sum(int(item[1:]) >= 15 for item in near) >= 4
        assert recommender.feedback("robot", "i3", "LIKED").new


@pytest.mark.slow
def test_links_that_match_nothing_and_an_empty_graph_of_knowledge(tmp_path: Path) -> None:
    triples = [{"head": f"e{n}", "relation": "made_by", "tail": "m"} for n in range(5)]
    links = [{"item_id": f"unknown{n}", "entity_id": f"nothing{n}"} for n in range(5)]
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(events(), triples=triples, links=links, scale=(1, 5))
        recommender.refresh(budget=0)
        assert len(recommender.recommend("u0", k=5)) == 5


def numbered() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The planted events and items with whole numbers as ids: person 1, item 14."""
    done, known = events(), pd.DataFrame(items())
    for table, column in ((done, "user_id"), (done, "item_id"), (known, "item_id")):
        table[column] = table[column].str[1:].astype(int)
    return done, known


@pytest.mark.slow
def test_whole_numbers_are_ids_wherever_text_is(tmp_path: Path) -> None:
    done, known = numbered()
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(done, items=known, scale=(1, 5))
        recommender.refresh(budget=0)
        two = recommender.recommend(["1", "2"], k=3)
        for same in ([1, 2], np.array([1, 2]), pd.Series([1.0, 2.0]), (user for user in (1, "2"))):
            assert_frame_equal(recommender.recommend(same, k=3), two)
        assert set(recommender.recommend(np.int64(1), k=3).user_id) == {"1"}
        assert set(recommender.recommend(1, items=[13, "14"]).item_id) <= {"13", "14"}
        met = done[done.user_id == 1].item_id.tolist()
        assert recommender.explain(1, 14, without=met[:1]) == recommender.explain("1", "14", without=[str(met[0])])
        assert_frame_equal(
            recommender.recommend_for(history=met, k=3), recommender.recommend_for(history=list(map(str, met)), k=3)
        )
        assert recommender.explain_for(14, history=met)["item_id"] == "14"
        assert_frame_equal(recommender.similar_items(14), recommender.similar_items("14"))
        assert recommender.graph.neighbourhood(1, "User").number_of_nodes() > 1
        assert recommender.feedback(1, 14, "LIKED").user_id == "1"
        assert recommender.profile(1)["user_id"] == "1"
        assert recommender.forget(1, refresh=False).user_id == "1"
        assert recommender.lift(np.int32(1))


@pytest.mark.parametrize("wrong", [1.5, float("nan"), None, True, "", [1], "x" * 1025])
def test_what_is_no_id_is_said(tmp_path: Path, wrong: Any) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        for ask in (
            recommender.profile,
            recommender.forget,
            lambda id: recommender.recommend([id]),
            lambda id: recommender.recommend("u1", items=[id]),
            lambda id: recommender.recommend_for(history=[id]),
            lambda id: recommender.explain("u1", id),
            lambda id: recommender.explain("u1", "i1", without=[id]),
            lambda id: recommender.feedback(id, "i1", "LIKED"),
        ):
            with pytest.raises(InvalidInput, match=r"^(user|users|items|item|history|without): "):
                ask(wrong)


@pytest.mark.parametrize("wrong", [pd.DataFrame({"user_id": [1]}), np.array(1), np.ones((1, 1))])
def test_a_table_is_no_list_of_ids(tmp_path: Path, wrong: Any) -> None:
    with (
        Recommender.open(tmp_path / "store", run=RUN) as recommender,
        pytest.raises(InvalidInput, match=r"history = a (DataFrame|ndarray); a list of ids is needed"),
    ):
        recommender.recommend_for(history=wrong)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda r: r.refresh(budget="60"), "the budget, tune_seconds, = '60'; seconds of tuning are a number"),
        (lambda r: r.refresh(budget=-1), "= -1; seconds of tuning are a number of at least 0"),
        (lambda r: r.refresh(recommend=2.5), "recommend = 2.5; a whole number of at least 0"),
        (lambda r: r.evaluate(models=["nope"]), "there is no model 'nope'"),
        (lambda r: r.evaluate(protocol="fair"), "there is no protocol 'fair'"),
        (lambda r: r.evaluate(budget=float("nan")), "budget = nan; seconds of tuning"),
        (lambda r: r.evaluate(k=[0]), "each is at least 1"),
        (lambda r: r.graph.evaluate(model="nope"), "there is no model 'nope'"),
    ],
)
def test_what_is_asked_is_checked_before_the_graph_is_read(
    tmp_path: Path, asked: Callable[[Recommender], object], said: str
) -> None:
    """An empty graph would be the first thing to complain of."""
    with Recommender.open(tmp_path / "store", run=RUN) as recommender, pytest.raises(InvalidInput, match=said):
        asked(recommender)


def test_a_store_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.store.write(Statement("MATCH (s:Schema) SET s.version = 999", {}))
    with pytest.raises(StoreVersionError, match="999"):
        Recommender.open(tmp_path / "store", run=RUN)


@pytest.mark.slow
def test_a_full_disk_in_a_refresh_leaves_the_published_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Recommender.open(tmp_path / "store", run=RUN) as recommender:
        recommender.ingest(events(), items=items(), scale=(1, 5))
        version = recommender.refresh(budget=0).version
        recommender.feedback("u0", "i14", "LIKED")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises((OSError, StoreError), match="No space left"):
                recommender.refresh(budget=0)
        assert not list(recommender.store.work.rglob("*.partial"))
        assert recommender.status()["model"]["version"] == version
        assert len(recommender.recommend("u0", k=3)) == 3
        assert recommender.refresh(budget=0).version != version
