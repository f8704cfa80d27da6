"""The named queries, each by its result on a planted world, and the rules of their files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kg import queries
from kg.bolt import BoltStore
from kg.errors import QueryFailed
from kg.ingest import ingest
from kg.records import Attribute, Interaction, ItemRecord, Record, Related, Scale, Triple
from kg.store import Statement
from kg.values import seconds

DAY = [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(9)]
ACME, ZETA = (Attribute("HAS_BRAND", "brand", name) for name in ("Acme", "Zeta"))
RED = Attribute("HAS_COLOUR", "colour", "red")

WORLD: list[Record] = [
    ItemRecord("a", "Alpha", attributes=(ACME, RED), related=(Related("ALSO_BOUGHT", "b"),)),
    ItemRecord("b", "Beta", attributes=(ACME, RED)),
    ItemRecord("c", "Gamma", attributes=(ACME, ZETA)),
    Interaction("ann", "a", "RATED", "1", DAY[1], 5.0, "so good", "yes"),
    Interaction("ann", "b", "RATED", "2", DAY[2], 4.0),
    Interaction("ann", "a", "CLICKED", "3", DAY[3]),
    Interaction("bob", "a", "RATED", "4", DAY[4], 2.0, "so bad"),
    Triple("brand:Acme", "OWNED_BY", "m.1"),
]
PROFILE = """
MATCH (u:User {id: 'ann'}), (e:Entity {id: 'brand:Acme'})
CREATE (u)-[:HAS_INTEREST]->(:Interest {id: '1', name: 'toys', weight: 0.75, size: 2, items: ['a'], vector: [1.0]}),
       (u)-[:HAS_INTEREST]->(:Interest {id: '2', name: 'tools', weight: 0.25, size: 1, items: ['b'], vector: [0.5]}),
       (u)-[:INTERESTED_IN {relation: 'HAS_BRAND', weight: 0.5, sentiment: 1.0, support: 2, source: 'events'}]->(e),
       (u)-[:IN_SEGMENT {strength: 0.9}]->(:Segment {id: 'segment:1', name: 'toy people', size: 1}),
       (u)-[:SHOWN {rank: 1}]->(:Item {id: 'd'})
"""

ANSWERS: dict[str, tuple[dict[str, Any], list[list[Any]]]] = {
    "graph_counts": ({}, [[2, 4, 4, 4, 2, 8]]),
    "user_events": (
        {"user": "ann", "limit": 2},
        [["CLICKED", "a", "Alpha", None, DAY[3], "3"], ["RATED", "b", "Beta", 4.0, DAY[2], "2"]],
    ),
    "user_reviews": ({"user": "bob"}, [["a", "Alpha", None, "so bad", DAY[4], "4"]]),
    "user_interests": ({"user": "ann"}, [["toys", 0.75, 2, ["a"]], ["tools", 0.25, 1, ["b"]]]),
    "user_tags": ({"user": "ann"}, [["brand", "Acme", "HAS_BRAND", 0.5, 1.0, 2, "events"]]),
    "item_facts": (
        {"item": "a"},
        [["ALSO_BOUGHT", "b", "Beta"], ["HAS_BRAND", "brand:Acme", "Acme"], ["HAS_COLOUR", "colour:red", "red"]],
    ),
    "item_audience": (
        {"item": "a", "limit": "2"},
        [["bob", "RATED", 2.0, DAY[4]], ["ann", "CLICKED", None, DAY[3]]],
    ),
    "item_neighbours": ({"item": "a"}, [["b", "Beta", 2], ["c", "Gamma", 1]]),
    "top_items": ({"limit": 2}, [["a", "Alpha", 2, 3.5], ["b", "Beta", 1, 4.0]]),
    "events_by_kind": ({}, [["CLICKED", 1, DAY[3], DAY[3], None, None], ["RATED", 3, DAY[1], DAY[4], 1.0, 5.0]]),
    "relations": ({}, [["HAS_BRAND", 4], ["HAS_COLOUR", 2], ["ALSO_BOUGHT", 1], ["OWNED_BY", 1]]),
    "entity_audience": ({"entity": "colour:red"}, [["ann", 2, 4.5], ["bob", 1, 2.0]]),
    "segment_people": ({"segment": "segment:1"}, [["ann", 0.9, "toy people"]]),
}


@pytest.fixture
def planted(graph: BoltStore, rejects: Path) -> BoltStore:
    ingest(graph, WORLD, scale=Scale(1, 5), rejects=rejects, progress=False)
    graph.write(Statement(PROFILE, {}))
    return graph


def test_every_query_for_people_answers_as_planned(planted: BoltStore) -> None:
    assert {query.name for query in queries.catalogue()} == set(ANSWERS)
    answers = {name: queries.run(planted, name, given).rows for name, (given, _) in ANSWERS.items()}
    assert answers == {name: rows for name, (_, rows) in ANSWERS.items()}


def test_people_are_read_with_events_and_words(planted: BoltStore) -> None:
    rows = planted.read(queries.text("people_events"), users=["bob", "nobody"])
    assert rows == [
        {
            "user_id": "bob",
            "events": [["RATED", "a", rows[0]["events"][0][2], 2.0]],
            "reviews": [[None, "so bad"]],
        }
    ]
    assert seconds(rows[0]["events"][0][2]) == DAY[4].timestamp()


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
        ("nope", {}, "there is no query 'nope'; there are entity_audience"),
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
