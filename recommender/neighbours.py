"""What is nearest: items by all that the model says of items, or by their texts alone, and people by their interests.

The last two are found by vector, in the graph. Vectors of interests are part of every profile. Those of items are
written on request, as ``(:ItemVector {id, item, version, vector})``: all of a version first, then its ``:Model`` node
says that they are there, then older ones go, so that no reader sees two versions mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kg import queries, schema
from kg.batch import batched
from kg.progress import tqdm
from kg.store import Row, Statement, Store
from recommender.bridge import TextVectors
from recommender.errors import InvalidInput
from recommender.explain.answer import dense_item
from recommender.fusion import standardise
from recommender.model import Model
from recommender.profiles.read import read_profile
from recommender.writing import as_text

VECTORS_A_BATCH = 1_000
"""Of one transaction."""
SUPPORT = 10
"""With so many likes what they say of an item counts as much as its text and its relations do."""
CANDIDATES = 5
"""Interests looked at for each person wanted: many belong to one person, and to the person who asks."""


def alike_items(model: Model, item_id: str, k: int) -> pd.DataFrame:
    """The items that are most like one: ``item_id, score, rank, title``, the best first.

    Those that share nothing with it are left out.

    Raises:
        UnknownItem: it is not in the published version.
        InvalidInput: ``k`` is below 1.
    """
    if not isinstance(k, int | np.integer) or k < 1:
        raise InvalidInput(f"k = {k!r}; a list has a whole number of items, at least one")
    item = dense_item(model, item_id)
    scores = likeness(model, item)
    best = np.argsort(-scores, kind="stable")[:k]
    best = best[scores[best] > 0]
    return pd.DataFrame(
        {
            "item_id": model.item_ids[best],
            "score": scores[best],
            "rank": np.arange(1, len(best) + 1),
            "title": [model.explainer.title(one) for one in best.tolist()],
        }
    )


def likeness(model: Model, item: int) -> np.ndarray:
    r"""How like an item each one is by all parts that compare items, ``(num_items,)`` float64; 0 for itself.

    :math:`\sum_p (t_i w_p + (1 - t_i) g_p) \, z_{pij}` with the weight :math:`w_p` of a part for people with a history,
    and what the part says of both items, whoever asks (:meth:`recommender.parts.base.Part.alike`), in the units of the
    hybrid: :math:`z_{pij} = a_{pij} / \sqrt{\sigma (\max - \bar a)}`. Likes are trusted by their number n in
    :math:`t = n / (n + 10)`: what is known of the other item by likes alone is taken times that of it, and what these
    leave of the trust in item i goes in equal shares :math:`g_p` to the parts that know an item by its text or its
    relations.
    """
    likes = model.data.cells.positive.getnnz(axis=0)
    trust = likes / (likes + SUPPORT)
    found: list[np.ndarray] = []
    weights: list[float] = []
    general: list[bool] = []
    for part, weight in zip(model.hybrid.parts, model.hybrid.fusion.history.weights.tolist(), strict=True):
        values = part.alike(item)
        if values is None:
            continue
        values = values * (1.0 if part.knows_new_items else trust)
        values[item] = 0.0
        _, _, scale = standardise(values[None])
        if scale[0, 0]:
            found.append(values * scale[0, 0])
            weights.append(weight)
            general.append(part.knows_new_items)
    if not found:
        return np.zeros(len(likes))
    learned = np.array(weights if any(weights) else [1.0] * len(found))
    apart = np.array(general) if any(general) else learned > 0
    share = trust[item] * learned / learned.sum() + (1 - trust[item]) * apart / apart.sum()
    total: np.ndarray = share @ np.stack(found)
    return total


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
