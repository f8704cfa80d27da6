"""Names for groups of items: the entities or keyphrases that they share beyond what is usual, and their titles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from recommender.profiles.context import ProfileContext
from recommender.profiles.tags import TagConfig, affinity

Groups = Sequence[tuple[np.ndarray, np.ndarray]]
"""Items and their weights."""
MAX_WORDS = 2
MAX_TITLES = 2


def name_groups(groups: Groups, context: ProfileContext, config: TagConfig) -> list[str]:
    """A name in words of each group, such as ``"comedy, Tom Hanks · Toy Story, Big"``.

    Words are the named entities of the highest :func:`affinity` to the group, or, where the graph has no names, the
    keyphrases that most of the items share. Titles are those of the first items.

    Args:
        groups: for each the dense ids ``(m,)`` of its items, the most typical first, and how much each counts, above 0.
        context: entities, keyphrases and titles.
        config: prior and bounds, as for tags.
    """
    shared = _shared_entities(groups, context, config)
    return [
        _name(words or _shared_phrases(items, weights, context), items, context)
        for words, (items, weights) in zip(shared, groups, strict=True)
    ]


def _name(words: list[str], items: np.ndarray, context: ProfileContext) -> str:
    titles = list(dict.fromkeys(context.title(item) for item in items[:MAX_TITLES].tolist()))
    return " · ".join(filter(None, [", ".join(words), ", ".join(titles)]))


def _shared_entities(groups: Groups, context: ProfileContext, config: TagConfig) -> list[list[str]]:
    if not context.has_entity_names or not groups:
        return [[] for _ in groups]
    owners = np.repeat(np.arange(len(groups)), [len(items) for items, _ in groups])
    weights = np.concatenate([own for _, own in groups]).astype(np.float64)
    rows, entities = context.entities_of(np.concatenate([items for items, _ in groups]))
    pairs, positions = np.unique(owners[rows] * len(context.entities) + entities, return_inverse=True)
    own, columns = np.divmod(pairs, len(context.entities))
    counts = np.bincount(positions, weights=weights[rows], minlength=len(pairs))
    share, mass = context.shares[columns], np.bincount(owners, weights=weights, minlength=len(groups))
    scores = affinity(counts, mass[own], share, config.prior)
    scores[(share > config.max_share) | (np.bincount(positions, minlength=len(pairs)) < 2)] = 0.0
    kept = np.flatnonzero(scores)
    kept = kept[np.lexsort((columns[kept], -scores[kept], own[kept]))]
    starts = np.searchsorted(own[kept], np.arange(len(groups) + 1)).tolist()
    return [first_names(columns[kept[begin:end]], context, MAX_WORDS) for begin, end in pairwise(starts)]


def first_names(entities: np.ndarray, context: ProfileContext, most: int) -> list[str]:
    """The first ``most`` different names of these entities, skipping those without one."""
    names: dict[str, None] = {}
    for entity in entities.tolist():
        name = context.entities.names[entity]
        if name:
            names[name] = None
        if len(names) == most:
            break
    return list(names)


def _shared_phrases(items: np.ndarray, weights: np.ndarray, context: ProfileContext) -> list[str]:
    if context.phrases is None:
        return []
    counts: Counter[str] = Counter()
    support: Counter[str] = Counter()
    for item, weight in zip(items.tolist(), weights.tolist(), strict=True):
        for rank, phrase in enumerate(context.phrases[item]):
            counts[phrase] += weight / (1 + rank)
            support[phrase] += 1
    ranked = sorted((phrase for phrase in counts if support[phrase] > 1), key=lambda p: (-counts[p], p))
    return ranked[:MAX_WORDS]
