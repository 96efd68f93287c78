"""What the decoder in eight bits remembers: its own keys and values so far, and those of an encoding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from s2t_core.kernels.attention import arranged_sources
from s2t_core.model.cache import check_generation
from s2t_core.model.encoded import EncodedFrames

Floats = NDArray[np.float32]
Arranged = tuple[NDArray[np.int8], Floats, NDArray[np.int8], Floats]  # as `arranged_sources` gives them


class Sources:
    """Keys and values of an encoding that may grow.

    both     (layers, 2, utterances, heads, room, dim)
    settled  frames that are written for good
    """

    def __init__(self) -> None:
        self.both: Floats = np.empty((0, 2, 1, 0, 0, 0), np.float32)
        self.settled = 0

    def write(self, fresh: Floats) -> None:
        """Put (layers, utterances, n, 2, heads, dim) behind the settled frames, in the place of what was there."""
        fresh = fresh.transpose(0, 3, 1, 4, 2, 5)
        room, end = self.both.shape[4], self.settled + fresh.shape[4]
        if end > room:  # doubled when it runs out, so that growing costs little
            wider = np.empty((*fresh.shape[:4], max(end, 2 * room), fresh.shape[5]), np.float32)
            if self.settled:
                wider[..., : self.settled, :] = self.both[..., : self.settled, :]
            self.both = wider
        self.both[..., self.settled : end, :] = fresh

    def arranged(self, encoded: EncodedFrames) -> list[Arranged]:
        """For each layer; of `encoded`, whose frames these are, the real ones alone."""
        frames = real_frames(encoded)
        return [arranged_sources(both, frames) for both in self.both]


class Int8Cache:
    """Of `rows` hypotheses over one encoding, as `Cache` says.

    Keys and values stay where they were written: `lines` (rows, room) says in which row that was, position by position.
    So hypotheses change places at the cost of a few numbers.
    """

    def __init__(self, sources: list[Arranged], encoded: EncodedFrames, beams: int, capacity: int) -> None:
        """sources: of `encoded`, by layer"""
        utterances, heads, _, dim = sources[0][-1].shape
        rows = utterances * beams
        self.frames = real_frames(encoded)
        self.sources = sources
        self.length = 0
        self.keys, self.values = np.empty((2, len(sources), rows, heads, capacity, dim), np.float32)
        self.lines = np.zeros((rows, capacity), np.int64)
        self._generation = encoded.generation

    def check(self, encoded: EncodedFrames) -> None:
        check_generation(encoded, self._generation)

    def make_room(self, positions: int) -> None:
        """For so many new ones."""
        room, needed = self.lines.shape[1], self.length + positions
        if needed > room:
            more = max(needed, 2 * room) - room
            self.keys, self.values = (_longer(kept, more, 3) for kept in (self.keys, self.values))
            self.lines = _longer(self.lines, more, 1)

    def advance(self, positions: int) -> None:
        self.length += positions

    def reorder(self, rows: Tensor) -> None:
        known = self.lines[:, : self.length]
        known[:] = known[rows.numpy()]

    def truncate(self, length: int) -> None:
        """Forget all but the first `length` positions."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot keep {length} of {self.length} positions")
        self.length = length


def _longer(kept: NDArray[Any], more: int, axis: int) -> NDArray[Any]:
    shape = list(kept.shape)
    shape[axis] = more
    return np.concatenate([kept, np.zeros(shape, kept.dtype)], axis)


def real_frames(encoded: EncodedFrames) -> NDArray[np.int64]:
    """(utterances,); a row without any looks at its first one, as nothing it gives counts."""
    if encoded.mask is None:
        return np.full(len(encoded.values), encoded.values.shape[1], np.int64)
    counts: NDArray[np.int64] = encoded.mask.sum(dim=1).clamp_min(1).numpy()
    return counts
