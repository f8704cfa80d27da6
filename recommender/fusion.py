"""Weights that make one score of the parts' scores, learned on validation interactions only.

A part's scores are first brought to one scale for each person (:func:`standardise`), so that a weight says how much a
part matters. Weights come from a conditional logit over candidates, moved by coordinate ascent on the metric itself
where that helps. Every choice among {each part alone, logit, ascent} is made on people whose interactions did not teach
the weights (cross-fitting), and a part that is better beyond noise stands alone: fusion is never worse than its parts
beyond noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import scipy.sparse as sp

from gnn.conditional_logit import LogitConfig
from gnn.conditional_logit import fit as fit_logit


@dataclass(frozen=True)
class FusionConfig:
    """How the weights are learned."""

    top: int = 50
    """Candidates taken from the head of each part's ranking."""
    negatives: int = 200
    """Candidates drawn uniformly from the rest; each stands for the same share of it."""
    max_people: int = 3000
    """Validation people used at most, drawn at random: more would not move a handful of weights."""
    max_choices: int = 2000
    """Choices, each a person with one target, that the logit learns from at most."""
    folds: int = 4
    """Cross-fitting folds over people."""
    k: int = 10
    """Cut-off of the NDCG that decides between candidates of fusion."""
    sweeps: int = 2
    """Passes of coordinate ascent over the parts; 0 turns it off."""
    logit: LogitConfig = field(default_factory=LogitConfig)
    """The conditional logit."""


STEPS = (0.0, 0.5, 0.75, 1.33, 2.0)
"""What coordinate ascent multiplies one weight by."""


@dataclass(frozen=True)
class Learned:
    """Learned weights, and what cross-fitting said of them."""

    weights: np.ndarray
    """``(P,)`` float64."""
    chosen: str
    """``logit``, ``ascent``, the name of the single part that nothing beat, or ``equal`` where nobody could teach."""
    validation: dict[str, float] = field(default_factory=dict)
    """Cross-fitted NDCG of each alternative."""
    without: dict[str, float] = field(default_factory=dict)
    """What each part adds: cross-fitted NDCG of the choice less that of the same weights with the part's at 0."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"weights": self.weights.tolist()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Learned:
        """Read what :meth:`to_dict` gave."""
        return cls(**document | {"weights": np.asarray(document["weights"], dtype=np.float64)})


@dataclass(frozen=True)
class Choices:
    """Candidates of ``B`` people with their standardised features."""

    items: np.ndarray
    """``(B, C)`` int64, -1 for padding."""
    features: np.ndarray
    """``(B, C, P)`` float32."""
    log_counts: np.ndarray
    """``(B, C)`` float32: log of how many items each stands for, ``-inf`` for padding."""
    relevant: np.ndarray
    """``(B, C)`` bool."""
    sampled: np.ndarray
    """``(B, C)`` bool: drawn as a negative, left out of metrics."""
    targets: np.ndarray
    """``(B,)`` int64: how many relevant items each person has."""

    def take(self, people: np.ndarray) -> Choices:
        """Those of these people, a mask or positions."""
        return Choices(*(getattr(self, column.name)[people] for column in fields(self)))


def standardise(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``z = (s - mean) / sqrt(std (max - mean))`` of each row of ``(B, n)``; constant rows become 0.

    The geometric mean of two usual units. By the standard deviation alone, a part that knows five items of ten thousand
    puts them at 40, and one that grades all of them puts its best at 4: no weight suits both. By the maximum alone, a
    part that hardly tells items apart speaks as loudly as one that does.

    Returns:
        ``z`` ``(B, n)``, the mean ``(B, 1)``, and the factor ``1 / sqrt(std (max - mean))`` ``(B, 1)``.
    """
    mean = scores.mean(axis=1, keepdims=True)
    std = scores.std(axis=1, keepdims=True)
    height = np.maximum(
        scores.max(axis=1, keepdims=True) - mean, std
    )  # of a row of dislikes the best is hardly above 0
    constant = std <= np.maximum(1e-6 * np.abs(mean), 1e-9)  # but for rounding
    scale = np.where(constant, 0.0, 1.0 / np.sqrt(np.maximum(std * height, 1e-18))).astype(np.float32)
    return (scores - mean) * scale, mean, scale


def gather(
    components: np.ndarray, seen: sp.csr_matrix, relevant: sp.csr_matrix, config: FusionConfig, rng: np.random.Generator
) -> Choices:
    """Candidates of a block of people: each part's top, all relevant items, and a uniform sample of the rest.

    Args:
        components: ``(P, B, n)`` float32 standardised scores.
        seen: ``(B, n)``, what may not be recommended.
        relevant: ``(B, n)``, what should be.
        config: how many.
        rng: draws the negatives.
    """
    _, people, size = components.shape
    top = min(config.top, size)
    picked = []
    for person in range(people):
        barred = seen.indices[seen.indptr[person] : seen.indptr[person + 1]]
        wanted = relevant.indices[relevant.indptr[person] : relevant.indptr[person + 1]]
        scores = components[:, person, :].copy()
        scores[:, barred] = -np.inf
        heads = np.argpartition(-scores, top - 1, axis=1)[:, :top].ravel() if top < size else np.arange(size)
        ranked = np.setdiff1d(np.union1d(heads, wanted), barred, assume_unique=False)
        pool = np.setdiff1d(rng.integers(0, size, 2 * config.negatives), np.union1d(ranked, barred))
        drawn = rng.permutation(pool)[: config.negatives]
        rest = size - len(ranked) - len(barred)
        picked.append((ranked, drawn, rest, np.isin(ranked, wanted), len(wanted)))
    width = max(len(ranked) + len(drawn) for ranked, drawn, *_ in picked)
    items = np.full((people, width), -1, dtype=np.int64)
    log_counts = np.full((people, width), -np.inf, dtype=np.float32)
    hits, sampled = np.zeros((people, width), dtype=bool), np.zeros((people, width), dtype=bool)
    for person, (ranked, drawn, rest, is_relevant, _) in enumerate(picked):
        head, tail = len(ranked), len(ranked) + len(drawn)
        items[person, :head], items[person, head:tail] = ranked, drawn
        log_counts[person, :head] = 0.0
        if len(drawn):
            log_counts[person, head:tail] = np.log(max(rest, 1) / len(drawn))
        hits[person, :head] = is_relevant
        sampled[person, head:tail] = True
    rows = np.arange(people)[:, None]
    features = np.ascontiguousarray(components[:, rows, items].transpose(1, 2, 0))
    return Choices(items, features, log_counts, hits, sampled, np.array([p[4] for p in picked], dtype=np.int64))


def concatenate(blocks: Sequence[Choices]) -> Choices:
    """One :class:`Choices` of several, padded to the widest."""
    width = max(block.items.shape[1] for block in blocks)

    def padded(name: str, fill: float | bool) -> np.ndarray:
        arrays = []
        for block in blocks:
            array = getattr(block, name)
            pad = [(0, 0), (0, width - array.shape[1])] + [(0, 0)] * (array.ndim - 2)
            arrays.append(np.pad(array, pad, constant_values=fill))
        return np.concatenate(arrays)

    return Choices(
        items=padded("items", -1),
        features=padded("features", 0.0),
        log_counts=padded("log_counts", -np.inf),
        relevant=padded("relevant", False),
        sampled=padded("sampled", False),
        targets=np.concatenate([block.targets for block in blocks]),
    )


def ndcg(choices: Choices, scores: np.ndarray, k: int, people: np.ndarray) -> np.ndarray:
    """NDCG@k of these people, ``(len(people),)``, when their candidates are ranked by ``scores`` ``(len(people), C)``.

    A relevant candidate's rank is the number of candidates above it and half of those that tie with it, which keeps a
    part that says the same of everything from looking perfect; sampled negatives do not take part.
    """
    scores = np.where(choices.sampled[people] | (choices.items[people] < 0), -np.inf, scores)
    rows, columns = np.nonzero(choices.relevant[people])
    mine, theirs = scores[rows, columns][:, None], scores[rows]
    rank = (theirs > mine).sum(axis=1) + ((theirs == mine).sum(axis=1) - 1) / 2
    gain = np.where(rank < k, 1.0 / np.log2(rank + 2.0), 0.0)
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))[np.minimum(choices.targets[people], k) - 1]
    result: np.ndarray = np.bincount(rows, weights=gain, minlength=len(people)) / ideal
    return result


def logit(choices: Choices, people: np.ndarray, config: FusionConfig) -> np.ndarray:
    """Conditional logit weights ``(P,)`` float64 of these people; each counts once, however many targets."""
    rows, columns = np.nonzero(choices.relevant[people])
    share = 1.0 / choices.targets[people][rows]
    if len(rows) > config.max_choices:
        drawn = np.random.default_rng(0).permutation(len(rows))[: config.max_choices]
        rows, columns, share = rows[drawn], columns[drawn], share[drawn]
    chosen = people[rows]
    # Other targets of the same person are no alternatives to the one in question.
    counts = np.where(choices.relevant[chosen], -np.inf, choices.log_counts[chosen]).astype(np.float32)
    counts[np.arange(len(rows)), columns] = 0.0
    return fit_logit(choices.features[chosen], columns, counts, share.astype(np.float32), config.logit)


def _ascend(choices: Choices, start: np.ndarray, people: np.ndarray, config: FusionConfig) -> np.ndarray:
    """Coordinate ascent on NDCG@k: one weight at a time is scaled, and kept where the mean rises."""
    features = choices.features[people]
    weights, scores = start.copy(), features @ start.astype(np.float32)
    best = float(ndcg(choices, scores, config.k, people).mean())
    for _ in range(config.sweeps):
        before = best
        for part in range(len(weights)):
            unit = weights[part] if weights[part] > 0 else float(weights.mean())
            for step in STEPS:
                change = step * unit - weights[part]
                trial = scores + np.float32(change) * features[:, :, part]
                value = float(ndcg(choices, trial, config.k, people).mean())
                if value > best:
                    weights[part] += change
                    scores, best = trial, value
        if best <= before:
            break
    return weights


def leads(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether the mean of the first is above that of the second by more than a standard error of the difference."""
    lead = first - second
    return bool(lead.mean() > lead.std() / np.sqrt(len(lead)))


def learn(
    choices: Choices, names: Sequence[str], config: FusionConfig, rng: np.random.Generator
) -> tuple[Learned, np.ndarray]:
    """Choose among each part alone, logit and ascent by cross-fitted NDCG@k, then fit the winner on everyone.

    The logit wins unless something leads it by more than a standard error of the difference: ascent follows the noise
    of a small validation part, and a part alone has fewer reasons to give.

    Returns:
        the weights, and the cross-fitted NDCG@k of each person, ``(B,)`` float64.
    """
    size, everyone = len(names), np.arange(len(choices.items))
    learners: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        name: lambda people, position=position: np.eye(size)[position]  # type: ignore[misc]
        for position, name in enumerate(names)
    }
    fold = np.zeros(len(everyone), dtype=np.int64)
    if size > 1 and len(everyone) >= 5 * config.folds:
        fold = rng.permutation(len(everyone)) % config.folds
        learners["logit"] = lambda people: logit(choices, people, config)
        if config.sweeps:
            learners["ascent"] = lambda people: _ascend(choices, logit(choices, people, config), people, config)
    held = [(everyone[fold != number], everyone[fold == number]) for number in range(int(fold.max(initial=0)) + 1)]

    def value(fitted: Sequence[np.ndarray], left_out: int = -1) -> np.ndarray:
        """NDCG of everyone by the weights that were learned without them, one part's at 0."""
        found, counts = np.empty(len(everyone)), np.arange(size) != left_out
        for weights, (_, people) in zip(fitted, held, strict=True):
            scores = choices.features[people] @ (weights * counts).astype(np.float32)
            found[people] = ndcg(choices, scores, config.k, people)
        return found

    crossed = {name: [learner(people) for people, _ in held] for name, learner in learners.items()}
    values = {name: value(fitted) for name, fitted in crossed.items()}
    chosen = max(names, key=lambda name: float(values[name].mean()))
    if "logit" in values:
        best = "ascent" if "ascent" in values and leads(values["ascent"], values["logit"]) else "logit"
        if not leads(values[chosen], values[best]):
            chosen = best
    without = {
        name: float((values[chosen] - value(crossed[chosen], position)).mean()) for position, name in enumerate(names)
    }
    validation = {name: float(own.mean()) for name, own in values.items()}
    learned = Learned(weights=learners[chosen](everyone), chosen=chosen, validation=validation, without=without)
    return learned, values[chosen]
