"""The hybrid: parts and the weights that make one score of them.

``score_j = sum_p w_p (s_pj - mean_p) / scale_p``, mean and scale over the catalogue for the person at hand
(:func:`recommender.fusion.standardise`), ``w`` by what is known of that person (:mod:`recommender.situations`). With
these held fixed the score is a sum over the person's own history: :class:`Anatomy`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from recommender.context import RunContext
from recommender.data import People, Rows, TrainingData
from recommender.fusion import Choices, FusionConfig, Learned, concatenate, gather, leads, learn, standardise
from recommender.parts import PARTS
from recommender.parts.base import Part
from recommender.situations import Fusion, SituationConfig
from recommender.tensors import sound

BLOCK_BYTES = 256 * 2**20
"""Size of the scores of all parts for one block of people."""


@dataclass(frozen=True)
class Summands:
    """What one score is a sum of, ``general.sum() + values.sum()``: a row for each of ``C`` components."""

    components: tuple[str, ...]
    general: np.ndarray
    """``(C,)`` float64, what a component gives whatever the history, against its mean over the catalogue: an item's
    popularity, what the person's own words say of it; or, not ``telling``, only minus that mean."""
    telling: np.ndarray
    """``(C,)`` bool: False where ``general`` is what all items get alike, which says nothing of this one."""
    history: np.ndarray
    """``(h,)`` int64, the items of the history."""
    values: np.ndarray
    """``(C, h)`` float64: what a component gives for each of them."""

    @property
    def score(self) -> float:
        """Their sum: the score in float64. That of a list is float32, whose rounding a part of nearly equal scores
        enlarges when it is divided by their spread."""
        return float(self.general.sum() + self.values.sum())


class Hybrid:
    """A weighted sum of fitted parts, which stand in the order of ``fusion.parts``."""

    name = "hybrid"

    def __init__(self, parts: Sequence[Part], fusion: Fusion) -> None:
        self.parts = list(parts)
        self.fusion = fusion

    def score(self, people: People) -> np.ndarray:
        """``(B, num_items)`` float32."""
        total = np.zeros(people.weights.shape, dtype=np.float32)
        for part, weights in zip(self.parts, self.fusion.weights(people).T, strict=True):
            if weights.any():
                total += weights[:, None] * standardise(part.score(people))[0]
        return total

    def anatomy(self, person: People) -> Anatomy:
        """One person's scores, ready to be taken apart."""
        return Anatomy(self, person)

    def carried(self, rows: Rows, data: TrainingData, run: RunContext) -> Hybrid:
        """The same weights over the parts brought up to ``data``; see :meth:`recommender.parts.base.Part.carried`."""
        return Hybrid([part.carried(rows, data, run) for part in self.parts], self.fusion)

    def save(self, folder: Path) -> None:
        """Write the weights and one folder a part into an existing folder."""
        (folder / "hybrid.json").write_text(json.dumps(self.fusion.to_dict(), indent=1))
        for part in self.parts:
            (folder / part.name).mkdir()
            part.save(folder / part.name)

    @classmethod
    def load(cls, folder: Path) -> Hybrid:
        """Read what :meth:`save` wrote."""
        with sound(folder):
            fusion = Fusion.from_dict(json.loads((folder / "hybrid.json").read_text()))
            return cls([PARTS[name].load(folder / name) for name in fusion.parts], fusion)


class Anatomy:
    """One person's scores taken apart; what all items share is computed once."""

    def __init__(self, hybrid: Hybrid, person: People) -> None:
        self._person = person
        self._units: list[tuple[Part, float, float]] = []
        self.scores = np.zeros(person.weights.shape[1], dtype=np.float32)
        """``(num_items,)``: the same as :meth:`Hybrid.score`."""
        for part, weight in zip(hybrid.parts, hybrid.fusion.weights(person)[0], strict=True):
            if weight == 0:
                continue
            scores, mean, scale = standardise(part.score(person))
            self.scores += weight * scores[0]
            if scale[0, 0]:
                self._units.append((part, float(weight * scale[0, 0]), float(mean[0, 0])))

    def summands(self, items: np.ndarray) -> list[Summands]:
        """What the scores of ``items`` ``(t,)`` int64 are sums of."""
        found = [part.contributions(self._person, items) for part, _, _ in self._units]
        units = np.array([unit for _, unit, _ in self._units])
        means = np.array([mean for _, _, mean in self._units])
        history = self._person.history.col_indices().numpy()
        baselines = np.stack([one.baseline for one in found]) if found else np.empty((0, len(items)))
        values = np.stack([one.values for one in found]) if found else np.empty((0, len(history), len(items)))
        names = tuple(part.name for part, _, _ in self._units)
        return [
            Summands(
                components=names,
                general=units * (baselines[:, column] - means),
                telling=baselines[:, column] != 0.0,
                history=history,
                values=units[:, None] * values[:, :, column],
            )
            for column in range(len(items))
        ]


@dataclass(frozen=True)
class Judged:
    """Fitted parts, and ``B`` people whose ``relevant`` items none of them has seen."""

    parts: Sequence[Part]
    people: People
    """As known without those items; may be nobody."""
    seen: sp.csr_matrix
    """``(B, num_items)``, what may not be recommended."""
    relevant: sp.csr_matrix
    """``(B, num_items)``, at least one item a person."""
    ids: np.ndarray
    """``(B,)`` int64, who they are: the same number for the same person wherever parts are judged."""

    def choices(self, rows: np.ndarray, score: Callable[[People], np.ndarray], config: FusionConfig) -> Choices:
        """Candidates of some of the people; ``score`` gives a block of them ``(P, B, num_items)`` float32."""
        size = max(1, BLOCK_BYTES // (4 * self.seen.shape[1] * len(self.parts)))
        blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
        found = [
            gather(score(self.people[at]), self.seen[at], self.relevant[at], self.ids[at], config) for at in blocks
        ]
        return concatenate(found)


def fuse(
    judged: Iterable[Judged],
    *,
    seed: int = 0,
    config: FusionConfig | None = None,
    situations: SituationConfig | None = None,
) -> Fusion:
    """Learn the weights of fitted parts on people whose relevant items no part has seen.

    Args:
        judged: the same parts, in the same order, fitted and judged once or several times; with nobody in any of them
            all weights are equal.
        seed: of the people drawn and the folds.
        config: of the learning.
        situations: of what is set and not learned.
    """
    config, situations = config or FusionConfig(), situations or SituationConfig()
    rng = np.random.default_rng(seed)
    parts: Sequence[Part] = ()
    telling = np.empty(0, dtype=np.int64)
    met: list[Choices] = []
    sizes: list[np.ndarray] = []
    unmet: list[Choices] = []
    apart: bool | None = None

    def drawn(among: np.ndarray) -> np.ndarray:
        return np.sort(rng.permutation(np.flatnonzero(among))[: config.max_people])

    for one in judged:
        size, num_items = np.diff(one.people.weights.indptr), one.seen.shape[1]
        alike = _units(one.parts, nobody(num_items))
        if not parts:
            parts, telling = one.parts, np.flatnonzero(alike.any(axis=(1, 2)))
        rows = drawn(size > 0)
        if len(rows) and len(parts):
            sizes.append(size[rows])
            met.append(one.choices(rows, partial(_units, one.parts), config))
        if apart is None:  # whether those of whom nothing is known teach alone, on all splits alike
            apart = int(np.count_nonzero(size == 0)) >= situations.least
        rows = drawn(size == 0 if apart else np.ones_like(size))
        if len(rows) and len(telling):
            unmet.append(one.choices(rows, partial(_alike, alike[telling]), config))

    names = tuple(part.name for part in parts)
    learning = replace(config, max_choices=config.max_choices * max(1, len(met)))
    history, few, few_items = Learned(np.ones(len(parts)), "equal"), None, 0
    if met:
        history, few, few_items = _by_history(concatenate(met), np.concatenate(sizes), names, learning, situations, rng)
    nothing = Learned(np.bincount(telling, minlength=len(parts)).astype(np.float64), "equal")
    if unmet:
        some, _ = learn(concatenate(unmet), [names[position] for position in telling], learning, rng, reasons=False)
        nothing = replace(some, weights=np.bincount(telling, some.weights, len(parts)))
    knows = np.array([part.knows_new_items for part in parts], dtype=bool)
    return Fusion.of(names, history, nothing, knows, situations, few=few, few_items=few_items)


def _by_history(
    choices: Choices,
    sizes: np.ndarray,
    names: Sequence[str],
    config: FusionConfig,
    situations: SituationConfig,
    rng: np.random.Generator,
) -> tuple[Learned, Learned | None, int]:
    """The weights, those of people with few items where these are better, and how few; ``sizes`` ``(B,)`` items met."""
    history, values = learn(choices, names, config, rng)
    bound = max(2, int(np.median(sizes)))
    short = sizes < bound
    if min(len(np.unique(choices.people[own])) for own in (short, ~short)) < situations.least_apart:
        return history, None, 0
    apart, values_apart = zip(*(learn(choices.take(own), names, config, rng) for own in (short, ~short)), strict=True)
    joined = np.empty_like(values)
    joined[short], joined[~short] = values_apart
    if not leads(joined, values, choices.people):
        return history, None, 0
    return apart[1], apart[0], bound


def _units(parts: Sequence[Part], people: People) -> np.ndarray:
    """``(P, B, num_items)`` float32 standardised scores."""
    scores = np.empty((len(parts), *people.weights.shape), dtype=np.float32)
    for own, part in zip(scores, parts, strict=True):
        own[:], _, _ = standardise(part.score(people))
    return scores


def _alike(scores: np.ndarray, people: People) -> np.ndarray:
    """``(P, B, num_items)``: the scores ``(P, 1, num_items)`` of somebody unknown, for everyone."""
    return np.repeat(scores, len(people), axis=1)


def nobody(num_items: int) -> People:
    """One person of whom nothing is known."""
    return People(sp.csr_matrix((1, num_items), dtype=np.float32), np.array([-1]))
