"""Weights by what is known of a person: by hand, and learned on planted people with and without a history."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.data import People
from recommender.fusion import FusionConfig, Learned
from recommender.hybrid import Hybrid, Judged, fuse, nobody
from recommender.parts import PARTS
from recommender.parts.base import BaselinePart
from recommender.parts.popularity import PopularityConfig
from recommender.situations import Fusion, SituationConfig
from tests.recommender.parts.planted import ITEMS, PEOPLE, world
from tests.recommender.parts.test_contract import person
from tests.running import RUN


class Told(BaselinePart):
    """What it is told, by the row of the person."""

    Config = PopularityConfig
    grid = fit = None  # type: ignore[assignment]

    def __init__(self, name: str, scores: np.ndarray) -> None:
        super().__init__()
        self.name, self.scores = name, scores  # type: ignore[misc]

    def score(self, people: People) -> np.ndarray:
        found: np.ndarray = np.where(people.rows[:, None] >= 0, self.scores[people.rows], 0.0).astype(np.float32)
        return found


NAMES = ("popularity", "ials", "content")
KNOWS = np.array([False, False, True])


def fusion() -> Fusion:
    history, nothing = Learned(np.array([0.0, 2.0, 0.0]), "ials"), Learned(np.array([1.5, 0.5, 0.0]), "logit")
    return Fusion.of(NAMES, history, nothing, KNOWS, SituationConfig(floor=0.1, words_prior=0.2))


def test_each_situation_by_hand() -> None:
    said = np.ones(8, np.float32)
    known = {
        "liked something": (person([1]), [0, 2, 0.2]),
        "disliked something": (person([], disliked=[1]), [0, 2, 0.2]),
        "nothing known": (person([]), [1.5, 0.5, 0.15]),
        "asks in words": (person([], words=said), [0.2 * 1.5 / 2.15, 0.2 * 0.5 / 2.15, 1 + 0.2 * 0.15 / 2.15]),
        "was in training and wrote": (person([1], row=3, words=said), [0, 2, 0.2]),
    }
    for situation, (someone, expected) in known.items():
        np.testing.assert_allclose(fusion().weights(someone)[0], expected, rtol=1e-6, err_msg=situation)
    both = fusion().weights(person([1], words=said))[0]
    np.testing.assert_allclose(both, (np.add(known["liked something"][1], known["asks in words"][1])) / 2, rtol=1e-6)


def test_few_is_fewer_than_the_bound_and_more_than_nothing() -> None:
    few = replace(fusion(), few=Learned(np.array([0.0, 1.0, 1.0]), "logit"), few_items=2)
    assert few.weights(person([1]))[0].tolist() == few.weights(person([], disliked=[1]))[0].tolist() == [0, 1, 1]
    for someone in (person([1, 2]), person([1], disliked=[2]), person([])):
        np.testing.assert_array_equal(few.weights(someone), fusion().weights(someone))


def test_a_block_of_people_is_its_people_one_by_one() -> None:
    someone = [person([1]), person([]), person([], words=np.ones(8, np.float32))]
    words = np.concatenate([np.zeros((2, 8), np.float32), np.ones((1, 8), np.float32)])
    block = People(sp.vstack([one.weights for one in someone]).tocsr(), np.full(3, -1), words)
    alone = [fusion().weights(one)[0] for one in someone]
    np.testing.assert_array_equal(fusion().weights(block), alone)


def test_kept_parts_keep_their_weights_and_json_keeps_all() -> None:
    kept = fusion().only(["content", "popularity"])
    assert kept.parts == ("popularity", "content")
    assert kept.history.weights.tolist() == [0.0, 0.2]
    assert kept.used == ["popularity", "content"]
    again = Fusion.from_dict(fusion().to_dict())
    assert again.by_name() == fusion().by_name()
    assert (again.history.chosen, again.nothing.chosen) == ("ials", "logit")


@pytest.mark.parametrize("strangers", [0, 30])
def test_people_without_history_have_weights_of_their_own(strangers: int) -> None:
    """With a history taste decides; without one only what is the same for all can. Item 5 is what strangers begin with,
    and with no stranger to learn from still the only thing that is known."""
    data = world()
    rng = np.random.default_rng(3)
    parts = [PARTS[name](PARTS[name].grid(data)[0]).fit(data, RUN) for name in ("popularity", "ials")]
    half = np.arange(PEOPLE) < PEOPLE // 2
    liked = data.cells.positive.toarray() > 0
    free = ~liked & ((np.arange(ITEMS) < ITEMS // 2)[None, :] == half[:, None])
    wanted = np.zeros_like(liked)
    for row in range(PEOPLE):
        wanted[row, rng.choice(np.flatnonzero(free[row]))] = True
    parts[0].scores = np.where(np.arange(ITEMS) == 5, 9.0, rng.random(ITEMS)).astype(np.float32)
    stranger = np.zeros((strangers, ITEMS), dtype=bool)
    stranger[:, 5] = True
    people = People(
        sp.vstack([data.cells.matrix, sp.csr_matrix((strangers, ITEMS), dtype=np.float32)]).tocsr(),
        np.concatenate([np.arange(PEOPLE), np.full(strangers, -1)]),
    )
    relevant = sp.csr_matrix(np.concatenate([wanted, stranger]).astype(np.float32))
    seen = sp.csr_matrix(np.concatenate([liked, np.zeros_like(stranger)]).astype(np.float32))
    learned = fuse([Judged(parts, people, seen, relevant, np.arange(len(people)))])
    assert learned.history.weights[1] > learned.history.weights[0]
    assert learned.nothing.weights[0] > 0 == learned.nothing.weights[1]
    assert (learned.nothing.validation["popularity"] > 0.99) == (strangers == 30)
    assert Hybrid(parts, learned).score(nobody(ITEMS))[0].argmax() == 5
    by_taste = Hybrid(parts, learned).score(person([0, 1, 2]))[0]
    assert by_taste[: ITEMS // 2].mean() > by_taste[ITEMS // 2 :].mean()


@pytest.mark.parametrize("apart", [True, False])
def test_people_with_few_items_have_weights_of_their_own_where_that_is_better(apart: bool) -> None:
    """Planted: the first part knows what those with one item want, and the second, if ``apart``, those with three."""
    rng, people, items = np.random.default_rng(0), 600, 60
    history = np.zeros((people, items), dtype=np.float32)
    for row in range(people):
        history[row, rng.choice(items // 2, size=1 if row % 2 else 3, replace=False)] = 1.0
    wanted = rng.integers(items // 2, items, people)
    known, noise = np.zeros((people, items), np.float32), rng.random((2, people, items), dtype=np.float32)
    known[np.arange(people), wanted] = 2.0
    first = np.ones(people, bool) if not apart else np.arange(people) % 2 == 1
    scores = [noise[0] + known * first[:, None], noise[1] + known * ~first[:, None]]
    parts = [Told("one", scores[0]), Told("other", scores[1])]
    relevant = sp.csr_matrix((np.ones(people, np.float32), (np.arange(people), wanted)), shape=(people, items))
    history = sp.csr_matrix(history)
    learned = fuse([Judged(parts, People(history, np.arange(people)), history, relevant, np.arange(people))])
    assert (learned.few is not None) == apart
    if learned.few is not None:
        assert learned.few_items == 2, "the median of one and three items"
        assert learned.few.weights[0] > 10 * learned.few.weights[1]
        assert learned.history.weights[1] > 10 * learned.history.weights[0]
        again = Fusion.from_dict(learned.to_dict())
        np.testing.assert_array_equal(again.weights(person([1])), learned.few.weights[None].astype(np.float32))
        np.testing.assert_array_equal(
            again.weights(person([1, 2, 3])), learned.history.weights[None].astype(np.float32)
        )


def test_of_parts_that_say_the_same_without_a_history_one_is_taken() -> None:
    """Nobody is given reasons there, so that their sum would have to lead."""
    rng = np.random.default_rng(6)
    scores = rng.random(ITEMS).astype(np.float32)
    parts = [Told("one", scores), Told("other", scores)]
    for part in parts:
        part.score = partial(BaselinePart.score, part)  # type: ignore[method-assign]  # to everybody
    wanted = sp.csr_matrix(np.eye(ITEMS, dtype=np.float32)[rng.integers(0, ITEMS, 40)])
    nothing = sp.csr_matrix((40, ITEMS), dtype=np.float32)
    learned = fuse([Judged(parts, People(nothing, np.full(40, -1)), nothing, wanted, np.arange(40))]).nothing
    assert (learned.chosen, learned.weights.tolist()) == ("one", [1, 0])


def test_with_nobody_to_learn_from_all_weights_are_equal() -> None:
    data = world()
    parts = [PARTS[name](PARTS[name].grid(data)[0]).fit(data, RUN) for name in ("popularity", "ials", "content")]
    nothing = sp.csr_matrix((0, ITEMS), dtype=np.float32)
    none = np.empty(0, np.int64)
    learned = fuse([Judged(parts, People(nothing, none), nothing, nothing, none)])
    assert (learned.history.chosen, learned.history.weights.tolist()) == ("equal", [1.0, 1.0, 1.0])
    assert learned.words[2] > 3 * max(learned.words[:2])


def test_weights_learn_from_everybody_who_is_judged() -> None:
    """On one split thirty people want what the first part knows, on two others as many want what the second knows."""
    rng = np.random.default_rng(5)
    history = np.zeros((30, ITEMS), np.float32)
    history[:, 0] = 1.0
    judged = []
    for split in range(3):
        wanted = rng.integers(1, ITEMS, 30)
        known, noise = np.zeros((30, ITEMS), np.float32), rng.random((2, 30, ITEMS), dtype=np.float32)
        known[np.arange(30), wanted] = 2.0
        parts = [Told("one", noise[0] + known * (split == 0)), Told("other", noise[1] + known * (split > 0))]
        relevant = sp.csr_matrix((np.ones(30, np.float32), (np.arange(30), wanted)), shape=(30, ITEMS))
        people = People(sp.csr_matrix(history), np.arange(30))
        judged.append(Judged(parts, people, sp.csr_matrix(history), relevant, np.arange(30)))
    alone, together = fuse(judged[:1]).history, fuse(iter(judged)).history
    assert alone.weights[0] > 10 * alone.weights[1]
    assert 1.05 * together.weights[0] < together.weights[1] < 5 * together.weights[0]


def test_what_somebody_has_seen_is_no_candidate() -> None:
    rng = np.random.default_rng(7)
    seen = sp.csr_matrix((rng.random((30, ITEMS)) < 0.3).astype(np.float32))
    relevant = sp.csr_matrix((seen.toarray() == 0).astype(np.float32))
    part = Told("one", rng.random((30, ITEMS), dtype=np.float32))
    found = Judged([part], People(seen, np.arange(30)), seen, relevant, np.arange(30)).choices(
        np.arange(30), lambda people: part.score(people)[None], FusionConfig()
    )
    assert (found.relevant == (found.items >= 0)).all(), "all that is not seen is relevant"
