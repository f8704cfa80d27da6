"""The graph network (:mod:`gnn.network`): linear propagation over people and items, and beside it over entities too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Self

import numpy as np
import torch

from gnn.graph import Graph
from gnn.network import NetworkConfig, Propagated, fit
from gnn.objectives import ObjectiveConfig
from gnn.sparse import to_torch
from gnn.training import TrainingConfig
from kg.progress import tqdm
from recommender.context import RunContext
from recommender.data import People, Rows, TrainingData
from recommender.evaluation.protocol import EvaluationConfig, Task, evaluate
from recommender.evaluation.splits import holdout
from recommender.parts.base import Contributions, Part, cosines

ARRAYS = ("base", "items", "bias", "messages")
"""The fields of :class:`Propagated` that are tensors."""

COPIES = 3
"""Networks of the final form, ..."""
COPIED_PAIRS = 50_000_000
"""... where people times items are no more than this; beyond, training is slow, and one owes less to its start."""


@dataclass(frozen=True)
class GraphNetworkConfig:
    """The choices that validation makes; the rest stays at the defaults of :mod:`gnn`."""

    dimensions: int = 64
    """Length of an embedding."""
    temperature: float = 0.2
    """Of the softmax over items."""
    epochs: int = 40
    """Passes; the number that validation likes best is the early stopping of the final fit, which has no validation.
    Where a time limit ended training, those that it took: what is chosen then takes as long again."""
    learning_rate: float = 0.02
    """Of Adam."""
    text: bool = False
    """Whether text vectors are features of items."""
    contrast: float = 0.0
    """Weight of a contrastive term, see :class:`gnn.objectives.ObjectiveConfig`; 0 leaves it out."""
    stopping: float = 0.0
    """Share of the liked pairs, in [0, 1), that a first training hides, a pair each of as many people as can be, and by
    which it ends early: the networks are then trained on all pairs for as many epochs as had the highest NDCG@10 on the
    hidden ones. 0 takes :attr:`epochs` as they are."""
    copies: int = 1
    """Networks of different seeds whose mean is the score: it evens out what each owes to its start."""


class GraphNetwork(Part):
    """``score_j = cos(z_u, z_j) / tau + b_j``; a person's ``z_u`` follows from the history in closed form.

    It propagates over people and items alone: on dense data entities add nothing.
    """

    name = "network"
    Config = GraphNetworkConfig
    trained_in_steps = True
    trained: tuple[Propagated, ...]
    """One a copy."""

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[GraphNetworkConfig]:
        shapes = [(64, 0.25, 80), (64, 0.2, 60), (128, 0.2, 40), (128, 0.25, 80), (128, 0.3, 80), (64, 0.2, 20)]
        configs = [GraphNetworkConfig(*shape) for shape in shapes]
        if data.item_vectors is not None:
            configs.insert(3, GraphNetworkConfig(64, 0.2, 60, text=True))
        return configs

    @classmethod
    def final(cls, config: GraphNetworkConfig, data: TrainingData) -> GraphNetworkConfig:
        return replace(config, copies=COPIES if data.num_users * data.num_items <= COPIED_PAIRS else 1)

    def fit(self, data: TrainingData, run: RunContext) -> Self:
        config = self.config if self.config.stopping == 0 else self._stopped(data, run)
        graph = self._graph(data, run.device)
        trained: list[Propagated] = []
        for copy in range(config.copies):
            # A time limit decides how long the first one trains; the others train as long, so that a repetition can.
            limit = run.time_limit / config.copies if copy == 0 else math.inf
            network, log = fit(graph, *_settings(config, limit), seed=run.seed + copy, bar=_bar(run))
            config = replace(config, epochs=len(log.losses))
            trained.append(_on_processor(network.propagated()))
        self.config = config
        self.trained = tuple(trained)
        return self

    def carried(self, rows: Rows, data: TrainingData, run: RunContext) -> Self:
        """The vectors that are there, with those of new items folded in; new people follow from their history."""
        found = type(self)(self.config)
        users, items = torch.from_numpy(rows.users), torch.from_numpy(rows.items)
        liked = to_torch(data.cells.positive)
        found.trained = tuple(copy.extended(users, items, liked) for copy in self.trained)
        return found

    def _stopped(self, data: TrainingData, run: RunContext) -> GraphNetworkConfig:
        """The configuration with the number of epochs that pairs hidden from training like best."""
        config: GraphNetworkConfig = self.config
        cells = data.cells
        liked = np.flatnonzero(cells.weights > 0)
        chosen = holdout(cells.users[liked], cells.items[liked], config.stopping, run.seed)
        if not chosen.any():  # nobody has two pairs
            return config
        hidden = np.zeros(len(cells), dtype=bool)
        hidden[liked[chosen]] = True
        shown = replace(data, cells=cells.take(~hidden))
        task = Task.of(shown, shown.cells.matrix, cells.take(hidden).matrix)

        def metric(found: Propagated) -> float:
            self.trained = (_on_processor(found),)
            return evaluate(self, task, EvaluationConfig(ks=(10,))).means["ndcg@10"]

        settings = _settings(config, run.time_limit / 2)
        _, log = fit(self._graph(shown, run.device), *settings, seed=run.seed, metric=metric, bar=_bar(run))
        return replace(config, epochs=log.best_epoch, stopping=0.0)

    def _graph(self, data: TrainingData, device: str) -> Graph:
        return Graph(to_torch(data.cells.matrix, device), features=self._features(data, device))

    def _features(self, data: TrainingData, device: str) -> torch.Tensor | None:
        if not self.config.text or data.item_vectors is None:
            return None
        return torch.from_numpy(data.item_vectors).to(device)

    def score(self, people: People) -> np.ndarray:
        scores = [
            copy.score(copy.user_vectors(_base(copy, people), people.history)).div_(len(self.trained))
            for copy in self.trained
        ]
        return reduce(torch.Tensor.add_, scores).numpy()

    def contributions(self, person: People, items: np.ndarray) -> Contributions:
        targets = torch.from_numpy(items)
        found = [copy.contributions(_base(copy, person), person.history, targets) for copy in self.trained]
        baseline, values = (torch.stack([one[place] for one in found]).mean(0) for place in (0, 2))
        return Contributions(baseline.numpy(), values.numpy())

    def alike(self, item: int) -> np.ndarray:
        return np.asarray(np.mean([cosines(copy.items.numpy(), item) for copy in self.trained], axis=0))

    def state(self) -> dict[str, np.ndarray]:
        return {name: np.stack([getattr(copy, name).numpy() for copy in self.trained]) for name in ARRAYS}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        copies = zip(*(torch.from_numpy(state[name]) for name in ARRAYS), strict=True)
        self.trained = tuple(
            Propagated(base, items, bias, messages, self.config.temperature) for base, items, bias, messages in copies
        )


def _settings(config: GraphNetworkConfig, seconds: float) -> tuple[NetworkConfig, ObjectiveConfig, TrainingConfig]:
    """What :mod:`gnn` trains by, for at most so many seconds."""
    return (
        NetworkConfig(dimensions=config.dimensions, temperature=config.temperature),
        ObjectiveConfig(contrast=config.contrast),
        TrainingConfig(epochs=config.epochs, learning_rate=config.learning_rate, time_budget=seconds),
    )


def _bar(run: RunContext) -> type[tqdm] | None:
    """What shows the epochs."""
    return tqdm if run.progress else None


def _on_processor(found: Propagated) -> Propagated:
    return replace(found, **{name: getattr(found, name).cpu() for name in ARRAYS})


def _base(copy: Propagated, people: People) -> torch.Tensor:
    """``e_u`` of those who were in training, zeros for newcomers."""
    rows = torch.from_numpy(people.rows)
    return copy.base[rows.clamp_min(0)] * (rows >= 0)[:, None]


class KnowledgeNetwork(GraphNetwork):
    """The same over entities as well, with a learned weight for each relation: where people have few items, what items
    share says more than who likes them."""

    name = "knowledge_network"

    @classmethod
    def grid(cls, data: TrainingData) -> Sequence[GraphNetworkConfig]:
        shapes = ((64, 0.2, 60), (128, 0.2, 40)) if len(data.knowledge) else ()
        configs = [GraphNetworkConfig(*shape) for shape in shapes]
        if configs and data.item_vectors is not None:
            configs.append(GraphNetworkConfig(64, 0.2, 60, text=True))
        return configs

    def _graph(self, data: TrainingData, device: str) -> Graph:
        graph = data.knowledge
        heads, relations, tails = (torch.from_numpy(a).to(device) for a in (graph.heads, graph.relations, graph.tails))
        return Graph(
            to_torch(data.cells.matrix, device),
            (heads, relations, tails),
            len(graph.relation_names),
            graph.num_nodes,
            features=self._features(data, device),
        )
