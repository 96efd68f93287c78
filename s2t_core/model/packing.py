"""The small form in which weights are shipped: six bits a weight in groups, embeddings as int8 rows.

| tensor                       | stored as `NAME`                       | `NAME.scale`, float16        |
|------------------------------|----------------------------------------|------------------------------|
| embeddings, odd matrices     | int8, W[r] = int8[r] * scale[r]        | (rows,)                      |
| other matrices (rows, n)     | uint8 (rows, n * 3/4), four in three   | (rows, n / 64), one a group  |
| vectors and convolutions     | float16                                | none                         |

The filters of a front end fitted to unnormalised filter banks nearly cancel: eight bits for them cost more word errors
than six bits for all the rest (figures: README). Groups with a scale of their own: Dettmers & Zettlemoyer 2023,
arXiv 2212.09720.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

SCALE = ".scale"
_GROUP = 64  # weights of a row that share a scale
_TRIED = torch.linspace(0.5, 1.0, 21)  # clipping a group's largest weights can lessen its error


def pack(tensors: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """The packed form of a state dict's items."""
    for name, weight in tensors:
        if weight.dim() != 2:
            yield name, weight.half()
        elif "embed" in name or weight.shape[1] % _GROUP:
            steps, scale = _rounded(weight.float(), 127, torch.ones(1))
            yield name, steps.to(torch.int8)
            yield name + SCALE, scale
        else:
            steps, scale = _rounded(weight.float().reshape(len(weight), -1, _GROUP), 31, _TRIED)
            codes = (steps + 32).to(torch.uint8).flatten(1)
            yield name, _in_bytes(codes)
            yield name + SCALE, scale


def unpack(weight: Tensor, scale: Tensor) -> Tensor:
    """int8 (rows, n) with scale (rows,), or uint8 (rows, n * 3/4) with scale (rows, groups) -> float32 (rows, n).

    Raises ValueError where the two do not fit: stretched to fit, two small ones would fill the memory.
    """
    rows, *stored = weight.shape
    wanted = (rows,) if weight.dtype == torch.int8 else (rows, *(n * 4 // 3 // _GROUP for n in stored))
    if len(stored) != 1 or tuple(scale.shape) != wanted:
        raise ValueError(f"a scale of {tuple(scale.shape)} does not fit weights of {tuple(weight.shape)}")
    if weight.dtype == torch.int8:
        return weight.float() * scale.float().unsqueeze(1)
    steps = _from_bytes(weight).float().sub_(32).view(*scale.shape, -1)
    return steps.mul_(scale.float().unsqueeze(2)).flatten(1)


def _rounded(weight: Tensor, most: int, tried: Tensor) -> tuple[Tensor, Tensor]:
    """Steps of -most to most and the scale of each last dimension: of the shares of its largest weight the best."""
    largest = weight.abs().amax(dim=-1) / most
    scale = torch.zeros_like(largest)
    least = torch.full_like(largest, torch.inf)
    for share in tried:
        candidate = (largest * share).clamp(min=torch.finfo(torch.float16).tiny).half().float()
        error = (_steps(weight, candidate, most) * candidate.unsqueeze(-1) - weight).square().sum(dim=-1)
        scale = torch.where(error < least, candidate, scale)
        least = torch.minimum(error, least)
    return _steps(weight, scale, most), scale.half()


def _steps(weight: Tensor, scale: Tensor, most: int) -> Tensor:
    return (weight / scale.unsqueeze(-1)).round().clamp(-most, most)


def _in_bytes(codes: Tensor) -> Tensor:
    """uint8 (rows, n) below 64 -> (rows, n * 3/4): the last fourth of a row lies in the top bits of the others."""
    first, second, third, last = codes.chunk(4, dim=1)
    return torch.cat([first | (last & 3) << 6, second | (last >> 2 & 3) << 6, third | (last >> 4) << 6], dim=1)


def _from_bytes(packed: Tensor) -> Tensor:
    first, second, third = (packed >> 6).chunk(3, dim=1)
    return torch.cat([packed & 63, first | second << 2 | third << 4], dim=1)
