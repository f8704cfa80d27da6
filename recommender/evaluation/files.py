"""Evaluation on given files: train and test, and perhaps valid, a knowledge graph with its links, and items.

Every row is a positive; its value may weigh (:meth:`Split.graded`), if validation says so. Candidates are all items of
the train, valid, items and link files. What may be known becomes a :class:`Snapshot` like that of a graph, and goes the
same way from there; test rows never enter it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender.data import Cells
from recommender.evaluation import leakage, splits
from recommender.evaluation.reading import KIND, FileProblem, Files, read
from recommender.evaluation.split import Build, Split, pair_keys, without
from recommender.evaluation.stores import reviews_of
from recommender.meaning import Events, MeaningConfig, cells_of, meanings_of

GRADING = MeaningConfig(neutral=0.0, lowest_like=0.2)
"""How a value weighs where every row is a positive: on 1 to 5, from .2 to 1."""


@dataclass(frozen=True)
class FilesConfig:
    """How the files are used."""

    refit: bool = True
    """Whether the final fit sees train and valid, or train only."""
    valid_share: float = 0.1
    """Share of the pairs of ``train`` that validates at most where there is no valid file, in (0, 1); see
    :func:`recommender.evaluation.splits.holdout`."""
    seed: int = 42
    """Seed of that choice."""


def split_files(
    files: Files,
    build: Callable[[Snapshot], Build],
    config: FilesConfig | None = None,
    *,
    progress: bool = False,
) -> Split:
    """Read the files and make the split that they say; ``build`` makes training data of the snapshot's parts.

    A test pair that the final fit sees is dropped, one whose item is no candidate is a miss; both are counted. People
    who are only in the test stay, without history. The items of train and valid are masked at test in either case.

    Raises:
        InvalidInput: train or test has no row that can be read.
        LeakageError: ``build`` looked beyond its masks.
    """
    config = config or FilesConfig()
    problem = read(files, config.valid_share, config.seed, progress=progress)
    build_part = build(problem.snapshot)
    split = _split(problem, build_part, config)
    if files.valid is not None:
        return split
    events = Events.of(problem.snapshot.events)

    def again(number: int) -> Split:
        validating = splits.holdout(events.users, events.items, config.valid_share, config.seed + number)
        return _split(replace(problem, is_valid=validating), build_part, config)

    return replace(split, again=again)


def _split(problem: FileProblem, build_part: Build, config: FilesConfig) -> Split:
    known = np.ones_like(problem.is_valid)
    final = known if config.refit else ~problem.is_valid
    tuned, fitted, validating = (
        _pairs(problem, ~problem.is_valid),
        _pairs(problem, final),
        _pairs(problem, problem.is_valid),
    )
    split = Split(
        protocol="files",
        train=build_part(~problem.is_valid, reviews_of(problem.snapshot, ~problem.is_valid)),
        refit=build_part(final, reviews_of(problem.snapshot, final)),
        valid=without(validating, tuned),
        test=without(problem.test, fitted),
        outside=problem.outside,
        trained=tuned.matrix,
        masked=_pairs(problem, known).matrix,
        users=Vocabulary.of(problem.snapshot.users["id"]),
        items=Vocabulary.of(problem.snapshot.items["id"]),
        counts=dict(problem.counts),
        grades=_grades(problem, final, tuned, fitted),
    )
    leakage.check(split)
    split = replace(split, train=replace(split.train, cells=tuned), refit=replace(split.refit, cells=fitted))
    split.counts.update(
        valid_pairs=len(split.valid),
        valid_pairs_already_known=len(validating) - len(split.valid),
        test_pairs=len(split.test) + int(split.outside.sum()),
        test_pairs_already_known=len(problem.test) - len(split.test),
        test_pairs_outside=int(split.outside.sum()),
        test_people=len(split.testing),
        test_people_cold=int((split.testing.people.rows < 0).sum()),
    )
    return split


def _pairs(problem: FileProblem, mask: np.ndarray) -> Cells:
    """The distinct pairs of these events, each weighing 1."""
    events = Events.of(problem.snapshot.events).take(mask)
    cells = cells_of(replace(events, values=np.full(len(events), np.nan)), {}, *problem.shape)
    return replace(cells, weights=np.ones_like(cells.weights))


def _grades(problem: FileProblem, final: np.ndarray, tuned: Cells, fitted: Cells) -> tuple[Cells, Cells] | None:
    """Both sets of pairs weighed by their values, as the training rows give them meaning; None where all are alike."""
    events = Events.of(problem.snapshot.events)
    meanings = meanings_of(events.take(~problem.is_valid), config=GRADING)
    if meanings[KIND].form == "event":
        return None
    tuned_grades = cells_of(events.take(~problem.is_valid), meanings, *problem.shape, GRADING)
    fitted_grades = cells_of(events.take(final), meanings, *problem.shape, GRADING)
    return _weighed(tuned, tuned_grades), _weighed(fitted, fitted_grades)


def _weighed(pairs: Cells, graded: Cells) -> Cells:
    """``pairs`` with the weights of ``graded``, or the lowest grade where that has none: a value of 0 is a row too."""
    keys = pair_keys(graded.users, graded.items, graded.num_items)
    wanted = pair_keys(pairs.users, pairs.items, pairs.num_items)
    rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    weights = np.where(keys[rows] == wanted, graded.weights[rows], np.float32(GRADING.lowest_like))
    return replace(pairs, weights=weights)
