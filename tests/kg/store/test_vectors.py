"""The nearest by vector: a server's index beside an exact product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kg.bolt import BoltStore
from kg.engines import open_store
from kg.store import Statement
from tests.conftest import emptied

NODES, LENGTH = 1_500, 64


def write(store: BoltStore, vectors: np.ndarray, first: int = 0) -> None:
    rows = [[str(number), vector.tolist()] for number, vector in enumerate(vectors, first)]
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
    # A server's index is approximate, and no two builds of it are alike: .95 to .99 here.
    assert np.mean(recalls) >= (0.9 if "://" in graph.address else 1.0)


def test_vectors_of_another_length_get_an_index_of_their_own(graph: BoltStore) -> None:
    write(graph, np.eye(4) + 0.1)
    assert graph.nearest("Interest", "vector", [0.0, 0.0, 1.0, 0.0], 1)[0]["id"] == "2"
    write(graph, np.eye(3) + 0.1, first=4)  # beside the old ones
    for _ in range(2):
        found = [row["id"] for row in graph.nearest("Interest", "vector", [0.0, 1.0, 0.0], 9)]
        assert (found[0], set(found)) == ("5", set("456"))
        assert {row["id"] for row in graph.nearest("Interest", "vector", [0.0, 1.0, 0.0, 0.0], 9)} == set("0123")


@pytest.mark.neo4j
def test_an_index_that_another_process_made_otherwise_is_made_anew(server: BoltStore, tmp_path: Path) -> None:
    graph = emptied(server)
    write(graph, np.eye(4) + 0.1)
    write(graph, np.eye(3) + 0.1, first=4)
    ours = graph.nearest("Interest", "vector", [0.0, 0.0, 1.0, 0.0], 4)
    with open_store(graph.address, work=tmp_path) as other:
        assert other.nearest("Interest", "vector", [0.0, 1.0, 0.0], 1)[0]["id"] == "5"
        assert graph.nearest("Interest", "vector", [0.0, 0.0, 1.0, 0.0], 4) == ours
        other.index_vectors("Interest", "vector", 4, "euclidean")
    assert graph.nearest("Interest", "vector", [0.0, 0.0, 1.0, 0.0], 4) == ours
    assert ours[0] == {"id": "2", "score": pytest.approx(1.1 / np.sqrt(1.1**2 + 3 * 0.1**2), abs=1e-6)}
