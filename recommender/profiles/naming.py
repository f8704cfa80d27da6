"""Names for groups of items: the entities or keyphrases that they share beyond what is usual, and their titles."""

from __future__ import annotations

from collections import Counter

import numpy as np

from recommender.profiles.context import ProfileContext
from recommender.profiles.tags import TagConfig, affinity

MAX_WORDS = 2
MAX_TITLES = 2


def name_items(items: np.ndarray, weights: np.ndarray, context: ProfileContext, config: TagConfig) -> str:
    """A name in words, such as ``"comedy, Tom Hanks · Toy Story, Big"``.

    Words are the named entities of the highest :func:`affinity` to the group, or, where the graph has no names, the
    keyphrases that most of the items share. Titles are those of the first items.

    Args:
        items: ``(m,)`` dense ids, the most typical first.
        weights: ``(m,)`` positive, how much each item counts.
        context: entities, keyphrases and titles.
        config: prior and bounds, as for tags.
    """
    words = _shared_entities(items, weights, context, config) or _shared_phrases(items, weights, context)
    titles = list(dict.fromkeys(context.title(int(item)) for item in items[:MAX_TITLES]))
    return " · ".join(filter(None, [", ".join(words), ", ".join(titles)]))


def _shared_entities(items: np.ndarray, weights: np.ndarray, context: ProfileContext, config: TagConfig) -> list[str]:
    if not context.has_entity_names:
        return []
    rows, entities = context.entities_of(items)
    columns, positions = np.unique(entities, return_inverse=True)
    counts = np.bincount(positions, weights=weights[rows], minlength=len(columns))
    share = context.shares[columns]
    scores = affinity(counts, np.full(len(counts), weights.sum()), share, config.prior)
    scores[(share > config.max_share) | (np.bincount(positions, minlength=len(columns)) < 2)] = 0.0
    return first_names(columns[np.lexsort((columns, -scores))[: np.count_nonzero(scores)]], context, MAX_WORDS)


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
