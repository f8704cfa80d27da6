"""Fusion: one perfect part, two that complement each other, all noise, and the formulas by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.conditional_logit import LogitConfig
from recommender.fusion import FusionConfig, concatenate, gather, learn, ndcg, standardise

PEOPLE, ITEMS = 200, 80


def choices_of(components: np.ndarray, relevant: np.ndarray, config: FusionConfig | None = None):
    scores = np.stack([standardise(part.astype(np.float32))[0] for part in components])
    nothing = sp.csr_matrix(relevant.shape, dtype=np.float32)
    matrix = sp.csr_matrix(relevant.astype(np.float32))
    return gather(scores, nothing, matrix, config or FusionConfig(), np.random.default_rng(0))


def targets(rng: np.random.Generator, count: int = 3) -> np.ndarray:
    relevant = np.zeros((PEOPLE, ITEMS), dtype=bool)
    for person in range(PEOPLE):
        relevant[person, rng.permutation(ITEMS)[:count]] = True
    return relevant


def test_a_perfect_part_among_noise_is_found() -> None:
    rng = np.random.default_rng(1)
    relevant = targets(rng)
    noise = rng.normal(size=(2, PEOPLE, ITEMS))
    perfect = relevant + 0.1 * rng.normal(size=relevant.shape)
    fusion, _ = learn(
        choices_of(np.stack([noise[0], perfect, noise[1]]), relevant), ["a", "perfect", "b"], FusionConfig(), rng
    )
    assert fusion.validation[fusion.chosen] > 0.99
    assert fusion.weights[1] > 10 * max(fusion.weights[0], fusion.weights[2])
    assert fusion.without["perfect"] > 0.8 > 0.01 > abs(fusion.without["a"])


def test_two_parts_that_each_know_half_are_better_together() -> None:
    rng = np.random.default_rng(2)
    relevant = targets(rng)
    half = rng.random(relevant.shape) < 0.5
    first = (relevant & half) * 3.0 + rng.normal(size=relevant.shape)
    second = (relevant & ~half) * 3.0 + rng.normal(size=relevant.shape)
    fusion, _ = learn(choices_of(np.stack([first, second]), relevant), ["first", "second"], FusionConfig(), rng)
    assert fusion.chosen in ("logit", "ascent")
    assert fusion.validation[fusion.chosen] > max(fusion.validation["first"], fusion.validation["second"]) + 0.1
    assert min(fusion.weights) > 0.3 * max(fusion.weights)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_worse_than_its_best_part_beyond_noise(seed: int) -> None:
    """Relevant items are drawn at random: NDCG@10 of a person then deviates by about .2, its mean over 200 by .014."""
    rng = np.random.default_rng(seed)
    relevant = targets(rng)
    fusion, _ = learn(choices_of(rng.normal(size=(3, PEOPLE, ITEMS)), relevant), ["a", "b", "c"], FusionConfig(), rng)
    assert fusion.validation[fusion.chosen] >= max(fusion.validation[name] for name in "abc") - 0.028


def test_a_part_that_is_better_beyond_noise_stands_alone() -> None:
    """Weights of one good part and forty noisy ones, learned from twenty-four people, lose to the good part alone."""
    rng = np.random.default_rng(8)
    relevant = targets(rng)[:24]
    good = relevant * 1.5 + rng.normal(size=relevant.shape)
    components = np.concatenate([good[None], rng.normal(size=(40, *relevant.shape))])
    names = ["good", *(f"noise {n}" for n in range(40))]
    overfitting = FusionConfig(logit=LogitConfig(l2=1e-6, nonnegative=False), sweeps=0)
    fusion, _ = learn(choices_of(components, relevant), names, overfitting, rng)
    assert fusion.validation["good"] > fusion.validation["logit"] + 0.05
    assert fusion.chosen == "good"
    assert fusion.weights.tolist() == [1.0] + [0.0] * 40


def test_a_part_that_ties_everything_is_not_taken_for_perfect() -> None:
    rng = np.random.default_rng(4)
    relevant = targets(rng)
    useful = relevant + rng.normal(size=relevant.shape)
    fusion, _ = learn(
        choices_of(np.stack([np.zeros_like(useful), useful]), relevant), ["flat", "useful"], FusionConfig(), rng
    )
    assert fusion.validation["flat"] < fusion.validation["useful"]


def test_ndcg_by_hand() -> None:
    """Relevant items at ranks 1 and 3 of two relevant: (1 + 1/2) / (1 + 1/log2(3)) = 0.91972."""
    relevant = np.zeros((1, 5), dtype=bool)
    relevant[0, [0, 2]] = True
    components = np.array([[[5.0, 4.0, 3.0, 2.0, 1.0]]])
    choices = choices_of(components, relevant, FusionConfig(negatives=0))
    value = ndcg(choices, choices.features[:, :, 0], 10, np.arange(1))
    assert value[0] == pytest.approx(1.5 / (1 + 1 / np.log2(3)))


def test_standardise_by_hand() -> None:
    """The second row has deviation sqrt(3) and a maximum of 3 above its mean; the third says nothing."""
    scores, mean, scale = standardise(np.array([[1, 3, 1, 3], [0, 0, 0, 4], [2, 2, 2, 2]], np.float32))
    unit = 1 / np.sqrt(np.sqrt(3) * 3)
    np.testing.assert_allclose(scores, [[-1, 1, -1, 1], [-unit, -unit, -unit, 3 * unit], [0, 0, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(mean, [[2], [1], [2]])
    np.testing.assert_allclose(scale, [[1], [unit], [0]], rtol=1e-6)


def test_seen_items_are_no_candidates_and_negatives_stand_for_the_rest() -> None:
    rng = np.random.default_rng(5)
    components = rng.normal(size=(1, 1, 1000)).astype(np.float32)
    seen = sp.csr_matrix((np.ones(10, np.float32), ([0] * 10, range(10))), shape=(1, 1000))
    relevant = sp.csr_matrix((np.ones(1, np.float32), ([0], [500])), shape=(1, 1000))
    choices = gather(components, seen, relevant, FusionConfig(top=20, negatives=50), rng)
    kept = choices.items[0][choices.items[0] >= 0]
    assert not set(kept) & set(range(10))
    assert choices.relevant.sum() == 1
    stands_for = np.exp(choices.log_counts[0]).sum()
    assert stands_for == pytest.approx(990)


def test_concatenated_blocks_keep_each_persons_candidates() -> None:
    rng = np.random.default_rng(6)
    relevant = targets(rng)
    components = rng.normal(size=(2, PEOPLE, ITEMS))
    config = FusionConfig(top=5, negatives=3)
    parts = [choices_of(components[:, rows], relevant[rows], config) for rows in (slice(0, 50), slice(50, PEOPLE))]
    whole = concatenate(parts)
    assert whole.targets.sum() == relevant.sum()
    assert whole.relevant.sum() == relevant.sum()
    people, columns = np.nonzero(whole.relevant)
    assert relevant[people, whole.items[people, columns]].all()
