"""A graph that tastes follow, a shuffled one and an empty one are told apart."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from kg.snapshot import ENTITIES, TRIPLES, Snapshot
from recommender.bridge import Builder
from recommender.data import KnowledgeGraph
from recommender.evaluation.knowledge import (
    INTERACTIONS,
    OFF,
    ON,
    SHUFFLED,
    GraphEffect,
    graph_effect,
    shuffled,
    variants,
)
from recommender.evaluation.protocol import Figures
from recommender.evaluation.report import ModelResult, Report
from recommender.evaluation.significance import interval
from recommender.evaluation.stores import SplitConfig, split_snapshot
from tests.recommender.evaluation.worlds import Row, snapshot_of
from tests.running import RUN

PEOPLE, AUTHORS, BOOKS = 120, 100, 3
"""Each author has so many books, and a book so few readers that who else read it says little."""


def world(tails: np.ndarray | None) -> Snapshot:
    """People who read two authors each, and a graph that says of each book who wrote it, by ``tails``."""
    rng = np.random.default_rng(3)
    rows: list[Row] = []
    for person in range(PEOPLE):
        for author in rng.permutation(AUTHORS)[:2].tolist():
            rows += [(person, author * BOOKS + int(book), "LIKED", None, None) for book in rng.permutation(BOOKS)[:2]]
    snapshot = snapshot_of(sorted(rows), num_users=PEOPLE, num_items=AUTHORS * BOOKS)
    entities = pa.Table.from_pylist([{"id": f"a{n}"} for n in range(AUTHORS)], schema=ENTITIES)
    if tails is None:
        return replace(snapshot, entities=entities)
    heads = np.arange(AUTHORS * BOOKS)
    triples = pa.table({"head": heads, "relation": ["BY"] * len(heads), "tail": len(heads) + tails})
    return replace(snapshot, entities=entities, triples=triples.cast(TRIPLES))


TRUE = np.repeat(np.arange(AUTHORS), BOOKS)


def effect(tails: np.ndarray | None) -> GraphEffect:
    taken = world(tails)
    split = split_snapshot(taken, Builder(taken), SplitConfig(protocol="random", valid=0.15, test=0.15))
    return graph_effect(split, RUN, ks=(10,), budget=0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hybrid of those parts that are fitted in a moment; two of them read the graph."""
    quick = ("popularity", "attribute_popularity", "item_knn", "ials", "relations")
    monkeypatch.setattr("recommender.evaluation.run.HYBRID", quick)


def test_a_graph_that_tastes_follow_helps_and_shuffled_gives_nothing() -> None:
    found = effect(TRUE)
    assert re.fullmatch(
        r"The graph helps: NDCG@10 \+\.\d+ \(95 % \+\.\d+ to \+\.\d+\), most on (cold|sparse) items; "
        r"a shuffled graph gives nothing\.",
        found.verdict,
    )
    figures = {model.name: model.figures.means["ndcg@10"] for model in found.report.models}
    assert figures[ON] > 1.5 * max(figures[OFF], figures[SHUFFLED])
    assert figures[OFF] == figures[INTERACTIONS], "without texts the two are one model"
    assert found.document()["verdict"] == found.verdict
    assert {row.group for row in found.by_items} <= {"cold", "sparse", "warm"}


def test_a_graph_that_says_nothing_true_does_not_help() -> None:
    found = effect(np.random.default_rng(0).permutation(TRUE))
    assert found.verdict.startswith("No difference shows: NDCG@10 "), found.verdict


def test_an_empty_graph_is_called_so() -> None:
    found = effect(None)
    assert found.verdict == "There is nothing to judge: the graph has no edge that an evaluation may use."
    assert len({model.figures.means["ndcg@10"] for model in found.report.models}) == 1


def test_further_validation_parts_are_of_the_same_variant() -> None:
    """Where time does not matter, what judges the shuffled variant is shuffled too."""
    taken = world(TRUE)
    split = split_snapshot(taken, Builder(taken), SplitConfig(protocol="random", valid=0.15, test=0.15))
    for name, variant in variants(split).items():
        for task in (variant.validation, *variant.others()):
            found, own = task.data.knowledge, variant.refit.knowledge
            assert (len(found), found.tails.tolist()) == (len(own), own.tails.tolist()), name
    assert split.others()[0].data.knowledge.tails.tolist() != variants(split)[SHUFFLED].refit.knowledge.tails.tolist()


def report_of(values: dict[str, np.ndarray]) -> Report:
    models = [
        ModelResult(name, Figures({"ndcg@10": float(own.mean())}, {"ndcg@10": own}, np.empty((0, 0)), 0.0), 0.0, 0.0)
        for name, own in values.items()
    ]
    return Report("random", models, metric="ndcg@10")


@pytest.mark.parametrize(
    ("on", "off", "mixed", "begins"),
    [
        (0.5, 0.3, 0.3, "The graph helps: NDCG@10 +."),
        (0.5, 0.3, 0.5, "A graph helps: NDCG@10 +."),
        (0.3, 0.5, 0.5, "The graph harms: NDCG@10 -."),
        (0.4, 0.4, 0.4, "No difference shows: NDCG@10 +.0"),
    ],
)
def test_verdicts(on: float, off: float, mixed: float, begins: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (3, 200))
    on_, off_, mixed_ = (level + own for level, own in zip((on, off, mixed), noise, strict=True))
    report = report_of({ON: on_, OFF: off_, SHUFFLED: mixed_, INTERACTIONS: off_})
    found = GraphEffect(report, interval(mixed_ - off_), [], has_edges=True)
    assert found.verdict.startswith(begins), found.verdict
    assert found.verdict.endswith(".")


def test_shuffling_keeps_relations_and_degrees() -> None:
    rng = np.random.default_rng(5)
    pairs = np.unique(rng.integers([0, 0, 20], [2, 20, 30], size=(150, 3)), axis=0)
    graph = KnowledgeGraph(pairs[:, 1], pairs[:, 0], pairs[:, 2], ("BY", "IN"), 20, 10, 30)
    mixed = shuffled(graph, seed=1)
    for relation in (0, 1):
        chosen = graph.relations == relation
        assert sorted(mixed.tails[chosen]) == sorted(graph.tails[chosen])
    assert np.array_equal(mixed.heads, graph.heads)
    assert len(np.unique(np.stack([mixed.heads, mixed.relations, mixed.tails]), axis=1).T) == len(graph)
    kept = {*zip(*pairs.T.tolist(), strict=True)} & {
        *zip(mixed.relations.tolist(), mixed.heads.tolist(), mixed.tails.tolist(), strict=True)
    }
    assert len(kept) < 0.7 * len(graph), "in so dense a graph chance alone keeps about half"
