"""What a scorer is trained to do: an epoch as a stream of losses for :func:`gnn.training.train`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gnn.errors import require
from gnn.losses import FullSoftmax, bpr, info_nce, sampled_softmax
from gnn.sampling import Edges, NegativeSampler
from gnn.sparse import degrees

Scorer = tuple[Tensor, Tensor, Tensor]
"""Unit vectors of users ``(U, d)`` and items ``(I, d)``, and the bias ``(I,)``."""
Forward = Callable[[Tensor | None], Scorer]
"""Makes the scorer without seeing some of the positives: their positions ``(h,)`` int64, or None."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """Which loss, over what."""

    loss: Literal["auto", "softmax", "sampled", "bpr"] = "auto"
    """``softmax`` over all items, one step an epoch; ``sampled`` over drawn ones and ``bpr``, in batches. ``auto``:
    softmax while one pass scores no more than ``auto_limit`` pairs."""
    auto_limit: int = 500_000_000
    """Users times items; a pass of this size takes some ten seconds on two cores."""
    held_out: float = 0.0
    """Fraction of the positives, in [0, 1), that a step hides from propagation and predicts, drawn anew each step; in
    batches, a batch is hidden when this is above 0. 0 predicts what propagation sees: faster, and as good where
    everybody has many positives. Above, what is rewarded is what carries over, relation weights before all."""
    batch: int = 8192
    """Positives a step, for ``sampled`` and ``bpr``."""
    negatives: int = 512
    """Items drawn for a batch, shared by its positives, for ``sampled``."""
    popularity: float = 0.75
    """Items are drawn in proportion to their count to this power, for ``sampled`` and ``bpr``."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the products of people and items, the bulk of the work of ``softmax`` and ``sampled``; parameters, the softmax
    and the optimiser stay float32 (mixed precision)."""

    contrast: float = 0.0
    """Weight of a contrastive term beside the ranking loss (SGL): in two views of the graph, each without some of the
    positives, a node is to be nearest to itself. 0 leaves it out, and two propagations a step with it."""
    contrast_hidden: float = 0.1
    """Fraction of the positives, in (0, 1), that each view hides."""
    contrast_temperature: float = 0.2
    """Of the contrastive softmax."""
    contrast_nodes: int = 2048
    """Users, and items, drawn for it at each step."""

    def __post_init__(self) -> None:
        require(self.contrast >= 0, f"contrast = {self.contrast} is negative")
        require(0 < self.contrast_hidden < 1, f"contrast_hidden = {self.contrast_hidden} is outside (0, 1)")
        require(self.contrast_temperature > 0, f"contrast_temperature = {self.contrast_temperature} is not above 0")
        require(self.contrast_nodes >= 2, f"contrast_nodes = {self.contrast_nodes} is below 2")
        require(self.loss in ("auto", "softmax", "sampled", "bpr"), f"loss = {self.loss!r} is not known")
        require(0 <= self.held_out < 1, f"held_out = {self.held_out} is outside [0, 1)")
        require(self.batch >= 1, f"batch = {self.batch} is below 1")
        require(self.negatives >= 1, f"negatives = {self.negatives} is below 1")
        require(0 <= self.popularity <= 1, f"popularity = {self.popularity} is outside [0, 1]")
        require(self.precision in ("float32", "bfloat16"), f"precision = {self.precision!r} is not known")

    @property
    def dtype(self) -> torch.dtype:
        """:attr:`precision` as torch has it."""
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32

    def chosen(self, users: int, items: int) -> Literal["softmax", "sampled", "bpr"]:
        """The loss, ``auto`` decided."""
        if self.loss == "auto":
            return "softmax" if users * items <= self.auto_limit else "sampled"
        return self.loss


def losses(
    forward: Forward, positives: Tensor, temperature: float, config: ObjectiveConfig, seed: int
) -> Callable[[int], Iterable[Tensor]]:
    """For each epoch its losses, each made when it is asked for.

    Args:
        forward: the scorer; called once a step.
        positives: CSR ``(U, I)``, weights above 0.
        temperature: a score is ``u·v / temperature + bias``.
        config: which loss.
        seed: of orders and draws, which do not depend on the device.

    Raises:
        ShapeError: no positive.
    """
    generator = torch.Generator().manual_seed(seed)
    ranking = _ranking_epochs(forward, positives, temperature, config, generator)
    if not config.contrast:
        return ranking

    def epoch(number: int) -> Iterator[Tensor]:
        for loss in ranking(number):
            yield loss + config.contrast * contrast(forward, positives, config, generator)

    return epoch


def contrast(forward: Forward, positives: Tensor, config: ObjectiveConfig, generator: torch.Generator) -> Tensor:
    """:func:`info_nce` of users plus that of items, between two views that hide different ones of the positives.

    Only of those who have a positive: the vector of a node without an edge may be 0, which has no direction.
    """
    views = []
    for _ in range(2):
        hidden = (torch.rand(len(positives.values()), generator=generator) < config.contrast_hidden).nonzero()[:, 0]
        views.append(forward(hidden.to(positives.device)))
    total = positives.values().new_zeros(())
    for degree, first, second in zip(degrees(positives), views[0][:2], views[1][:2], strict=True):
        met = degree.nonzero()[:, 0]
        drawn = met[torch.randperm(len(met), generator=generator)[: config.contrast_nodes].to(met.device)]
        total = total + info_nce(first[drawn], second[drawn], config.contrast_temperature)
    return total


def _ranking_epochs(
    forward: Forward, positives: Tensor, temperature: float, config: ObjectiveConfig, generator: torch.Generator
) -> Callable[[int], Iterable[Tensor]]:
    kind = config.chosen(*positives.shape)
    if kind == "softmax":
        return _softmax_epochs(forward, positives, temperature, config, generator)
    edges = Edges(positives)
    sampler = NegativeSampler(edges, config.popularity)
    step = _sampled_step if kind == "sampled" else _bpr_step

    def epoch(_: int) -> Iterator[Tensor]:
        for batch in edges.batches(config.batch, generator):
            yield step(
                forward(batch if config.held_out else None), batch, edges, sampler, temperature, config, generator
            )

    return epoch


def _softmax_epochs(
    forward: Forward, positives: Tensor, temperature: float, config: ObjectiveConfig, generator: torch.Generator
) -> Callable[[int], Iterable[Tensor]]:
    full, weights = FullSoftmax(positives, temperature, config.dtype), positives.values()

    def epoch(_: int) -> Iterator[Tensor]:
        hidden = None
        if config.held_out:
            chance = torch.rand(len(weights), generator=generator)
            chance[int(chance.argmin())] = 0.0  # never none at all
            chosen = (chance < config.held_out).to(weights.device)
            hidden = chosen.nonzero()[:, 0]
            full.weigh(weights * chosen)
        yield full(*forward(hidden))

    return epoch


def _sampled_step(
    scorer: Scorer,
    batch: Tensor,
    edges: Edges,
    sampler: NegativeSampler,
    temperature: float,
    config: ObjectiveConfig,
    generator: torch.Generator,
) -> Tensor:
    users, items, bias = scorer
    chosen, drawn = edges.columns[batch], sampler.draw(config.negatives, generator)
    own = users[edges.rows[batch]]
    positive = (own * items[chosen]).sum(1) / temperature + bias[chosen]
    log_expected = sampler.log_probability[drawn] + math.log(config.negatives)
    near = (own.to(config.dtype) @ items[drawn].to(config.dtype).T).float()
    corrected = torch.add(bias[drawn] - log_expected, near, alpha=1 / temperature)
    return sampled_softmax(positive, corrected, edges.weights[batch], drawn == chosen[:, None])


def _bpr_step(
    scorer: Scorer,
    batch: Tensor,
    edges: Edges,
    sampler: NegativeSampler,
    temperature: float,
    _: ObjectiveConfig,
    generator: torch.Generator,
) -> Tensor:
    users, items, bias = scorer
    rows, chosen = edges.rows[batch], edges.columns[batch]
    drawn = sampler.draw_against(rows, generator)
    own = users[rows]
    positive = (own * items[chosen]).sum(1) / temperature + bias[chosen]
    negative = (own * items[drawn]).sum(1) / temperature + bias[drawn]
    return bpr(positive, negative, edges.weights[batch])
