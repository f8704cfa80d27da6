"""Adam, in place: ``torch.optim`` loads 900 modules of the compiler at its first step, longer than a fit here takes."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Adam:
    """Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; no weight decay.

    Args:
        parameters: float tensors that require a gradient; one without a gradient is passed over.
        beta1: decay of the mean of gradients.
        beta2: decay of the mean of squared gradients.
        epsilon: keeps the denominator from 0.
    """

    def __init__(
        self, parameters: Iterable[Tensor], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self.parameters = list(parameters)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.buffers = [torch.empty_like(parameter) for parameter in self.parameters]
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step at this learning rate, after which the gradients are dropped."""
        self.steps += 1
        mean_scale = rate / (1 - self.beta1**self.steps)
        square_scale = (1 - self.beta2**self.steps) ** -0.5
        for parameter, mean, square, buffer in zip(
            self.parameters, self.means, self.squares, self.buffers, strict=True
        ):
            if parameter.grad is None:
                continue
            mean.lerp_(parameter.grad, 1 - self.beta1)
            square.mul_(self.beta2).addcmul_(parameter.grad, parameter.grad, value=1 - self.beta2)
            torch.sqrt(square, out=buffer).mul_(square_scale).add_(self.epsilon)
            parameter.addcdiv_(mean, buffer, value=-mean_scale)
            parameter.grad = None
