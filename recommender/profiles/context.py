"""What a profile is drawn against: the items, what they have and say, and the population that a person differs from.

One :class:`ProfileContext` is made for each published snapshot and serves everyone, in the refresh and live.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from kg.snapshot import Snapshot
from kg.vocabulary import Vocabulary
from recommender.bridge import Encode, Phrases, item_names
from recommender.data import Cells, KnowledgeGraph
from recommender.facet import Facet, entity_columns, facet_of
from recommender.meaning import Events, Meaning, MeaningConfig
from text.windows import has_vector


@dataclass(frozen=True)
class EntityTable:
    """Names of the columns of :attr:`ProfileContext.attributes`, one entry an entity."""

    ids: Sequence[str]
    names: Sequence[str | None]
    kinds: Sequence[str | None]
    relations: Sequence[str]
    """The relation by which most items have the entity."""

    def __len__(self) -> int:
        return len(self.ids)

    def describe(self, columns: Sequence[int]) -> tuple[list[Any], ...]:
        """Ids, names, kinds and relations of these entities."""
        every = self.ids, self.names, self.kinds, self.relations
        return tuple(list(map(entries.__getitem__, columns)) for entries in every)


@dataclass(frozen=True)
class ProfileContext:
    """The catalogue and the population. Shapes: ``n`` items, ``E`` entities, vectors of ``d``."""

    items: Vocabulary
    titles: Sequence[str | None]
    """What people call each item."""
    attributes: sp.csr_matrix
    """``(n, E)`` float32 incidence of 0 and 1, over all relations."""
    entities: EntityTable
    shares: np.ndarray
    """``(E,)`` float64: each entity's share of the population's attention; see :func:`population_shares`."""
    surprise: np.ndarray
    """``(n,)`` float64 bits: self-information of meeting each item, from the share of people who did."""
    mean_surprise: float
    """Mean of ``surprise`` over all cells of the population."""
    mean_ratings: Mapping[str, float]
    """Mean value of each kind of event that is a rating."""
    meanings: Mapping[str, Meaning]
    meaning_config: MeaningConfig
    item_vectors: np.ndarray | None = None
    """``(n, d)`` float32 unit rows, zero rows where an item has no text; None where nothing has."""
    phrases: Phrases | None = None
    facet: Facet | None = None
    encode: Encode | None = None
    """Makes vectors of reviews that come with live feedback; without it they count by their item's text alone."""

    @classmethod
    def from_snapshot(
        cls,
        snapshot: Snapshot,
        cells: Cells,
        knowledge: KnowledgeGraph,
        meanings: Mapping[str, Meaning],
        *,
        meaning_config: MeaningConfig | None = None,
        item_vectors: np.ndarray | None = None,
        phrases: Phrases | None = None,
        encode: Encode | None = None,
    ) -> ProfileContext:
        """The context of a snapshot: population figures from ``cells``, attributes from ``knowledge``.

        Args:
            snapshot: items, entities and events; nothing held out may be in it.
            cells: the cells of its events, without recency.
            knowledge: its triples over the same items and entities.
            meanings: what its kinds of event mean.
            meaning_config: how events were weighed in ``cells``.
            item_vectors: text vectors of the items, if any.
            phrases: keyphrases of the items, which name interests, and items without a title.
            encode: text encoder for live reviews.
        """
        attributes, entities = _attributes(snapshot, knowledge)
        met = np.bincount(cells.items, minlength=cells.num_items).astype(np.float64)
        surprise = -np.log2((met + 1) / (cells.num_users + 1))
        return cls(
            items=Vocabulary.of(snapshot.items["id"]),
            titles=item_names(snapshot),
            attributes=attributes,
            entities=entities,
            shares=population_shares(cells.matrix, attributes),
            surprise=surprise,
            mean_surprise=float(surprise @ met / met.sum()) if met.any() else 0.0,
            mean_ratings=_mean_ratings(Events.of(snapshot.events), meanings),
            meanings=meanings,
            meaning_config=replace(meaning_config or MeaningConfig(), half_life_days=None),
            item_vectors=item_vectors if item_vectors is not None and item_vectors.any() else None,
            phrases=phrases,
            facet=facet_of(knowledge),
            encode=encode,
        )

    @cached_property
    def told(self) -> np.ndarray:
        """``(n,)`` bool: which items have a vector; none where :attr:`item_vectors` is None."""
        return np.zeros(len(self.items), dtype=bool) if self.item_vectors is None else has_vector(self.item_vectors)

    @cached_property
    def telling(self) -> tuple[sp.csr_matrix, np.ndarray]:
        """The incidence ``(n, T)`` complex128 of entities that tell people apart, and which entities they are.

        One of a single item says no more than the item. Complex numbers let one product sum two values at once.
        """
        columns = np.flatnonzero(self.degrees > 1)
        return self.attributes[:, columns].astype(np.complex128).tocsr(), columns

    @cached_property
    def degrees(self) -> np.ndarray:
        """``(E,)`` int64: how many items have each entity."""
        return np.bincount(self.attributes.indices, minlength=len(self.entities))

    @cached_property
    def has_entity_names(self) -> bool:
        """Whether any entity has a name; an imported graph often has bare ids."""
        return any(name is not None for name in self.entities.names)

    @cached_property
    def called(self) -> list[str]:
        """What people call each item, or its id."""
        return [title or id for title, id in zip(self.titles, self.items.ids, strict=True)]


def population_shares(signed: sp.csr_matrix, attributes: sp.csr_matrix, prior: float = 10.0) -> np.ndarray:
    """Each entity's share of everybody's attention, ``(E,)`` float64 in (0, 1] for entities of any item.

    :math:`p_e = (\\sum_{ui} |w_{ui}| A_{ie} + s\\, a_e) / (\\sum_{ui} |w_{ui}| + s)`, with the share of the catalogue
    :math:`a_e` as prior of strength ``s``, so that an entity of items nobody met has a share above 0 too.

    Args:
        signed: ``(num_users, num_items)`` cells.
        attributes: ``(num_items, E)`` incidence of 0 and 1.
        prior: ``s``, in fully liked items.
    """
    attention = np.asarray(abs(signed).sum(axis=0), dtype=np.float64).ravel()
    catalogue = np.asarray(attributes.sum(axis=0), dtype=np.float64).ravel() / max(attributes.shape[0], 1)
    counts = np.asarray(attributes.T @ attention).ravel()
    shares: np.ndarray = (counts + prior * catalogue) / (attention.sum() + prior)
    return shares


def _attributes(snapshot: Snapshot, knowledge: KnowledgeGraph) -> tuple[sp.csr_matrix, EntityTable]:
    union = sp.csr_matrix((knowledge.num_items, knowledge.num_entities), dtype=np.float32)
    most = np.zeros(knowledge.num_entities)
    relations = np.full(knowledge.num_entities, "", dtype=object)
    for name, matrix in knowledge.item_attributes.items():
        own = entity_columns(matrix, knowledge)
        union = union + own
        degrees = np.bincount(own.indices, minlength=knowledge.num_entities)
        relations[degrees > most] = name
        most = np.maximum(most, degrees)
    union = union.tocsr()
    union.data[:] = 1.0
    union.sort_indices()
    entities = snapshot.entities
    table = EntityTable(
        ids=entities["id"].to_pylist(),
        names=entities["name"].to_pylist(),
        kinds=entities["kind"].to_pylist(),
        relations=relations.tolist(),
    )
    return union, table


def _mean_ratings(events: Events, meanings: Mapping[str, Meaning]) -> dict[str, float]:
    means = {}
    for code, kind in enumerate(events.kind_names):
        if kind in meanings and meanings[kind].form == "rating":
            values = meanings[kind].possible(events.values[events.kinds == code])
            if not np.isnan(values).all():
                means[kind] = float(np.nanmean(values))
    return means
