"""What every part promises, whatever its mathematics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.errors import TooLarge
from gnn.item_item import EASEConfig
from recommender import effort
from recommender.data import DAY, Cells, KnowledgeGraph, People, Rows, TrainingData
from recommender.effort import _HELD
from recommender.memory import Memory
from recommender.parts import PARTS
from recommender.parts.base import HALF_LIVES, Part
from recommender.parts.content import Content, ContentConfig
from recommender.parts.graph_filter import LowRank
from recommender.parts.item_item import EASE, Collective
from recommender.tuning import fit_part
from tests.recommender.parts.planted import ITEMS, PEOPLE, world
from tests.running import RUN

PERSONAL = [name for name in PARTS if "popularity" not in name]


AGEING = [name for name, kind in PARTS.items() if name != "popularity" and hasattr(kind.Config(), "half_life_days")]


@pytest.fixture(scope="module", params=[*PARTS, *(f"{name}, aged" for name in AGEING)])
def part(request: pytest.FixtureRequest) -> Part:
    name, _, is_aged = request.param.partition(", ")
    return fitted(name, **({"half_life_days": 2.0} if is_aged else {}))


def fitted(name: str, **changes: float) -> Part:
    """With the first configuration of its grid; one for large catalogues alone as it is by default."""
    kind = PARTS[name]
    config = next(iter(kind.grid(world())), kind.Config())
    return kind(replace(config, **changes) if changes else config).fit(world(), RUN)


def person(liked: list[int], disliked: list[int] = (), row: int = -1, words: np.ndarray | None = None) -> People:
    weights = np.array([1.0] * len(liked) + [-1.0] * len(disliked), np.float32)
    indices = np.array([*liked, *disliked], dtype=np.int64)
    matrix = sp.csr_matrix((weights, indices, [0, len(indices)]), shape=(1, ITEMS))
    return People(matrix, np.array([row]), None if words is None else words[None])


def test_contributions_add_up_to_the_score(part: Part) -> None:
    everyone = world().people()
    for position in (0, 25):
        one = everyone[slice(position, position + 1)]
        items = np.array([1, 11, 20])
        found = part.contributions(one, items)
        expected = part.score(one)[0, items]
        np.testing.assert_allclose(found.baseline + found.values.sum(axis=0), expected, rtol=1e-4, atol=1e-5)


def test_contributions_add_up_for_a_newcomer_who_dislikes(part: Part) -> None:
    one = person([1, 2], disliked=[14], words=world().item_vectors[3])
    items = np.array([13, 0, 5])
    found = part.contributions(one, items)
    expected = part.score(one)[0, items]
    np.testing.assert_allclose(found.baseline + found.values.sum(axis=0), expected, rtol=1e-4, atol=1e-5)


def test_saved_and_loaded_scores_the_same(part: Part, tmp_path: Path) -> None:
    part.save(tmp_path)
    loaded = type(part).load(tmp_path)
    assert loaded.config == part.config
    np.testing.assert_array_equal(loaded.score(world().people()), part.score(world().people()))


def test_the_same_seed_gives_the_same_part(part: Part) -> None:
    again = type(part)(part.config).fit(world(), RUN)
    np.testing.assert_array_equal(again.score(world().people()), part.score(world().people()))


def test_scores_do_not_depend_on_who_else_is_asked(part: Part) -> None:
    everyone = world().people()
    np.testing.assert_allclose(part.score(everyone)[7], part.score(everyone[slice(7, 8)])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PERSONAL)
def test_taste_is_found(name: str) -> None:
    """Items of a person's own half stand above those of the other half, for people in training and for newcomers."""
    part = fitted(name)
    own = (np.arange(ITEMS) < ITEMS // 2)[None, :] == (np.arange(PEOPLE) < PEOPLE // 2)[:, None]
    scores = part.score(world().people())
    assert (np.where(own, scores, np.nan)[:, :].mean(where=own, axis=1) > scores.mean(where=~own, axis=1)).all()
    new = part.score(person([0, 1, 2]))[0]
    assert new[: ITEMS // 2].mean() > new[ITEMS // 2 :].mean()


def test_which_parts_weigh_cells_by_age() -> None:
    assert set(AGEING) == {"item_knn", "rp3beta", "ials", "ease", "ease_low_rank", "collective"}


@pytest.mark.parametrize("name", AGEING)
def test_what_goes_together_of_late_counts_more(name: str) -> None:
    """Items 0 and 1 were liked together a year ago by eight people, 0 and 2 last week by four, others in between."""
    empty = np.empty(0, np.int64)
    pairs = [(0, 1)] * 8 + [(0, 2)] * 4 + [(3, 4)] * 6
    days = np.repeat([0.0] * 8 + [360.0] * 4 + list(range(50, 350, 50)), 2)
    items = np.array(pairs).ravel()
    ones = np.ones(len(items), np.float32)
    cells = Cells(np.repeat(np.arange(len(pairs)), 2), items, ones, days * DAY, len(pairs), 5)
    data = TrainingData(cells, KnowledgeGraph(empty, empty, empty, (), 5, 0, 5))
    config = PARTS[name].Config()
    small = {key: value for key, value in {"regularisation": 0.5, "shrinkage": 0.0}.items() if hasattr(config, key)}
    asked = People(sp.csr_matrix(([1.0], ([0], [0])), shape=(1, 5), dtype=np.float32), np.array([-1]))

    def second(cells: Cells, half_life: float | None) -> np.ndarray:
        """What stands with item 0, by its score less that of item 1."""
        chosen = replace(config, **small, half_life_days=half_life)
        scores = PARTS[name](chosen).fit(replace(data, cells=cells), RUN).score(asked)[0]
        return scores - scores[1]

    assert second(cells, None)[2] < 0 < second(cells, 60.0)[2]
    undated = replace(cells, times=np.full(len(cells), np.nan))
    np.testing.assert_array_equal(second(undated, 60.0), second(cells, None), err_msg="what has no date is not old")


@pytest.mark.parametrize("name", AGEING)
def test_half_lives_are_tried_where_ages_tell_cells_apart(name: str) -> None:
    data = world()
    kind = PARTS["ease" if name == "ease_low_rank" else name]  # which copies that grid where EASE does not fit
    tried = [config.half_life_days for config in kind.grid(data)]
    assert tried[0] is None
    assert set(tried) == {None, *HALF_LIVES}
    one_day = replace(data, cells=replace(data.cells, times=data.cells.times % DAY))
    assert {config.half_life_days for config in kind.grid(one_day)} == {None}


@pytest.mark.parametrize("name", PERSONAL)
def test_a_dislike_lowers_the_neighbours(name: str) -> None:
    part = fitted(name)
    before, after = part.score(person([0, 1]))[0], part.score(person([0, 1], disliked=[2]))[0]
    near = list(range(3, 11))
    assert (after[near] - before[near]).mean() < (after[13:23] - before[13:23]).mean()


@pytest.mark.parametrize("name", ["relations", "content"])
def test_an_item_that_nobody_met_is_recommended_from_what_it_is(name: str) -> None:
    part = fitted(name)
    scores = part.score(world().people())
    assert scores[: PEOPLE // 2, 11].mean() > scores[PEOPLE // 2 :, 11].mean()
    assert scores[PEOPLE // 2 :, 23].mean() > scores[: PEOPLE // 2, 23].mean()


@pytest.mark.parametrize("name", PERSONAL)
def test_brought_up_to_data_in_another_order_it_is_the_same_part(name: str) -> None:
    """People and items stand elsewhere in the data that a part is carried to; taste is found where it stands now."""
    data, rng = world(), np.random.default_rng(1)
    users, items = rng.permutation(PEOPLE), rng.permutation(ITEMS)  # who stood where those of now stand
    user, item = np.argsort(users), np.argsort(items)
    moved = TrainingData(
        replace(data.cells, users=user[data.cells.users], items=item[data.cells.items]),
        replace(data.knowledge, heads=item[data.knowledge.heads]),
        data.item_vectors[items],
        data.user_words[users],
    )
    scores = fitted(name).carried(Rows(users, items), moved, RUN).score(moved.people())
    own = (items < ITEMS // 2)[None, :] == (users < PEOPLE // 2)[:, None]
    assert (scores.mean(where=own, axis=1) > scores.mean(where=~own, axis=1)).all()


@pytest.mark.parametrize(
    "name", ["popularity", "item_knn", "rp3beta", "graph_filter", "ease", "ease_low_rank", "collective", "content"]
)
def test_what_is_disliked_together_is_not_alike(name: str) -> None:
    """Dislikes, none of them of an item that the person likes as well, teach these parts nothing."""
    data = world()
    disliked = np.arange(PEOPLE), np.where(np.arange(PEOPLE) < PEOPLE // 2, 23, 11)
    cells = replace(
        data.cells,
        users=np.concatenate([data.cells.users, disliked[0]]),
        items=np.concatenate([data.cells.items, disliked[1]]),
        weights=np.concatenate([data.cells.weights, np.full(PEOPLE, -1, np.float32)]),
        times=np.concatenate([data.cells.times, np.full(PEOPLE, np.nan)]),
    )
    part = fitted(name)
    other = type(part)(part.config).fit(replace(data, cells=cells), RUN)
    np.testing.assert_array_equal(other.score(data.people()), part.score(data.people()))


@pytest.mark.parametrize(("row", "weight"), [(-1, 1.0), (3, 0.3)])
def test_words_by_hand(row: int, weight: float) -> None:
    """Beside a history at the same spread over the catalogue, times the weight of those in training."""
    data = world()
    said, liked = np.array([3.0, 0.5, 0, 0.2, 0, 0, 0, 0], np.float32), [1, 14]
    part = Content(ContentConfig(sharpness=2.0, words=0.3)).fit(data, RUN)
    centre = data.item_vectors.mean(axis=0)
    vectors = data.item_vectors - centre
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = np.maximum(vectors @ vectors.T, 0) ** 2
    np.fill_diagonal(alike, 0)
    history = alike[liked].sum(axis=0)
    asked = said / np.linalg.norm(said) - centre
    near = np.maximum(vectors @ asked / np.linalg.norm(asked), 0) ** 2
    expected = history + weight * history.std() / near.std() * near
    np.testing.assert_allclose(part.score(person(liked, row=row, words=said))[0], expected, rtol=1e-4)
    np.testing.assert_allclose(part.score(person([], row=row, words=said))[0], weight * near, rtol=1e-4, atol=1e-6)


def test_ease_of_low_rank_takes_the_place_of_what_does_not_fit() -> None:
    data, little = world(), replace(RUN, memory=Memory(EASEConfig.needed(ITEMS) - 1, held=2**50))
    assert not LowRank.serves(data, RUN)
    assert LowRank.serves(data, little)
    assert [low.regularisation for low in LowRank.grid(data)] == [full.regularisation for full in EASE.grid(data)]
    for kind in (EASE, Collective):
        with pytest.raises(TooLarge, match=f"{kind.name} over {PEOPLE} people and {ITEMS} items needs .* memory says"):
            fit_part(kind, kind.grid(data)[0], data, little)


@pytest.mark.parametrize("name", sorted(_HELD))
def test_a_part_that_needs_more_than_is_left_is_not_begun(name: str) -> None:
    """Neither anew nor carried to new data; with a byte more it is."""
    kind, data = PARTS[name], world()
    config = next(iter(kind.grid(data)), kind.Config())
    needed = effort.memory(name, config, data)
    enough, little = (replace(RUN, memory=Memory(needed - missing, held=2**50)) for missing in (0, 1))
    part = fit_part(kind, config, data, enough)
    with pytest.raises(TooLarge):
        fit_part(kind, config, data, little)
    with pytest.raises(TooLarge):
        Part.carried(part, Rows(np.arange(PEOPLE), np.arange(ITEMS)), data, little)


def test_memory_that_is_needed_grows_with_the_data() -> None:
    data = world()
    twice = replace(data, cells=replace(data.cells, num_users=2 * PEOPLE, num_items=2 * ITEMS))
    for name in ("ease", "ials", "network", "ease_low_rank"):
        config = PARTS[name].Config()
        assert effort.memory(name, config, twice) > 1.5 * effort.memory(name, config, data)


def test_nothing_to_learn_from_is_said_by_an_empty_grid() -> None:
    data = world()
    empty = replace(data, item_vectors=None, user_words=None)
    assert not PARTS["content"].grid(empty)
