"""What the incremental decoder remembers: its own keys and values so far, and the encoding's, computed once."""

from __future__ import annotations

from torch import Tensor

from s2t_core.errors import StaleCacheError
from s2t_core.model.attention import KeysValues, KeysValuesBuffer
from s2t_core.model.encoded import EncodedFrames


class DecoderCache:
    """Keys and values of every decoder layer for `rows` hypotheses over one encoding.

    The hypotheses of one utterance share its cross keys and values: row r belongs to utterance
    r // (rows / utterances). The cache carries the generation of its encoding and refuses any other: with cross keys of
    old audio a decoder silently repeats the old audio.
    """

    def __init__(self, cross: list[KeysValues], generation: int, rows: int, capacity: int) -> None:
        """cross: one entry a layer, each (utterances, heads, frames, head_dim). Made by `Decoder.new_cache`."""
        self.cross = cross
        self.generation = generation
        self.rows = rows
        self.length = 0
        self._capacity = capacity
        self._own = [KeysValuesBuffer() for _ in cross]

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
        return self._own[layer].behind(new, self._capacity)

    def advance(self, positions: int) -> None:
        """Count `positions` more, written by every layer."""
        self._set(self.length + positions)

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row `rows[i]` was. Beams change places only within their own utterance."""
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
