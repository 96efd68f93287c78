"""Between a source and the engine: sound is kept as it comes, however long what is before it takes."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from s2t_core.types import AudioChunk, neighbours_joined

logger = logging.getLogger(__name__)

# An engine that is an hour behind will not catch up, and memory has an end; what is kept on disk is heard later.
_CAPACITY_S = 3600.0
_AT_ONCE_S = 30.0  # a reader that is behind shows something now and then, and has less to do again if it stumbles


class Spool(threading.Thread):
    """Reads a source on a thread of its own, from `start` on; the chunks are for one reader."""

    def __init__(self, chunks: Iterable[AudioChunk], keep: Callable[[AudioChunk], None]) -> None:
        """keep: is given every chunk before the reader is."""
        super().__init__(name="spool", daemon=True)
        self._chunks = chunks
        self._keep = keep
        self._waiting: queue.SimpleQueue[AudioChunk | Exception | None] = queue.SimpleQueue()
        self._put_s = self._taken_s = 0.0  # each counted by its own thread

    def run(self) -> None:
        try:
            for chunk in self._chunks:
                if not np.isfinite(chunk.samples).all():  # a device that is broken; the time of it becomes a gap
                    logger.warning("%d samples that are no numbers", len(chunk.samples))
                    continue
                self._keep(chunk)
                if self._put_s - self._taken_s < _CAPACITY_S:
                    self._put_s += len(chunk.samples) / chunk.rate
                    self._waiting.put(chunk)
            self._waiting.put(None)
        except Exception as error:  # thread boundary; it is the reader's
            self._waiting.put(error)

    def __iter__(self) -> Iterator[AudioChunk]:
        """What waits, joined, channel by channel, again and again until the source is over.

        Raises what the source raised.
        """
        over: Exception | None = None
        ended = False
        while not ended:
            channels: dict[str, list[AudioChunk]] = {}
            taken_s = 0.0
            one = self._waiting.get()
            while isinstance(one, AudioChunk):
                channels.setdefault(one.speaker, []).append(one)
                taken_s += len(one.samples) / one.rate
                if self._waiting.empty() or taken_s > _AT_ONCE_S:
                    break
                one = self._waiting.get()
            else:
                ended, over = True, one
            self._taken_s += taken_s
            for chunks in channels.values():
                yield from neighbours_joined(chunks)
        if over is not None:
            raise over
