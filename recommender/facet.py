"""Kinds of item: the relation of the knowledge graph that tells the catalogue apart best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from recommender.data import KnowledgeGraph

MIN_FACET_SHARE = 0.01
"""An entity of fewer items than this share of the catalogue does not group it."""


@dataclass(frozen=True)
class Facet:
    """The relation that groups the catalogue best, such as the genre: what diversity is measured over."""

    relation: str
    groups: sp.csr_matrix
    """``(num_items, g)`` incidence of the entities that hold at least :data:`MIN_FACET_SHARE` of the items."""


def facet_of(knowledge: KnowledgeGraph) -> Facet | None:
    """The relation of the greatest coverage times entropy over entities that hold at least 1 % of the catalogue.

    Language covers everything and says nothing; a writer says much and covers little; a genre does both.
    """
    best, facet = 0.0, None
    for name, matrix in knowledge.item_attributes.items():
        own = entity_columns(matrix, knowledge)
        degrees = np.bincount(own.indices, minlength=own.shape[1])
        groups = own[:, degrees >= max(2.0, MIN_FACET_SHARE * own.shape[0])].tocsr()
        if groups.shape[1] < 2:
            continue
        shares = np.asarray(groups.sum(axis=0), dtype=np.float64).ravel()
        shares /= shares.sum()
        value = float(np.mean(np.diff(groups.indptr) > 0) * -(shares @ np.log2(shares)))
        if value > best:
            best, facet = value, Facet(name, groups)
    return facet


def entity_columns(matrix: sp.csr_matrix, knowledge: KnowledgeGraph) -> sp.csr_matrix:
    """Of an item x node incidence the columns of entities."""
    return matrix[:, knowledge.num_items : knowledge.num_items + knowledge.num_entities].tocsr()
