"""What the incremental decoder remembers: its own keys and values so far, and the encoding's, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from s2t_core.errors import StaleCacheError
from s2t_core.model.attention import KeysValues, KeysValuesBuffer, additive, apart
from s2t_core.model.encoded import EncodedFrames


class GrowingCache(Protocol):
    """What a decoder remembers, as those see it who write, take back, and write again."""

    def check(self, encoded: EncodedFrames) -> None:
        """Raises StaleCacheError unless the cache was made from this very encoding."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row `rows[i]` was. Beams change places only within their own utterance."""
        ...

    def truncate(self, length: int) -> None:
        """Forget all but the first `length` positions."""
        ...


class Cache(Protocol):
    """Keys and values of every decoder layer for `rows` hypotheses over one encoding.

    The hypotheses of one utterance share its cross keys and values: row r belongs to utterance
    r // (rows / utterances). The cache carries the generation of its encoding and refuses any other: with cross keys of
    old audio a decoder silently repeats the old audio.

    cross   one entry a layer, each (utterances, heads, frames, head_dim)
    cross_mask  what is added to the scores of the encoding's frames, see `additive`; None: nothing
    length  positions that count; a tensor () where nobody waits for it
    """

    @property
    def cross(self) -> Sequence[KeysValues]: ...

    @property
    def cross_mask(self) -> Tensor | None: ...

    @property
    def length(self) -> int | Tensor: ...

    def check(self, encoded: EncodedFrames) -> None:
        """Raises StaleCacheError unless the cache was made from this very encoding."""
        ...

    def room(self, positions: int) -> int:
        """Positions for which `append` returns keys when so many new ones come."""
        ...

    def own_mask(self, positions: int) -> Tensor | None:
        """What is added to the scores when so many new positions look at what `append` returns; None: nothing."""
        ...

    def append(self, layer: int, new: Tensor) -> KeysValues:
        """Write one layer's new positions, keys and values (rows, n, 2, heads, head_dim), and return all of them so
        far, or all there is room for. The length counts only after `advance`, once every layer has written."""
        ...

    def advance(self, positions: int) -> None:
        """Count `positions` more, written by every layer."""
        ...

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row `rows[i]` was. Beams change places only within their own utterance."""
        ...


class DecoderCache:
    """Grows as it is needed, so that no position is looked at in vain. Made by `Decoder.new_cache`."""

    def __init__(self, cross: list[KeysValues], encoded: EncodedFrames, rows: int, capacity: int) -> None:
        self.cross = cross
        mask = encoded.mask
        self.cross_mask = None if mask is None else additive(mask[:, None, None, :], encoded.values.dtype)
        self.generation = encoded.generation
        self.rows = rows
        self.length = 0
        self._capacity = capacity
        self._own = [KeysValuesBuffer() for _ in cross]

    def check(self, encoded: EncodedFrames) -> None:
        check_generation(encoded, self.generation)

    def room(self, positions: int) -> int:
        return self.length + positions

    def own_mask(self, positions: int) -> Tensor | None:
        if positions == 1:
            return None
        like = self.cross[0].keys
        return additive(causal_mask(positions, self.length, self.room(positions), like.device), like.dtype)

    def append(self, layer: int, new: Tensor) -> KeysValues:
        return self._own[layer].behind(apart(new), self._capacity)

    def advance(self, positions: int) -> None:
        self._set(self.length + positions)

    def reorder(self, rows: Tensor) -> None:
        for own in self._own:
            own.reorder(rows)

    def truncate(self, length: int) -> None:
        """Forget all but the first `length` positions."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot keep {length} of {self.length} positions")
        self._set(length)

    def _set(self, length: int) -> None:
        self.length = length
        for own in self._own:
            own.length = length


class StaticCache:
    """Of one size and in one place for good, so that a GPU can replay the same work over it.

    What lies behind `length` is hidden by its mask; it is zeros or stale, but never NaN.
    """

    def __init__(self, cross: list[KeysValues], rows: int, capacity: int, masked: bool = False) -> None:
        """cross: buffers for the encoding's keys and values, to be written by whoever encodes, and so is `cross_mask`,
        where frames are `masked`."""
        self.cross = cross
        self.generation = 0
        keys = cross[0].keys
        utterances, heads, frames, dim = keys.shape
        self.cross_mask = keys.new_zeros(utterances, 1, 1, frames) if masked else None
        self.length = torch.zeros((), dtype=torch.long, device=keys.device)
        self._own = keys.new_zeros(rows, len(cross), capacity, 2, heads, dim)  # rows first: whole ones change places
        self._visible = additive(causal_mask(capacity, 0, capacity, keys.device), keys.dtype)

    def begin(self, encoded: EncodedFrames) -> None:
        """Forget all positions: `cross` belongs to this encoding now."""
        self.generation = encoded.generation
        self.length.zero_()

    def check(self, encoded: EncodedFrames) -> None:
        check_generation(encoded, self.generation)

    def room(self, positions: int) -> int:
        return self._own.shape[2]

    def own_mask(self, positions: int) -> Tensor | None:
        return self._visible.index_select(0, self._places(positions))

    def append(self, layer: int, new: Tensor) -> KeysValues:
        own = self._own[:, layer].index_copy_(1, self._places(new.shape[1]), new)
        return apart(own)

    def advance(self, positions: int) -> None:
        self.length += positions

    def reorder(self, rows: Tensor) -> None:
        self._own.copy_(self._own.index_select(0, rows))

    def _places(self, positions: int) -> Tensor:
        """Of the next so many, (positions,)."""
        first = self.length.view(1)
        return first if positions == 1 else first + torch.arange(positions, device=first.device)


def causal_mask(length: int, past: int, room: int, device: torch.device) -> Tensor:
    """(length, room) bool, True where a new position may look: at what came before it, `past` older ones among it, and
    at itself."""
    last = past + torch.arange(length, device=device).unsqueeze(1)
    return torch.arange(room, device=device) <= last


def check_generation(encoded: EncodedFrames, generation: int) -> None:
    """Raises StaleCacheError unless the encoding is of this generation."""
    if encoded.generation != generation:
        raise StaleCacheError(
            f"The decoder cache belongs to encoding {generation}, not to {encoded.generation}.",
            "Make a new cache for every encoding.",
        )
