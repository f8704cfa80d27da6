"""About how long a fit takes and how much memory, before any was measured: what is too much must not be begun.

Of time, counted are the operations of the largest term of each part, in units of which a core does some 10^9 in a
second. They tell configurations and sizes of data of one part from another, too: what a trial took, scaled by them,
foretells the others (:func:`scaled`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gnn.errors import TooLarge
from gnn.item_item import BLOCK_FLOATS, EASEConfig
from gnn.objectives import ObjectiveConfig
from recommender.context import RunContext
from recommender.data import TrainingData

RATE = 1e9
"""Operations in a second."""


def seconds(name: str, config: Any, data: TrainingData) -> float:
    """Of a fit of the part of this name on an idle core; right within a few times."""
    operations: Callable[[Any, TrainingData], Any] = _OPERATIONS.get(name, _plain)
    return 0.01 + float(operations(config, data)) / RATE


def memory(name: str, config: Any, data: TrainingData) -> int:
    """Bytes that the fit of a part takes at its peak, beside the data; measured, and right within a half."""
    held: Callable[[Any, TrainingData], Any] = _HELD.get(name, lambda *_: 0)
    return int(held(config, data))


def require_memory(name: str, config: Any, data: TrainingData, run: RunContext) -> None:
    """Raises:
    TooLarge: a fit would take more than may be taken now.
    """
    needed, left = memory(name, config, data), run.memory_left()
    if needed > left:
        over = f"{name} over {data.num_users} people and {data.num_items} items"
        advice = "It is left out where other models are fitted; memory says how much may be taken."
        raise TooLarge(over, needed, int(left), advice)


def scaled(name: str, took: float, config: Any, tried: Any, data: TrainingData) -> float:
    """What ``config`` would take where ``tried`` took so many seconds."""
    return took * seconds(name, config, data) / seconds(name, tried, data)


def fusion(data: TrainingData) -> float:
    """Seconds of learning the weights on an idle core, for each person and part."""
    return 0.5e-3 + 40e-9 * data.num_items


def _plain(config: Any, data: TrainingData) -> float:
    return 100.0 * len(data.cells)


def _pairs(data: TrainingData) -> float:
    """Pairs of items of one person, over all people: what a product of items with items adds up."""
    return float(np.square(np.diff(data.cells.positive.indptr).astype(np.float64)).sum())


def _neighbours(config: Any, data: TrainingData) -> float:
    return 10 * _pairs(data)


def _dense(config: Any, data: TrainingData) -> Any:
    """Product and inverse of the items x items, and of what is known of items beside the people."""
    text = 0 if data.item_vectors is None or not getattr(config, "content", 0) else data.item_vectors.shape[1]
    graph = 20 * len(data.knowledge) if getattr(config, "attributes", 0) else 0
    return data.num_items**3 / 30 + 10 * _pairs(data) + data.num_items**2 * text + graph


def _low_rank(config: Any, data: TrainingData) -> Any:
    return 20.0 * config.rank * len(data.cells) + (data.num_users + data.num_items) * config.rank**2


def _factors(config: Any, data: TrainingData) -> Any:
    """Conjugate gradients; on a GPU, which solves exactly, cells cost more and time hardly matters."""
    cells, rows = 8 * len(data.cells) * config.dimensions, 2 * (data.num_users + data.num_items) * config.dimensions**2
    return config.iterations * (config.cg_steps + 1) * (cells + rows) / 2


def _network(config: Any, data: TrainingData, edges: int = 0) -> Any:
    """Passes over the graph and its vectors, one for each step, and products of people and items."""
    cells, pairs = len(data.cells), data.num_users * data.num_items
    drawn = ObjectiveConfig()
    steps, products = 1.0, float(pairs)
    if drawn.chosen(data.num_users, data.num_items) != "softmax":
        steps, products = max(1.0, cells / drawn.batch), float(cells * drawn.negatives)
    text = 0 if data.item_vectors is None or not config.text else data.num_items * data.item_vectors.shape[1]
    once = products / 6 + steps * (cells + 10 * (data.num_users + data.num_items) + 24 * edges + text)
    return config.epochs * config.copies * config.dimensions * once


def _knowledge(config: Any, data: TrainingData) -> Any:
    return _network(config, data, len(data.knowledge))


def _relations(config: Any, data: TrainingData) -> float:
    """Scores of all items by each relation for those who teach, and the weights."""
    people = min(data.num_users, config.max_people)
    relations = min(len(data.knowledge.relation_names), config.max_relations)
    return float(50.0 * people * data.num_items + 1e6 * people * relations / 10)


def _texts(config: Any, data: TrainingData) -> float:
    width = 0 if data.item_vectors is None else data.item_vectors.shape[1]
    return data.num_items**2 * width / 20 + 1000.0 * data.num_items


_OPERATIONS: dict[str, Callable[[Any, TrainingData], Any]] = {
    "item_knn": _neighbours,
    "rp3beta": _neighbours,
    "ease": _dense,
    "collective": _dense,
    "ease_low_rank": _low_rank,
    "ials": _factors,
    "network": _network,
    "knowledge_network": _knowledge,
    "relations": _relations,
    "content": _texts,
}


def _blocks(data: TrainingData) -> int:
    """Bytes of dense similarities that are held at once, with what is made of them."""
    return 16 * min(BLOCK_FLOATS, data.num_items**2)


def _neighbours_held(config: Any, data: TrainingData) -> int:
    return _blocks(data) + 16 * int(config.neighbours) * data.num_items


def _dense_held(config: Any, data: TrainingData) -> int:
    return EASEConfig.needed(data.num_items)


def _vectors_held(data: TrainingData, size: int, copies: int) -> int:
    """Bytes of so many float32 numbers for each person and item, so many times over."""
    return 4 * copies * size * (data.num_users + data.num_items)


def _network_held(config: Any, data: TrainingData, nodes: int = 0, edges: int = 0) -> int:
    """Vectors with their gradients and moments, layer by layer, the edges, and a block of scores."""
    vectors: int = 64 * config.dimensions * (data.num_users + data.num_items + nodes)
    return vectors + 100 * (len(data.cells) + edges) + _blocks(data) // 2


def _texts_held(data: TrainingData) -> int:
    return 0 if data.item_vectors is None else 2 * int(data.item_vectors.nbytes)


_HELD: dict[str, Callable[[Any, TrainingData], int]] = {
    "item_knn": _neighbours_held,
    "rp3beta": _neighbours_held,
    "graph_filter": lambda config, data: _vectors_held(data, min(config.rank, data.num_items), 6),
    "ease": _dense_held,
    "collective": _dense_held,
    "ease_low_rank": lambda config, data: _vectors_held(data, min(config.rank, data.num_items), 3),
    "ials": lambda config, data: _vectors_held(data, config.dimensions, 6) + 40 * len(data.cells),
    "network": _network_held,
    "knowledge_network": lambda config, data: _network_held(
        config, data, data.knowledge.num_nodes - data.num_items, len(data.knowledge)
    ),
    "relations": lambda config, data: 16 * min(data.num_users, config.max_people) * data.num_items,
    "content": lambda _, data: _texts_held(data) + _blocks(data),
    "interests": lambda _, data: _texts_held(data),
}
