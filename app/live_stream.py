"""One stream on its way to text: a channel for every speaker in it, and the messages that come of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from app.hearing import Events, Hearing, OpenSession
from app.memory import give_back
from app.messages import Clock, EngineMessage, Noticed, SessionEnded, Stream, Transcribed
from s2t_core.events import AudioLost, SegmentClosed
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk

logger = logging.getLogger(__name__)


class LiveStream:
    """Made for one stream; `run` follows it to its end. Of everything the journal is told before the user is."""

    def __init__(self, stream: Stream, open_session: OpenSession, report: Callable[[EngineMessage], None]) -> None:
        self._stream = stream
        self._open = open_session
        self._report = report
        self._channels = {speaker: self._hearing(speaker) for speaker in stream.marks}
        self._clock = Clock()
        self._lost_samples = 0

    def run(self) -> None:
        """Transcribe all of it; the last message says how it ended."""
        began, error = 0.0, None
        try:
            for chunk in self._stream.chunks:
                began = began or time.monotonic()
                self._push(chunk, began)
        except Exception as failure:  # thread boundary; the source has failed
            logger.exception("the stream broke off")
            error = failure
        for speaker, channel in self._channels.items():  # also after a failure: what was heard so far is still written
            try:
                events = channel.finish()
                self._clock = replace(self._clock, wall_s=time.monotonic() - began if began else 0.0)
                self._write(speaker, events, ends=True)
            except Exception as failure:  # thread boundary
                logger.exception("the session did not end well")
                error = error or failure
        give_back()
        self._report(SessionEnded(self._clock, self._lost_samples / SAMPLE_RATE_HZ, error))

    def _push(self, chunk: AudioChunk, began: float) -> None:
        if chunk.speaker not in self._channels:
            self._channels[chunk.speaker] = self._hearing(chunk.speaker)
        events = self._channels[chunk.speaker].push(chunk)
        # Of several channels that which is ahead counts.
        audio_s = max(self._clock.audio_s, (chunk.start + len(chunk.samples)) / chunk.rate)
        self._clock = Clock(audio_s, time.monotonic() - began)
        self._write(chunk.speaker, events)
        if any(isinstance(event, SegmentClosed) for event in events):
            give_back()

    def _write(self, speaker: str, events: Events, ends: bool = False) -> None:
        events = _of(speaker, events)
        self._lost_samples += _lost(events)
        if self._stream.journal is not None:
            self._stream.journal.text(speaker, events, self._channels[speaker].mark, ends)
        self._report(Transcribed(events, self._clock))

    def _hearing(self, speaker: str) -> Hearing:
        return Hearing(self._open, self._left_out, self._stream.marks.get(speaker))

    def _left_out(self, error: Exception) -> None:
        self._report(Noticed(f"Some sound could not be transcribed ({error}). The text shows where."))


def _of(speaker: str, events: Events) -> Events:
    """The events of a speaker's channel, with the name."""
    if not speaker:
        return events
    return tuple(
        replace(event, speaker=speaker)
        if isinstance(event, AudioLost)
        else replace(event, segment=replace(event.segment, speaker=speaker))
        for event in events
    )


def _lost(events: Events) -> int:
    return sum(event.end_sample - event.start_sample for event in events if isinstance(event, AudioLost))
