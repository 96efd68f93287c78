"""Int8 rows with scales: the small form in which the embedded weights are shipped.

A matrix or convolution W is stored as int8 `NAME` and float16 `NAME.scale`, one scale an output row:
W[r] = int8[r] * scale[r]. Vectors stay float16.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

SCALE = ".scale"


def pack(tensors: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """The packed form of a state dict's items."""
    for name, weight in tensors:
        if weight.dim() < 2:
            yield name, weight.half()
            continue
        rows = weight.float().flatten(1)
        scale = (rows.abs().amax(dim=1) / 127).clamp(min=torch.finfo(torch.float16).tiny).half()
        steps = (rows / scale.float().unsqueeze(1)).round().clamp(-127, 127)
        yield name, steps.to(torch.int8).view(weight.shape)
        yield name + SCALE, scale


def unpack(weight: Tensor, scale: Tensor) -> Tensor:
    """weight (rows, ...) int8, scale (rows,) -> float32 of the weight's shape."""
    return weight.float() * scale.float().view(-1, *[1] * (weight.dim() - 1))
