"""Lists in the graph: readers go by the published pointer, and see one version or the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from kg import queries
from kg.bolt import BoltStore
from kg.snapshot import take
from kg.store import Statement
from recommender.refresh import lists
from recommender.refresh.lists import write_lists
from recommender.refresh.write_back import drop_others
from tests.proxy import COMMIT, PULL, Proxy

USERS, ITEMS = [f"u{n}" for n in range(7)], [f"i{n}" for n in range(5)]
NOW = datetime(2024, 1, 1, tzinfo=UTC)


def blocks(order: list[str]) -> Iterator[pd.DataFrame]:
    """The same list for everybody, some people at a time."""
    for users in (USERS[:4], USERS[4:]):
        rows = [(user, item, rank, 1.0 / rank) for user in users for rank, item in enumerate(order, 1)]
        yield pd.DataFrame(rows, columns=["user_id", "item_id", "rank", "score"])


def publish(graph: BoltStore, version: str, day: int, recommended: int | None) -> None:
    at = NOW + timedelta(days=day)
    parameters = {"version": version, "key": "", "now": at, "figures": {"recommended": recommended}}
    graph.write(Statement(queries.text("model_publish"), parameters))


def seen(graph: BoltStore, user: str = "u3") -> list[tuple[str, int, str]]:
    rows = graph.read(queries.text("recommended"), user=user)
    return [(row["model"], row["rank"], row["item"]) for row in rows]


def edges(graph: BoltStore) -> dict[str, int]:
    rows = graph.read("MATCH (:User)-[r:RECOMMENDED]->(:Item) RETURN r.model AS model, count(r) AS edges")
    return {row["model"]: row["edges"] for row in rows}


@pytest.fixture
def people(graph: BoltStore, monkeypatch: pytest.MonkeyPatch) -> BoltStore:
    monkeypatch.setattr(lists, "ROWS_A_BATCH", 6)
    monkeypatch.setattr(lists, "PEOPLE_A_BATCH", 2)
    for label, ids in (("User", USERS), ("Item", ITEMS)):
        statement = queries.statement("nodes_ensure", names={"label": label}, ids=ids)
        graph.write(Statement(statement.text.replace("<marked>", ""), statement.parameters))
    return graph


def test_a_reader_sees_one_version_at_every_step(people: BoltStore) -> None:
    first, second = ITEMS[:3], ITEMS[:1:-1]
    assert write_lists(people, "one", blocks(first)) == 21
    assert seen(people) == [], "nothing is published yet"
    publish(people, "one", 1, 3)
    before = [("one", rank, item) for rank, item in enumerate(first, 1)]
    assert seen(people) == before
    after = [("two", rank, item) for rank, item in enumerate(second, 1)]
    half = blocks(second)
    write_lists(people, "two", [next(half)])
    assert seen(people) == before
    write_lists(people, "two", half)
    assert seen(people) == before
    publish(people, "two", 2, 3)
    assert seen(people) == after
    drop_others(people, kept="two")
    assert seen(people) == after
    assert edges(people) == {"two": 21}
    publish(people, "one", 3, None)
    assert seen(people) == [], "a version whose lists are gone has none, not a part of them"


def test_what_a_crash_leaves_is_seen_by_nobody_and_removed_by_the_next(people: BoltStore) -> None:
    publish(people, "one", 1, 2)
    write_lists(people, "one", blocks(ITEMS[:2]))
    write_lists(people, "lost", [next(blocks(ITEMS))])
    assert edges(people) == {"one": 14, "lost": 20}
    assert [item for _, _, item in seen(people)] == ITEMS[:2]
    drop_others(people, kept="one")
    assert edges(people) == {"one": 14}


@pytest.mark.parametrize("message", [PULL, COMMIT], ids=["pull", "commit"])
def test_lists_whose_answer_is_lost_are_written_once(
    people: BoltStore, proxied: tuple[BoltStore, Proxy], message: bytes
) -> None:
    graph, proxy = proxied
    proxy.lose_answer_to(message)
    assert write_lists(graph, "one", blocks(ITEMS)) == 35
    assert proxy.has_lost
    assert edges(graph) == {"one": 35}


def test_lists_are_no_events(people: BoltStore) -> None:
    before = take(people).fingerprint
    write_lists(people, "one", blocks(ITEMS))
    assert take(people).fingerprint == before
    (counts,) = people.read(queries.text("graph_counts"))
    assert (counts["interactions"], counts["triples"]) == (0, 0)
