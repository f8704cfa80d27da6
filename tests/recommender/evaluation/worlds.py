"""Small planted worlds for the tests of evaluation: snapshots of a few events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kg.snapshot import ENTITIES, EVENTS, ITEMS, KINDS, MENTIONS, REVIEWS, TRAITS, TRIPLES, USERS, Snapshot
from recommender.bridge import Builder, TextVectors

Row = tuple[int, int, str, float | None, float | None]  # user, item, kind, Unix seconds, value


def snapshot_of(rows: Sequence[Row], num_users: int, num_items: int, reviewed: Sequence[int] = ()) -> Snapshot:
    """A graph of these events, in this order; the events at the positions ``reviewed`` came with a text."""
    seconds = [None if row[3] is None else int(row[3] * 1e6) for row in rows]
    events = pa.table(
        {
            "user": [row[0] for row in rows],
            "item": [row[1] for row in rows],
            "kind": [row[2] for row in rows],
            "at": pa.array(seconds, pa.int64()),
            "value": pa.array([row[4] for row in rows], pa.float64()),
            "event_id": [f"e{position}" for position in range(len(rows))],
        }
    ).cast(EVENTS)
    reviews = [
        {"id": f"e{position}", "user": rows[position][0], "item": rows[position][1], "text": f"text {position}"}
        for position in reviewed
    ]
    return Snapshot(
        users=pa.table({"id": [f"u{n}" for n in range(num_users)], "properties": ["{}"] * num_users}, schema=USERS),
        items=pa.Table.from_pylist([{"id": f"i{n}", "properties": "{}"} for n in range(num_items)], schema=ITEMS),
        entities=ENTITIES.empty_table(),
        mentions=MENTIONS.empty_table(),
        events=events,
        reviews=pa.Table.from_pylist(reviews, schema=REVIEWS),
        triples=TRIPLES.empty_table(),
        traits=TRAITS.empty_table(),
        kinds=KINDS.empty_table(),
    )


def builder(snapshot: Snapshot) -> Builder:
    """Training data of a snapshot's parts; the vector of an item is [1] where the part has a review of it, else [0]."""
    items, reviews = (
        np.full((size, 1), value, np.float32)
        for size, value in ((snapshot.items.num_rows, 0.0), (snapshot.reviews.num_rows, 1.0))
    )
    return Builder(snapshot, TextVectors(items, reviews))
