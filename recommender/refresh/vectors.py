"""Factors of items and people by one version in the graph: ``(:Item)-[:HAS_FACTORS]->(:ItemFactors {model, vector})``.

They are the factors of :class:`recommender.parts.factors.IALS`: the product of a person's vector with an item's is what
that part says of both, and near vectors are items that the same people like. Like lists they are written before the
pointer moves, and read through it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from kg import queries
from kg.batch import batched
from kg.store import Store
from recommender.model import Model
from recommender.parts.factors import IALS
from recommender.people import read_everyone
from recommender.writing import as_text

log = logging.getLogger(__name__)

AT_ONCE = 1_000
"""Vectors of one transaction: about 1.5 MB for 128 numbers each."""


def write_vectors(store: Store, model: Model) -> int | None:
    """Write the vectors of all items that can be recommended, and of everybody; returns their length.

    None, and nothing is written, where the factorisation got no weight, so that the version is without it.
    """
    part = next((part for part in model.hybrid.parts if isinstance(part, IALS)), None)
    if part is None:
        log.warning("%s gives no weight to %s, so no vectors are written", model.version, IALS.name)
        return None
    _write(store, "Item", model.version, model.items.ids, part.factors.numpy())
    ids, read = read_everyone(store, model)
    for users in batched(ids, AT_ONCE):
        people = read(users)
        vectors = part.factors_of(model.people(people)).numpy()
        _write(store, "User", model.version, [str(person.user_id) for person in people], vectors)
    return int(part.factors.shape[1])


def drop_vectors(store: Store, kept: str) -> None:
    """Remove the vectors of all versions but one."""
    for label in ("Item", "User"):
        removing = queries.statement("factors_drop", names={"label": label}, kept=kept, most=AT_ONCE)
        while store.write(removing)[0][0]["gone"]:
            pass


def _write(store: Store, label: str, version: str, ids: Sequence[str], vectors: np.ndarray) -> None:
    """Each transaction first removes what is there of these, so that one whose answer was lost may run again."""
    rows = (
        {"id": f"{version} {id}", "of": id, "vector": as_text(vector)} for id, vector in zip(ids, vectors, strict=True)
    )
    for batch in batched(rows, AT_ONCE):
        store.write(
            queries.statement("factors_clear", names={"label": label}, ids=[row["id"] for row in batch]),
            queries.statement("factors_add", names={"label": label}, model=version, rows=batch),
        )
