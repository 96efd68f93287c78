"""What the incremental decoder remembers: its own keys and values so far, and the encoding's, computed once."""

from __future__ import annotations

from torch import Tensor

from s2t_core.errors import StaleCacheError
from s2t_core.model.attention import KeysValues
from s2t_core.model.encoded import EncodedFrames


class DecoderCache:
    """Keys and values of every decoder layer for `rows` hypotheses over one encoding.

    The hypotheses of one utterance share its cross keys and values: row r belongs to utterance
    r // (rows / utterances). Room is taken ahead and doubled when it runs out. The cache carries the generation of its
    encoding and refuses any other: with cross keys of old audio a decoder silently repeats the old audio.
    """

    def __init__(self, cross: list[KeysValues], generation: int, rows: int, capacity: int) -> None:
        """cross: one entry a layer, each (utterances, heads, frames, head_dim). Made by `Decoder.new_cache`."""
        keys = cross[0].keys
        self.cross = cross
        self.generation = generation
        self.length = 0
        shape = (rows, keys.shape[1], max(capacity, 1), keys.shape[3])
        self._own = [KeysValues(keys.new_empty(shape), keys.new_empty(shape)) for _ in cross]

    @property
    def rows(self) -> int:
        return self._own[0].keys.shape[0]

    @property
    def capacity(self) -> int:
        return self._own[0].keys.shape[2]

    def check(self, encoded: EncodedFrames) -> None:
        """Raises StaleCacheError unless the cache was made from this very encoding."""
        if encoded.generation != self.generation:
            raise StaleCacheError(
                f"The decoder cache belongs to encoding {self.generation}, not to {encoded.generation}.",
                "Make a new cache for every encoding.",
            )

    def append(self, layer: int, new: KeysValues) -> KeysValues:
        """Write one layer's new positions (rows, heads, n, head_dim) and return all of them so far.

        The length counts only after `advance`, once every layer has written.
        """
        end = self.length + new.keys.shape[2]
        if end > self.capacity:
            self._grow(end)
        own = self._own[layer]
        own.keys[:, :, self.length : end] = new.keys
        own.values[:, :, self.length : end] = new.values
        return KeysValues(own.keys[:, :, :end], own.values[:, :, :end])

    def advance(self, positions: int) -> None:
        """Count `positions` more, written by every layer."""
        self.length += positions

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row `rows[i]` was. Beams change places only within their own utterance."""
        for own in self._own:
            for part in own:
                part[:, :, : self.length] = part[rows, :, : self.length]

    def truncate(self, length: int) -> None:
        """Forget all but the first `length` positions."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot keep {length} of {self.length} positions")
        self.length = length

    def _grow(self, needed: int) -> None:
        room = max(needed, 2 * self.capacity)
        self._own = [KeysValues(self._wider(own.keys, room), self._wider(own.values, room)) for own in self._own]

    def _wider(self, part: Tensor, room: int) -> Tensor:
        wider = part.new_empty((*part.shape[:2], room, part.shape[3]))
        # All of the old room, not only what `length` counts: an append may be under way in the layers before.
        wider[:, :, : part.shape[2]] = part
        return wider
