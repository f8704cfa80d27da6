"""What the models reach on ML-100k, one seeded split with a fifth of each person's ratings held out, full ranking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from gnn import als, item_item, network
from gnn.graph import Graph
from gnn.objectives import ObjectiveConfig
from gnn.sparse import to_torch
from gnn.topk import top_k
from gnn.training import TrainingConfig


@pytest.fixture(scope="module")
def split(shared_data: Path) -> tuple[torch.Tensor, np.ndarray]:
    table = pd.read_csv(shared_data / "ml-100k" / "ml-100k.inter.gz", sep="\t")
    users, items = (table.iloc[:, column].factorize()[0] for column in (0, 1))
    draw = pd.Series(np.random.default_rng(42).random(len(table)))
    test = (draw.groupby(users).rank(method="first") <= 0.2 * np.bincount(users)[users]).to_numpy()
    shape = (users.max() + 1, items.max() + 1)
    train = sp.csr_matrix((np.ones((~test).sum(), np.float32), (users[~test], items[~test])), shape=shape)
    held_out = np.zeros(shape, dtype=bool)
    held_out[users[test], items[test]] = True
    return to_torch(train), held_out


def recall_and_ndcg(scores: torch.Tensor, split: tuple[torch.Tensor, np.ndarray]) -> tuple[float, float]:
    train, held_out = split
    hits = np.take_along_axis(held_out, top_k(scores, 10, mask=train)[0].numpy(), axis=1)
    discount = 1 / np.log2(np.arange(2, 12))
    sizes = held_out.sum(1)
    ideal = np.cumsum(discount)[np.minimum(sizes, 10) - 1]
    return float((hits.sum(1) / sizes).mean()), float(((hits * discount).sum(1) / ideal).mean())


def test_als(split: tuple[torch.Tensor, np.ndarray]) -> None:
    found = als.fit(split[0], als.ALSConfig())
    recall, ndcg = recall_and_ndcg(found.users @ found.items.T, split)
    assert recall > 0.23
    assert ndcg > 0.43


def test_ease(split: tuple[torch.Tensor, np.ndarray]) -> None:
    model = item_item.ease(split[0], item_item.EASEConfig(400.0))
    recall, ndcg = recall_and_ndcg(model.score(split[0]), split)
    assert recall > 0.225
    assert ndcg > 0.43


def test_network_is_the_best_of_them(split: tuple[torch.Tensor, np.ndarray]) -> None:
    config = network.NetworkConfig(dimensions=128, temperature=0.25)
    trained, _ = network.fit(Graph(split[0]), config, ObjectiveConfig(), TrainingConfig(epochs=80))
    served = trained.propagated()
    recall, ndcg = recall_and_ndcg(served.score(served.user_vectors(served.base, split[0])), split)
    assert recall > 0.235
    assert ndcg > 0.44
