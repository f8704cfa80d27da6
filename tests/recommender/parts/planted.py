"""A small world with planted taste: two groups of people, and of items that entities and texts tell apart."""

from __future__ import annotations

import numpy as np

from recommender.data import Cells, KnowledgeGraph, TrainingData

PEOPLE, ITEMS, ENTITIES = 40, 24, 6


def world(seed: int = 0) -> TrainingData:
    """People of one half like items of the same half; item 11 and item 23 are liked by nobody."""
    rng = np.random.default_rng(seed)
    users, items = [], []
    for person in range(PEOPLE):
        first = 0 if person < PEOPLE // 2 else ITEMS // 2
        chosen = rng.permutation(ITEMS // 2 - 1)[:6] + first
        users += [person] * len(chosen)
        items += chosen.tolist()
    size = len(users)
    cells = Cells(
        users=np.array(users),
        items=np.array(items),
        weights=np.ones(size, np.float32),
        times=np.arange(size) * 3600.0,
        num_users=PEOPLE,
        num_items=ITEMS,
    )
    heads = np.repeat(np.arange(ITEMS), 2)
    half = (heads >= ITEMS // 2).astype(np.int64)
    telling = ITEMS + half * 2 + rng.integers(0, 2, len(heads))
    noise = ITEMS + 4 + rng.integers(0, 2, ITEMS)
    knowledge = KnowledgeGraph(
        heads=np.concatenate([heads, np.arange(ITEMS)]),
        relations=np.concatenate([np.zeros(len(heads), np.int64), np.ones(ITEMS, np.int64)]),
        tails=np.concatenate([telling, noise]),
        relation_names=("film.film.directed_by", "noise"),
        num_items=ITEMS,
        num_entities=ENTITIES,
        num_nodes=ITEMS + ENTITIES,
    )
    centres = np.eye(8)[:2]
    vectors = centres[(np.arange(ITEMS) >= ITEMS // 2).astype(int)] + 0.2 * rng.normal(size=(ITEMS, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    words = np.zeros((PEOPLE, 8), np.float32)
    words[:3] = vectors[:3]
    return TrainingData(cells, knowledge, item_vectors=vectors, user_words=words)
