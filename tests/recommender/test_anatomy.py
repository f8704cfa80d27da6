"""A score is the sum of its parts, also where a part hardly tells items apart and its spread magnifies all rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.data import Cells, TrainingData
from recommender.fusion import Learned, standardise
from recommender.hybrid import Anatomy, Hybrid
from recommender.parts import PARTS
from recommender.parts.factors import IALS
from recommender.situations import Fusion
from tests.recommender.parts.planted import ITEMS, PEOPLE, world
from tests.running import RUN

ROW = 3


@pytest.fixture(scope="module")
def content() -> TrainingData:
    """Everybody likes nearly everything."""
    users, items = np.nonzero(np.random.default_rng(0).random((PEOPLE, ITEMS)) >= 0.02)
    times = np.arange(len(users)) * 3600.0
    return replace(world(), cells=Cells(users, items, np.ones(len(users), np.float32), times, PEOPLE, ITEMS))


@pytest.mark.parametrize("name", ["ials", "network", "knowledge_network", "collective"])
def test_parts_add_up_where_everybody_likes_everything(content: TrainingData, name: str) -> None:
    kind = PARTS[name]
    part = kind(kind.grid(content)[0]).fit(content, RUN)
    alone = Learned(np.ones(1), "equal")
    hybrid = Hybrid([part], Fusion.of((name,), alone, alone, np.array([False])))
    anatomy = Anatomy(hybrid, content.people()[slice(ROW, ROW + 1)])
    scores = np.array([one.score for one in anatomy.summands(np.arange(ITEMS))])
    np.testing.assert_allclose(scores, anatomy.scores, rtol=0, atol=2e-4 * np.abs(scores).max(), err_msg="of the list")


def test_what_is_explained_is_exact_where_the_list_is_rounded(content: TrainingData) -> None:
    """Against the closed form in float64: the list is off by more than the explanation by orders of magnitude."""
    part = IALS(IALS.grid(content)[0]).fit(content, RUN)
    person = content.people()[slice(ROW, ROW + 1)]
    found = part.contributions(person, np.arange(ITEMS))
    factors, config = part.factors.double().numpy(), part.config
    own = sp.csr_matrix(person.weights)
    liked, weights = factors[own.indices], own.data.astype(np.float64)
    ridge = config.regularisation * (weights.sum() + config.unobserved_weight * ITEMS) ** config.exponent
    system = part.gram.double().numpy() + (liked.T * weights) @ liked + ridge * np.eye(factors.shape[1])
    exact = factors @ np.linalg.solve(system, liked.T @ weights)
    rounded = part.score(person)
    _, _, scale = standardise(rounded)
    off = np.abs(found.values.sum(axis=0) - exact).max() * scale[0, 0]
    assert off < 1e-6 < 10 * np.abs(rounded[0] - exact).max() * scale[0, 0]
