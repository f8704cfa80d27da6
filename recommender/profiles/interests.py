"""Several interest vectors for each person: clusters of the items they liked and of what they wrote about them.

One vector for everything that somebody likes lies between their interests and near none of them; PinnerSage (Pal et al.
2020, "PinnerSage: Multi-Modal User Embedding Framework for Recommendations at Pinterest",
https://arxiv.org/abs/2007.03634) therefore clusters a person's actions by Ward's method and keeps a vector and an
importance for each cluster. Here the number of clusters is chosen by the silhouette instead of a global cut, so that it
does not grow with the length of the history, and the vector is the weighted mean, with the medoid kept beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from recommender.profiles.clusters import ClusterConfig, Clusters, cluster_actions, ranges
from recommender.profiles.context import ProfileContext
from recommender.profiles.history import Histories
from recommender.profiles.naming import name_groups
from recommender.profiles.tags import TagConfig
from text.windows import unit_rows


@dataclass(frozen=True)
class InterestConfig(ClusterConfig):
    """How a person's actions become interests, which are clusters of them."""

    own_words: float = 0.5
    """Share of the person's own review in the vector of an item that they wrote about, in [0, 1]; the rest is the
    item's text."""
    members: int = 10
    """Item ids that are kept with an interest."""


@dataclass(frozen=True, slots=True)
class Interest:
    """``(:User)-[:HAS_INTEREST]->(:Interest {id, name, weight, vector, items, size})``."""

    id: str
    """A hash of the person, the members and what was written about them: it changes when the interest does. Recency
    moves the vector of an unchanged interest a little; a live update leaves that to the next refresh."""
    name: str
    """In words: what its items share, and the titles of the two nearest ones."""
    weight: float
    """Share of the person's liking, in (0, 1]; adds up to 1 over the person's interests."""
    vector: np.ndarray
    """``(d,)`` float32 of unit length."""
    items: tuple[str, ...]
    """External ids of the members nearest to the vector, the medoid first."""
    size: int
    """How many items it holds."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the vector is left out, the graph has it."""
        return {"name": self.name, "weight": round(self.weight, 4), "size": self.size, "items": list(self.items)}


def interests_of(histories: Histories, config: InterestConfig, naming: TagConfig) -> list[tuple[Interest, ...]]:
    """The interests of these people, the most important first; none where neither items nor reviews have a
    vector.

    An action is a liked item: ``unit((1 - s) * item vector + s * unit(sum of own review vectors))`` with ``s`` the
    share of ``own_words``, or whichever of the two there is.
    """
    actions, context = _Actions.of(histories, config.own_words), histories.context
    clusters = cluster_actions(actions.people, actions.weights, actions.vectors, config)
    items = actions.items[clusters.members]
    names = name_groups(clusters.starts, items, actions.weights[clusters.members], context, naming)
    ids = _ids(histories.user_ids, clusters, actions, context)
    drawn: list[list[Interest]] = [[] for _ in histories.user_ids]
    columns = zip(clusters.people.tolist(), clusters.weights.tolist(), clusters.vectors, names, ids, strict=True)
    members = list(map(context.items.ids.__getitem__, items.tolist()))
    for (start, stop), (person, weight, vector, name, id) in zip(
        pairwise(clusters.starts.tolist()), columns, strict=True
    ):
        first = tuple(members[start : min(stop, start + config.members)])
        drawn[person].append(Interest(id, name, weight, vector, first, stop - start))
    return [tuple(own) for own in drawn]


@dataclass(frozen=True)
class _Actions:
    """Liked items of several people, those of which a vector is known; arrays ``(n,)``."""

    people: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    item_vectors: np.ndarray | None
    """Of all items."""
    reviews: np.ndarray
    """``(2, n)`` int64: of ``words``, the first that is about the item, and the first that is not."""
    words: np.ndarray | None
    """``(r, d)``: vectors of what these people wrote."""
    own_words: float

    @classmethod
    def of(cls, histories: Histories, own_words: float) -> _Actions:
        """What these people like."""
        cells, words, context = histories.cells, histories.words, histories.context
        liked = histories.recent > 0
        people, items, weights = cells.users[liked], cells.items[liked], histories.recent[liked]
        reviews = np.zeros((2, len(items)), dtype=np.int64)
        if words is not None:
            # Sorted by author and item; what is about an item that its author does not like finds no action.
            written, met = (who * cells.num_items + what for who, what in ((words.users, words.items), (people, items)))
            reviews[:] = [np.searchsorted(written, met, side) for side in ("left", "right")]
        known = reviews[1] > reviews[0]
        if context.item_vectors is not None:
            known |= context.told[items]
        return cls(
            people=people[known],
            items=items[known],
            weights=weights[known],
            item_vectors=context.item_vectors,
            reviews=reviews[:, known],
            words=None if words is None else words.vectors,
            own_words=own_words,
        )

    def vectors(self, places: np.ndarray) -> np.ndarray:
        """``(len(places), d)`` float32 unit rows."""
        met = None if self.item_vectors is None else self.item_vectors[self.items[places]]
        written, starts = ranges(*self.reviews[:, places])
        if self.words is None or (met is not None and not len(written)):
            assert met is not None, "an action has a text, or words"
            return np.asarray(met)
        shape = (len(places), len(self.words))
        sums = sp.csr_matrix((np.ones(len(written), np.float32), written, starts), shape=shape) @ self.words
        said = unit_rows(np.asarray(sums))
        if met is None:
            return said
        alone = ~(met.any(axis=1) & said.any(axis=1))
        mixed = (1 - self.own_words) * met + self.own_words * said
        mixed[alone] = met[alone] + said[alone]
        return unit_rows(mixed)


def _ids(users: Sequence[str], clusters: Clusters, actions: _Actions, context: ProfileContext) -> list[str]:
    """A hash for each cluster: of the person, the members, and how many reviews of each there are."""
    members = clusters.members[np.argsort(clusters.owners * len(context.items) + actions.items[clusters.members])]
    items = list(map(context.items.ids.__getitem__, actions.items[members].tolist()))
    counts = (actions.reviews[1] - actions.reviews[0])[members]
    ids = []
    for person, (start, stop) in zip(clusters.people.tolist(), pairwise(clusters.starts.tolist()), strict=True):
        told = "\0".join([users[person], *items[start:stop]]).encode() + counts[start:stop].tobytes()
        ids.append(hashlib.blake2b(told, digest_size=16).hexdigest())
    return ids
