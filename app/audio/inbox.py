"""The hand-over from a device's thread to the engine: offer and leave on one side, take all that waits on the other."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import numpy as np

from s2t_core.types import AudioChunk, Samples, neighbours_joined

# Ten minutes: an engine that far behind will not catch up, and memory has an end.
CAPACITY_S = 600


class AudioInbox:
    """Blocks of mono samples on their way to one reader.

    Without locks of our own: every counter has one writer, and SimpleQueue.put neither blocks nor fails. When the
    capacity is reached, samples are lost with their place: the next chunk starts later.
    """

    def __init__(self, rate: int, capacity_s: float = CAPACITY_S) -> None:
        self.rate = rate
        self.received = 0  # samples offered; written by the device's thread
        self.taken = 0  # samples that left or were lost; written by the reader
        self._peak = 0.0
        self._capacity = int(capacity_s * rate)
        self._blocks: queue.SimpleQueue[AudioChunk | None] = queue.SimpleQueue()

    def offer(self, block: Samples, lost: int = 0) -> None:
        """Leave a block that nobody else writes to any more; `lost` samples went missing before it."""
        start = self.received + lost
        self.received = start + len(block)
        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
        if self.received - self.taken <= self._capacity:
            self._blocks.put(AudioChunk(block, self.rate, start))

    def close(self) -> None:
        """No more blocks follow. An empty one at the end lets a loss at the very end show itself."""
        self._blocks.put(AudioChunk(np.zeros(0, dtype=np.float32), self.rate, self.received))
        self._blocks.put(None)

    def take_peak(self) -> float:
        """The loudest sample since the last call."""
        peak, self._peak = self._peak, 0.0
        return min(peak, 1.0)

    def __iter__(self) -> Iterator[AudioChunk]:
        """All that waits, joined, again and again until the inbox is closed; a loss divides two chunks."""
        closed = False
        while not closed:
            waiting: list[AudioChunk] = []
            block = self._blocks.get()
            while block is not None:
                waiting.append(block)
                if self._blocks.empty():
                    break
                block = self._blocks.get()
            closed = block is None  # a device may still offer a block after that; it is not waited for
            for chunk in neighbours_joined(waiting):
                self.taken = chunk.start + len(chunk.samples)
                yield chunk
