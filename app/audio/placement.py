"""Where sound that arrives belongs on the clock of its recording: what was lost on the way becomes a gap."""

from __future__ import annotations

from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk

Placed = tuple[AudioChunk, int | None]  # the position is None where the chunk follows on the one before it

# Less than this is the jitter of a sound system, or a move to a device with longer buffers.
_LOSS_S = 0.2
_WAIT_S = (
    0.5  # sound that is only late comes faster than it is spoken: it is lost once nothing was caught up for so long
)
_SETTLE_S = 0.15  # of a new stream: its first blocks may have waited for one another
_LONGEST_WAIT_S = 3.0
_CAUGHT_UP_S = 0.01
# A pause between two chunks counts as no more: a program that was stopped has not looked meanwhile.
_STEP_S = 0.1
_DRIFT = 300e-6  # of the slowest device's clock, and some more: 200 millionths are 5.8 s in 8 hours


class Placement:
    """Takes the chunks of one stream after another, each with the moment of its arrival; gives them back with a place.

    Sound may arrive late, never early. So the least delay of the last while tells how far the sound is behind the
    clock; where the delay has grown and stays, samples are missing. A chunk that seems to come after a loss is held
    until it is known whether the missing ones were only late.
    """

    def __init__(self, zero_s: float | None = None) -> None:
        """zero_s  the moment at which the recording began; None: with its first sound"""
        self._delay_s = zero_s  # the moment of arrival, less the place of the sound
        self._stream_s: float | None = None  # the place of the stream's first sample
        self._next = 0  # sample of the stream that would follow on
        self._end_s = 0.0
        self._is_first = True
        self._looked_s = 0.0
        self._held: list[AudioChunk]
        self._earliest_s: float  # the least origin of what is held
        self._waited_s: float  # since something was caught up
        self._held_s: float  # since the first was held
        self._forget_held()

    def begin(self) -> None:
        """Another stream follows, from sample 0 on; what is still held and was not taken by `finish` is lost."""
        self._stream_s = None
        self._forget_held()

    def expect(self, zero_s: float) -> None:
        """The recording has begun at this moment, if no sound of it has come so far."""
        if self._delay_s is None:
            self._delay_s = zero_s

    def place(self, chunk: AudioChunk, now_s: float) -> list[Placed]:
        """The chunks that have a place now, in order. now_s: the moment of arrival, by `app.audio.clock`."""
        step_s = min(now_s - self._looked_s, _STEP_S)
        self._looked_s = now_s
        origin_s = now_s - (chunk.start + len(chunk.samples)) / chunk.rate  # of the stream, seen from this chunk
        if self._is_first:
            self._begin_at(origin_s)
        if self._stream_s is not None and not self._held and not self._is_late(origin_s):
            self._follow(chunk, origin_s)
            return self._released([chunk])
        self._hold(chunk, origin_s, step_s)
        if self._stream_s is not None and not self._is_late(self._earliest_s):
            return self.finish()
        waits_s = _SETTLE_S if self._stream_s is None else _WAIT_S
        if self._waited_s >= waits_s or self._held_s >= _LONGEST_WAIT_S:
            return self.finish()
        return []

    def finish(self) -> list[Placed]:
        """The chunks that are still held: no more will tell where they belong."""
        if not self._held:
            return []
        assert self._delay_s is not None
        held = self._held
        if self._stream_s is None or (self._is_late(self._earliest_s) and self._held_s < _LONGEST_WAIT_S):
            self._stream_s = max(self._earliest_s - self._delay_s, self._end_s - held[0].start / held[0].rate)
            self._next = -1
        delay_s = self._earliest_s - self._stream_s
        self._delay_s = delay_s if self._is_late(self._earliest_s) else min(delay_s, self._delay_s)
        self._forget_held()
        return self._released(held)

    def position(self, now_s: float) -> int:
        """Where sound that arrives at this moment ends: samples at SAMPLE_RATE_HZ."""
        reached_s = self._end_s if self._delay_s is None else max(self._end_s, now_s - self._delay_s)
        return round(reached_s * SAMPLE_RATE_HZ)

    def _begin_at(self, origin_s: float) -> None:
        self._is_first = False
        if self._delay_s is None:
            self._delay_s = origin_s
        self._stream_s, self._next = max(0.0, origin_s - self._delay_s), -1

    def _is_late(self, origin_s: float) -> bool:
        """Whether sound is missing before this, or still to come."""
        assert self._delay_s is not None and self._stream_s is not None
        return origin_s - self._stream_s > self._delay_s + _LOSS_S

    def _follow(self, chunk: AudioChunk, origin_s: float) -> None:
        assert self._delay_s is not None and self._stream_s is not None
        if chunk.start != self._next and origin_s - self._stream_s < self._delay_s - _LOSS_S:
            # The device says that it lost more than there was time for.
            self._stream_s = max(origin_s - self._delay_s, self._end_s - chunk.start / chunk.rate)
        drift_s = _DRIFT * len(chunk.samples) / chunk.rate
        self._delay_s = min(origin_s - self._stream_s, self._delay_s + drift_s)

    def _hold(self, chunk: AudioChunk, origin_s: float, step_s: float) -> None:
        self._held_s += step_s if self._held else 0.0
        self._waited_s += step_s if self._held else 0.0
        if not self._held or origin_s < self._earliest_s - _CAUGHT_UP_S:
            self._waited_s = 0.0
        self._earliest_s = min(self._earliest_s, origin_s) if self._held else origin_s
        self._held.append(chunk)

    def _forget_held(self) -> None:
        self._held, self._earliest_s, self._waited_s, self._held_s = [], 0.0, 0.0, 0.0

    def _released(self, chunks: list[AudioChunk]) -> list[Placed]:
        assert self._stream_s is not None
        placed: list[Placed] = []
        for chunk in chunks:
            follows = chunk.start == self._next
            start_s = self._stream_s + chunk.start / chunk.rate
            placed.append((chunk, None if follows else round(start_s * SAMPLE_RATE_HZ)))
            self._next = chunk.start + len(chunk.samples)
            self._end_s = start_s + len(chunk.samples) / chunk.rate
        return placed
