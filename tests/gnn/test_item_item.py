from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn import item_item
from gnn.errors import ConfigError, Diverged, ShapeError
from gnn.item_item import EASEConfig, ItemItem, ItemKNNConfig, RP3BetaConfig
from gnn.sparse import densify, rows_of, to_torch

SMALL = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [1, 1, 0]], dtype=np.float32)


@pytest.fixture
def liked() -> np.ndarray:
    return (np.random.default_rng(0).random((40, 12)) < 0.3).astype(np.float32)


def test_ease_minimises_its_objective_column_by_column(liked: np.ndarray) -> None:
    """Each column of B is the ridge regression of an item on all others, solved here one by one."""
    found = item_item.ease(to_torch(sp.csr_matrix(liked)), EASEConfig(regularisation=3.0)).matrix.numpy()
    for item in range(12):
        others = np.delete(np.arange(12), item)
        x = liked[:, others].astype(np.float64)
        expected = np.linalg.solve(x.T @ x + 3.0 * np.eye(11), x.T @ liked[:, item])
        np.testing.assert_allclose(found[others, item], expected, atol=1e-5)
        assert found[item, item] == 0


def test_ease_with_dropout_and_further_rows_agrees_with_numpy(liked: np.ndarray) -> None:
    features = (np.random.default_rng(1).random((12, 5)) < 0.4).astype(np.float32)
    found = item_item.ease(
        to_torch(sp.csr_matrix(liked)),
        EASEConfig(regularisation=2.0, dropout=0.25),
        [(0.5, to_torch(sp.csr_matrix(features))), (0.0, to_torch(sp.csr_matrix(features)))],
    )
    stacked = np.vstack([liked, np.sqrt(0.5) * features.T]).astype(np.float64)
    total = stacked.T @ stacked
    precision = np.linalg.inv(total + np.diag(2.0 + total.diagonal() / 3))
    expected = np.eye(12) - precision / precision.diagonal()
    np.testing.assert_allclose(found.matrix.numpy(), expected - np.diag(expected.diagonal()), atol=1e-5)


def test_attributes_place_an_item_that_nobody_touched() -> None:
    """Items 3 and 4 were never seen; 3 shares a node with item 0, so a history of item 0 leads to it and not to 4."""
    cells = np.zeros((6, 5), dtype=np.float32)
    cells[:3, :2] = 1
    cells[3:, 1:3] = 1
    nodes = np.array([[1, 0], [0, 0], [0, 1], [1, 0], [0, 1]], dtype=np.float32)
    found = item_item.ease(to_torch(sp.csr_matrix(cells)), EASEConfig(1.0), [(1.0, to_torch(sp.csr_matrix(nodes)))])
    scores = found.score(to_torch(sp.csr_matrix(np.array([[1, 0, 0, 0, 0]]))))[0]
    assert scores[3] > 0.1
    assert scores[3] > scores[4] + 0.1


def test_fifty_thousand_items_fit_into_twelve_gibibytes() -> None:
    assert EASEConfig.needed(50_000) < 12 * 2**30


@pytest.mark.parametrize("block", [1 << 24, 60])
def test_the_inverse_in_place_is_the_inverse(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_item, "BLOCK_FLOATS", block)
    rows = np.random.default_rng(3).normal(size=(50, 23))
    given = torch.from_numpy((rows.T @ rows).astype(np.float32))
    expected, place = np.linalg.inv(rows.T @ rows), given.data_ptr()
    item_item.invert(given)
    assert given.data_ptr() == place
    np.testing.assert_allclose(given.numpy(), expected, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(given.numpy(), given.numpy().T)
    with pytest.raises(Diverged, match="regularise more"):
        item_item.invert(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))


PEAK = r"""
import re, sys
import numpy as np, scipy.sparse as sp, torch
from gnn import item_item
from gnn.item_item import EASEConfig, ease
from gnn.sparse import to_torch
def peak():  # what getrusage says begins with what the parent held
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])

torch.set_num_threads(1)
item_item.BLOCK_FLOATS = 1 << 20
size = int(sys.argv[1])
matrix = to_torch(sp.random(2000, size, 0.002, format="csr", dtype=np.float32, random_state=0))
ease(to_torch(sp.random(50, 60, 0.2, format="csr", dtype=np.float32, random_state=0)), EASEConfig(1.0))  # imports
open("/proc/self/clear_refs", "w").write("5")  # the peak of the imports is over
before = peak()
ease(matrix, EASEConfig(1.0), [(0.5, to_torch(sp.random(size, 300, 0.01, format="csr", dtype=np.float32)))])
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the peak")
def test_the_dense_solve_holds_one_matrix_of_items_by_items() -> None:
    """With blocks of 4 MiB, of which a handful stands beside the 61 MiB of 4,000 items; three of them would be 183."""
    size = 4000
    command = [sys.executable, "-c", PEAK, str(size)]
    taken = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 0.9 < taken / (4 * size * size) < 1.5


def test_item_knn_by_hand() -> None:
    """|x| are sqrt 3, sqrt 3, 1; dot products 2 (items 0, 1) and 1 (items 0, 2)."""
    matrix = to_torch(sp.csr_matrix(SMALL))
    cosine = item_item.item_knn(matrix, ItemKNNConfig(neighbours=3, shrinkage=0.0))
    expected = np.array([[0, 2 / 3, 1 / np.sqrt(3)], [2 / 3, 0, 0], [1 / np.sqrt(3), 0, 0]])
    np.testing.assert_allclose(densify(cosine.matrix).numpy(), expected, atol=1e-6)
    shrunk = item_item.item_knn(matrix, ItemKNNConfig(neighbours=1, shrinkage=1.0))
    expected = np.array([[0, 2 / 4, 1 / (np.sqrt(3) + 1)], [2 / 4, 0, 0], [0, 0, 0]])  # one neighbour for each target
    np.testing.assert_allclose(densify(shrunk.matrix).numpy(), expected, atol=1e-6)
    lopsided = item_item.item_knn(matrix, ItemKNNConfig(neighbours=3, shrinkage=0.0, asymmetry=1.0))
    np.testing.assert_allclose(densify(lopsided.matrix).numpy()[0], [0, 2 / 3, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(densify(lopsided.matrix).numpy()[2], [1, 0, 0], atol=1e-6)


def test_item_knn_divides_out_long_rows() -> None:
    matrix = to_torch(sp.csr_matrix(SMALL))
    found = densify(item_item.item_knn(matrix, ItemKNNConfig(3, 0.0, user_exponent=1.0)).matrix).numpy()
    rows = SMALL / SMALL.sum(1, keepdims=True)
    norms = np.linalg.norm(rows, axis=0)
    expected = rows.T @ rows / np.outer(norms, norms)
    np.testing.assert_allclose(found, expected - np.diag(expected.diagonal()), atol=1e-6)


def test_rp3beta_by_hand() -> None:
    found = item_item.rp3beta(to_torch(sp.csr_matrix(SMALL)), RP3BetaConfig(alpha=1.0, beta=1.0, neighbours=3))
    dense = densify(found.matrix).numpy()
    # item 0 -> people 0, 1, 3 (1/3 each); item 1 from people 0 and 3 (1/2 each); degree of item 1 is 3
    assert dense[0, 1] == pytest.approx((1 / 3 * 1 / 2 * 2) / 3)
    assert dense[0, 2] == pytest.approx((1 / 3 * 1 / 2) / 1)
    assert dense[2, 0] == pytest.approx((1 * 1 / 2) / 3)
    assert dense[1, 2] == 0
    squared = item_item.rp3beta(to_torch(sp.csr_matrix(SMALL)), RP3BetaConfig(alpha=2.0, beta=0.0, neighbours=3))
    assert densify(squared.matrix)[0, 1].item() == pytest.approx(2 * (1 / 9) * (1 / 4))


@pytest.mark.parametrize("sparse", [True, False])
def test_scores_are_sums_of_contributions(liked: np.ndarray, sparse: bool) -> None:
    matrix = to_torch(sp.csr_matrix(liked))
    model = item_item.item_knn(matrix, ItemKNNConfig(4)) if sparse else item_item.ease(matrix, EASEConfig(5.0))
    row = rows_of(matrix, 3, 4)
    items, parts = model.contributions(row, torch.arange(12))
    assert items.tolist() == np.flatnonzero(liked[3]).tolist()
    torch.testing.assert_close(parts.sum(0), model.score(row)[0])
    disliked = to_torch(sp.csr_matrix(-liked[3:4]))
    torch.testing.assert_close(model.score(disliked), -model.score(row))
    nobody = to_torch(sp.csr_matrix((1, 12), dtype=np.float32))
    assert model.contributions(nobody, torch.arange(3))[1].shape == (0, 3)


def test_blocks_of_targets_change_nothing(liked: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = to_torch(sp.csr_matrix(liked))
    whole = item_item.item_knn(matrix, ItemKNNConfig(3)).matrix
    gram = item_item.gram(matrix)
    monkeypatch.setattr(item_item, "BLOCK_FLOATS", 30)
    torch.testing.assert_close(densify(item_item.item_knn(matrix, ItemKNNConfig(3)).matrix), densify(whole))
    torch.testing.assert_close(item_item.gram(matrix), gram)


def test_bad_input_is_refused() -> None:
    matrix = to_torch(sp.csr_matrix(SMALL))
    with pytest.raises(ConfigError, match="dropout"):
        EASEConfig(dropout=1.0)
    with pytest.raises(ShapeError, match="extra has 4 rows"):
        item_item.ease(matrix, EASEConfig(), [(1.0, matrix)])
    with pytest.raises(ShapeError, match="history has 3 columns; 2 are expected"):
        ItemItem(torch.zeros(2, 2)).score(matrix)
