"""Names for groups of items: the entities or keyphrases that they share beyond what is usual, and their titles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from recommender.profiles.context import ProfileContext
from recommender.profiles.tags import TagConfig, affinity

MAX_WORDS = 2
MAX_TITLES = 2


def name_groups(
    starts: np.ndarray, items: np.ndarray, weights: np.ndarray, context: ProfileContext, config: TagConfig
) -> list[str]:
    """A name in words of each group, such as ``"comedy, Tom Hanks · Toy Story, Big"``.

    Words are the named entities of the highest :func:`affinity` to the group, or, where the graph has no names, the
    keyphrases that most of the items share. Titles are those of the first items.

    Args:
        starts: ``(g + 1,)``: group ``i`` has the items from ``starts[i]`` to ``starts[i + 1]``.
        items: ``(m,)`` dense ids, the most typical of each group first.
        weights: ``(m,)``: how much each counts, above 0.
        context: entities, keyphrases and titles.
        config: prior and bounds, as for tags.
    """
    shared = _shared_entities(starts, items, weights, context, config)
    found, every = [], items.tolist()
    for words, (start, stop) in zip(shared, pairwise(starts.tolist()), strict=True):
        own = every[start:stop]
        found.append(_name(words or _shared_phrases(own, weights[start:stop].tolist(), context), own, context))
    return found


def _name(words: list[str], items: list[int], context: ProfileContext) -> str:
    titles = list(dict.fromkeys(context.called[item] for item in items[:MAX_TITLES]))
    return " · ".join(filter(None, [", ".join(words), ", ".join(titles)]))


def _shared_entities(
    starts: np.ndarray, items: np.ndarray, weights: np.ndarray, context: ProfileContext, config: TagConfig
) -> list[list[str]]:
    groups = len(starts) - 1
    if not context.has_entity_names or not groups:
        return [[] for _ in range(groups)]
    incidence, entities = context.telling
    sums = sp.csr_matrix((weights + 1j, items, starts), shape=(groups, len(context.items))) @ incidence
    shared = np.flatnonzero((sums.data.imag > 1.5) & (context.shares[entities[sums.indices]] <= config.max_share))
    own = np.repeat(np.arange(groups), np.diff(sums.indptr))[shared]
    columns = entities[sums.indices[shared]]
    mass = np.add.reduceat(weights, starts[:-1])
    scores = affinity(sums.data.real[shared], mass[own], context.shares[columns], config.prior)
    order = np.lexsort((columns, -scores, own))
    order = order[scores[order] > 0]
    ends = np.searchsorted(own[order], np.arange(groups + 1)).tolist()
    ranked = columns[order].tolist()
    return [first_names(ranked[start:stop], context, MAX_WORDS) for start, stop in pairwise(ends)]


def first_names(entities: Iterable[int], context: ProfileContext, most: int) -> list[str]:
    """The first ``most`` different names of these entities, skipping those without one."""
    names: dict[str, None] = {}
    for entity in entities:
        name = context.entities.names[entity]
        if name:
            names[name] = None
        if len(names) == most:
            break
    return list(names)


def _shared_phrases(items: list[int], weights: list[float], context: ProfileContext) -> list[str]:
    if context.phrases is None:
        return []
    counts: defaultdict[str, float] = defaultdict(float)
    support: Counter[str] = Counter()
    for item, weight in zip(items, weights, strict=True):
        for rank, phrase in enumerate(context.phrases[item]):
            counts[phrase] += weight / (1 + rank)
            support[phrase] += 1
    ranked = sorted((phrase for phrase in counts if support[phrase] > 1), key=lambda p: (-counts[p], p))
    return ranked[:MAX_WORDS]
