"""Small planted worlds for the tests of profiles: attributes, and ratings on 1 to 5.

A rating of 5 weighs 1, 4 weighs .75, 3 weighs .5, 2 weighs -.5 and 1 weighs -1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from kg.snapshot import ENTITIES, KINDS, TRIPLES, Snapshot
from recommender.bridge import knowledge_of
from recommender.meaning import Events, Meaning, cells_of, declared_of, meanings_of
from recommender.profiles.context import ProfileContext
from recommender.profiles.history import Histories, Words
from recommender.profiles.profile import ProfileConfig, histories_of
from tests.recommender.evaluation.worlds import Row, snapshot_of

DAY = 86400.0
Attributes = Mapping[str, Mapping[int, Sequence[str]]]
"""relation -> item -> names of entities."""


@dataclass(frozen=True)
class World:
    """A snapshot, its context, and the histories of everyone in it."""

    snapshot: Snapshot
    context: ProfileContext
    events: Events

    @property
    def user_ids(self) -> list[str]:
        ids: list[str] = self.snapshot.users["id"].to_pylist()
        return ids

    def histories(self, config: ProfileConfig | None = None, words: Words | None = None) -> Histories:
        return histories_of(self.user_ids, self.events, self.context, config or ProfileConfig(), words)


def rated(user: int, item: int, value: float, day: float | None = 0.0) -> Row:
    """One rating."""
    return (user, item, "RATED", None if day is None else day * DAY, value)


def world(
    rows: Sequence[Row],
    num_users: int,
    num_items: int,
    attributes: Attributes | None = None,
    vectors: np.ndarray | None = None,
    phrases: Sequence[Sequence[str]] | None = None,
) -> World:
    """A world of these events; items are called ``Item 0`` and so on, an entity's id is ``kind:name``."""
    triples = [
        {"head": item, "relation": relation, "tail": f"{relation.lower()}:{name}"}
        for relation, items in (attributes or {}).items()
        for item, names in items.items()
        for name in names
    ]
    entities = sorted({triple["tail"] for triple in triples})
    snapshot = snapshot_of(rows, num_users, num_items)
    titles = pa.array([f"Item {n}" for n in range(num_items)])
    snapshot = replace(
        snapshot,
        items=snapshot.items.set_column(1, "title", titles),
        entities=pa.Table.from_pylist(
            [{"id": e, "name": e.split(":")[1], "kind": e.split(":")[0]} for e in entities], schema=ENTITIES
        ),
        triples=pa.table(
            {
                "head": [triple["head"] for triple in triples],
                "relation": [triple["relation"] for triple in triples],
                "tail": [num_items + entities.index(triple["tail"]) for triple in triples],
            }
        ).cast(TRIPLES)
        if triples
        else TRIPLES.empty_table(),
        kinds=pa.Table.from_pylist([{"kind": "RATED", "minimum": 1.0, "maximum": 5.0}], schema=KINDS),
    )
    events = Events.of(snapshot.events)
    meanings: dict[str, Meaning] = meanings_of(Events.of(snapshot.events), declared_of(snapshot))
    context = ProfileContext.from_snapshot(
        snapshot,
        cells_of(events, meanings, num_users, num_items),
        knowledge_of(snapshot),
        meanings,
        item_vectors=vectors,
        phrases=phrases,
    )
    return World(snapshot, context, events)


def axes(positions: Sequence[int], d: int = 4) -> np.ndarray:
    """``(n, d)`` unit rows, each along one axis; -1 makes a zero row."""
    return np.vstack([np.eye(d, dtype=np.float32), np.zeros((1, d), np.float32)])[list(positions)]
