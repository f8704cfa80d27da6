"""Each person's list by one version in the graph, for who reads it with Cypher: ``RECOMMENDED {rank, score, model}``.

The edges of a new version are written while readers, who go through the published pointer ``(:Model)``, see those of
the one before. The write that moves the pointer also says that the version has lists, and so shows them all at once;
those of other versions are removed last. A crash on the way leaves edges that nobody sees, until the next publishing
removes them.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kg import queries
from kg.store import Store

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
        for start in range(0, len(rows), ROWS_A_BATCH):
            batch = rows[start : start + ROWS_A_BATCH]
            store.write(queries.statement("recommended_add", model=version, rows=batch))
            written += len(batch)
    return written


def rewrite_lists(store: Store, version: str, lists: Iterable[pd.DataFrame], count: int) -> int:
    """Give the published version other lists: readers see none from the first write to the last, never a part."""
    store.write(queries.statement("model_recommends", version=version, count=None))
    drop_lists(store, kept="")
    written = write_lists(store, version, lists)
    store.write(queries.statement("model_recommends", version=version, count=count))
    return written


def drop_lists(store: Store, kept: str) -> None:
    """Remove the lists of all versions but one, which is the published one, or none."""
    store.write(queries.statement("models_hide_lists", kept=kept))
    left = [row["id"] for row in store.read(queries.text("recommended_left"), kept=kept)]
    for start in range(0, len(left), PEOPLE_A_BATCH):
        users = left[start : start + PEOPLE_A_BATCH]
        store.write(queries.statement("recommended_drop", users=users, kept=kept))
