"""One speaker's channel: a source that is opened anew whenever it has failed, on the clock of the whole recording."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

import numpy as np

from app.audio.source import AudioSource
from app.errors import AudioError
from s2t_core.features.resample import StreamingResampler
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

logger = logging.getLogger(__name__)

_AGAIN_S = 3.0
_NO_SAMPLES: Samples = np.zeros(0, np.float32)


class Channel:
    """Delivers chunks at 16 kHz whose `start` is the time since the recording began; None when no more follow.

    `make` gives a new source whenever one is needed. `deliver` is called on the channel's own thread, in order. A gap
    in time is a jump of `start`.
    """

    def __init__(
        self, speaker: str, make: Callable[[], AudioSource], deliver: Callable[[str, AudioChunk | None], None]
    ) -> None:
        self.speaker = speaker
        self._make = make
        self._deliver = deliver
        self._source: AudioSource | None = None
        self._began = 0.0
        self._end = 0  # samples at 16 kHz up to which the channel has been delivered
        self._stopping = threading.Event()
        self._failed = False  # the source that was open last has; cleared by the first sound of the next one

    def start(self, began: float) -> str:
        """Open the source; a fault is returned, and the source tried again and again.

        began  the moment of time.monotonic that is zero
        """
        self._began = began
        chunks, fault = None, ""
        try:
            chunks = self._open()
        except AudioError as error:
            self._failed, fault = True, str(error)
        threading.Thread(target=self._run, args=(chunks,), name=f"channel {self.speaker}", daemon=True).start()
        return fault

    def stop(self) -> None:
        """No more chunks after the last ones."""
        self._stopping.set()
        if self._source is not None:
            self._source.stop()

    @property
    def is_down(self) -> bool:
        """Whether no source is open that works."""
        return self._failed

    def received_s(self) -> float:
        """Up to where sound has arrived."""
        return self._end / SAMPLE_RATE_HZ

    def take_peak(self) -> float:
        """The loudest sample since the last call."""
        return self._source.take_peak() if self._source else 0.0

    def take_fault(self) -> str:
        """What has gone wrong with the source since the last call; a source that has failed is closed."""
        source = self._source
        fault = source.fault() if source is not None else ""
        if source is not None and fault:
            self._failed, self._source = True, None
            source.stop()
        return fault

    def _open(self) -> Iterable[AudioChunk]:
        source = self._make()
        chunks = source.start()
        self._source = source  # only now: stopping a source that is just being opened would not close it
        if self._stopping.is_set():
            source.stop()
        return chunks

    def _run(self, chunks: Iterable[AudioChunk] | None) -> None:
        try:
            while not self._stopping.is_set():
                if chunks is not None:
                    self._read(chunks)
                    if self._source is not None and not self._source.fault():
                        break  # ended by itself or by `stop`
                if self._stopping.wait(_AGAIN_S):
                    break
                chunks = self._try()
            if self._failed and self._end:
                now = round((time.monotonic() - self._began) * SAMPLE_RATE_HZ)
                self._deliver(self.speaker, self._chunk(_NO_SAMPLES, max(now, self._end)))
        except Exception:  # thread boundary
            logger.exception("the channel of %s broke off", self.speaker)
            self._failed = True
        finally:
            self._deliver(self.speaker, None)

    def _try(self) -> Iterable[AudioChunk] | None:
        try:
            return self._open()
        except AudioError as error:
            logger.info("%s: %s", self.speaker, error)
            return None

    def _read(self, chunks: Iterable[AudioChunk]) -> None:
        """Deliver what a source gives."""
        resampler = StreamingResampler(SAMPLE_RATE_HZ)
        zero: int | None = None
        expected = -1
        for chunk in chunks:
            if zero is None:
                if len(chunk.samples) == 0:
                    continue
                length = round(len(chunk.samples) * SAMPLE_RATE_HZ / chunk.rate)
                zero = max(0, round((time.monotonic() - self._began) * SAMPLE_RATE_HZ) - length)
                self._failed = False
            if chunk.start != expected:
                if expected >= 0:
                    self._push(resampler.finish())
                resampler = StreamingResampler(chunk.rate)
                self._end = max(self._end, zero + round(chunk.start * SAMPLE_RATE_HZ / chunk.rate))
            expected = chunk.start + len(chunk.samples)
            self._push(resampler.push(chunk.samples))
        self._push(resampler.finish())

    def _push(self, samples: Samples) -> None:
        start, self._end = self._end, self._end + len(samples)
        self._deliver(self.speaker, self._chunk(samples, start))

    def _chunk(self, samples: Samples, start: int) -> AudioChunk:
        return AudioChunk(samples, SAMPLE_RATE_HZ, start, self.speaker)
