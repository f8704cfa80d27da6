"""The profile in words: the entities that somebody's items share more often than everybody's items do.

The weight of an entity is its pointwise contribution to the divergence of a person from the population, as terms are
weighted for query expansion (Carpineto et al. 2001, "An information-theoretic approach to automatic query expansion",
ACM TOIS 19(1)), over shares with a Dirichlet prior (Zhai & Lafferty 2001, SIGIR):

.. math::
    q_{ue} = \\frac{\\sum_i w_{ui} A_{ie} + m\\, p_e}{\\sum_i w_{ui} + m}, \\qquad
    weight_{ue} = 1 - \\exp\\Big(-q_{ue} \\ln\\frac{q_{ue}}{p_e}\\Big) = 1 - (p_e / q_{ue})^{q_{ue}}

``w`` is a person's liking after recency, ``A`` the incidence of items and entities, ``p_e`` the entity's share of the
whole population's attention. An entity that everybody meets (``p`` near 1) and one that a person met once among many
(``q`` near ``p``) both come to nothing, which is what an inverse document frequency is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from recommender.profiles.history import Histories

BITS = 26
"""Of a number of anybody's items: a sum of ``2^26`` for each of them, and of 1 for each liked one, tells both."""


@dataclass(frozen=True)
class TagConfig:
    """Which entities describe a person."""

    prior: float = 10.0
    """Strength ``m`` of the prior, in fully liked items: with ten of them a person's own share counts half."""
    most_liked: int = 20
    """Tags of liked entities a person may have."""
    most_disliked: int = 5
    """Tags of disliked entities a person may have; their sentiment is negative."""
    min_support: int = 2
    """Items that must bear witness to a tag, once the person has more than ``few``."""
    few: int = 5
    """A person with at most this many liked (or disliked) items is described by single items too."""
    min_weight: float = 0.005
    """Tags below this weight, in [0, 1), say nothing."""
    max_share: float = 0.5
    """Entities with a larger share of everybody's attention are hubs and never a tag."""


class Tag(NamedTuple):
    """``(:User)-[:INTERESTED_IN {weight, sentiment, source}]->(:Entity)``."""

    entity_id: str
    name: str | None
    """None where the imported graph has no name for the entity."""
    kind: str | None
    relation: str
    """How the person's items are related to the entity; the commonest relation where there are several."""
    weight: float
    """In (0, 1): how far the person's attention departs from everybody's; comparable between people."""
    sentiment: float
    """In [-1, 1]: mean signed weight of the person's items with this entity."""
    support: int
    """How many of the person's liked (for a negative sentiment: disliked) items have it."""
    source: str = "events"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with rounded numbers."""
        return {
            "entity_id": self.entity_id,
            "name": self.name,
            "kind": self.kind,
            "relation": self.relation,
            "weight": round(self.weight, 4),
            "sentiment": round(self.sentiment, 4),
            "support": self.support,
            "source": self.source,
        }


def tag_people(histories: Histories, config: TagConfig) -> list[tuple[Tag, ...]]:
    """The tags of these people: liked entities, then disliked ones, each by falling weight.

    Their cells make the sentiment; the same after recency make the weight.
    """
    cells, recent, context = histories.cells, histories.recent, histories.context
    met = _meet(histories)
    tags: list[list[Tag]] = [[] for _ in range(cells.num_users)]
    for sign, most in ((+1, config.most_liked), (-1, config.most_disliked)):
        side = recent * sign > 0
        mass = np.bincount(cells.users[side], weights=abs(recent[side]), minlength=cells.num_users)
        size = np.bincount(cells.users[side], minlength=cells.num_users)
        required = np.where(size > config.few, config.min_support, 1)[met.users]
        # Somebody who likes one half of an entity's items and dislikes the other has no feeling towards it.
        kept = np.flatnonzero(
            (met.support[sign] >= required)
            & (sign * met.sentiment > 0)
            & (context.shares[met.entities] <= config.max_share)
        )
        users, entities = met.users[kept], met.entities[kept]
        weights = affinity(met.attention[sign][kept], mass[users], context.shares[entities], config.prior)
        chosen = _strongest(users, entities, weights, np.flatnonzero(weights >= config.min_weight), most)
        pairs = kept[chosen]
        columns = weights[chosen], met.sentiment[pairs], met.support[sign][pairs]
        told = context.entities.describe(entities[chosen].tolist())
        made = list(map(Tag, *told, *(column.tolist() for column in columns)))
        ends = np.searchsorted(users[chosen], np.arange(cells.num_users + 1)).tolist()
        tags = [own + made[start:stop] for own, (start, stop) in zip(tags, pairwise(ends), strict=True)]
    return [tuple(own) for own in tags]


@dataclass(frozen=True)
class _Met:
    """The different (person, entity) pairs that some cell joins; arrays ``(pairs,)``, by sign where there are two.

    Entities are those of :attr:`ProfileContext.telling`.
    """

    users: np.ndarray
    entities: np.ndarray
    attention: dict[int, np.ndarray]
    support: dict[int, np.ndarray]
    sentiment: np.ndarray


def _meet(histories: Histories) -> _Met:
    cells, (incidence, telling) = histories.cells, histories.context.telling

    def total(values: np.ndarray) -> sp.csr_matrix:
        """Sums over each pair's cells, in one order of pairs whatever the values; a sum of 0 would be left out."""
        return histories.matrix(values) @ incidence

    liking = cells.weights > 0
    attention = total(np.maximum(abs(histories.recent), np.finfo(np.float64).tiny) * np.where(liking, 1.0, 1j))
    feeling = total(cells.weights + 1j * (liking + float(1 << BITS)))
    both = feeling.data.imag.astype(np.int64)
    count, liked = both >> BITS, both & ((1 << BITS) - 1)
    return _Met(
        users=np.repeat(np.arange(cells.num_users), np.diff(attention.indptr)),
        entities=telling[attention.indices],
        attention={+1: attention.data.real, -1: attention.data.imag},
        support={+1: liked, -1: count - liked},
        sentiment=feeling.data.real / count,
    )


def _strongest(users: np.ndarray, entities: np.ndarray, weights: np.ndarray, kept: np.ndarray, most: int) -> np.ndarray:
    """Of the pairs in ``kept`` at most ``most`` a person, by person and falling weight; ties go to the lower id."""
    order = kept[np.lexsort((entities[kept], -weights[kept], users[kept]))]
    people = users[order]
    rank = np.arange(len(order)) - np.searchsorted(people, people)
    strongest: np.ndarray = order[rank < most]
    return strongest


def affinity(count: np.ndarray, mass: np.ndarray, share: np.ndarray, prior: float) -> np.ndarray:
    """``1 - (p / q)^q`` where the smoothed share ``q`` is above the population's ``p``, else 0; in [0, 1).

    Two of four fully liked items share an entity that has a tenth of everybody's attention (``q = 3 / 14``):

    >>> float(affinity(np.array([2.0]), np.array([4.0]), np.array([0.1]), prior=10.0)[0].round(4))
    0.1507

    Args:
        count: weight of the person's items that have the entity.
        mass: weight of all the person's items.
        share: ``p``, the population's share.
        prior: strength of the prior.
    """
    own = (count + prior * share) / (mass + prior)
    ratio = np.divide(share, own, out=np.ones_like(own), where=own > share)
    weights: np.ndarray = -np.expm1(own * np.log(ratio))
    return weights
