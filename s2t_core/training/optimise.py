"""The optimiser: AdamW whose step is a share of each tensor's own size, on a schedule that follows the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

_WARM_UP_STEPS = 25
_MOST_GRADIENT = 1.0  # norm to which gradients are clipped
_SMALLEST = 1e-3  # what counts as the size of a tensor of zeros
_VECTOR_SHARE = 0.1  # norms and biases move less: they are few, and much depends on each


@dataclass(slots=True)
class Budget:
    """How long a stage trains: minutes on the clock, and steps at most where they are given."""

    minutes: float
    most_steps: int | None = None
    steps: int = 0
    began_s: float = field(default_factory=time.monotonic)

    @property
    def progress(self) -> float:
        """0 at the start, 1 when the stage is over."""
        by_clock = (time.monotonic() - self.began_s) / max(60 * self.minutes, 1e-9)
        by_steps = self.steps / self.most_steps if self.most_steps else 0.0
        return min(1.0, max(by_clock, by_steps))


class Optimizer:
    """AdamW over named parameters.

    The learning rate of a tensor is `share` (of all, or by name) of its root mean square, as in Adafactor (Shazeer &
    Stern 2018, arXiv 1804.04235): embeddings, whose rows are tiny, and the large matrices of a transplanted decoder
    both move by the same part of themselves a step. Cosine decay to zero (Loshchilov & Hutter 2017) after a short
    warm-up.
    """

    def __init__(self, parameters: Iterable[tuple[str, nn.Parameter]], share: float | Callable[[str], float]) -> None:
        trained = [(name, parameter) for name, parameter in parameters if parameter.requires_grad]
        self._parameters = [parameter for _, parameter in trained]
        shares = [share(name) if callable(share) else share for name, _ in trained]
        peaks = [part * _size(parameter) for part, parameter in zip(shares, self._parameters, strict=True)]
        groups = [{"params": [one], "peak": peak} for one, peak in zip(self._parameters, peaks, strict=True)]
        # eps far below any gradient, for the steps must not depend on the gradients' scale
        self._adam = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), eps=1e-12, weight_decay=0.0, fused=True)

    def step(self, loss: Tensor, budget: Budget) -> float:
        """One update, counted by `budget`; returns the gradients' norm before clipping."""
        self._adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        norm = float(nn.utils.clip_grad_norm_(self._parameters, _MOST_GRADIENT))
        budget.steps += 1
        scale = min(1.0, budget.steps / _WARM_UP_STEPS) * 0.5 * (1 + math.cos(math.pi * budget.progress))
        for group in self._adam.param_groups:
            group["lr"] = group["peak"] * scale
        if math.isfinite(norm):
            self._adam.step()
        return norm


class Average:
    """A running mean of weights, which is better than the last step's (Izmailov et al. 2018, arXiv 1803.05407)."""

    def __init__(self, model: nn.Module, decay: float = 0.98) -> None:
        self._decay = decay
        trained = ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)
        self._mean = {name: weight.detach().clone() for name, weight in trained}

    @torch.no_grad()
    def add(self, model: nn.Module) -> None:
        for name, weight in model.named_parameters():
            if name in self._mean:
                self._mean[name].lerp_(weight, 1 - self._decay)

    @torch.no_grad()
    def put_into(self, model: nn.Module) -> None:
        for name, weight in model.named_parameters():
            if name in self._mean:
                weight.copy_(self._mean[name])


def _size(parameter: nn.Parameter) -> float:
    size = max(float(parameter.detach().square().mean().sqrt()), _SMALLEST)
    return size if parameter.dim() > 1 else size * _VECTOR_SHARE
