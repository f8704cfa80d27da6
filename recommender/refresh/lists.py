"""Each person's list by one version in the graph, for who reads it with Cypher: ``RECOMMENDED {rank, score, model}``.

When they are seen, and by whom, :mod:`recommender.refresh.write_back` says.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kg import queries
from kg.store import Store
from recommender.writing import batched

ROWS_A_BATCH = 5_000
"""Edges written in one transaction."""
PEOPLE_A_BATCH = 200
"""People whose old edges are removed in one transaction."""


def write_lists(store: Store, version: str, lists: Iterable[pd.DataFrame]) -> int:
    """Write these lists (``user_id, item_id, score, rank``) as those of a version; returns how many edges."""
    written = 0
    for block in lists:
        table = block[["user_id", "item_id", "rank", "score"]]
        rows = [list(row) for row in table.itertuples(index=False, name=None)]
        for batch in batched(rows, ROWS_A_BATCH):
            store.write(queries.statement("recommended_add", model=version, rows=batch))
            written += len(batch)
    return written


def drop_lists(store: Store, kept: str) -> None:
    """Remove the lists of all versions but one, which is the published one, or none."""
    left = [row["id"] for row in store.read(queries.text("recommended_left"), kept=kept)]
    for users in batched(left, PEOPLE_A_BATCH):
        store.write(queries.statement("recommended_drop", users=users, kept=kept))
