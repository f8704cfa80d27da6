"""The nearest by vector, found in the graph: items by what their texts say, people by their interests.

Vectors of interests are part of every profile. Those of items are written on request, as ``(:ItemVector {id, item,
version, vector})``: all of a version first, then its ``:Model`` node says that they are there, then older ones go, so
that no reader sees two versions mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kg import queries, schema
from kg.batch import batched
from kg.progress import tqdm
from kg.store import Row, Statement, Store
from recommender.bridge import TextVectors
from recommender.errors import InvalidInput
from recommender.explain.answer import dense_item
from recommender.model import Model
from recommender.profiles.read import read_profile
from recommender.writing import as_text

VECTORS_A_BATCH = 1_000
"""Of one transaction."""
CANDIDATES = 5
"""Interests looked at for each person wanted: many belong to one person, and to the person who asks."""


def write_item_vectors(store: Store, model: Model, *, progress: bool = False) -> int:
    """Write the vectors of a version's items to the graph in place of those of another; returns how many.

    Items without text have none.

    Raises:
        InvalidInput: the version knows no texts.
    """
    known = _vectors(model)
    vectors = known.items
    version, spoken = model.version, np.flatnonzero(vectors.any(axis=1)).tolist()
    if not _are_there(store, model):
        store.write(queries.statement("item_vectors_drop", version=version))  # of a write that was stopped
        store.write(Statement(schema.node_constraint("ItemVector"), {}))  # older graphs lack it
        shown = tqdm(spoken, desc="item vectors", unit="item", leave=False, disable=not progress)
        rows = ([f"{version}/{model.items[item]}", model.items[item], as_text(vectors[item])] for item in shown)
        for batch in batched(rows, VECTORS_A_BATCH):
            store.write(  # first what is there of these: where the answer is lost, this runs again
                queries.statement("item_vectors_clear", ids=[id for id, *_ in batch]),
                queries.statement("item_vectors_add", version=version, rows=batch),
            )
        store.write(queries.statement("item_vectors_publish", version=version))
    # Versions of before this was noted have it of their vectors.
    store.index_vectors("ItemVector", "vector", **model.manifest.get("vectors") or known.space)
    store.write(queries.statement("item_vectors_prune", version=version))
    return len(spoken)


def _are_there(store: Store, model: Model) -> bool:
    return bool(store.read(queries.text("item_vectors_version"), version=model.version))


def nearest_items(store: Store, model: Model, item: str, k: int) -> list[dict[str, Any]]:
    """The items whose texts are most like an item's: ``item_id``, ``score`` (cosine) and ``rank``, the best first.

    Raises:
        UnknownItem: it is not in the published version.
        InvalidInput: it has no text, or the graph does not hold the vectors of this version.
    """
    vector = _vectors(model).items[dense_item(model, item)]
    if not vector.any():
        raise InvalidInput(f"item {item!r} has no text to be compared by")
    if not _are_there(store, model):
        raise InvalidInput(
            f"the graph does not hold the vectors of version {model.version}; run 'tastegraph models vectors'"
        )
    # Twice as many, and itself: for a moment the graph may hold another version's vectors beside these.
    found = store.nearest("ItemVector", "vector", vector.tolist(), 2 * (k + 1))
    prefix = f"{model.version}/"
    others = [(row["id"].removeprefix(prefix), row["score"]) for row in found if row["id"].startswith(prefix)]
    return _ranked("item_id", [(other, score) for other, score in others if other != item][:k])


def nearest_people(store: Store, user: str, k: int) -> list[dict[str, Any]]:
    r"""The people with the most like interests: ``user_id, score, rank``, the best first.

    :math:`\sum_i w_i \max_j \cos(x_i, y_j)` over the person's interests with weights :math:`w_i` that sum to one, and
    those of the other, of which only the ``CANDIDATES * k`` nearest to each :math:`x_i` are looked at.

    Raises:
        UnknownUser: no such person.
        InvalidInput: nothing is known of what they like.
    """
    interests = read_profile(store, user).interests
    if not interests:
        raise InvalidInput(f"{user!r} has no interests to be compared by; they are drawn from texts by 'refresh'")
    total = sum(interest.weight for interest in interests)
    scores: dict[str, float] = {}
    for interest in interests:
        best = _best_of_people(store, store.nearest("Interest", "vector", interest.vector.tolist(), CANDIDATES * k + 9))
        for other, cosine in best.items():
            scores[other] = scores.get(other, 0.0) + interest.weight / total * cosine
    scores.pop(user, None)
    return _ranked("user_id", sorted(scores.items(), key=lambda own: (-own[1], own[0]))[:k])


def _best_of_people(store: Store, found: Sequence[Row]) -> dict[str, float]:
    """The highest score of each person's interests among these, which are sorted."""
    owners = store.read(queries.text("interest_owners"), ids=[row["id"] for row in found])
    person = {row["interest"]: row["user"] for row in owners}
    best: dict[str, float] = {}
    for row in found:
        if row["id"] in person:
            best.setdefault(person[row["id"]], row["score"])
    return best


def _ranked(name: str, scored: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{name: id, "score": score, "rank": rank} for rank, (id, score) in enumerate(scored, 1)]


def _vectors(model: Model) -> TextVectors:
    if model.vectors is None:
        raise InvalidInput(f"version {model.version} was made without texts, so it has no vectors")
    return model.vectors
