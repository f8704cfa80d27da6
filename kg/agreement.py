"""Whether a relation ties items that people tie: a permutation test of its links against the events.

Links between items and a knowledge graph are often made by another project, and may go by other numbers than the items
do: every fact then speaks of some other item, and nothing else tells. What is dealt at random ties nothing that people
tie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from kg.snapshot import Snapshot
from kg.triples import Triples


@dataclass(frozen=True)
class Agreement:
    """What people say of the pairs of items that share an entity of one relation."""

    relation: str
    cosine: float
    """Mean cosine of the people who met both."""
    dealt: float
    """The same where the relation's entities are dealt anew among its items, in the mean of all deals."""
    at_random: bool
    """Whether some deal ties as well: one-sided p above ``1 / (deals + 1)``."""


def agreements(
    taken: Snapshot, triples: Triples, *, least: int, pairs: int, deals: int, seed: int = 0
) -> Iterator[Agreement]:
    """One for each relation that has ``least`` links to entities of several items; of fewer nothing follows.

    Items that nobody met take no part. A pair is a link, drawn at random, and another item of the same entity. The
    cosine of two items is that of their binary columns of people, whatever the events mean.

    Args:
        taken: events.
        triples: of the same snapshot.
        least: links to entities of several items.
        pairs: drawn of each relation, with replacement.
        deals: permutations of each relation's items.
        seed: of both.
    """
    people = _columns(taken, triples.num_items)
    items, entities, relations = triples.links()
    met = np.diff(people.indptr)[items] > 0
    for code, name in enumerate(triples.relation_names):
        own = met & (relations == code)
        links = np.unique(np.stack([entities[own], items[own]]), axis=1)
        _, first, sizes = np.unique(links[0], return_index=True, return_counts=True)
        degrees = np.repeat(sizes, sizes)
        shared = np.flatnonzero(degrees > 1)
        if len(shared) < least:
            continue
        rng = np.random.default_rng(seed)
        one = rng.choice(shared, pairs)
        start, size = np.repeat(first, sizes)[one], degrees[one]
        other = start + (one - start + 1 + rng.integers(0, size - 1)) % size
        linked, place = np.unique(links[1], return_inverse=True)
        fans = people[linked]
        cosine = _cosine(fans, place[one], place[other])
        dealt = []
        for _ in range(deals):
            order = rng.permutation(len(linked))
            dealt.append(_cosine(fans, order[place[one]], order[place[other]]))
        yield Agreement(name, cosine, float(np.mean(dealt)), cosine <= max(dealt))


def _columns(taken: Snapshot, num_items: int) -> sp.csr_matrix:
    """``(num_items, num_users)``: unit rows of who met an item; zero where nobody did."""
    users, items = (taken.events[name].to_numpy().astype(np.int64) for name in ("user", "item"))
    met = sp.csr_matrix((np.ones(len(users)), (items, users)), shape=(num_items, taken.users.num_rows))
    met.data[:] = 1.0
    lengths = np.sqrt(np.diff(met.indptr))
    return sp.diags(1.0 / np.maximum(lengths, 1.0)) @ met


def _cosine(people: sp.csr_matrix, one: np.ndarray, other: np.ndarray) -> float:
    return float(people[one].multiply(people[other]).sum() / len(one))
