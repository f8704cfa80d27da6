"""Vectors in the graph: their products are the scores of the part that they come from."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.als import ALSConfig
from kg.bolt import BoltStore
from kg.ingest import ingest
from kg.records import Interaction, Record
from kg.snapshot import take
from recommender.bridge import TextVectors
from recommender.hybrid import Hybrid
from recommender.meaning import MeaningConfig
from recommender.model import Model
from recommender.neighbours import write_item_vectors
from recommender.parts.factors import IALS
from recommender.people import read_people
from recommender.refresh import vectors
from recommender.refresh.vectors import drop_vectors, write_vectors
from tests.proxy import COMMIT, PULL, Proxy
from tests.running import RUN

USERS, ITEMS = [f"u{n}" for n in range(8)], [f"i{n}" for n in range(6)]
ALL = """
MATCH (n)-[:HAS_FACTORS]->(v)
RETURN labels(n)[0] AS label, n.id AS id, labels(v)[0] AS kind, v.model AS model, v.vector AS vector
"""


@pytest.fixture
def model(graph: BoltStore) -> Model:
    """Two camps, factorised."""
    records: list[Record] = [
        Interaction(user, item, "LIKED", f"{user} {item}")
        for u, user in enumerate(USERS)
        for i, item in enumerate(ITEMS)
        if (u + i) % 2 == 0
    ]
    ingest(graph, records, progress=False)
    snapshot = take(graph)
    bare = Model(graph.work, "one", {}, snapshot, None, Hybrid([], None), MeaningConfig())
    part = IALS(ALSConfig(dimensions=4)).fit(bare.data, RUN)
    return Model(graph.work, "one", {}, snapshot, None, Hybrid([part], None), MeaningConfig())


def test_products_are_scores(graph: BoltStore, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "AT_ONCE", 5)
    assert write_vectors(graph, model) == 4
    rows = graph.read(ALL)
    assert {(row["label"], row["kind"], row["model"]) for row in rows} == {
        ("User", "UserFactors", "one"),
        ("Item", "ItemFactors", "one"),
    }
    users, items = (
        np.array([vector for _, vector in sorted((row["id"], row["vector"]) for row in rows if row["label"] == label)])
        for label in ("User", "Item")
    )
    scores = model.hybrid.parts[0].score(model.people(read_people(graph, model, USERS)))
    np.testing.assert_allclose(users @ items.T, scores, atol=1e-5)
    assert (scores[::2, ::2] > scores[::2, 1::2] + 0.5).all(), "each camp is near its own items"
    drop_vectors(graph, kept="one")
    assert len(graph.read(ALL)) == 14
    drop_vectors(graph, kept="two")
    assert graph.read(ALL) == []


@pytest.mark.parametrize("message", [PULL, COMMIT], ids=["pull", "commit"])
def test_vectors_whose_answer_is_lost_are_written_once(
    model: Model, proxied: tuple[BoltStore, Proxy], message: bytes
) -> None:
    graph, proxy = proxied
    proxy.lose_answer_to(message)
    assert write_vectors(graph, model) == 4
    assert proxy.has_lost
    assert len(graph.read(ALL)) == 14


@pytest.mark.parametrize("message", [b"CREATE (:ItemVector", COMMIT], ids=["statement", "commit"])
def test_vectors_of_texts_whose_answer_is_lost_are_written_once(
    model: Model, proxied: tuple[BoltStore, Proxy], message: bytes
) -> None:
    graph, proxy = proxied
    texts = TextVectors(np.eye(len(ITEMS), 4, dtype=np.float32), np.zeros((0, 4), dtype=np.float32))
    told = Model(graph.work, "one", {}, model.snapshot, texts, model.hybrid, MeaningConfig())
    proxy.lose_answer_to(message)
    assert write_item_vectors(graph, told) == 4, "two items say nothing"
    assert proxy.has_lost
    assert graph.read("MATCH (v:ItemVector) RETURN count(v) AS n") == [{"n": 4}]


def test_a_version_without_factors_writes_none(graph: BoltStore, model: Model) -> None:
    without = Model(graph.work, "one", {}, model.snapshot, None, Hybrid([], None), MeaningConfig())
    assert write_vectors(graph, without) is None
    assert graph.read(ALL) == []
