"""Weights that make one score of the parts' scores, learned on validation interactions only.

A part's scores are first brought to one scale for each person (:func:`standardise`), so that a weight says how much a
part matters. Weights come from a conditional logit over candidates, the heads of the parts' rankings: what no part has
near its top hardly comes into a list by any weights, and a likelihood over all items would be spent on it. The choice
between each part alone and their sum is made on people whose interactions did not teach the weights (cross-fitting),
and a part that is better beyond noise stands alone: fusion is never worse than its parts beyond noise. Few people teach
little: the fewer they are, the stronger is the penalty, by which weights go to what each part is worth by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from gnn.conditional_logit import LogitConfig, utilities
from gnn.conditional_logit import fit as fit_logit


@dataclass(frozen=True)
class FusionConfig:
    """How the weights are learned."""

    top: int = 20
    """The logit learns from the heads of the parts' rankings, so long each: twice the list that decides."""
    judged: int = 100
    """They are judged on heads so long: an item that several parts have a little further down may be first in sum."""
    max_people: int = 3000
    """Validation people used at most, drawn at random: more would not move a handful of weights."""
    max_choices: int = 2000
    """Choices, each a person with one target, that the logit learns from at most, on each split."""
    enough: int = 400
    """People from which on the penalty of :attr:`logit` is as it says; with fewer it grows in proportion."""
    errors: float = 1.0
    """Standard errors by which the best part must lead the sum to stand alone, where :attr:`enough` people judge. Its
    settings were chosen by the same people, which the sum's weights were not: the fewer they are, the better it looks
    than it is. So it must lead by more there, by the root of their number, up to twice as much, and by less where they
    are more."""
    folds: int = 4
    """Cross-fitting folds over people."""
    k: int = 10
    """Cut-off of the NDCG that decides between candidates of fusion."""
    logit: LogitConfig = field(default_factory=LogitConfig)
    """The conditional logit."""


@dataclass(frozen=True)
class Learned:
    """Learned weights, and what cross-fitting said of them."""

    weights: np.ndarray
    """``(P,)`` float64."""
    chosen: str
    """``logit``, the name of the single part that nothing beat, or ``equal`` where nobody could teach."""
    validation: dict[str, float] = field(default_factory=dict)
    """Cross-fitted NDCG of each alternative."""
    without: dict[str, float] = field(default_factory=dict)
    """What each part adds: cross-fitted NDCG of the choice less that of the best choice among the others, learned again
    without it; 0 for a part without weight."""

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

    people: np.ndarray
    """``(B,)`` int64, who they are: somebody who is judged on several splits stands here several times."""
    items: np.ndarray
    """``(B, C)`` int64, -1 for padding."""
    features: np.ndarray
    """``(B, C, P)`` float32."""
    relevant: np.ndarray
    """``(B, C)`` bool."""
    heads: np.ndarray
    """``(B, C)`` bool: those that the logit learns from."""
    targets: np.ndarray
    """``(B,)`` int64: how many relevant items each person has, among the candidates or not."""

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
    components: np.ndarray, seen: sp.csr_matrix, relevant: sp.csr_matrix, ids: np.ndarray, config: FusionConfig
) -> Choices:
    """Candidates of a block of people: the head of each part's ranking, without what a part says least of.

    The items that share a part's lowest score, such as all that a sparse part does not know, are no head of it.

    Args:
        components: ``(P, B, n)`` float32 standardised scores.
        seen: ``(B, n)``, what may not be recommended.
        relevant: ``(B, n)``, what should be.
        ids: ``(B,)`` int64, who the people are.
        config: how many.
    """
    _, people, size = components.shape
    judged, top = min(config.judged, size), min(config.top, size)
    picked = []
    for person in range(people):
        scores = components[:, person, :]
        scores = np.where(scores > scores.min(axis=1, keepdims=True), scores, -np.inf)
        scores[:, seen.indices[seen.indptr[person] : seen.indptr[person + 1]]] = -np.inf
        longest = np.argpartition(-scores, judged - 1, axis=1)[:, :judged]
        kept = np.take_along_axis(scores, longest, axis=1)
        least = -np.partition(-kept, top - 1, axis=1)[:, top - 1 : top]
        own = np.unique(longest[kept > -np.inf])
        picked.append((own, np.isin(own, longest[(kept >= least) & (kept > -np.inf)])))
    items = np.full((people, max(len(own) for own, _ in picked)), -1, dtype=np.int64)
    hits, heads = np.zeros(items.shape, dtype=bool), np.zeros(items.shape, dtype=bool)
    for person, (own, first) in enumerate(picked):
        wanted = relevant.indices[relevant.indptr[person] : relevant.indptr[person + 1]]
        items[person, : len(own)], heads[person, : len(own)] = own, first
        hits[person, : len(own)] = np.isin(own, wanted)
    rows = np.arange(people)[:, None]
    features = np.ascontiguousarray(components[:, rows, items].transpose(1, 2, 0))
    return Choices(ids, items, features, hits, heads, np.diff(relevant.indptr).astype(np.int64))


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
        people=np.concatenate([block.people for block in blocks]),
        items=padded("items", -1),
        features=padded("features", 0.0),
        relevant=padded("relevant", False),
        heads=padded("heads", False),
        targets=np.concatenate([block.targets for block in blocks]),
    )


def ndcg(choices: Choices, scores: np.ndarray, k: int, people: np.ndarray) -> np.ndarray:
    """NDCG@k of these people, ``(len(people),)``, when their candidates are ranked by ``scores`` ``(len(people), C)``.

    A relevant candidate's rank is the number of candidates above it and half of those that tie with it, which keeps a
    part that says the same of everything from looking perfect. What is no candidate is not found.
    """
    scores = np.where(choices.items[people] < 0, -np.inf, scores)
    rows, columns = np.nonzero(choices.relevant[people])
    mine, theirs = scores[rows, columns][:, None], scores[rows]
    rank = (theirs > mine).sum(axis=1) + ((theirs == mine).sum(axis=1) - 1) / 2
    gain = np.where(rank < k, 1.0 / np.log2(rank + 2.0), 0.0)
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))[np.minimum(choices.targets[people], k) - 1]
    result: np.ndarray = np.bincount(rows, weights=gain, minlength=len(people)) / ideal
    return result


def logit(choices: Choices, people: np.ndarray, config: FusionConfig) -> np.ndarray:
    """Conditional logit weights ``(P,)`` float64 of these rows, each of which counts once in expectation, however many
    relevant items its heads hold; all 1 where none is held, or where every part points away from them.
    """
    relevant = choices.relevant[people] & choices.heads[people]
    rows, columns = np.nonzero(relevant)
    if not len(rows):
        return np.ones(choices.features.shape[2])
    teaching = len(np.unique(choices.people[people[rows]]))
    penalised = replace(config.logit, l2=config.logit.l2 * max(1.0, config.enough / teaching))
    share = 1.0 / relevant.sum(axis=1)[rows]
    if len(rows) > config.max_choices:
        drawn = np.random.default_rng(0).permutation(len(rows))[: config.max_choices]
        rows, columns, share = rows[drawn], columns[drawn], share[drawn]
    # Other targets of the same person are no alternatives to the one in question.
    barred = ~choices.heads[people[rows]] | relevant[rows]
    barred[np.arange(len(rows)), columns] = False
    width = int((~barred).sum(axis=1).max())
    order = np.argsort(barred, axis=1, kind="stable")[:, :width]
    features = np.take_along_axis(choices.features[people[rows]], order[:, :, None], axis=1)
    counts = np.where(np.take_along_axis(barred, order, axis=1), -np.inf, 0.0).astype(np.float32)
    chosen = np.argmax(order == columns[:, None], axis=1)
    weights = fit_logit(features, chosen, counts, share.astype(np.float32), penalised)
    return weights if weights.any() else np.ones_like(weights)


def leads(first: np.ndarray, second: np.ndarray, people: np.ndarray | None = None, errors: float = 1.0) -> bool:
    """Whether the mean of the first is above that of the second by more than so many standard errors of the difference.

    Values are those of ``people`` ``(n,)`` int64, by default of as many different ones; of somebody who has several the
    mean is one observation.
    """
    lead = first - second
    if people is not None:
        _, own, counts = np.unique(people, return_inverse=True, return_counts=True)
        lead = np.bincount(own, lead) / counts
    return bool(lead.mean() > errors * lead.std() / np.sqrt(len(lead)))


def learn(
    choices: Choices, names: Sequence[str], config: FusionConfig, rng: np.random.Generator, *, reasons: bool = True
) -> tuple[Learned, np.ndarray]:
    """Choose between each part alone and the logit by cross-fitted NDCG@k, then fit the winner on everyone.

    The logit wins unless the best part leads it by more standard errors of the difference than
    :attr:`FusionConfig.errors` asks for, those who are judged having no say in which part that is; and where there are
    no ``reasons`` to give, for people without a history, unless it ranks as the part does.
    Where too few people could teach, all parts count alike.

    Returns:
        the weights, and the cross-fitted NDCG@k of each row of ``choices``, ``(B,)`` float64.
    """
    size, everyone = len(names), np.arange(len(choices.items))
    who, person = np.unique(choices.people, return_inverse=True)
    if size < 2 or len(who) < 5 * config.folds or not (choices.relevant & choices.heads).any():
        found = {name: ndcg(choices, choices.features[:, :, at], config.k, everyone) for at, name in enumerate(names)}
        found["equal"] = ndcg(choices, choices.features.sum(axis=2), config.k, everyone)
        validation = {name: float(own.mean()) for name, own in found.items()}
        return Learned(np.ones(size), "equal", validation), found["equal"]
    fold = (rng.permutation(len(who)) % config.folds)[person]

    def joined(parts: np.ndarray) -> np.ndarray:
        """Weights ``(folds, P)`` of the sum of these parts, each row learned without the people of its fold."""
        found = np.zeros((config.folds, size))
        some = replace(choices, features=choices.features[:, :, parts])
        for number in range(config.folds):
            found[number, parts] = logit(some, everyone[fold != number], config)
        return found

    def value(weights: np.ndarray) -> np.ndarray:
        """NDCG of everyone; a row of weights is for the people of its fold."""
        found = np.empty(len(everyone))
        for number, own in enumerate(weights):
            people = everyone[fold == number]
            found[people] = ndcg(choices, utilities(choices.features[people], own), config.k, people)
        return found

    def best_alone() -> np.ndarray:
        """NDCG of everyone by the part that is best for those of the other folds: of ten the best is the luckiest."""
        found = np.empty(len(everyone))
        for number in range(config.folds):
            own = fold == number
            best = max(names, key=lambda name: float(values[name][~own].mean()))
            found[own] = values[best][own]
        return found

    alone = {name: np.tile(unit, (config.folds, 1)) for name, unit in zip(names, np.eye(size), strict=True)}
    values = {name: value(weights) for name, weights in (alone | {"logit": joined(np.arange(size))}).items()}
    chosen = max(names, key=lambda name: float(values[name].mean()))
    needed = config.errors * min(2.0, (config.enough / len(who)) ** 0.5)
    same = np.array_equal(values["logit"], values[chosen])
    if not leads(best_alone(), values["logit"], person, needed) and (reasons or not same):
        chosen = "logit"
    weights = logit(choices, everyone, config) if chosen == "logit" else alone[chosen][0]
    validation = {name: float(own.mean()) for name, own in values.items()}

    def without(position: int) -> float:
        """Of the others, alone or together, whatever is better."""
        others = np.delete(np.arange(size), position)
        rest = [validation[names[other]] for other in others.tolist()]
        return max([*rest, float(value(joined(others)).mean())] if chosen == "logit" else rest)

    adds = {
        name: validation[chosen] - without(position) if weights[position] else 0.0
        for position, name in enumerate(names)
    }
    return Learned(weights, chosen, validation, adds), values[chosen]
