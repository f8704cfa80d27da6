"""The named queries, each by its result on a planted world, and the rules of their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kg import queries
from kg.adoption import Adoption, EventMap, ItemMap, NodeMap
from kg.bolt import BoltStore
from kg.engines.adopted import AdoptedStore
from kg.errors import QueryFailed
from kg.values import seconds
from scripts.cypher_docs import DAY, DOCUMENT, document, plant
from tests.conftest import emptied

ANSWERS: dict[str, tuple[dict[str, Any], list[list[Any]]]] = {
    "graph_counts": ({}, [[3, 6, 5, 7, 2, 11]]),
    "user_events": (
        {"user": "ann", "limit": 2},
        [["CLICKED", "a", "Heat", None, DAY[3], "3"], ["RATED", "b", "Collateral", 4.0, DAY[2], "2"]],
    ),
    "user_reviews": ({"user": "bob"}, [["a", "Heat", None, "so bad", DAY[4], "4"]]),
    "user_interests": ({"user": "ann"}, [["night", 0.75, 2, ["b"]], ["thieves", 0.25, 1, ["a"]]]),
    "user_tags": ({"user": "ann"}, [["genre", "Crime", "HAS_GENRE", 0.5, 1.0, 2, "events"]]),
    "item_facts": (
        {"item": "a"},
        [
            ["ALSO_SEEN", "b", "Collateral"],
            ["DIRECTED_BY", "director:Mann", "Mann"],
            ["HAS_GENRE", "genre:Crime", "Crime"],
        ],
    ),
    "item_audience": (
        {"item": "a", "limit": "2"},
        [["eve", "RATED", 4.0, DAY[5]], ["bob", "RATED", 2.0, DAY[4]]],
    ),
    "item_neighbours": ({"item": "a"}, [["b", "Collateral", 2], ["d", "Hannibal", 1]]),
    "top_items": ({"limit": 2}, [["a", "Heat", 3, 11 / 3], ["b", "Collateral", 1, 4.0]]),
    "events_by_kind": ({}, [["CLICKED", 1, DAY[3], DAY[3], None, None], ["RATED", 6, DAY[1], DAY[41], 1.0, 5.0]]),
    "relations": ({}, [["HAS_GENRE", 5], ["DIRECTED_BY", 4], ["ALSO_SEEN", 1], ["BORN_IN", 1]]),
    "entity_audience": ({"entity": "genre:Horror"}, [["eve", 1, 5.0]]),
    "entity_interested": ({"entity": "genre:Crime"}, [["ann", 0.5, 1.0, 2], ["eve", 0.3, 1.0, 1]]),
    "segment_people": ({"segment": "segment:1"}, [["ann", 0.9, "city people"]]),
    "interests_explained": (
        {"user": "ann"},
        [
            ["night", 0.75, "b", "Collateral", "RATED", 4.0, DAY[2]],
            ["thieves", 0.25, "a", "Heat", "CLICKED", None, DAY[3]],
            ["thieves", 0.25, "a", "Heat", "RATED", 5.0, DAY[1]],
        ],
    ),
    # Seven events, two of them in the last 30 days; of Horror, and of Scott, one of one: (1 / 2) / (1 / 7).
    "interests_rising": ({"least": 1}, [["director", "Scott", 1, 1, 3.5], ["genre", "Horror", 1, 1, 3.5]]),
    # Horror and Scott, which Hannibal shares with Alien, have two items each.
    "interest_items": ({"user": "eve"}, [["space", "d", "Hannibal", 2, 1.0]]),
    # Of eve's tags .3 and .4 the first is shared: .5 * .3 / (.5 * .5).
    "people_alike": ({"user": "ann"}, [["eve", 0.6, 1], ["bob", -1.0, 1]]),
    "people_known": ({"user": "ann"}, [["FOLLOWS", "eve", None, DAY[7]], ["FRIEND", "bob", 0.5, None]]),
    "people_shared": (
        {"first": "ann", "second": "bob"},
        [["genre", "genre:Crime", "Crime", 0.5, -0.5], ["RATED", "a", "Heat", 5.0, 2.0]],
    ),
    "recommended": ({"user": "eve"}, [[1, "d", "Hannibal", 0.5, "1"]]),
    "coverage_gaps": (
        {},
        [["e", "Ronin", ["text", "attributes"], 1], ["d", "Hannibal", ["text"], 0],
         ["f", None, ["title", "text", "attributes"], 0]],
    ),
}  # fmt: skip


@pytest.fixture
def adopted(foreign: BoltStore, neo4j_url: str, tmp_path: Path) -> Iterator[BoltStore]:
    """An adopted graph of an owner who has nothing yet: all texts are translated, and all nodes are ours."""
    nothing = Adoption(NodeMap(label="P", id="p"), ItemMap(label="I", id="i"), event=(EventMap(type="E"),))
    with AdoptedStore.open_as(nothing, neo4j_url, work=tmp_path) as store:
        store.ensure_schema()
        yield store


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.embedded),
        pytest.param("server", marks=pytest.mark.neo4j),
        pytest.param("adopted", marks=pytest.mark.neo4j),
    ]
)
def planted(request: pytest.FixtureRequest, rejects: Path) -> BoltStore:
    store = emptied(request.getfixturevalue(request.param))
    plant(store, rejects)
    return store


def test_every_query_for_people_answers_as_planned(planted: BoltStore) -> None:
    assert {query.name for query in queries.catalogue()} == set(ANSWERS)
    answers = {name: queries.run(planted, name, given).rows for name, (given, _) in ANSWERS.items()}
    assert answers == {name: rows for name, (_, rows) in ANSWERS.items()}


def test_the_page_of_queries_is_what_the_engines_answer(planted: BoltStore) -> None:
    assert document(planted) == DOCUMENT.read_text(encoding="utf-8"), "run scripts/cypher_docs.py"


def test_people_are_read_with_events_and_words(planted: BoltStore) -> None:
    rows = planted.read(queries.text("people_events"), users=["bob", "nobody"])
    (bob,) = rows
    events = [[kind, item, seconds(at), value] for kind, item, at, value in sorted(bob["events"])]
    assert events == [["RATED", "a", DAY[4].timestamp(), 2.0], ["RATED", "e", DAY[41].timestamp(), 3.0]]
    assert (bob["user_id"], bob["reviews"]) == ("bob", [[None, "so bad", "a"]])


def test_the_version_published_last_is_current(graph: BoltStore) -> None:
    def publish(version: str, day: int, **figures: float) -> None:
        given = {"version": version, "key": "k", "now": DAY[day], "figures": figures}
        graph.write(queries.statement("model_publish", **given))

    publish("v1", 1, ndcg_at_10=0.5)
    publish("v2", 2)
    publish("v1", 3)
    (current,) = graph.read(queries.text("model_current"))
    assert (current["version"], current["created_at"], current["published_at"]) == ("v1", DAY[1], DAY[3])
    assert current["ndcg_at_10"] == 0.5
    assert [row["version"] for row in graph.read(queries.text("model_list"))] == ["v2", "v1"]
    graph.write(queries.statement("model_remove", versions=["v1"]))
    assert [row["version"] for row in graph.read(queries.text("model_list"))] == ["v2"]


@pytest.mark.parametrize("query", queries._all().values(), ids=lambda query: query.name)
def test_every_file_keeps_the_rules(query: queries.NamedQuery) -> None:
    """A one-sentence summary, every parameter declared and used, writes marked, none of them for people."""
    assert query.summary.endswith(".")
    used = {part.split("}")[0] for part in query.text.replace("$", "\0$").split("\0") if part.startswith("$")}
    names = {"".join(c for c in part[1:].split()[0] if c.isalnum() or c == "_") for part in used}
    assert names == set(query.parameters)
    clauses = {"CREATE", "MERGE", "SET", "DELETE", "REMOVE"}
    assert query.writes == bool(clauses & set(query.text.replace("(", " ").split()))
    assert not (query.writes and query.example is not None)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("nope", {}, "there is no query 'nope'; there are coverage_gaps, entity_audience"),
        ("user_events", {}, r"user_events needs \$user; it takes \$user, \$limit"),
        ("user_events", {"user": "a", "most": 3}, r"user_events has no parameter \$most"),
        ("user_events", {"user": "a", "limit": "ten"}, r"\$limit must be a number, not 'ten'"),
        ("events_add", {"rows": []}, "own use"),
    ],
)
def test_a_query_that_cannot_run_says_why(store: BoltStore, name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryFailed, match=message):
        queries.run(store, name, given)


def test_only_identifiers_are_filled_in() -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        queries.statement("events_of_ids", names={"relation": "RATED]-() DETACH DELETE r //"}, ids=[])
