"""Paths exist in the graph, the rarest entity speaks, and reasons are plain words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from kg import snapshot as schemas
from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender import explain
from recommender.bridge import TextVectors, knowledge_of
from recommender.data import Cells, CentredTexts
from recommender.explain import READS_LIKE, Explainer, Paths, say_relation
from recommender.hybrid import Summands
from text.windows import unit_rows

TRIPLES = [
    (0, "directed_by", 4),
    (1, "directed_by", 4),
    (0, "genre", 5),
    (1, "genre", 5),
    (2, "genre", 5),
    (6, "sequel", 3),
]
EVENTS = [(0, 0, "RATED"), (0, 1, "LIKED"), (1, 0, "RATED"), (1, 1, "RATED"), (1, 2, "VIEWED"), (2, 2, "LIKED")]


@pytest.fixture
def snapshot() -> Snapshot:
    """Four items a to d, entities D (a director, no name) and G (a genre), E; people u, v, w."""

    def table(schema: pa.Schema, **columns: list[object]) -> pa.Table:
        size = len(next(iter(columns.values())))
        return pa.table(
            {field.name: pa.array(columns.get(field.name, [None] * size), field.type) for field in schema}, schema
        )

    heads, relations, tails = zip(*TRIPLES, strict=True)
    users, items, kinds = zip(*EVENTS, strict=True)
    return Snapshot(
        users=table(schemas.USERS, id=["u", "v", "w"]),
        items=table(schemas.ITEMS, id=["a", "b", "c", "d"], title=["Alpha", "Beta", "Gamma", None]),
        entities=table(schemas.ENTITIES, id=["D", "G", "E"], name=[None, "Drama", None]),
        mentions=schemas.MENTIONS.empty_table(),
        events=table(schemas.EVENTS, user=list(users), item=list(items), kind=list(kinds)),
        reviews=schemas.REVIEWS.empty_table(),
        triples=table(schemas.TRIPLES, head=list(heads), relation=list(relations), tail=list(tails)),
        traits=schemas.TRAITS.empty_table(),
        kinds=schemas.KINDS.empty_table(),
    )


def cells(*liked: tuple[int, int, float]) -> Cells:
    """Who likes what: person, item, and Unix seconds of the latest event, NaN where unknown."""
    users, items, times = (
        (np.array(column) for column in zip(*liked, strict=True)) if liked else (np.empty(0, int),) * 3
    )
    return Cells(users, items, np.ones(len(liked), np.float32), times.astype(float), num_users=3, num_items=4)


@pytest.fixture
def paths(snapshot: Snapshot) -> Paths:
    return Paths(snapshot, knowledge_of(snapshot), cells(*((user, item, np.nan) for user, item, _ in EVENTS)))


@pytest.fixture
def explainer(paths: Paths) -> Explainer:
    return Explainer(paths, Vocabulary("abcd"))


def test_the_rarest_shared_entity_is_the_path(paths: Paths) -> None:
    shared, steps = paths.entity_path(0, 1)
    assert (paths.relation(shared), shared.degree) == ("directed_by", 2)
    assert [(s.source, s.relation, s.target) for s in steps] == [("a", "directed_by", "D"), ("b", "directed_by", "D")]
    assert paths.relation(paths.shared(0, 2)) == "genre"
    assert paths.shared(0, 3) is None


def test_an_edge_into_an_item_keeps_its_direction(snapshot: Snapshot) -> None:
    more = pa.table({"head": [6, 6], "relation": ["made", "made"], "tail": [0, 3]})
    extended = Snapshot(**{**snapshot.__dict__, "triples": more.cast(schemas.TRIPLES)})
    paths = Paths(extended, knowledge_of(extended), cells())
    _, steps = paths.entity_path(0, 3)
    assert [(s.source, s.target) for s in steps] == [("E", "a"), ("E", "d")]


def test_a_person_who_likes_both_is_somebody_else(paths: Paths) -> None:
    steps = paths.people_path(0, 1, "u")
    assert [(s.source, s.relation, s.target) for s in steps] == [("v", "RATED", "a"), ("v", "RATED", "b")]
    assert [s.source for s in paths.people_path(0, 1, "v")] == ["u", "u"]
    assert paths.people_path(0, 3, "u") is None


def test_paths_are_bounded_in_time(snapshot: Snapshot) -> None:
    """Person v met item a on day 1 and again on day 9, and item b on day 5; person u is undated."""
    rows = [(0, 0, None), (0, 1, None), (1, 0, 1), (1, 0, 9), (1, 1, 5)]
    columns = {
        "user": [user for user, _, _ in rows],
        "item": [item for _, item, _ in rows],
        "kind": ["LIKED", "LIKED", "VIEWED", "PURCHASED", "LIKED"],
        "at": [None if day is None else datetime(2024, 5, day, tzinfo=UTC) for _, _, day in rows],
    }
    fields = {f.name: pa.array(columns.get(f.name, [None] * len(rows)), f.type) for f in schemas.EVENTS}
    dated = replace(snapshot, events=pa.table(fields, schemas.EVENTS))
    ninth, fifth = (datetime(2024, 5, day, tzinfo=UTC).timestamp() for day in (9, 5))
    liked = cells((0, 0, np.nan), (0, 1, np.nan), (1, 0, ninth), (1, 1, fifth))
    paths = Paths(dated, knowledge_of(dated), liked)

    def since(day: int) -> list[tuple[str, str]] | None:
        steps = paths.people_path(0, 1, "w", datetime(2024, 5, day, tzinfo=UTC).timestamp())
        return None if steps is None else [(step.source, step.relation) for step in steps]

    assert [step.source for step in paths.people_path(0, 1, "w") or ()] == ["u", "u"], "unbounded, the undated count"
    assert since(1) == [("v", "VIEWED"), ("v", "LIKED")]
    assert since(2) == [("v", "PURCHASED"), ("v", "LIKED")], "the first event since then"
    assert since(5) == since(2), "a bound takes its own moment in"
    assert since(6) is None


def test_a_hub_ties_nothing_together(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "FEW", 2)
    paths = Paths(snapshot, knowledge_of(snapshot), cells())
    assert paths.relation(paths.shared(0, 1)) == "directed_by"
    assert paths.shared(0, 2) is None, "three of four items have the genre"


Values = dict[tuple[str, int | None], float]


def sums(found: Values) -> Summands:
    """Of a value for each component and item of the history, None for what is said of nobody's history."""
    components = tuple(dict.fromkeys(component for component, _ in found))
    history = sorted({item for _, item in found if item is not None})
    general = np.array([found.get((component, None), 0.0) for component in components])
    values = [[found.get((component, item), 0.0) for item in history] for component in components]
    return Summands(components, general, general != 0.0, np.array(history, np.int64), np.array(values))


def edge(source: str, relation: str, target: str, **more: Any) -> dict[str, Any]:
    return {
        "source": source,
        "relation": relation,
        "target": target,
        "is_event": False,
        "source_name": None,
        "target_name": None,
        "similarity": None,
        **more,
    }


def test_parts_name_the_persons_own_edge_first(explainer: Explainer) -> None:
    found = sums({("relations", 0): 0.5, ("popularity", None): 0.7})
    parts = explainer.parts(found, 1, "u", {0: "RATED"})
    assert [(part["component"], part["item_id"]) for part in parts] == [("popularity", None), ("relations", "a")]
    assert parts[0]["path"] is None
    assert parts[1]["path"] == [
        edge("u", "RATED", "a", is_event=True, target_name="Alpha"),
        edge("a", "directed_by", "D", source_name="Alpha"),
        edge("b", "directed_by", "D", source_name="Beta"),
    ]


def test_reasons_in_words(explainer: Explainer) -> None:
    rated = {0: "RATED", 2: "RATED"}
    by_relation = sums({("relations", 0): 2.0, ("ials", 2): 1.0})
    assert explainer.reason(by_relation, 1, rated) == "because you liked Alpha, by the same director"
    assert explainer.reason(by_relation, 1, {0: "VIEWED"}) == "because you looked at Alpha, by the same director"
    by_people = sums({("ials", 0): 2.0, ("ials", 2): 1.0})
    assert explainer.reason(by_people, 1, rated) == "because people who liked Alpha and Gamma liked it too"
    assert explainer.reason(by_people, 3, rated) == "because it goes with Alpha, which you liked", "nobody likes Delta"
    bought = {0: "PURCHASED", 2: "PURCHASED"}
    assert explainer.reason(by_people, 1, bought) == "because people who bought Alpha and Gamma bought it too"
    assert explainer.reason(sums({("popularity", None): 1.0}), 2, {}) == "because it is popular"
    nobody_likes = explainer.reason(sums({("popularity", None): 1.0}), 3, {})
    assert nobody_likes == "because nothing that you met speaks against it"
    assert explainer.reason(sums({("content", None): 1.0}), 3, {}) == "because it reads like what you wrote"


def test_what_adds_more_than_the_history_is_said_first(explainer: Explainer) -> None:
    own = {("relations", 0): 1.0, ("ials", 2): 0.5}
    rated = {0: "RATED", 2: "RATED"}
    words = explainer.reason(sums({**own, ("content", None): 1.6}), 1, rated)
    assert words == "because it reads like what you wrote, and you liked Alpha, by the same director"
    popular = explainer.reason(sums({**own, ("popularity", None): 1.6}), 1, rated)
    assert popular == "because it is popular, and you liked Alpha, by the same director"
    assert explainer.reason(sums({**own, ("popularity", None): 1.4}), 1, rated).startswith("because you liked")


def test_a_named_entity_is_named(explainer: Explainer) -> None:
    summands = sums({("relations", 0): 1.0, ("relations", 1): -3.0})
    liked = {0: "LIKED", 1: "LIKED"}
    assert explainer.reason(summands, 2, liked) == "because you liked Alpha, of the same genre (Drama)"


def test_a_disliked_item_never_speaks_even_where_it_adds(explainer: Explainer) -> None:
    summands = sums({("ials", 2): 3.0, ("ials", 0): 1.0, ("popularity", None): 0.5})
    assert explainer.reason(summands, 1, {0: "RATED"}) == "because you liked Alpha, by the same director"
    assert explainer.reason(summands, 1, {}) == "because it is popular"


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ("FILM_FILM_WRITTEN_BY", "by the same writer"),
        ("film.producer.film", "by the same producer"),
        ("film.film.production_companies", "from the same production company"),
        ("R_7", "related to the same thing"),
        ("7", "related to the same thing"),
        ("GAMES_PUBLISHER", "from the same publisher"),
    ],
)
def test_relations_are_said_in_words(relation: str, said: str) -> None:
    assert say_relation(relation) == said


def test_the_two_texts_that_tie_two_items_are_quoted(snapshot: Snapshot) -> None:
    """Item a has a text and a review, item b two reviews: the review of a and the second of b say alike."""
    columns = {
        "id": ["r1", "r2", "r3"],
        "user": [0, 1, 2],
        "item": [1, 0, 1],
        "title": ["Far", None, "Near"],
        "text": ["Off.", "So good.", "Very good."],
    }
    size = {field.name: pa.array(columns.get(field.name, [None] * 3), field.type) for field in schemas.REVIEWS}
    told = replace(snapshot, reviews=pa.table(size, schemas.REVIEWS))
    items = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32)
    reviews = np.array([[0, 0, 1], [0, 1, 0], [0, 0.8, 0.6]], dtype=np.float32)
    liked = cells()
    means = unit_rows(np.array([[1, 1, 0], [0, 0.8, 1.6], [0, 0, 1], [0, 0, 0]], dtype=np.float32))
    texts = CentredTexts(np.zeros(3, np.float32), means)
    paths = Paths(told, knowledge_of(told), liked, vectors=TextVectors(items, reviews), texts=texts)
    first, likeness, last = paths.text_path(0, 1) or ()
    assert (first.source, first.relation, first.target) == ("r2", "ABOUT", "a")
    assert (likeness.source, likeness.relation, likeness.target) == ("r2", READS_LIKE, "r3")
    assert (likeness.source_name, likeness.target_name) == ("So good.", "Near. Very good.")
    assert likeness.similarity == pytest.approx(0.8)
    assert (last.source, last.relation, last.target) == ("r3", "ABOUT", "b")
    (own,) = [step for step in paths.text_path(2, 1) or () if step.relation == READS_LIKE]
    assert (own.source, own.target, own.similarity) == ("c", "r1", pytest.approx(1.0)), "an item's text is the item"
    assert paths.text_path(0, 3) is None, "nobody wrote of d"


def test_praise_that_fits_everything_is_not_quoted(snapshot: Snapshot) -> None:
    """Items a and b were both called great in the same words; only what is off the centre of all texts ties them."""
    columns = {"id": ["g", "h", "y"], "user": [0, 1, 2], "item": [0, 1, 1], "text": ["Great!", "Great!", "Blue."]}
    told = replace(
        snapshot,
        reviews=pa.table(
            {field.name: pa.array(columns.get(field.name, [None] * 3), field.type) for field in schemas.REVIEWS},
            schemas.REVIEWS,
        ),
    )
    items = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float32)
    reviews = np.array([[0, 0, 1], [0, 0, 1], [0.8, 0.6, 0]], dtype=np.float32)
    means = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float32)
    texts = CentredTexts(np.array([0, 0, 1], np.float32), means)
    liked = cells()
    paths = Paths(told, knowledge_of(told), liked, vectors=TextVectors(items, reviews), texts=texts)
    likeness, about = paths.text_path(0, 1) or ()
    assert (likeness.source, likeness.target, likeness.similarity) == ("a", "y", pytest.approx(0.8))
    assert (about.source, about.relation, about.target) == ("y", "ABOUT", "b")
