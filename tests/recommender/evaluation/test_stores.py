"""Splits of a graph's events, and that a planted leak is caught and named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from kg.snapshot import TRIPLES
from recommender.bridge import Builder, TextVectors
from recommender.context import RunContext
from recommender.errors import InvalidInput, LeakageError
from recommender.evaluation import leakage, splits
from recommender.evaluation.run import measure
from recommender.evaluation.split import Build, Split
from recommender.evaluation.stores import FROM_EVENTS, SplitConfig, reviews_of, split_snapshot
from recommender.meaning import Events
from recommender.parts import PARTS
from recommender.search import fit_last, hybrid_of, search
from recommender.tuning import fit_part
from tests.recommender.evaluation.worlds import Row, builder, snapshot_of

ROWS: list[Row] = [
    (0, 0, "RATED", 1, 5.0),
    (0, 1, "RATED", 2, 1.0),
    (1, 0, "RATED", 3, 4.0),
    (1, 2, "RATED", 4, 3.0),
    (2, 2, "RATED", 5, 2.0),
    (2, 3, "RATED", 6, 5.0),
    (0, 2, "RATED", 7, 5.0),  # valid
    (1, 1, "RATED", 8, 1.0),  # valid, disliked
    (0, 3, "RATED", 9, 4.0),  # test
    (1, 0, "RATED", 10, 5.0),  # test, but known from train
]


def pairs(cells: object) -> list[tuple[int, int]]:
    return list(zip(cells.users.tolist(), cells.items.tolist(), strict=True))  # type: ignore[attr-defined]


def test_a_temporal_split_of_a_graph() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4, reviewed=[0, 6, 8])
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.2, test=0.2))
    assert pairs(split.train.cells) == [(0, 0), (0, 1), (1, 0), (1, 2), (2, 2), (2, 3)]
    assert pairs(split.valid) == [(0, 2)], "a disliked item is no positive"
    assert pairs(split.test) == [(0, 3)], "an item of train is no positive"
    assert pairs(split.refit.cells) == [*zip(*map(np.ndarray.tolist, split.masked.nonzero()), strict=True)]
    assert split.masked[1].indices.tolist() == [0, 1, 2], "what was disliked is masked as well"
    assert split.counts["test_pairs_already_known"] == 1
    assert (split.counts["test_people"], split.testing.users.tolist()) == (1, [0])
    assert split.validation.seen.toarray()[0].astype(bool).tolist() == [True, True, False, False]


def test_what_a_list_leaves_out_at_test_is_what_serving_leaves_out() -> None:
    """A skip makes no cell, but it is an event: serving never lists the item, so no test may ask for it."""
    skipped: list[Row] = [(2, 0, "SKIPPED", 1, None), *ROWS, (2, 0, "LIKED", 10, None)]
    snapshot = snapshot_of(skipped, num_users=4, num_items=4)
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.2, test=0.2))
    assert (2, 0) not in pairs(split.refit.cells)
    assert split.masked[2].indices.tolist() == [0, 2, 3]
    assert split.trained[2].indices.tolist() == [0, 2, 3]
    assert (2, 0) not in pairs(split.test)


def test_what_values_mean_is_inferred_on_train() -> None:
    """There they are ratings of 1 to 5; with what is tested they would be counts, and 1 a like."""
    rated = [(user, item, "SCORED", at, value) for user, item, _, at, value in ROWS[:6]]
    later: list[Row] = [(0, 2, "SCORED", 7, 1.0), (1, 1, "SCORED", 8, 5.0), (0, 3, "SCORED", 9, 250.0)]
    snapshot = snapshot_of([*rated, *later, (1, 3, "SCORED", 10, 2.0)], num_users=4, num_items=4)
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.2, test=0.2))
    assert pairs(split.valid) == [(1, 1)]
    assert pairs(split.test) == [(0, 3)], "what is far outside the scale is an event without a value"


def test_lists_of_what_is_bought_together_teach_nothing_here() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4)
    edges = {"head": [0, 0, 1], "relation": ["ALSO_BOUGHT", "SEQUEL", "ALSO_VIEWED"], "tail": [3, 1, 3]}
    snapshot = replace(snapshot, triples=pa.table(edges).cast(TRIPLES))
    build = builder(snapshot)
    assert set(build().knowledge.item_attributes) == {"ALSO_BOUGHT", "ALSO_VIEWED", "SEQUEL"}
    split = split_snapshot(snapshot, build, SplitConfig(valid=0.2, test=0.2))
    assert set(split.train.knowledge.item_attributes) == set(split.refit.knowledge.item_attributes) == {"SEQUEL"}


@pytest.mark.parametrize(
    ("relation", "drawn"),
    [
        *((name, True) for name in ("ALSO_BOUGHT", "ALSO_READ", "SIMILAR", "SIMILAR_BOOKS", "BOUGHT_TOGETHER")),
        *((name, True) for name in ("BOUGHT_AFTER_VIEWING", "CO_PURCHASE")),
        *((name, False) for name in ("SEQUEL", "READ_BY", "WATCHED", "DISSIMILAR", "COUNTRY", "COAUTHOR")),
    ],
)
def test_which_relations_owe_themselves_to_what_people_did(relation: str, drawn: bool) -> None:
    assert bool(FROM_EVENTS.fullmatch(relation)) == drawn


def test_words_of_a_held_out_review_change_no_score() -> None:
    """The same world twice, but for the vector of one review of a test event: every part, and the hybrid that a search
    chooses, gives the same scores; likewise on train with the review of a validation event.
    """
    rng = np.random.default_rng(0)
    rows: list[Row] = [
        (user, int(item), "RATED", 10 * step + user / 10, float(rng.integers(1, 6)))
        for user in range(8)
        for step, item in enumerate(rng.permutation(12)[:6])
    ]
    rows.sort(key=lambda row: row[3] or 0)
    snapshot = snapshot_of(rows, num_users=8, num_items=12, reviewed=range(len(rows)))
    items = rng.standard_normal((12, 4)).astype(np.float32)
    honest = rng.standard_normal((len(rows), 4)).astype(np.float32)
    planted = honest.copy()
    planted[-1] = 100.0
    run = RunContext(device="cpu", threads=1, progress=False)

    def split_of(reviews: np.ndarray) -> Split:
        build = Builder(snapshot, TextVectors(items, reviews))
        return split_snapshot(snapshot, build, SplitConfig(valid=0.2, test=0.2))

    def scores(reviews: np.ndarray) -> dict[str, np.ndarray]:
        split = split_of(reviews)
        grids = {name: kind.grid(split.refit)[:1] for name, kind in PARTS.items()}
        found = {
            f"{name}, {part}": fit_part(PARTS[name], grid[0], task.data, run).score(task.people)
            for name, grid in grids.items()
            for part, task in (("test", split.testing), ("validation", split.validation))
            if grid
        }
        choice, _ = search(split.validation, run, budget=0)
        hybrid = hybrid_of(choice, fit_last(choice, choice.fusion.used, split.refit, run, "test").parts)
        return found | {"hybrid, test": hybrid.score(split.testing.people)}

    clean, leaky = scores(honest), scores(planted)
    assert {"content", "network", "ials", "collective", "interests", "ease"} <= {name[:-6] for name in clean}
    for name, values in clean.items():
        assert np.array_equal(values, leaky[name]), name
    validates = int(np.flatnonzero(split_of(honest).valid.times.max() == [row[3] for row in rows])[0])
    for told, row in (("validation", validates), ("test", 0)):
        seen = scores(np.where(np.arange(len(rows))[:, None] == row, planted[-1], honest))
        same = {name for name, values in clean.items() if np.array_equal(values, seen[name])}
        assert "content, test" not in same, "a review of train, or of validation at the final fit, does count"
        assert ("content, validation" in same) == (told == "validation")


def test_reviews_go_where_their_events_go() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4, reviewed=[0, 6, 8])
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.2, test=0.2))
    assert split.train.item_vectors is not None
    assert split.refit.item_vectors is not None
    assert split.train.item_vectors.ravel().tolist() == [1, 0, 0, 0]
    assert split.refit.item_vectors.ravel().tolist() == [1, 0, 1, 0], "the review of a test event trains nothing"


def test_a_review_whose_event_is_unknown_trains_nothing() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4, reviewed=[0, 1])
    snapshot = replace(snapshot, events=snapshot.events.slice(1))
    assert reviews_of(snapshot, np.ones(9, dtype=bool)).tolist() == [False, True]


def test_random_and_leave_last() -> None:
    rows: list[Row] = [(user, item, "VIEWED", item, None) for user in range(5) for item in range(10)]
    snapshot = snapshot_of(rows, 5, 10)
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig("random", valid=0.1, test=0.2))
    assert [len(part) for part in (split.train.cells, split.valid, split.refit.cells, split.test)] == [35, 5, 40, 10]
    last = split_snapshot(snapshot, builder(snapshot), SplitConfig("leave-last"))
    assert pairs(last.test) == [(user, 9) for user in range(5)]
    assert pairs(last.valid) == [(user, 8) for user in range(5)]
    folds = [
        split_snapshot(snapshot, builder(snapshot), SplitConfig("k-fold", folds=4, fold=fold)) for fold in range(4)
    ]
    assert sorted(pair for fold in folds for pair in pairs(fold.test)) == [(user, item) for user, item, *_ in rows]
    assert pairs(folds[0].valid) == pairs(folds[1].test), "the next fold validates"
    with pytest.raises(InvalidInput, match="there are temporal, rolling, random, leave-last, k-fold"):
        SplitConfig("sideways")  # type: ignore[arg-type]


def test_events_without_time_ask_for_the_random_protocol() -> None:
    snapshot = snapshot_of([(0, 0, "VIEWED", None, None), (0, 1, "VIEWED", None, None)], 1, 2)
    with pytest.raises(InvalidInput, match="no event has a time; use the random protocol"):
        split_snapshot(snapshot, builder(snapshot))


def test_a_build_that_looks_beyond_its_masks_is_caught() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4)
    honest = builder(snapshot)
    everything = np.ones(len(ROWS), dtype=bool)

    def leaky(mask: np.ndarray, reviews: np.ndarray) -> object:
        return honest(everything if mask.sum() > 6 else mask, reviews)

    build: Build = leaky  # type: ignore[assignment]
    with pytest.raises(LeakageError, match="person 'u0' with item 'i3' is in the test part and in the training part"):
        split_snapshot(snapshot, build, SplitConfig(valid=0.2, test=0.2))


def test_planted_leaks_in_masks_are_named() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4)
    times = Events.of(snapshot.events).times
    masks = splits.temporal(times, valid=0.2, test=0.2)
    leakage.check_masks(masks, snapshot, times)

    twice = masks.train.copy()
    twice[8] = True
    with pytest.raises(LeakageError, match="event 'e8' of person 'u0' with item 'i3' is in train and in test"):
        leakage.check_masks(replace(masks, train=twice), snapshot, times)
    with pytest.raises(LeakageError, match=r"event 'e8' .* is in train, but not before the split point"):
        leakage.check_masks(replace(masks, train=twice, test=masks.test & ~twice), snapshot, times)


def test_a_tested_pair_in_training_is_named() -> None:
    snapshot = snapshot_of(ROWS, num_users=4, num_items=4)
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.2, test=0.2))
    with pytest.raises(LeakageError, match="'u0' with item 'i2' is in the validation part"):
        leakage.check(replace(split, train=split.refit))


def test_further_validation_parts_of_a_temporal_split_lie_further_back() -> None:
    """Eight liked pairs a second apart, the last one tested: the parts validate on seconds 7, 6 and 5."""
    rows: list[Row] = [(n % 4, n // 4 + 2 * (n % 2), "LIKED", float(n), None) for n in range(1, 9)]
    snapshot = snapshot_of(rows, num_users=4, num_items=5)
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.125, test=0.125))
    assert split.again is not None
    parts = [split, split.again(1), split.again(2)]
    for back, part in enumerate(parts):
        assert pairs(part.valid) == [(rows[6 - back][0], rows[6 - back][1])]
        assert sorted(pairs(part.train.cells)) == sorted((user, item) for user, item, *_ in rows[: 6 - back])
    assert [len(task) for task in split.others(9)] == [1] * 5, "as many as leave something to train on"


def test_further_validation_parts_of_random_splits_keep_the_test_and_its_secrets() -> None:
    rng = np.random.default_rng(0)
    rows: list[Row] = [
        (user, int(item), "LIKED", None, None) for user in range(30) for item in rng.permutation(20)[:10]
    ]
    snapshot = snapshot_of(rows, num_users=30, num_items=20, reviewed=range(len(rows)))
    for protocol in ("random", "k-fold"):
        split = split_snapshot(snapshot, builder(snapshot), SplitConfig(protocol=protocol))  # type: ignore[arg-type]
        tested = set(pairs(split.test))
        first, *others = (split.validation, *split.others(2))
        assert len(others) == 2
        for task in others:
            found = set(zip(*(side.tolist() for side in task.relevant.nonzero()), strict=True))
            held = {(int(task.users[row]), int(item)) for row, item in found}
            known = {(user, item) for user, item in pairs(task.data.cells)}
            assert not held & known
            assert not tested & (held | known)
            assert len(held | known) == len(rows) - len(tested)
            said = np.bincount([item for _, item in known], minlength=20) > 0
            assert task.data.item_vectors is not None
            assert (task.data.item_vectors.any(axis=1) == said).all(), "reviews of what is held out are not read"
        assert (first.relevant != others[0].relevant).nnz if first.relevant.shape == others[0].relevant.shape else True
    fixed = split_snapshot(*_dated(rows), SplitConfig(protocol="leave-last"))
    assert fixed.others(2) == [], "each person's last pair validates, and that is one"


def test_what_cannot_teach_on_a_further_part_stops_nothing() -> None:
    """Early on people only disliked things: the parts further back have nothing to learn from, and are left out."""
    rows: list[Row] = [(user, user % 5, "DISLIKED", float(user), None) for user in range(40)]
    rows += [(n % 40, 5 + (n * 7) % 15, "LIKED", 100.0 + n, None) for n in range(120)]
    rows = list({row[:2]: row for row in rows}.values())
    snapshot = snapshot_of(sorted(rows), num_users=40, num_items=20)
    split = split_snapshot(snapshot, builder(snapshot), SplitConfig(valid=0.5, test=0.1))
    assert len(split.validation) > 20
    assert split.others() == []
    report = measure(split, RunContext(progress=False), names=["hybrid", "ials"])
    assert {model.name for model in report.models} == {"hybrid", "ials"}


def _dated(rows: list[Row]) -> tuple[object, Build]:
    snapshot = snapshot_of([(*row[:3], float(at), None) for at, row in enumerate(rows)], num_users=30, num_items=20)
    return snapshot, builder(snapshot)
