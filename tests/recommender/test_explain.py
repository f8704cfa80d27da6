"""Paths exist in the graph, the rarest entity speaks, bounds hold, and reasons are plain words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from kg import snapshot as schemas
from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender.bridge import TextVectors, knowledge_of
from recommender.data import Cells, CentredTexts
from recommender.errors import InvalidInput
from recommender.explain.counterfactual import Counterfactual
from recommender.explain.paths import Paths
from recommender.explain.picture import graph_of
from recommender.explain.reasons import Explainer
from recommender.explain.steps import READS_LIKE, Path, PathConfig
from recommender.explain.words import Saying, say_shared
from recommender.hybrid import Summands
from recommender.meaning import Events
from recommender.model import Person
from recommender.ranking import top_k
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
    return snapshot_of(4, 3, TRIPLES, EVENTS)


def snapshot_of(
    num_items: int, num_entities: int, triples: list[tuple[int, str, int]], events: list[tuple[int, int, str]]
) -> Snapshot:
    """The first so many of items a to d and entities D, G (Drama), E, F, H."""

    def table(schema: pa.Schema, **columns: list[object]) -> pa.Table:
        size = len(next(iter(columns.values())))
        return pa.table(
            {field.name: pa.array(columns.get(field.name, [None] * size), field.type) for field in schema}, schema
        )

    heads, relations, tails = zip(*triples, strict=True)
    users, items, kinds = zip(*events, strict=True) if events else ((), (), ())
    return Snapshot(
        users=table(schemas.USERS, id=["u", "v", "w"]),
        items=table(schemas.ITEMS, id=list("abcd")[:num_items], title=["Alpha", "Beta", "Gamma", None][:num_items]),
        entities=table(
            schemas.ENTITIES, id=list("DGEFH")[:num_entities], name=[None, "Drama", None, None, None][:num_entities]
        ),
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


def edges(path: Path) -> list[tuple[str, str, str]]:
    return [(step.source, step.relation, step.target) for step in path.steps]


def with_triples(snapshot: Snapshot, *triples: tuple[int, str, int]) -> Snapshot:
    heads, relations, tails = zip(*triples, strict=True)
    more = pa.table({"head": heads, "relation": relations, "tail": tails}).cast(schemas.TRIPLES)
    return replace(snapshot, triples=more)


def test_shared_entities_are_paths_the_rarest_first(paths: Paths) -> None:
    director, genre = paths.ties.paths(0, 1)
    assert edges(director) == [("a", "directed_by", "D"), ("b", "directed_by", "D")]
    assert (director.kind, director.count, director.words) == ("entity", 2, "by the same director")
    assert edges(genre) == [("a", "genre", "G"), ("b", "genre", "G")]
    assert (genre.count, genre.words) == (3, "of the same genre (Drama)")
    assert paths.ties.paths(0, 3) == []


def test_an_edge_into_an_item_keeps_its_direction(snapshot: Snapshot) -> None:
    extended = with_triples(snapshot, (6, "made", 0), (6, "made", 3))
    (path,) = Paths(extended, knowledge_of(extended), cells()).ties.paths(0, 3)
    assert edges(path) == [("E", "made", "a"), ("E", "made", "d")]


def test_an_edge_between_two_items_comes_first(snapshot: Snapshot) -> None:
    extended = with_triples(snapshot, (0, "genre", 5), (1, "genre", 5), (1, "also_bought", 0))
    direct, shared = Paths(extended, knowledge_of(extended), cells()).ties.paths(0, 1)
    assert edges(direct) == [("b", "also_bought", "a")]
    assert (direct.kind, direct.words) == ("edge", "which is often bought with it")
    assert shared.kind == "entity"


def test_two_entities_that_are_tied_are_a_path_within_the_bound_of_hops(snapshot: Snapshot) -> None:
    """Item a is by D, item d by E, and these two are siblings; b has D in another role than a."""
    extended = with_triples(snapshot, (0, "directed_by", 4), (3, "written_by", 6), (6, "sibling", 4), (1, "actor", 4))
    found = Paths(extended, knowledge_of(extended), cells())
    (path,) = found.ties.paths(0, 3)
    assert edges(path) == [("a", "directed_by", "D"), ("E", "sibling", "D"), ("d", "written_by", "E")]
    assert (path.kind, path.count) == ("entities", 3)
    assert path.words == "tied to it by another (director) and another (writer)"
    (other,) = found.ties.paths(0, 1)
    assert other.words == "tied to it by another (there director, here actor)"
    assert found.ties.first(0, 1) is None, "no reason of one sentence"
    short = Paths(extended, knowledge_of(extended), cells(), config=PathConfig(hops=2))
    assert short.ties.paths(0, 3) == []
    assert len(short.ties.paths(0, 1)) == 1
    assert Paths(extended, knowledge_of(extended), cells(), config=PathConfig(hops=1)).ties.paths(0, 1) == []
    with pytest.raises(InvalidInput, match="hops = 0"):
        PathConfig(hops=0)


def test_ties_are_those_of_a_slow_search() -> None:
    """On random graphs: every pair of inner nodes that are no hubs, by brute force over all edges."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        triples = {(int(h), f"r{r}", int(t)) for h, r, t in rng.integers(0, (9, 2, 9), size=(14, 3)) if h != t}
        graph = snapshot_of(4, 5, sorted(triples), [])
        config = PathConfig(best=100, few=4, hub_share=0)
        found = Paths(graph, knowledge_of(graph), cells(), config=config).ties.between(0, 1)
        near = {node: {h + t - node for h, _, t in triples if node in (h, t)} for node in range(9)}
        degree = {node: sum(node in (h, t) for h, _, t in triples) for node in range(9)}
        inner = [node for node in range(2, 9) if degree[node] <= 4]
        expected = {()} if 1 in near[0] else set()
        expected |= {(n,) for n in inner if {0, 1} <= near[n]}
        expected |= {
            (n, m)
            for n in inner
            for m in inner
            if 0 in near[n] and 1 not in near[n] and 1 in near[m] and 0 not in near[m] and m in near[n]
        }
        assert {tie.nodes for tie in found} == expected


def test_people_who_like_both_are_somebody_else(paths: Paths) -> None:
    (path,) = paths.fans.paths(0, 1, "u")
    assert edges(path) == [("v", "RATED", "a"), ("v", "RATED", "b")]
    assert (path.count, path.words) == (1, "liked with it by somebody else")
    assert [step.source for step in paths.fans.paths(0, 1, "v")[0].steps] == ["u", "u"]
    assert paths.fans.paths(0, 3, "u") == []
    both = paths.fans.paths(0, 1, "w", most=5)
    assert [path.steps[0].source for path in both] == ["u", "v"], "the one who likes fewer first"
    assert both[0].words == "liked with it by 2 people"
    assert len(paths.fans.paths(0, 1, "w")) == 1


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

    def since(day: int) -> list[tuple[str, str]]:
        found = paths.fans.paths(0, 1, "w", datetime(2024, 5, day, tzinfo=UTC).timestamp())
        return [(step.source, step.relation) for path in found for step in path.steps]

    assert [step.source for step in paths.fans.paths(0, 1, "w")[0].steps] == ["u", "u"], "unbounded, the undated count"
    assert since(1) == [("v", "VIEWED"), ("v", "LIKED")]
    assert since(2) == [("v", "PURCHASED"), ("v", "LIKED")], "the first event since then"
    assert since(5) == since(2), "a bound takes its own moment in"
    assert since(6) == []


def test_a_hub_ties_nothing_together(snapshot: Snapshot) -> None:
    paths = Paths(snapshot, knowledge_of(snapshot), cells(), config=PathConfig(few=2))
    assert [path.words for path in paths.ties.paths(0, 1)] == ["by the same director"]
    assert paths.ties.paths(0, 2) == [], "three of four items have the genre"


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
    found = sums({("relations", 0): 0.5, ("popularity", None): 0.7, ("ials", 0): 0.2, ("network", None): -0.1})
    popular, related, liked, network = explainer.parts(found, 1, "u", {0: "RATED"})
    assert (popular["component"], popular["words"], popular["paths"]) == ("popularity", "it is popular", [])
    assert network["words"] == "it does not do well with people like you"
    assert (related["item_id"], related["words"]) == ("a", "you rated Alpha, by the same director")
    assert related["paths"][0]["steps"] == (
        edge("u", "RATED", "a", is_event=True, target_name="Alpha"),
        edge("a", "directed_by", "D", source_name="Alpha"),
        edge("b", "directed_by", "D", source_name="Beta"),
    )
    assert [path["kind"] for path in related["paths"]] == ["entity", "people", "entity"], "the best of each kind first"
    assert [path["kind"] for path in liked["paths"]] == ["people", "entity", "entity"], "it goes by people"
    assert liked["words"] == "you rated Alpha, liked with it by somebody else"


def test_what_ties_nothing_is_a_path_to_the_own_item(explainer: Explainer) -> None:
    (part,) = explainer.parts(sums({("ials", 0): 0.5}), 3, "u", {0: "VIEWED"})
    (path,) = part["paths"]
    assert (part["words"], path["kind"], len(path["steps"])) == ("you looked at Alpha", "event", 1)
    (part,) = explainer.parts(sums({("ials", 0): 0.5}), 3, "u", {})
    assert (part["words"], part["paths"]) == ("you met Alpha", [])


def test_an_explanation_as_a_graph(explainer: Explainer) -> None:
    """The person, own items with what they add, what lies between, the recommended item; an id is one of its kind."""
    parts = explainer.parts(sums({("relations", 0): 0.5, ("ials", 2): -0.25}), 1, "a", {0: "RATED", 2: "VIEWED"})
    graph = graph_of({"user_id": "a", "item_id": "b", "title": "Beta", "parts": parts})
    layers = {data["label"]: data["layer"] for _, data in graph.nodes(data=True)}
    assert layers == {"a": 0, "Alpha": 1, "Gamma": 1, "director": 2, "somebody else": 2, "Drama": 2, "Beta": 3}
    labels = {node: data["label"] for node, data in graph.nodes(data=True)}
    drawn = {(labels[one], data["label"], labels[other]) for one, other, data in graph.edges(data=True)}
    assert drawn == {
        ("a", "rated (+0.50)", "Alpha"),
        ("a", "looked at (-0.25)", "Gamma"),
        ("Alpha", "director", "director"),
        ("Beta", "director", "director"),
        ("somebody else", "liked", "Alpha"),
        ("somebody else", "liked", "Beta"),
        ("somebody else", "looked at", "Gamma"),
        ("Gamma", "genre", "Drama"),
        ("Beta", "genre", "Drama"),
    }


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
    popular = explainer.reason(sums({**own, ("popularity", None): 1.1}), 1, rated)
    assert popular == "because it is popular, and you liked Alpha, by the same director"
    assert explainer.reason(sums({**own, ("popularity", None): 0.9}), 1, rated).startswith("because you liked")


def test_a_reason_goes_by_what_the_largest_component_goes_by(snapshot: Snapshot) -> None:
    """Alpha and Beta have a director in common, read alike, and are liked together by two people."""
    found = Paths(snapshot, knowledge_of(snapshot), cells((0, 0, np.nan), (0, 1, np.nan), (1, 0, np.nan), (1, 1, 0)))
    explainer = Explainer(found, Vocabulary("abcd"))
    rated = {0: "RATED", 2: "PURCHASED"}
    base = {("relations", 0): 1.0, ("ials", 0): 1.0, ("content", 0): 1.0}
    said = {
        "relations": "because you liked Alpha, by the same director",
        "ials": "because people who liked Alpha liked it too",
        "content": "because you liked Alpha, which reads alike",
    }
    for component, words in said.items():
        summands = sums({**base, (component, 0): 1.5})
        assert explainer.leader(summands) == component
        assert explainer.reason(summands, 1, rated) == words
        spread = sums({**base, (component, None): 1.5, (component, 2): -0.5})
        assert explainer.leader(spread) == component, "what it gives in all decides"


def test_an_item_without_the_path_of_the_largest_component_stays_first(explainer: Explainer) -> None:
    """Gamma moves the rank most, by people; what the relations say comes from Alpha."""
    summands = sums({("relations", 0): 2.0, ("ials", 2): 1.0})
    both = explainer.reason(summands, 1, {0: "RATED", 2: "RATED"}, [2, 0])
    assert both == "because you liked Gamma, and Alpha, by the same director"
    bought = explainer.reason(summands, 1, {0: "PURCHASED", 2: "RATED"}, [2])
    assert bought == "because you liked Gamma, and bought Alpha, by the same director"
    nothing_shared = sums({("relations", 0): 2.0})
    assert explainer.reason(nothing_shared, 3, {0: "RATED"}) == (
        "because it has something in common with Alpha, which you liked"
    )
    nearby = sums({("content", 2): 2.0, ("ials", 0): 1.0})
    assert explainer.reason(nearby, 3, {0: "RATED", 2: "RATED"}, [0, 2]) == (
        "because you liked Alpha, and Gamma, which reads alike"
    )


def test_somebody_unknown_is_like_nobody(explainer: Explainer) -> None:
    assert explainer.reason(sums({("network", None): 1.0}), 1, {}) == "because it is popular"
    met = sums({("network", None): 1.0, ("network", 0): 0.5})
    assert explainer.reason(met, 1, {0: "RATED"}) == ("because people who liked Alpha liked it too")


def test_what_ties_everything_speaks_last(snapshot: Snapshot) -> None:
    """The year is rarer than the director, and says less."""
    shared = ((4, "release_year"), (5, "director"))
    dated = with_triples(
        snapshot, *((item, relation, node) for item in (0, 1) for node, relation in shared), (2, "director", 5)
    )
    ties = Paths(dated, knowledge_of(dated), cells()).ties
    assert [path.words for path in ties.paths(0, 1)] == ["by the same director (Drama)", "of the same year"]
    as_given = PathConfig(weak_relations=())
    ties = Paths(dated, knowledge_of(dated), cells(), config=as_given).ties
    assert [path.words for path in ties.paths(0, 1)] == ["of the same year", "by the same director (Drama)"]


def test_of_flags_and_of_what_only_programs_read_nothing_is_said(snapshot: Snapshot) -> None:
    """Alpha and Beta share a flag of a shop and a number that programs read, and by the way a director."""
    flagged = with_triples(
        snapshot,
        (0, "feature", 5),
        (1, "feature", 5),
        (0, "item.sku", 6),
        (1, "item.sku", 6),
        (0, "made", 4),
        (1, "made", 4),
    )
    names = ["Joel", "Commentary available", "X-1"]
    flagged = replace(flagged, entities=flagged.entities.set_column(1, "name", pa.array(names, pa.string())))
    ties = Paths(flagged, knowledge_of(flagged), cells()).ties.paths(0, 1)
    assert [path.words for path in ties] == ["with the same made (Joel)"]
    own = PathConfig(
        silent_names=(), silent_relations=("^made$",), sayings=(Saying("feature", "extra", "with the same extra"),)
    )
    ties = Paths(flagged, knowledge_of(flagged), cells(), config=own).ties.paths(0, 1)
    assert sorted(path.words for path in ties) == [
        "with the same extra (Commentary available)",
        "with the same sku (X-1)",
    ]
    with pytest.raises(InvalidInput, match="no regular expression"):
        PathConfig(silent_names=("(",))


def test_a_named_entity_is_named(explainer: Explainer) -> None:
    summands = sums({("relations", 0): 1.0, ("relations", 1): -3.0})
    liked = {0: "LIKED", 1: "LIKED"}
    assert explainer.reason(summands, 2, liked) == "because you liked Alpha, of the same genre (Drama)"


def test_a_disliked_item_never_speaks_even_where_it_adds(explainer: Explainer) -> None:
    summands = sums({("ials", 2): 3.0, ("ials", 0): 1.0, ("popularity", None): 0.5})
    assert explainer.reason(summands, 1, {0: "RATED"}) == "because people who liked Alpha liked it too"
    assert explainer.reason(summands, 1, {}) == "because it does well with people like you"


@pytest.mark.parametrize(
    ("relation", "said"),
    [
        ("FILM_FILM_WRITTEN_BY", "by the same writer"),
        ("film.producer.film", "by the same producer"),
        ("film.film.production_companies", "from the same production company"),
        ("R_7", "tied to the same thing"),
        ("7", "tied to the same thing"),
        ("GAMES_PUBLISHER", "from the same publisher"),
    ],
)
def test_relations_are_said_in_words(relation: str, said: str) -> None:
    assert say_shared(relation) == said


def reviewed(snapshot: Snapshot, **columns: list[object]) -> Snapshot:
    size = len(columns["id"])
    return replace(
        snapshot,
        reviews=pa.table(
            {field.name: pa.array(columns.get(field.name, [None] * size), field.type) for field in schemas.REVIEWS},
            schemas.REVIEWS,
        ),
    )


def test_the_two_texts_that_tie_two_items_are_quoted(snapshot: Snapshot) -> None:
    """Item a has a text and a review, item b two reviews: the review of a and the second of b say alike."""
    told = reviewed(
        snapshot,
        id=["r1", "r2", "r3"],
        user=[0, 1, 2],
        item=[1, 0, 1],
        title=["Far", None, "Near"],
        text=["Off.", "So good.", "Very good."],
    )
    items = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32)
    reviews = np.array([[0, 0, 1], [0, 1, 0], [0, 0.8, 0.6]], dtype=np.float32)
    means = unit_rows(np.array([[1, 1, 0], [0, 0.8, 1.6], [0, 0, 1], [0, 0, 0]], dtype=np.float32))
    texts, vectors = CentredTexts(np.zeros(3, np.float32), means), TextVectors(items, reviews)
    paths = Paths(told, knowledge_of(told), cells(), vectors=vectors, texts=texts)
    best, *_ = paths.behind("content", 0, 1, "u", "RATED")
    _, first, likeness, last = best.steps
    assert (first.source, first.relation, first.target) == ("r2", "ABOUT", "a")
    assert (likeness.source, likeness.relation, likeness.target) == ("r2", READS_LIKE, "r3")
    assert (likeness.source_name, likeness.target_name) == ("So good.", "Near. Very good.")
    assert likeness.similarity == pytest.approx(0.8)
    assert (last.source, last.relation, last.target) == ("r3", "ABOUT", "b")
    assert best.quotes == ("So good.", "Near. Very good.")
    assert best.words == "described alike: “So good.” and “Near. Very good.”"
    mine, *_ = paths.behind("content", 0, 1, "v", "RATED")
    assert mine.words == "of which you wrote “So good.”; this one is described by “Near. Very good.”"
    own, *_ = paths.behind("content", 2, 1, "u", "RATED")
    (step,) = [step for step in own.steps if step.relation == READS_LIKE]
    assert (step.source, step.target, step.similarity) == ("c", "r1", pytest.approx(1.0)), "an item's text is the item"
    assert all(path.kind != "texts" for path in paths.behind("content", 0, 3, "u", "RATED")), "nobody wrote of d"
    assert all(path.kind != "texts" for path in paths.behind("ials", 0, 1, "u", "RATED")), "it reads no texts"
    short = Paths(told, knowledge_of(told), cells(), vectors=vectors, texts=texts, config=PathConfig(hops=2))
    assert all(path.kind != "texts" for path in short.behind("content", 0, 1, "u", "RATED")), "three edges"


def test_of_two_texts_the_nearest_sentences_are_quoted(snapshot: Snapshot) -> None:
    """What people say first is not what ties the items: the third and the second sentence are of one colour."""
    told = reviewed(
        snapshot,
        id=["r1", "r2"],
        user=[0, 1],
        item=[0, 1],
        text=["It came late. It broke. It is blue.", "Hm! A blue one."],
    )
    words = ("blue", "late", "broke", "hm")

    def encode(texts: list[str]) -> np.ndarray:
        return unit_rows(np.array([[word in text.lower() for word in words] for text in texts], dtype=np.float32))

    reviews = encode(told.reviews["text"].to_pylist())
    vectors = TextVectors(np.zeros((4, 4), np.float32), reviews)
    texts = CentredTexts(np.zeros(4, np.float32), np.concatenate([reviews, np.zeros((2, 4), np.float32)]))
    config = PathConfig(quoted=20)
    paths = Paths(told, knowledge_of(told), cells(), vectors=vectors, texts=texts, encode=encode, config=config)
    explainer = Explainer(paths, Vocabulary("abcd"))
    (part,) = explainer.parts(sums({("content", 0): 0.5}), 1, "u", {0: "RATED"})
    assert part["words"] == "you rated Alpha, of which you wrote “It is blue.”; this one is described by “A blue one.”"
    (rough, *_) = paths.behind("content", 0, 1, "u", "RATED")
    assert rough.quotes == ("It came late. It …", "Hm! A blue one.")
    paths = Paths(told, knowledge_of(told), cells(), vectors=vectors, texts=texts, encode=encode)
    whole, *_ = paths.behind("content", 0, 1, "u", "RATED", sentences=True)
    assert whole.quotes == ("It came late. It broke. It is blue.", "Hm! A blue one."), "short enough for the whole"


def test_items_without_a_text_are_named_alike(snapshot: Snapshot) -> None:
    items = unit_rows(np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 0, 1], [0, 1, 0]], dtype=np.float32))
    texts = CentredTexts(np.zeros(3, np.float32), items)
    vectors = TextVectors(items, np.empty((0, 3), np.float32))
    paths = Paths(snapshot, knowledge_of(snapshot), cells(), vectors=vectors, texts=texts)
    path, *_ = paths.behind("content", 0, 1, "u", "RATED")
    assert (path.kind, path.words, path.quotes) == ("texts", "named alike", ("Alpha", "Beta"))


def test_what_somebody_wrote_leads_to_an_item_that_reads_alike(snapshot: Snapshot) -> None:
    """Person u wrote of item c; item b is described in the same words, by its own text and by a review."""
    told = reviewed(snapshot, id=["r1", "r2"], user=[0, 1], item=[2, 1], text=["Quiet strings.", "Strings!"])
    items = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 1]], dtype=np.float32)
    reviews = unit_rows(np.array([[1, 0.2, 0], [1, 0.5, 0]], dtype=np.float32))
    texts = CentredTexts(np.zeros(3, np.float32), unit_rows(np.array([[0, 0, 1], [1, 0.2, 0], [1, 0, 0], [0, 0, 1]])))
    paths = Paths(told, knowledge_of(told), cells(), vectors=TextVectors(items, reviews), texts=texts)
    explainer = Explainer(paths, Vocabulary("abcd"))
    found = explainer.parts(sums({("content", None): 0.5, ("ials", 0): 0.1}), 1, "u", {0: "RATED"})
    assert found[0]["words"] == "it reads like what you wrote, “Quiet strings.” and “Beta”"
    assert [edges(path) for path in paths.own_words(1, "u")] == [
        [("u", "WROTE", "r1"), ("r1", READS_LIKE, "b")],
        [("u", "WROTE", "r1"), ("r1", READS_LIKE, "r2"), ("r2", "ABOUT", "b")],
    ]
    assert paths.own_words(1, "w") == [], "who wrote nothing"
    assert paths.own_words(3, "u") == [], "nothing in common"
    graph = graph_of({"user_id": "u", "item_id": "b", "title": "Beta", "parts": found[:1]})
    assert {data["label"] for _, data in graph.nodes(data=True)} == {"u", "Quiet strings.", "Strings!", "Beta"}
    assert {data["label"] for *_, data in graph.edges(data=True)} == {"wrote (+0.50)", "reads like", "about"}


def test_praise_that_fits_everything_is_not_quoted(snapshot: Snapshot) -> None:
    """Items a and b were both called great in the same words; only what is off the centre of all texts ties them."""
    told = reviewed(snapshot, id=["g", "h", "y"], user=[0, 1, 2], item=[0, 1, 1], text=["Great!", "Great!", "Blue."])
    items = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float32)
    reviews = np.array([[0, 0, 1], [0, 0, 1], [0.8, 0.6, 0]], dtype=np.float32)
    means = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 0], [0, 0, 0]], dtype=np.float32)
    texts = CentredTexts(np.array([0, 0, 1], np.float32), means)
    paths = Paths(told, knowledge_of(told), cells(), vectors=TextVectors(items, reviews), texts=texts)
    _, likeness, about = paths.behind("content", 0, 1, "w", "RATED")[0].steps
    assert (likeness.source, likeness.target, likeness.similarity) == ("a", "y", pytest.approx(0.8))
    assert (about.source, about.relation, about.target) == ("y", "ABOUT", "b")


def test_a_rank_is_that_of_the_list_where_scores_are_equal() -> None:
    """Items 1, 3 and 4 score alike, and the person has met item 3 and one that came after the model."""
    met = Events.of_person([("LIKED", item, None, None) for item in "dz"], Vocabulary("abcdef"))
    scores = np.array([1, 2, 3, 2, 2, 0], np.float32)
    solved = Counterfactual(None, Person("u", met), scores)  # type: ignore[arg-type]  # nothing is solved again
    listed, _ = top_k(scores[None], 6, sp.csr_matrix(([1.0], ([0], [3])), shape=(1, 6)))
    assert listed.tolist() == [[2, 1, 4, 0, 5, -1]]
    assert [solved.rank(item) for item in listed[0, :5].tolist()] == [1, 2, 3, 4, 5]
    assert solved.rank(3) == 3, "an item that they have met stands between those that they have not"
