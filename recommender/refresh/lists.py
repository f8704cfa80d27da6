"""Each person's list by one version in the graph, for who reads it with Cypher: ``RECOMMENDED {rank, score, model}``.

When they are seen, and by whom, :mod:`recommender.refresh.write_back` says.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

import pandas as pd

from kg import queries
from kg.batch import batched
from kg.store import Store

ROWS_A_BATCH = 5_000
"""Edges written in one transaction, unless one list is longer."""
PEOPLE_A_BATCH = 200
"""People whose old edges are removed in one transaction."""


def write_lists(store: Store, version: str, lists: Iterable[pd.DataFrame]) -> int:
    """Write these lists (``user_id, item_id, score, rank``) as those of a version; returns how many edges.

    The rows of a person follow each other. Each transaction takes whole lists and first removes what is there of them,
    so that one whose answer was lost may run again.
    """
    written = 0
    for block in lists:
        table = block[["user_id", "item_id", "rank", "score"]]
        rows = (list(row) for row in table.itertuples(index=False, name=None))
        own = [(user, list(of_user)) for user, of_user in groupby(rows, key=itemgetter(0))]
        longest = max((len(of_user) for _, of_user in own), default=1)
        for batch in batched(own, max(1, ROWS_A_BATCH // longest)):
            added = [row for _, of_user in batch for row in of_user]
            store.write(
                queries.statement("recommended_clear", model=version, users=[user for user, _ in batch]),
                queries.statement("recommended_add", model=version, rows=added),
            )
            written += len(added)
    return written


def drop_lists(store: Store, kept: str) -> None:
    """Remove the lists of all versions but one, which is the published one, or none."""
    left = [row["id"] for row in store.read(queries.text("recommended_left"), kept=kept)]
    for users in batched(left, PEOPLE_A_BATCH):
        store.write(queries.statement("recommended_drop", users=users, kept=kept))
