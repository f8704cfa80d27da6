from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn import losses
from gnn.errors import ShapeError
from gnn.losses import FullSoftmax, bpr, info_nce, sampled_softmax
from gnn.objectives import ObjectiveConfig
from gnn.objectives import losses as epoch_losses
from gnn.sparse import densify, to_torch, with_values


def problem(seed: int = 0) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, (9, 7)) * (rng.random((9, 7)) < 0.4)
    weights[4] = 0  # somebody without a positive
    users, items, bias = (torch.tensor(rng.normal(size=s), dtype=torch.float32) for s in ((9, 3), (7, 3), (7,)))
    return to_torch(sp.csr_matrix(weights.astype(np.float32))), users, items, bias


def slow_loss(
    positives: torch.Tensor, users: torch.Tensor, items: torch.Tensor, bias: torch.Tensor, tau: float
) -> torch.Tensor:
    weights = densify(positives)
    scores = users @ items.T / tau + bias
    logs = torch.log_softmax(scores, dim=1).masked_fill(weights == 0, 0)
    return -(weights * logs).sum() / weights.sum()


@pytest.mark.parametrize("block", [7, 21, 27, 1000])
@pytest.mark.parametrize("unseen", [False, True])
def test_full_softmax_has_the_loss_and_gradients_of_autograd(
    block: int, unseen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "BLOCK_FLOATS", block)
    positives, *parameters = problem()
    if unseen:
        positives = to_torch(sp.csr_matrix(densify(positives).numpy() * (np.arange(7) != 2)))
        parameters[2][2] = -torch.inf
    for parameter in parameters:
        parameter.requires_grad_()
    full = FullSoftmax(positives, 0.4)
    for _ in range(2):  # buffers are used again
        fast = full(*parameters)
        slow = slow_loss(positives, *parameters, 0.4)
        torch.testing.assert_close(fast, slow)
        # an upstream gradient other than 1 must be passed on
        for quick, expected in zip(
            torch.autograd.grad(3 * fast, parameters), torch.autograd.grad(3 * slow, parameters), strict=True
        ):
            torch.testing.assert_close(quick, expected, rtol=1e-4, atol=1e-6)


def test_mixed_precision_is_near_float32() -> None:
    positives, *parameters = problem()
    for parameter in parameters:
        parameter.requires_grad_()
    mixed, slow = FullSoftmax(positives, 0.4, torch.bfloat16)(*parameters), slow_loss(positives, *parameters, 0.4)
    assert mixed.dtype == torch.float32
    assert 0 < abs(mixed.item() - slow.item()) < 2e-2 * slow.item()  # bfloat16 has 8 bits
    for rough, exact in zip(torch.autograd.grad(mixed, parameters), torch.autograd.grad(slow, parameters), strict=True):
        assert rough.dtype == torch.float32
        torch.testing.assert_close(rough, exact, rtol=0, atol=2e-2 * exact.abs().max().item())


def test_full_softmax_survives_large_scores() -> None:
    positives = to_torch(sp.csr_matrix(np.array([[1.0, 0.0]])))
    loss = FullSoftmax(positives, 0.001)(torch.ones(1, 1), torch.tensor([[1.0], [-1.0]]), torch.zeros(2))
    assert loss.item() == pytest.approx(0.0, abs=1e-6)


def test_sampled_softmax_by_hand() -> None:
    positive, drawn = torch.tensor([1.0]), torch.tensor([[0.5, 1.0, -1.0]])
    log_expected = torch.tensor([0.0, math.log(2), math.log(0.5)])
    same = torch.tensor([[False, True, False]])  # the second draw is the chosen item
    expected = math.log(math.exp(1.0) + math.exp(0.5) + math.exp(-1.0) / 0.5) - 1.0
    assert sampled_softmax(positive, drawn - log_expected, torch.ones(1), same).item() == pytest.approx(expected)
    nothing = sampled_softmax(positive, drawn.requires_grad_() - 0, torch.ones(1), torch.ones(1, 3, dtype=torch.bool))
    assert nothing.item() == 0.0
    assert torch.autograd.grad(nothing, drawn)[0].tolist() == [[0.0, 0.0, 0.0]]


def test_sampled_normaliser_is_unbiased() -> None:
    """Averaged over draws, sum_c exp(s_c) / E_c is the sum over all items: what the correction is for."""
    generator = torch.Generator().manual_seed(0)
    scores, q = torch.randn(50, generator=generator), torch.rand(50, generator=generator)
    q /= q.sum()
    drawn = torch.multinomial(q, 200_000, replacement=True, generator=generator)
    estimate = (scores[drawn].exp() / (200_000 * q[drawn])).sum()
    assert estimate.item() == pytest.approx(scores.exp().sum().item(), rel=0.02)


def test_a_sampled_step_estimates_the_softmax_over_all_items() -> None:
    """Drawn by popularity, of which the loss owes nothing to the draw; one item is liked by nobody."""
    rng = np.random.default_rng(0)
    liked = (rng.random((60, 12)) < np.linspace(0.9, 0.02, 12)).astype(np.float32)
    liked[:, 5] = 0
    positives = to_torch(sp.csr_matrix(liked * rng.uniform(0.2, 1, liked.shape).astype(np.float32)))
    users, items, bias = (torch.tensor(rng.normal(size=s), dtype=torch.float32) for s in ((60, 3), (12, 3), (12,)))
    bias[5] = -torch.inf
    every = FullSoftmax(positives, 0.5)(users, items, bias).item()
    for config in (
        ObjectiveConfig("sampled", negatives=20_000),
        ObjectiveConfig("sampled", negatives=20_000, popularity=0),
    ):
        (drawn,) = epoch_losses(lambda _: (users, items, bias), positives, 0.5, config, seed=0)(0)
        assert drawn.item() == pytest.approx(every, rel=0.01)


def test_bpr_by_hand() -> None:
    loss = bpr(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0]), torch.tensor([3.0, 1.0]))
    expected = (3 * math.log(1 + math.exp(-1)) + math.log(1 + math.exp(2))) / 4
    assert loss.item() == pytest.approx(expected)


def test_info_nce_by_hand_and_its_gradient() -> None:
    one = torch.eye(2)
    # each is 1 from itself and 0 from the other, at t = .5: log(1 + e^-2)
    assert info_nce(one, one, 0.5).item() == pytest.approx(math.log1p(math.exp(-2)))
    assert info_nce(one, one.flip(0), 0.5).item() == pytest.approx(2 + math.log1p(math.exp(-2)))
    generator = torch.Generator().manual_seed(0)
    views = [torch.randn(5, 3, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, 0.3), views)


def test_only_what_a_step_hides_is_predicted() -> None:
    positives, *scorer = problem()
    told: list[torch.Tensor | None] = []

    def forward(hidden: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
        told.append(hidden)
        return tuple(scorer)

    (loss,) = epoch_losses(forward, positives, 0.4, ObjectiveConfig("softmax", held_out=0.4), seed=1)(0)  # type: ignore[arg-type]
    (hidden,) = told
    assert hidden is not None
    assert 0 < len(hidden) < len(positives.values())
    kept = torch.zeros_like(positives.values())
    kept[hidden] = positives.values()[hidden]
    torch.testing.assert_close(loss, slow_loss(with_values(positives, kept), *scorer, 0.4))


@pytest.mark.parametrize("loss", ["softmax", "sampled", "bpr"])
def test_contrast_is_added_by_its_weight(loss: str) -> None:
    positives, *scorer = problem()
    plain, half, whole = (
        next(iter(epoch_losses(lambda _: scorer, positives, 0.4, ObjectiveConfig(loss, contrast=weight), seed=0)(0)))
        for weight in (0.0, 0.5, 1.0)
    )
    assert (whole - plain).item() == pytest.approx(2 * (half - plain).item(), rel=1e-4)
    assert half > plain


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(ShapeError, match="no cell"):
        FullSoftmax(to_torch(sp.csr_matrix((2, 3), dtype=np.float32)), 0.2)
