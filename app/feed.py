"""Recorded speech for live sessions: strung into long recordings, fed by a clock that does not wait."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from app.audio.file import read_chunks
from app.evaluate import joined
from app.memory import give_back
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.events import SegmentClosed, TranscriptEvent
from s2t_core.live_history import SpokenWord, Timed
from s2t_core.manifest import Utterance
from s2t_core.metrics import plain
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

PIECE = SAMPLE_RATE_HZ // 50  # samples that a microphone hands over at once (app.audio.microphone)
Clock = Literal["work", "cpu", "real"]
_PAUSE_S = (0.4, 1.5)
_QUIET = 1e-4  # of full scale: no room is digitally silent


@dataclass(frozen=True, slots=True)
class Recording:
    """Sound at 16 kHz and the words that are spoken in it."""

    samples: Samples
    words: tuple[SpokenWord, ...]

    @property
    def length_s(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


def strung_together(utterances: Sequence[Utterance], decoder: SegmentDecoder) -> Recording:
    """The utterances one after the other, with pauses, always the same ones; the decoder says where their words lie.

    Raises AudioError for a file that cannot be read.
    """
    rng = np.random.default_rng(0)
    parts: list[Samples] = [_pause(rng)]
    words: list[SpokenWord] = []
    at = len(parts[0])
    for number, one in enumerate(utterances):
        samples = joined(list(read_chunks(one.path, block_s=1.0)))
        if one.transcript:
            text = one.cased or one.transcript.lower()
            words += spoken_words(decoder, samples, text, at / SAMPLE_RATE_HZ, number)
        parts += [samples, _pause(rng)]
        at += len(parts[-2]) + len(parts[-1])
    return Recording(np.concatenate(parts), tuple(words))


def spoken_words(
    decoder: SegmentDecoder, samples: Samples, text: str, start_s: float, utterance: int = 0
) -> list[SpokenWord]:
    """The bare words of a known text and where they lie; of a word with a hyphen both parts lie where it does."""
    per_second = decoder.frames_per_second
    return [
        SpokenWord(bare, start_s + word.first_frame / per_second, start_s + word.end_frame / per_second, utterance)
        for word in decoder.place(samples, text)
        for bare in plain(word.text).split()
    ]


def endless(utterances: Sequence[Utterance]) -> Iterator[Samples]:
    """Pieces of the utterances with pauses between them, over and over; one file at a time is in memory.

    Raises AudioError for a file that cannot be read.
    """
    rng = np.random.default_rng(0)
    waiting = _pause(rng)
    for one in itertools.cycle(utterances):
        waiting = np.concatenate([waiting, joined(list(read_chunks(one.path, block_s=1.0))), _pause(rng)])
        whole = len(waiting) // PIECE * PIECE
        yield from pieces_of(waiting[:whole])
        waiting = waiting[whole:]


def _pause(rng: np.random.Generator) -> Samples:
    length = int(rng.uniform(*_PAUSE_S) * SAMPLE_RATE_HZ)
    return rng.standard_normal(length).astype(np.float32) * np.float32(_QUIET)


def pieces_of(samples: Samples) -> Iterator[Samples]:
    """A recording as a microphone hands it over; the last piece may be shorter."""
    return (samples[at : at + PIECE] for at in range(0, len(samples), PIECE))


class Live(Protocol):
    """What is fed: a session, or another recogniser in its shape."""

    def push(self, chunk: AudioChunk) -> Sequence[TranscriptEvent]: ...

    def finish(self) -> Sequence[TranscriptEvent]: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One call of a session, in seconds.

    heard_s  audio that had come and was taken
    time_s   when the call was over
    work_s   what it took by the clock, and cpu_s on all processors together: other programs do not lengthen that
    """

    heard_s: float
    time_s: float
    work_s: float
    cpu_s: float
    events: tuple[TranscriptEvent, ...]


def turns(session: Live, pieces: Iterable[Samples], clock: Clock = "work") -> Iterator[Turn]:
    """Feed a session piece by piece, then finish it.

    While the session works, audio goes on coming in, and all of it is taken at the next turn, as the engine does.

    clock  work: stands still only while nothing is to be done, so figures are those of real time on this machine
           without the waiting
           cpu: the same, but work takes the time of all its processors together, which on one thread is what it would
           take with nothing else running
           real: one waits
    """
    coming, now_s, at, over = iter(pieces), 0.0, 0, False
    first = time.perf_counter()
    while not over:
        come = round(now_s * SAMPLE_RATE_HZ) // PIECE - at // PIECE
        taken = list(itertools.islice(coming, max(1, come)))
        over = not taken
        start, at = at, at + sum(map(len, taken))
        heard_s = at / SAMPLE_RATE_HZ
        if clock == "real":
            time.sleep(max(0.0, heard_s - (time.perf_counter() - first)))
        began, began_cpu = time.perf_counter(), time.process_time()
        made = session.finish() if over else session.push(AudioChunk(np.concatenate(taken), SAMPLE_RATE_HZ, start))
        work_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
        now_s = max(now_s, heard_s) + (cpu_s if clock == "cpu" else work_s)
        if clock == "real":
            now_s = time.perf_counter() - first
        yield Turn(heard_s, now_s, work_s, cpu_s, tuple(made))
        if any(isinstance(event, SegmentClosed) for event in made):
            give_back()  # as the engine does, once its events are out


def feed(session: Live, samples: Samples, clock: Clock = "work") -> tuple[list[Timed], float, float]:
    """The events of a recording as a listener would have got them, and the seconds of work for them, by the clock and
    on processors."""
    events: list[Timed] = []
    work_s = cpu_s = 0.0
    for turn in turns(session, pieces_of(samples), clock):
        events += [Timed(turn.time_s, turn.heard_s, event) for event in turn.events]
        work_s, cpu_s = work_s + turn.work_s, cpu_s + turn.cpu_s
    return events, work_s, cpu_s
