"""The hybrid: parts and the weights that make one score of them.

``score_j = sum_p w_p (s_pj - mean_p) / std_p``, mean and std over the catalogue for the person at hand. With both held
fixed the score is a sum over the person's own history: :class:`Anatomy`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from recommender.data import People
from recommender.fusion import Choices, Fusion, FusionConfig, concatenate, gather, learn, standardise
from recommender.parts import PARTS
from recommender.parts.base import Part

BLOCK_BYTES = 256 * 2**20
"""Size of the scores of all parts for one block of people."""


@dataclass(frozen=True)
class Contribution:
    """One summand of a score: of a component, from one item of the history or (``None``) from none in particular."""

    component: str
    item: int | None
    value: float
    telling: bool = True
    """False for what a component takes off every item alike, which says nothing of this one."""


class Hybrid:
    """A weighted sum of fitted parts."""

    name = "hybrid"

    def __init__(self, parts: Sequence[Part], fusion: Fusion) -> None:
        self.parts = list(parts)
        self.fusion = fusion

    @property
    def weighted(self) -> list[tuple[Part, float]]:
        """The parts that take part, with their weights."""
        return [(part, float(w)) for part, w in zip(self.parts, self.fusion.weights, strict=True) if w > 0]

    def score(self, people: People) -> np.ndarray:
        """``(B, num_items)`` float32."""
        total = np.zeros(people.weights.shape, dtype=np.float32)
        for part, weight in self.weighted:
            total += np.float32(weight) * standardise(part.score(people))[0]
        return total

    def anatomy(self, person: People) -> Anatomy:
        """One person's scores, ready to be taken apart."""
        return Anatomy(self, person)

    def save(self, folder: Path) -> None:
        """Write the weights and one folder a part into an existing folder."""
        document = {"parts": [part.name for part in self.parts], "fusion": self.fusion.to_dict()}
        (folder / "hybrid.json").write_text(json.dumps(document, indent=1))
        for part in self.parts:
            (folder / part.name).mkdir()
            part.save(folder / part.name)

    @classmethod
    def load(cls, folder: Path) -> Hybrid:
        """Read what :meth:`save` wrote."""
        document = json.loads((folder / "hybrid.json").read_text())
        parts = [PARTS[name].load(folder / name) for name in document["parts"]]
        return cls(parts, Fusion.from_dict(document["fusion"]))


class Anatomy:
    """One person's scores taken apart; what all items share is computed once."""

    def __init__(self, hybrid: Hybrid, person: People) -> None:
        self._person = person
        self._units: list[tuple[Part, float, float]] = []
        self.scores = np.zeros(person.weights.shape[1], dtype=np.float32)
        """``(num_items,)``: the same as :meth:`Hybrid.score`."""
        for part, weight in hybrid.weighted:
            scores, mean, scale = standardise(part.score(person))
            self.scores += np.float32(weight) * scores[0]
            if scale[0, 0]:
                self._units.append((part, weight * float(scale[0, 0]), float(mean[0, 0])))

    def contributions(self, item: int) -> list[Contribution]:
        """All summands of the score of one item; their sum is the score within 1e-4 relative.

        A summand without an item is what a component gives whatever the history, against its mean over the catalogue:
        an item's popularity, what the person's own words say of it; or (not ``telling``) only minus that mean.
        """
        summands = []
        for part, unit, mean in self._units:
            found = part.contributions(self._person, item)
            general = unit * (found.baseline - mean)
            summands.append(Contribution(part.name, None, general, telling=found.baseline != 0.0))
            summands += [
                Contribution(part.name, int(source), unit * float(value))
                for source, value in zip(found.items, found.values, strict=True)
                if value != 0.0
            ]
        return summands


def fuse(
    parts: Sequence[Part],
    people: People,
    seen: sp.csr_matrix,
    relevant: sp.csr_matrix,
    *,
    seed: int = 0,
    config: FusionConfig | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> Fusion:
    """Learn the weights of fitted parts on people whose ``relevant`` items no part has seen.

    Args:
        parts: fitted on data without the relevant items.
        people: as known without them.
        seen: ``(B, num_items)``, what may not be recommended.
        relevant: ``(B, num_items)``, at least one item a person.
        seed: of the people drawn, the negatives and the folds.
        config: of the fusion.
        report: called with the number of people done.
    """
    config = config or FusionConfig()
    rng = np.random.default_rng(seed)
    order = np.sort(rng.permutation(len(people))[: config.max_people])
    size = max(1, BLOCK_BYTES // (4 * seen.shape[1] * max(len(parts), 1)))
    blocks: list[Choices] = []
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        block = people[rows]
        scores = np.stack([standardise(part.score(block))[0] for part in parts])
        blocks.append(gather(scores, seen[rows], relevant[rows], config, rng))
        report(len(rows))
    return learn(concatenate(blocks), [part.name for part in parts], config, rng)
