"""One speaker's channel: a source that is opened anew whenever it has failed, on the clock of the whole recording."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from app.audio.clock import now_s
from app.audio.placement import Placed, Placement
from app.audio.source import AudioSource
from app.errors import sentence
from s2t_core.features.resample import StreamingResampler
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

logger = logging.getLogger(__name__)

_AGAIN_S = 1.0
_FIRST_TRIES = 2  # a sound server that has just come back refuses once, but not twice
_SLOW_S = 6.0  # no device takes so long to open; a sound server that hangs does
_NO_SAMPLES: Samples = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Slow:
    """The source is still being opened."""


@dataclass(frozen=True, slots=True)
class Down:
    """The source has failed and will be opened anew."""

    fault: str


@dataclass(frozen=True, slots=True)
class Back:
    """Sound is heard again; so much of it is missing."""

    lost_s: float


News = Slow | Down | Back


class Channel:
    """Delivers chunks at 16 kHz whose `start` is the time since the recording began; None when no more follow.

    `make` gives a new source whenever one is needed; it is opened and read on the channel's own thread, where `deliver`
    is called in order. Only None, and the place of a loss at the very end before it, may come from the thread that
    calls `stop`. A gap in time is a jump of `start`.
    """

    def __init__(
        self, speaker: str, make: Callable[[], AudioSource], deliver: Callable[[str, AudioChunk | None], None]
    ) -> None:
        self.speaker = speaker
        self.refused = ""  # why the first openings failed, until a later one does not
        self._make = make
        self._deliver = deliver
        # For the three below, for moments only. Re-entrant: a signal may call `stop` from within `take_news`.
        self._lock = threading.RLock()
        self._source: AudioSource | None = None
        self._failed = False  # the source that was open last has; cleared by the first sound of the next one
        self._is_over = False
        self._stopping = threading.Event()
        self._placement = Placement()
        self._resampler: StreamingResampler | None = None
        self._end = 0  # samples at 16 kHz up to which the channel has been delivered
        self._has_begun, self._refusals = False, 0
        self._opening_since: float | None = None
        self._opened_s = 0.0
        self._back: Back | None = None
        self._broken: Down | None = None

    def start(self, began_s: float | None = None) -> None:
        """Open the source on a thread; where that fails it is tried again and again.

        began_s  the moment of `app.audio.clock` that is zero; None: that of the first sound
        """
        self._placement = Placement(began_s)
        self._opening_since = now_s()
        threading.Thread(target=self._run, name=f"channel {self.speaker}", daemon=True).start()

    def stop(self) -> None:
        """No more chunks after the last ones; a source that is still being opened is not waited for."""
        with self._lock:
            self._stopping.set()
            source = self._source
        if source is None:
            self._finish()
        else:
            source.stop()

    def received_s(self) -> float:
        """Up to where sound has arrived."""
        return self._end / SAMPLE_RATE_HZ

    def take_peak(self) -> float:
        """The loudest sample since the last call."""
        source = self._source
        return source.take_peak() if source else 0.0

    @property
    def is_undecided(self) -> bool:
        """It was neither opened nor refused so far, and does not take too long over that."""
        return not self._has_begun and not self.refused and (self._refusals > 0 or self._opening_since is not None)

    def take_news(self) -> News | None:
        """What has happened to the source since the last call; one that has failed is closed. Ask often."""
        source = self._source
        fault = source.fault() if source is not None else ""
        if source is not None and fault:
            with self._lock:
                self._failed, self._source = True, None
            source.stop()
            return Down(fault)
        since = self._opening_since
        if since is not None and now_s() - since > _SLOW_S and not self._failed:
            self._opening_since = None
            return Slow()
        news: News | None = self._broken or self._back
        if news is self._broken:
            self._broken = None
        else:
            self._back = None
        return news

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                chunks = self._open()
                if chunks is not None:
                    self._read_safely(chunks)
                    source = self._source
                    if source is not None and not source.fault():
                        break  # ended by itself or by `stop`
                self._stopping.wait(_AGAIN_S)
        finally:
            self._finish()

    def _open(self) -> Iterable[AudioChunk] | None:
        try:
            source = self._make()
            chunks = source.start()
        except Exception as error:  # thread boundary
            said = sentence(error)
            logger.info("%s: %s", self.speaker or "the recording", said)
            self._refusals += 1
            if not self._has_begun and self._refusals >= _FIRST_TRIES:
                self.refused = said
            return None
        finally:
            self._opened_s, self._opening_since = now_s(), None
        with self._lock:
            is_late = self._stopping.is_set()
            if not is_late:
                self._source = source
        if is_late:
            source.stop()
            return None
        self.refused, self._has_begun = "", True
        return chunks

    def _read_safely(self, chunks: Iterable[AudioChunk]) -> None:
        """What nobody foresaw is a failure of the source like others: said, and tried again."""
        try:
            self._read(chunks)
        except Exception as error:  # thread boundary
            with self._lock:
                source, self._source, self._failed = self._source, None, True
            if source is not None:
                source.stop()
            self._resampler, self._broken = None, Down(sentence(error))

    def _read(self, chunks: Iterable[AudioChunk]) -> None:
        """Deliver what a source gives."""
        self._placement.begin()
        for chunk in chunks:
            if len(chunk.samples):  # the one without is no sound that has arrived: it ends an inbox
                for placed in self._placement.place(chunk, now_s()):
                    self._take(placed)
        for placed in self._placement.finish():
            self._take(placed)
        if self._resampler is not None:
            self._push(self._resampler.finish())
            self._resampler = None
        if self._end == 0:  # what is missing until the first sound shall be a gap and no late beginning
            self._placement.expect(self._opened_s)
            self._push(_NO_SAMPLES)

    def _take(self, placed: Placed) -> None:
        chunk, position = placed
        if position is not None:
            if self._resampler is not None:
                self._push(self._resampler.finish())
            self._resampler = StreamingResampler(chunk.rate)
            lost, self._end = position - self._end, max(self._end, position)
            if self._failed:
                self._back, self._failed = Back(max(0, lost) / SAMPLE_RATE_HZ), False
        assert self._resampler is not None
        self._push(self._resampler.push(chunk.samples))

    def _push(self, samples: Samples) -> None:
        with self._lock:
            if not self._is_over:
                self._deliver(self.speaker, AudioChunk(samples, SAMPLE_RATE_HZ, self._end, self.speaker))
                self._end += len(samples)

    def _finish(self) -> None:
        """What is missing at the end, where the source never came back, and the end."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            if self._failed and self._has_begun:
                place = max(self._end, self._placement.position(now_s()))
                self._deliver(self.speaker, AudioChunk(_NO_SAMPLES, SAMPLE_RATE_HZ, place, self.speaker))
            self._deliver(self.speaker, None)
