"""The triples of a snapshot as plain arrays, with what each node is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg.snapshot import Snapshot, codes_of

UNNAMED_KIND = "Entity"
"""What an entity without a kind is called."""
UNKNOWN_ITEM = "Unknown item"
"""What a mention of :mod:`kg.snapshot` is called: an item of which nothing is known but that others point at it."""


@dataclass(frozen=True)
class Triples:
    """Edges between nodes, numbered as in :mod:`kg.snapshot`: items, entities, then unknown items."""

    heads: np.ndarray
    """``(m,)`` int64 nodes."""
    relations: np.ndarray
    """``(m,)`` int64 codes of :attr:`relation_names`."""
    tails: np.ndarray
    """``(m,)`` int64 nodes."""
    relation_names: tuple[str, ...]
    num_items: int
    num_entities: int
    kinds: np.ndarray
    """``(num_nodes,)`` int64: what each node is, a code of :attr:`kind_names`."""
    kind_names: tuple[str, ...]
    ids: pa.ChunkedArray
    """External ids of all nodes."""

    @classmethod
    def of(cls, taken: Snapshot) -> Triples:
        """The triples of a snapshot."""
        relations, relation_names = codes_of(taken.triples["relation"])
        entity_kinds = pc.fill_null(taken.entities["kind"], UNNAMED_KIND).to_pylist()
        labels = ["Item"] * taken.items.num_rows + entity_kinds + [UNKNOWN_ITEM] * taken.mentions.num_rows
        names, codes = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
        return cls(
            heads=taken.triples["head"].to_numpy().astype(np.int64),
            relations=relations,
            tails=taken.triples["tail"].to_numpy().astype(np.int64),
            relation_names=relation_names,
            num_items=taken.items.num_rows,
            num_entities=taken.entities.num_rows,
            kinds=codes,
            kind_names=tuple(names.tolist()),
            ids=pa.chunked_array(
                [*taken.items["id"].chunks, *taken.entities["id"].chunks, *taken.mentions["id"].chunks]
            ),
        )

    def __len__(self) -> int:
        return len(self.heads)

    def names(self, nodes: np.ndarray) -> list[str]:
        """External ids of some nodes."""
        found: list[str] = self.ids.take(pa.array(nodes, pa.int64())).to_pylist()
        return found

    def kinds_of(self, nodes: np.ndarray) -> dict[str, int]:
        """How many of these nodes, repeats counted, are of each kind; the most frequent first."""
        counts = np.bincount(self.kinds[nodes], minlength=len(self.kind_names))
        order = np.argsort(-counts, kind="stable")
        return {self.kind_names[code]: int(counts[code]) for code in order.tolist() if counts[code]}

    @cached_property
    def degrees(self) -> np.ndarray:
        """``(num_nodes,)`` int64: edges that touch each node; a loop touches it once."""
        size, loops = len(self.kinds), self.heads == self.tails
        return np.asarray(
            np.bincount(self.heads, minlength=size) + np.bincount(self.tails[~loops], minlength=size), dtype=np.int64
        )

    def links(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Item, entity and relation of every edge between an item and an entity, in whichever direction it leads."""
        items = np.concatenate([self.heads, self.tails])
        others = np.concatenate([self.tails, self.heads])
        relations = np.concatenate([self.relations, self.relations])
        chosen = (items < self.num_items) & (others >= self.num_items) & (others < self.num_items + self.num_entities)
        return items[chosen], others[chosen], relations[chosen]

    def entities_per_item(self) -> np.ndarray:
        """``(num_items,)`` int64: different entities joined to each item."""
        items, entities, _ = self.links()
        pairs = np.unique(np.stack([items, entities]), axis=1)
        return np.bincount(pairs[0], minlength=self.num_items)
