"""Sinusoidal positions: computed, never learnt, so no checkpoint carries them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

# fairseq numbers positions from padding_idx + 1, so a table for n positions has n + 2 rows.
_OFFSET = 2


def sinusoids(count: int, dim: int, padding_idx: int | None = None) -> Tensor:
    """(count, dim) table: sines in the first half, cosines in the second, a zero column if `dim` is odd.

    As in tensor2tensor and fairseq's `SinusoidalPositionalEmbedding`; the row of `padding_idx` is zero.
    """
    half = dim // 2
    rates = torch.exp(torch.arange(half).float() * -(math.log(10000.0) / max(half - 1, 1)))
    angles = torch.arange(count).float().unsqueeze(1) * rates.unsqueeze(0)  # (count, half)
    table = torch.cat([angles.sin(), angles.cos()], dim=1)
    if dim % 2:
        table = torch.cat([table, torch.zeros(count, 1)], dim=1)
    if padding_idx is not None:
        table[padding_idx] = 0.0
    return table


class SinusoidalPositions(nn.Module):
    """Positions of a batch of sequences, from a table that grows when a sequence outruns it.

    The table is no part of the state: it is made where, when and in what numbers it is needed.
    """

    def __init__(self, num_positions: int, dim: int, padding_idx: int) -> None:
        super().__init__()
        self.num_positions = num_positions
        self.dim = dim
        self.padding_idx = padding_idx
        self._tables: dict[tuple[torch.device, torch.dtype], Tensor] = {}
        self._outgrown: list[Tensor] = []  # a recorded graph may go on reading them

    def forward(
        self, is_real: Tensor, past: int | Tensor = 0, room: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Positions of a batch whose rows come after `past` earlier positions.

        is_real  (batch, length) bool; padding gets the zero row and is not counted
        past     a number, or a tensor () on the device, which is not waited for: then `room` says how many positions
                 there can be
        Returns (batch, length, dim) of this dtype.
        """
        if room is None:
            room = int(past) + is_real.shape[1]
        needed = self.padding_idx + 1 + room
        table = self._table(needed, is_real.device, dtype)
        # A single one needs no counting: kernels are what a step of a search is made of.
        place = past + 1 if is_real.shape[1] == 1 else is_real.cumsum(dim=1) + past
        return functional.embedding(place * is_real + self.padding_idx, table)

    def _table(self, rows: int, device: torch.device, dtype: torch.dtype) -> Tensor:
        """One with so many rows, at least."""
        table = self._tables.get((device, dtype))
        if table is not None and len(table) >= rows:
            return table
        known = 0 if table is None else len(table)
        if table is not None:
            self._outgrown.append(table)
        count = max(rows, self.num_positions, 2 * known) + _OFFSET
        table = self._tables[device, dtype] = sinusoids(count, self.dim, self.padding_idx).to(device, dtype)
        return table
