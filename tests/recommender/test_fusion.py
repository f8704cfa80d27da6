"""Fusion: one perfect part, two that complement each other, all noise, and the formulas by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.conditional_logit import LogitConfig
from recommender.fusion import FusionConfig, concatenate, gather, leads, learn, logit, ndcg, standardise

PEOPLE, ITEMS = 200, 80
CONFIG = FusionConfig()


def choices_of(components: np.ndarray, relevant: np.ndarray, config: FusionConfig | None = None):
    scores = np.stack([standardise(part.astype(np.float32))[0] for part in components])
    nothing = sp.csr_matrix(relevant.shape, dtype=np.float32)
    matrix = sp.csr_matrix(relevant.astype(np.float32))
    return gather(scores, nothing, matrix, np.arange(len(relevant)), config or FusionConfig())


def targets(rng: np.random.Generator, count: int = 3) -> np.ndarray:
    relevant = np.zeros((PEOPLE, ITEMS), dtype=bool)
    for person in range(PEOPLE):
        relevant[person, rng.permutation(ITEMS)[:count]] = True
    return relevant


def halves(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relevant items, and the scores of two parts that each know half of them."""
    relevant = targets(rng)
    half = rng.random(relevant.shape) < 0.5
    first, second = ((relevant & known) * 3.0 + rng.normal(size=relevant.shape) for known in (half, ~half))
    return relevant, first, second


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
    relevant, first, second = halves(rng)
    fusion, _ = learn(choices_of(np.stack([first, second]), relevant), ["first", "second"], FusionConfig(), rng)
    assert fusion.chosen == "logit"
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
    overfitting = FusionConfig(logit=LogitConfig(l2=1e-6, nonnegative=False))
    fusion, _ = learn(choices_of(components, relevant), names, overfitting, rng)
    assert fusion.validation["good"] > fusion.validation["logit"] + 0.05
    assert fusion.chosen == "good"
    assert fusion.weights.tolist() == [1.0] + [0.0] * 40


def test_fewer_people_are_believed_less() -> None:
    """Forty people teach by ten times the penalty of four hundred; one who stands there twice is one of them."""
    rng = np.random.default_rng(15)
    relevant = targets(rng)[:40]
    choices = choices_of(relevant + rng.normal(size=(6, *relevant.shape)), relevant)
    stronger = FusionConfig(logit=LogitConfig(l2=10 * CONFIG.logit.l2), enough=1)
    found = logit(choices, np.arange(40), CONFIG)
    np.testing.assert_allclose(found, logit(choices, np.arange(40), stronger), rtol=1e-3)
    assert found.sum() < logit(choices, np.arange(40), FusionConfig(enough=1)).sum()
    np.testing.assert_allclose(logit(choices, np.tile(np.arange(40), 2), CONFIG), found, rtol=1e-2)


def test_a_part_stands_alone_where_it_leads_clearly() -> None:
    """Twenty-four people must say so by twice the errors that are asked for."""
    rng = np.random.default_rng(8)
    relevant = targets(rng)[:24]
    good = relevant * 1.5 + rng.normal(size=relevant.shape)
    components = np.concatenate([good[None], rng.normal(size=(40, *relevant.shape))])
    names = ["good", *(f"noise {n}" for n in range(40))]
    free = LogitConfig(l2=1e-6, nonnegative=False)
    for errors, chosen in ((1.0, "good"), (100.0, "logit")):
        for reasons in (True, False):
            config = FusionConfig(logit=free, errors=errors)
            found, _ = learn(choices_of(components, relevant), names, config, np.random.default_rng(0), reasons=reasons)
            assert found.chosen == chosen
    gains = np.array([1.0, 0, 0, 0])
    assert leads(gains, np.zeros(4))
    assert not leads(gains, np.zeros(4), errors=2.0), "1/4 is 1.15 of its standard errors"


@pytest.mark.parametrize("seed", [2, 9, 11])
def test_the_luckiest_of_many_parts_is_not_taken_for_the_best(seed: int) -> None:
    """One of twenty parts that say nothing leads the sum beyond two errors among forty people, by luck alone; it does
    not where those who are judged have no say in which it is."""
    rng = np.random.default_rng(seed)
    relevant = targets(rng)[:40]
    choices, names = choices_of(rng.normal(size=(20, *relevant.shape)), relevant), [f"part {n}" for n in range(20)]
    found, values = learn(choices, names, CONFIG, np.random.default_rng(0))
    luckiest = max(range(20), key=lambda part: found.validation[names[part]])
    alone = ndcg(choices, choices.features[:, :, luckiest], CONFIG.k, np.arange(40))
    assert leads(alone, values, errors=2 * CONFIG.errors)
    assert found.chosen == "logit"


def test_where_there_are_no_reasons_to_give_a_sum_that_ranks_as_a_part_does_is_none() -> None:
    """The same scores twice: their sum ranks as each of them does."""
    rng = np.random.default_rng(9)
    relevant = targets(rng)
    useful = relevant + rng.normal(size=relevant.shape)
    same = choices_of(np.stack([useful, useful]), relevant)
    assert learn(same, ["first", "second"], FusionConfig(), rng)[0].chosen == "logit"
    assert learn(same, ["first", "second"], FusionConfig(), rng, reasons=False)[0].chosen == "first"
    half = rng.random(relevant.shape[1]) < 0.5
    apart = choices_of(np.stack([useful * half, useful * ~half]), relevant)
    assert learn(apart, ["first", "second"], FusionConfig(), rng, reasons=False)[0].chosen == "logit"


def test_leading_is_by_more_than_a_standard_error() -> None:
    """Differences 1, 0, 0, 0 have the mean 1/4 and the standard error sqrt(3)/4 / sqrt(4) = .217."""
    base = np.zeros(4)
    assert leads(np.array([1, 0, 0, 0]), base)
    assert not leads(np.array([1, 0, -0.2, 0]), base), "mean .2, standard error .235"
    assert not leads(base, base)
    assert leads(base + 0.01, base), "everybody gains the same"


def test_of_somebody_who_is_judged_twice_the_mean_is_one_observation() -> None:
    """One person gains 1 three times, three others nothing: a mean of 1/4 and an error of .217 as above; as six people
    they would lead by twice their error."""
    gains, people = np.array([1.0, 1, 1, -0.2, 0, 0]), np.array([7, 7, 7, 1, 2, 3])
    assert leads(gains, np.zeros(6))
    assert not leads(gains, np.zeros(6), people)
    assert leads(np.abs(gains), np.zeros(6), np.array([7, 7, 7, 1, 2, 7])), "1/2 of the mean of three"


def test_nobody_judges_the_weights_that_they_taught() -> None:
    """Twenty-four people stand here three times each, with a noise of their own that can be learned by heart."""
    rng = np.random.default_rng(12)
    people, copies = 24, 3
    relevant = targets(rng)[:people]
    own = rng.normal(size=(40, people, ITEMS))
    every = np.tile(relevant, (copies, 1))
    components = np.tile(own, (1, copies, 1))
    scores = np.stack([standardise(part.astype(np.float32))[0] for part in components])
    nothing, matrix = sp.csr_matrix(every.shape, dtype=np.float32), sp.csr_matrix(every.astype(np.float32))
    free = FusionConfig(logit=LogitConfig(l2=1e-6, nonnegative=False))
    names = [f"noise {n}" for n in range(40)]
    told, fooled = (
        learn(gather(scores, nothing, matrix, ids, free), names, free, np.random.default_rng(0))[0].validation["logit"]
        for ids in (np.tile(np.arange(people), copies), np.arange(people * copies))
    )
    assert 2 * told < fooled


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
    choices = choices_of(components, relevant, FusionConfig())
    value = ndcg(choices, choices.features[:, :, 0], 10, np.arange(1))
    assert value[0] == pytest.approx(1.5 / (1 + 1 / np.log2(3)))
    assert ndcg(choices, choices.features[:, :, 0], 2, np.arange(1))[0] == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_a_person_counts_once_however_much_they_like() -> None:
    """Ten people want eight items each that the first part knows, twenty one each that the second knows."""
    rng = np.random.default_rng(14)
    relevant = targets(rng, 8)[:30]
    relevant[10:] &= np.cumsum(relevant[10:], axis=1) == 1
    first, second = rng.normal(size=(2, *relevant.shape))
    first[:10] += 3.0 * relevant[:10]
    second[10:] += 3.0 * relevant[10:]
    weights = logit(choices_of(np.stack([first, second]), relevant), np.arange(30), CONFIG)
    assert weights[1] > weights[0] > 0


def test_standardise_by_hand() -> None:
    """The second row has deviation sqrt(3) and a maximum of 3 above its mean; the third says nothing."""
    scores, mean, scale = standardise(np.array([[1, 3, 1, 3], [0, 0, 0, 4], [2, 2, 2, 2]], np.float32))
    unit = 1 / np.sqrt(np.sqrt(3) * 3)
    np.testing.assert_allclose(scores, [[-1, 1, -1, 1], [-unit, -unit, -unit, 3 * unit], [0, 0, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(mean, [[2], [1], [2]])
    np.testing.assert_allclose(scale, [[1], [unit], [0]], rtol=1e-6)


def test_where_too_few_could_teach_all_parts_count_alike() -> None:
    """The best of nine noisy parts among four people leads by more than a standard error, and means nothing."""
    rng = np.random.default_rng(12)
    relevant = targets(rng)[:4]
    noise = rng.normal(size=(9, *relevant.shape))
    found, values = learn(choices_of(noise, relevant), list("abcdefghi"), CONFIG, rng)
    assert (found.chosen, found.weights.tolist()) == ("equal", [1.0] * 9)
    assert found.validation["equal"] == pytest.approx(values.mean())
    assert found.validation["equal"] < max(found.validation.values())
    nobody = np.zeros((30, ITEMS), dtype=bool)
    nobody[:, 0] = True
    far = -10.0 * nobody + rng.normal(size=(2, *nobody.shape))
    found, _ = learn(choices_of(far, nobody), ["a", "b"], CONFIG, rng)
    assert (found.chosen, found.weights.tolist()) == ("equal", [1.0, 1.0]), "no target is near the top of any part"


def test_what_a_part_adds_is_by_weights_learned_again_without_it() -> None:
    """Of two parts that say the same neither is missed; the third says what no other does."""
    rng = np.random.default_rng(13)
    relevant, first, other = halves(rng)
    found, _ = learn(choices_of(np.stack([first, first, other]), relevant), ["first", "twin", "other"], CONFIG, rng)
    assert found.chosen == "logit"
    assert abs(found.without["first"]) < 0.02
    assert found.without["other"] > 0.1


def test_what_a_sparse_part_does_not_know_is_no_head_of_it() -> None:
    sparse = np.zeros((1, ITEMS))
    sparse[0, [7, 9]] = 1.0
    relevant = np.zeros((1, ITEMS), dtype=bool)
    relevant[0, 7] = True
    assert choices_of(sparse[None], relevant).items[0].tolist() == [7, 9]


def test_candidates_are_the_heads_of_parts_and_nothing_that_was_seen() -> None:
    """Of twelve items, 0 and 1 seen, the best two of each part; of two relevant items one is among them."""
    first = np.array([9, 8, 7, 6, 0, 0, 0, 0, 0, 0, 0, 0], np.float32)
    second = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 6], np.float32)
    components = np.stack([first, second])[:, None, :]
    seen = sp.csr_matrix((np.ones(2, np.float32), ([0, 0], [0, 1])), shape=(1, 12))
    relevant = sp.csr_matrix((np.ones(2, np.float32), ([0, 0], [5, 11])), shape=(1, 12))
    choices = gather(components, seen, relevant, np.arange(1), FusionConfig(top=1, judged=2))
    assert choices.items[0].tolist() == [2, 3, 10, 11]
    assert choices.relevant[0].tolist() == [False, False, False, True]
    assert choices.heads[0].tolist() == [True, False, False, True]
    assert choices.targets.tolist() == [2]
    np.testing.assert_array_equal(choices.features[0], [[7, 1], [6, 0], [0, 5], [0, 6]])


def test_only_what_a_part_has_near_its_top_teaches() -> None:
    """Nine of ten targets lie where no part looks and would ask for wrong weights; the tenth asks for the right one."""
    rng = np.random.default_rng(11)
    relevant = targets(rng, 10)
    head = relevant & (np.cumsum(relevant, axis=1) == 1)
    good = head * 8.0 + rng.normal(size=relevant.shape) - 6.0 * (relevant & ~head)
    bad = rng.normal(size=relevant.shape) - 2.0 * (relevant & ~head)
    fusion, _ = learn(
        choices_of(np.stack([good, bad]), relevant, FusionConfig(top=5)), ["good", "bad"], FusionConfig(), rng
    )
    assert fusion.weights[0] > 5 * fusion.weights[1]
    assert (
        logit(choices_of(np.stack([bad, bad]), relevant & ~head, FusionConfig(top=5)), np.arange(5), FusionConfig())
        == 1
    ).all()


def test_concatenated_blocks_keep_each_persons_candidates() -> None:
    rng = np.random.default_rng(6)
    relevant = targets(rng)
    components = rng.normal(size=(2, PEOPLE, ITEMS))
    config = FusionConfig(top=5)
    parts = [choices_of(components[:, rows], relevant[rows], config) for rows in (slice(0, 50), slice(50, PEOPLE))]
    whole = concatenate(parts)
    assert whole.targets.sum() == relevant.sum()
    assert whole.relevant.sum() == sum(part.relevant.sum() for part in parts)
    people, columns = np.nonzero(whole.relevant)
    assert relevant[people, whole.items[people, columns]].all()
