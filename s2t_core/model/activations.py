"""The activation functions a checkpoint's `activation_function` can name, without parameters of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from s2t_core.errors import ConfigError

Activation = Callable[[Tensor], Tensor]


def _quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def _clipped_gelu(x: Tensor) -> Tensor:
    return functional.gelu(x).clamp(-10.0, 10.0)


def _squared_relu(x: Tensor) -> Tensor:
    return functional.relu(x).square()


def _laplace(x: Tensor) -> Tensor:
    """Cumulative normal distribution that approximates a squared ReLU (Ma et al. 2022, arXiv 2209.10655)."""
    return 0.5 * (1.0 + torch.erf((x - 0.707107) / (0.282095 * math.sqrt(2.0))))


def _sqrt_softplus(x: Tensor) -> Tensor:
    return functional.softplus(x).sqrt()


def _identity(x: Tensor) -> Tensor:
    return x


_gelu_tanh = partial(functional.gelu, approximate="tanh")

ACTIVATIONS: dict[str, Activation] = {
    "gelu": functional.gelu,
    "gelu_10": _clipped_gelu,
    "gelu_accurate": _gelu_tanh,
    "gelu_fast": _gelu_tanh,
    "gelu_new": _gelu_tanh,
    "gelu_python": functional.gelu,
    "gelu_python_tanh": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "hardswish": functional.hardswish,
    "laplace": _laplace,
    "leaky_relu": functional.leaky_relu,
    "linear": _identity,
    "mish": functional.mish,
    "quick_gelu": _quick_gelu,
    "relu": functional.relu,
    "relu2": _squared_relu,
    "relu6": functional.relu6,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "sqrtsoftplus": _sqrt_softplus,
    "swish": functional.silu,
    "tanh": torch.tanh,
}


def dropped(x: Tensor, probability: float, training: bool) -> Tensor:
    """`x` with some of it left out in training; else itself, without the cost of a call that does nothing."""
    return functional.dropout(x, probability) if training else x


def activation(name: str) -> Activation:
    """The function called `name` in transformers' `ACT2FN`. Raises ConfigError for a name not known."""
    if name not in ACTIVATIONS:
        raise ConfigError(f"The activation function {name!r} is not known.", f"Known: {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]
