"""Ranking losses for scores ``s_ui = cos(u, v_i) / tau + b_i``.

Two faces of one likelihood: :class:`FullSoftmax` normalises over all items with its gradient written by hand in reused
buffers; :func:`sampled_softmax` over a few drawn ones. :func:`bpr` compares pairs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid

from gnn.errors import ShapeError
from gnn.sparse import check_csr, row_ids

BLOCK_FLOATS = 1 << 20
"""Logits held at once (4 MiB): one block stays in the cache from the product that makes it to those that use it."""


ABSENT = -1e30
"""A logit that weighs nothing, yet is finite: all of a row may be absent."""


class FullSoftmax:
    """``L = sum_ui y_ui (log sum_j exp s_uj - s_ui) / sum y`` with ``s_ui = u·v_i / tau + b_i`` over all items ``j``.

    With ``p_u = softmax(s_u)`` and ``n_u = sum_i y_ui`` the gradient in the scores is ``(n_u p_ui - y_ui) / sum y``. It
    is made in the same pass as the loss, block by block of rows, and never exists as a whole. An item whose bias is
    ``-inf`` takes no part.

    Args:
        positives: CSR ``(U, I)``, weights ``y > 0``.
        temperature: ``tau > 0``.
        precision: of the three matrix products of a block; parameters, the softmax and sums over blocks are float32.
            ``bfloat16`` suits devices that multiply it faster.

    Raises:
        ShapeError: not CSR, or without a cell.
    """

    def __init__(self, positives: Tensor, temperature: float, precision: torch.dtype = torch.float32) -> None:
        check_csr(positives, "positives")
        if not len(positives.values()):
            raise ShapeError("positives has no cell to learn from")
        self.temperature = temperature
        self.precision = precision
        self.users = positives.shape[0]
        self.items = positives.shape[1]
        self.rows = row_ids(positives)
        self.weigh(positives.values())
        self.block = (
            max(1, BLOCK_FLOATS // self.items) if positives.device.type == "cpu" else max(1, (1 << 26) // self.items)
        )
        self.cells = self.rows % self.block * self.items + positives.col_indices()
        self.pointers = positives.crow_indices()[:: self.block].tolist()
        if self.users % self.block:
            self.pointers.append(len(self.weights))
        self.logits = self.weights.new_empty(self.block * self.items)
        self.sums = self.weights.new_empty(self.block)

    def weigh(self, weights: Tensor) -> None:
        """Take other weights ``y >= 0`` ``(nnz,)`` for the same cells, not all 0."""
        self.weights, self.total = weights, float(weights.sum())
        self.row_weights = weights.new_zeros(self.users).index_add_(0, self.rows, weights)

    def __call__(self, users: Tensor, items: Tensor, bias: Tensor) -> Tensor:
        """The loss, a scalar differentiable in ``users`` ``(U, d)``, ``items`` ``(I, d)`` and ``bias`` ``(I,)``."""
        loss: Tensor = _FullSoftmax.apply(self, users, items, bias)
        return loss

    def loss_and_gradients(self, users: Tensor, items: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The loss and its gradients in the three arguments."""
        user_gradient, item_gradient = torch.empty_like(users), torch.zeros_like(items)
        bias_gradient, loss = torch.zeros_like(bias), users.new_zeros(())
        users, items = users.to(self.precision), items.to(self.precision)
        for number, start in enumerate(range(0, self.users, self.block)):
            rows = slice(start, min(start + self.block, self.users))
            cells = slice(self.pointers[number], self.pointers[number + 1])
            scores = self.logits[: (rows.stop - start) * self.items].view(-1, self.items)
            loss += self._scores_to_gradient(scores, users[rows], items, bias, rows, cells)
            if self.precision == torch.float32:
                torch.mm(scores, items, out=user_gradient[rows])
                item_gradient.addmm_(scores.T, users[rows])
            else:
                factors = scores.to(self.precision)
                user_gradient[rows] = factors @ items
                item_gradient += factors.T @ users[rows]
            bias_gradient += scores.sum(0)
        scale = 1 / (self.total * self.temperature)
        user_gradient *= scale
        item_gradient *= scale
        return loss / self.total, user_gradient, item_gradient, bias_gradient / self.total

    def _scores_to_gradient(
        self, scores: Tensor, users: Tensor, items: Tensor, bias: Tensor, rows: slice, cells: slice
    ) -> Tensor:
        """Fills ``scores`` with the gradient in them; returns the loss of these rows."""
        if self.precision == torch.float32:
            torch.addmm(bias, users, items.T, alpha=1 / self.temperature, out=scores)
        else:
            scores.copy_(users @ items.T).div_(self.temperature).add_(bias)
        flat, positive, weights = scores.view(-1), self.cells[cells], self.weights[cells]
        highest = scores.amax(1, keepdim=True)
        chosen = (weights * flat[positive]).sum()
        scores.sub_(highest).exp_()
        totals = scores.sum(1)
        amount = self.row_weights[rows]
        scores *= (amount / totals)[:, None]
        flat[positive] -= weights
        return (amount * (totals.log() + highest[:, 0])).sum() - chosen


class _FullSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, loss: FullSoftmax, users: Tensor, items: Tensor, bias: Tensor) -> Tensor:
        value, *gradients = loss.loss_and_gradients(users, items, bias)
        ctx.gradients = gradients
        return value

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[None, Tensor, Tensor, Tensor]:
        users, items, bias = (gradient.mul_(upstream[0]) for gradient in ctx.gradients)
        return None, users, items, bias


def sampled_softmax(positive: Tensor, corrected: Tensor, weights: Tensor, same: Tensor) -> Tensor:
    """``-sum_n y_n log(exp s_n / (exp s_n + sum_c exp(s_nc - log E_c))) / sum y``: softmax over drawn items.

    ``E_c`` is how many copies of ``c`` the draw is expected to hold, so that the sum estimates the one over all items
    without bias ("logQ correction"; Bengio and Senecal, 2008; Yi et al., RecSys 2019).

    Args:
        positive: ``(B,)`` scores of the chosen items.
        corrected: ``(B, C)`` ``s_nc - log E_c`` of the drawn items; overwritten.
        weights: ``(B,)`` ``y``.
        same: ``(B, C)`` bool, where a drawn item is the chosen one, which is already counted.
    """
    others = torch.logsumexp(corrected.masked_fill_(same, ABSENT), dim=1)
    normaliser = torch.logaddexp(positive, others)
    return (weights * (normaliser - positive)).sum() / weights.sum()


def bpr(positive: Tensor, negative: Tensor, weights: Tensor) -> Tensor:
    """``-sum_n y_n log sigmoid(s_n - s'_n) / sum y``; all arguments ``(B,)``. Rendle et al., "BPR", UAI 2009."""
    return -(weights * logsigmoid(positive - negative)).sum() / weights.sum()


def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """``-mean_n log(exp(a_n·b_n / t) / sum_m exp(a_n·b_m / t))`` for two views ``a``, ``b`` of the same nodes.

    Oord, Li, Vinyals, "Representation learning with contrastive predictive coding", 2018; between two views of a graph
    as in Wu et al., "Self-supervised graph learning for recommendation" (SGL), SIGIR 2021.

    Args:
        first: ``(n, d)`` unit rows.
        second: ``(n, d)`` unit rows of the same nodes in the same order.
        temperature: ``t > 0``.
    """
    return cross_entropy(first @ second.T / temperature, torch.arange(len(first), device=first.device))
