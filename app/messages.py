"""What the engine is given, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from s2t_core.events import TranscriptEvent
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import AudioChunk, DecodingOptions


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


class TextJournal(Protocol):
    """Is told of everything before the user is, and of where each channel leaves off."""

    def text(self, speaker: str, events: tuple[TranscriptEvent, ...], mark: SessionMark, ends: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Stream:
    """What is to be transcribed.

    wishes   of this stream; None: those that the recogniser was loaded with
    marks    where its channels go on, of one that broke off
    """

    chunks: Iterable[AudioChunk]
    wishes: DecodingOptions | None = None
    journal: TextJournal | None = None
    marks: Mapping[str, SessionMark] = field(default_factory=dict)


EngineMessage = ModelReady | ModelFailed | Noticed | Transcribed | SessionEnded
