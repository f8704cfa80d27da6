"""The nearest by vector: a server's index beside an exact product."""

from __future__ import annotations

import numpy as np
import pytest

from kg.bolt import BoltStore
from kg.store import Statement

NODES, LENGTH = 1_500, 64


def write(store: BoltStore, vectors: np.ndarray) -> None:
    rows = [[str(number), vector.tolist()] for number, vector in enumerate(vectors)]
    store.write(Statement("UNWIND $rows AS row CREATE (:Interest {id: row[0], vector: row[1]})", {"rows": rows}))


def test_the_nearest_are_those_of_the_exact_product(graph: BoltStore) -> None:
    draw = np.random.default_rng(5)
    centres = draw.normal(size=(30, LENGTH))
    vectors = centres[draw.integers(30, size=NODES)] + 0.7 * draw.normal(
        size=(NODES, LENGTH)
    )  # as texts are: in topics
    graph.write(Statement("CREATE (:Interest {id: 'no vector'}), (:Interest {id: 'short', vector: [1.0, 2.0]})", {}))
    write(graph, vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    recalls = []
    for query in draw.normal(size=(20, LENGTH)) + centres[:20]:
        cosines = unit @ (query / np.linalg.norm(query))
        exact = np.argsort(-cosines)[:10]
        found = graph.nearest("Interest", "vector", query.tolist(), 10)
        assert [row["score"] for row in found] == pytest.approx([cosines[int(row["id"])] for row in found], abs=1e-5)
        assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)
        recalls.append(len({int(row["id"]) for row in found} & set(exact.tolist())) / 10)
    assert np.mean(recalls) >= (0.95 if "://" in graph.address else 1.0)


def test_vectors_of_another_length_get_an_index_of_their_own(graph: BoltStore) -> None:
    write(graph, np.eye(4) + 0.1)
    assert graph.nearest("Interest", "vector", [0.0, 0.0, 1.0, 0.0], 1)[0]["id"] == "2"
    graph.write(Statement("MATCH (n:Interest) DETACH DELETE n", {}))
    write(graph, np.eye(3) + 0.1)
    assert graph.nearest("Interest", "vector", [0.0, 1.0, 0.0], 1)[0]["id"] == "1"
