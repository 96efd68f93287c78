"""The thread of live text: it loads the model once, then runs one session after another."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app.memory import give_back
from s2t_core.errors import S2TError
from s2t_core.events import AudioLost, SegmentClosed, TranscriptEvent
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, DecodingOptions

if TYPE_CHECKING:  # torch takes seconds to import: `load` does it on the engine's thread, behind the open window
    from s2t_core.recognizer import Recognizer
    from s2t_core.session import StreamSession

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The model is loaded."""

    model: str
    device: str


@dataclass(frozen=True, slots=True)
class ModelFailed:
    """The model cannot be loaded; the engine has ended."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Clock:
    """How much audio a session was fed, and the time since its first sample was."""

    audio_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What a pass over the waiting audio brought."""

    events: tuple[TranscriptEvent, ...]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something is not as it was wished; the session goes on without it."""

    text: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session is over; `error` says why if it did not end by itself."""

    clock: Clock
    lost_s: float
    error: Exception | None = None


EngineMessage = ModelReady | ModelFailed | Noticed | Transcribed | SessionEnded


class Engine(threading.Thread):
    """Runs until `shut_down`. `report` is called on this thread, once for every message."""

    def __init__(self, load: Callable[[], Recognizer], report: Callable[[EngineMessage], None]) -> None:
        super().__init__(name="engine", daemon=True)
        self.loaded: Future[Recognizer] = Future()  # for others that transcribe; its parts are never changed
        self._load = load
        self._report = report
        self._streams: queue.SimpleQueue[tuple[Iterable[AudioChunk], DecodingOptions | None] | None]
        self._streams = queue.SimpleQueue()

    def listen(self, chunks: Iterable[AudioChunk], wishes: DecodingOptions | None = None) -> None:
        """Queue a stream; it is transcribed when the model is loaded and the streams before it are over.

        wishes  of this stream; None: those that the recogniser was loaded with
        """
        self._streams.put((chunks, wishes))

    def shut_down(self) -> None:
        """End after the streams that are queued."""
        self._streams.put(None)

    def run(self) -> None:
        try:
            recognizer = self._load()
            _warm_up(recognizer)
        except Exception as error:  # thread boundary
            self.loaded.set_exception(error)
            logger.exception("the model was not loaded")
            self._report(ModelFailed(error))
            return
        self.loaded.set_result(recognizer)
        self._report(ModelReady(recognizer.name, recognizer.device))
        while (stream := self._streams.get()) is not None:
            chunks, wishes = stream
            self._transcribe(self._steered(recognizer, wishes), chunks)

    def _steered(self, recognizer: Recognizer, wishes: DecodingOptions | None) -> Recognizer:
        if wishes is None:
            return recognizer
        try:
            return recognizer.steered(wishes)
        except S2TError as error:  # a phrase that cannot be spelt is no reason not to listen
            self._report(Noticed(str(error)))
            return recognizer

    def _transcribe(self, recognizer: Recognizer, chunks: Iterable[AudioChunk]) -> None:
        """One stream; every channel in it has a session of its own."""
        sessions: dict[str, StreamSession] = {}
        clock, lost_samples, began = Clock(), 0, 0.0
        error: Exception | None = None
        try:
            for chunk in chunks:
                began = began or time.monotonic()
                if chunk.speaker not in sessions:
                    sessions[chunk.speaker] = recognizer.open_session()
                events = _of(chunk.speaker, sessions[chunk.speaker].push(chunk))
                clock = _clock(chunk, began, clock.audio_s)
                lost_samples += _lost(events)
                self._report(Transcribed(events, clock))
                if any(isinstance(event, SegmentClosed) for event in events):
                    give_back()
        except Exception as failure:  # thread boundary
            logger.exception("the session broke off")
            error = failure
        for speaker, session in sessions.items():  # also after a failure: what has been heard so far is still written
            try:
                events = _of(speaker, session.finish())
                clock = Clock(clock.audio_s, time.monotonic() - began)
                self._report(Transcribed(events, clock))
            except Exception as failure:  # thread boundary
                logger.exception("the session did not end well")
                error = error or failure
        give_back()
        self._report(SessionEnded(clock, lost_samples / SAMPLE_RATE_HZ, error))


def _clock(chunk: AudioChunk, began: float, audio_s: float) -> Clock:
    """The clock after a chunk; of several channels that which is ahead counts."""
    return Clock(max(audio_s, (chunk.start + len(chunk.samples)) / chunk.rate), time.monotonic() - began)


def _of(speaker: str, events: tuple[TranscriptEvent, ...]) -> tuple[TranscriptEvent, ...]:
    """The events of a speaker's channel, with the name."""
    if not speaker:
        return events
    return tuple(
        replace(event, speaker=speaker)
        if isinstance(event, AudioLost)
        else replace(event, segment=replace(event.segment, speaker=speaker))
        for event in events
    )


def _lost(events: tuple[TranscriptEvent, ...]) -> int:
    return sum(event.end_sample - event.start_sample for event in events if isinstance(event, AudioLost))


def _warm_up(recognizer: Recognizer) -> None:
    """The first pass allocates and compiles; it must not fall on the user's first word."""
    silence = np.zeros((100, recognizer.decoder.features.num_mel_bins), dtype=np.float32)  # a second of frames
    recognizer.decoder.finish(silence)
