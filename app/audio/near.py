"""The microphone's channel without the echo of the other one: both are laid side by side and cleaned block by block."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.audio.echo import BLOCK, EchoCanceller
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

# Sound systems hand over what is played and what is heard with delays of their own: the echo may seem to come first.
_LEAD = int(0.08 * SAMPLE_RATE_HZ)
_PATIENCE = int(0.6 * SAMPLE_RATE_HZ)  # the other channel is not waited for longer
_KEPT = 2 * SAMPLE_RATE_HZ  # of the other channel, while nothing is heard
_NO_SAMPLES: Samples = np.zeros(0, np.float32)


class NearChannel:
    """Takes chunks of both channels at 16 kHz, on one clock; gives the microphone's back, a little later."""

    def __init__(self) -> None:
        self._canceller = EchoCanceller()
        self._played, self._played_start = _NO_SAMPLES, 0
        self._heard: AudioChunk | None = None  # what waits
        self._done = 0  # where the last block that came back ends
        self._is_first = True  # of a run of blocks: what comes back for it is the end of an earlier run
        self._waits = True

    def play(self, chunk: AudioChunk) -> None:
        """Sound of the loudspeakers."""
        end = self._played_start + len(self._played)
        if chunk.start - end > _KEPT:  # as after a night's sleep: nothing before it is needed, nor silence up to it
            self._played, self._played_start, end = _NO_SAMPLES, chunk.start, chunk.start
        silence = np.zeros(max(0, chunk.start - end), np.float32)
        known = max(0, end - chunk.start)
        self._played = np.concatenate([self._played, silence, chunk.samples[known:]])
        self._played_start = max(end, chunk.start + len(chunk.samples)) - len(self._played)
        self._waits = True
        self._forget((self._heard.start if self._heard else self._played_start + len(self._played)) - _KEPT)

    def hear(self, chunk: AudioChunk) -> list[AudioChunk]:
        """Sound of the microphone -> what is left of an earlier run when the chunk does not follow on it."""
        waiting = self._heard
        if waiting is None or chunk.start != waiting.start + len(waiting.samples):
            rest = self.finish()
            self._heard = chunk
            return rest
        self._heard = replace(waiting, samples=np.concatenate([waiting.samples, chunk.samples]))
        return []

    def take(self) -> list[AudioChunk]:
        """What is ready of the microphone's sound."""
        done: list[AudioChunk] = []
        while self._heard is not None and len(self._heard.samples) >= BLOCK and self._may_go_on(self._heard):
            done += self._clean(self._heard.samples[:BLOCK])
        return done

    def finish(self) -> list[AudioChunk]:
        """All that is left of a run."""
        waiting = self._heard
        if waiting is None:
            return []
        self._waits = False
        done, end = self.take(), waiting.start + len(waiting.samples)
        speaker, is_first = waiting.speaker, self._is_first
        rest = self._heard.samples if self._heard else _NO_SAMPLES
        for _ in range(2):  # the last, shorter block, and the one that the canceller still holds
            done += self._clean(np.concatenate([rest, np.zeros(BLOCK - len(rest), np.float32)]))
            rest = _NO_SAMPLES
        self._heard, self._is_first, self._waits = None, True, True
        whole = [replace(one, samples=one.samples[: max(0, end - one.start)]) for one in done]
        if is_first and end == waiting.start:  # nothing but a place: a loss shows by it
            return [AudioChunk(_NO_SAMPLES, SAMPLE_RATE_HZ, end, speaker)]
        return [one for one in whole if len(one.samples)]

    def _may_go_on(self, heard: AudioChunk) -> bool:
        """Whether the other channel has come far enough, or has been waited for long enough."""
        behind = heard.start + len(heard.samples) - (self._played_start + len(self._played))
        if behind > _PATIENCE:
            self._waits = False  # until it comes again
        return not self._waits or behind <= len(heard.samples) - BLOCK - _LEAD

    def _clean(self, block: Samples) -> list[AudioChunk]:
        """The first waiting block; the one before it comes back."""
        assert self._heard is not None
        start = self._heard.start
        cleaned = self._canceller.cancel(block, self._played_at(start + _LEAD))
        back = AudioChunk(cleaned, SAMPLE_RATE_HZ, start - BLOCK, self._heard.speaker)
        self._heard = replace(self._heard, samples=self._heard.samples[BLOCK:], start=start + BLOCK)
        self._forget(start - _KEPT)
        is_first, self._is_first = self._is_first, False
        return [] if is_first else [back]

    def _played_at(self, start: int) -> Samples:
        """(BLOCK,) of the other channel from `start` on, silence where it has not come."""
        block = np.zeros(BLOCK, np.float32)
        first, end = max(start, self._played_start), min(start + BLOCK, self._played_start + len(self._played))
        if first < end:
            block[first - start : end - start] = self._played[first - self._played_start : end - self._played_start]
        return block

    def _forget(self, before: int) -> None:
        drop = min(max(0, before - self._played_start), len(self._played))
        self._played, self._played_start = self._played[drop:], self._played_start + drop
