"""Recorded speech for live sessions: strung into long recordings, fed by a clock that does not wait."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.audio.file import read_chunks
from app.evaluate import joined
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.live_metrics import SpokenWord, Timed
from s2t_core.manifest import Utterance
from s2t_core.metrics import plain
from s2t_core.session import StreamSession
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

PIECE = SAMPLE_RATE_HZ // 10  # samples that a microphone hands over at once
_PAUSE_S = (0.4, 1.5)
_QUIET = 1e-4  # of full scale: no room is digitally silent


@dataclass(frozen=True, slots=True)
class Recording:
    """Speech at 16 kHz and the words in it."""

    samples: Samples
    words: tuple[SpokenWord, ...]


def strung_together(utterances: Sequence[Utterance], decoder: SegmentDecoder) -> Recording:
    """The utterances one after the other, with pauses, always the same ones; the decoder says where their words lie.

    Raises AudioError for a file that cannot be read.
    """
    rng = np.random.default_rng(0)
    parts: list[Samples] = [_pause(rng)]
    words: list[SpokenWord] = []
    at = len(parts[0])
    for one in utterances:
        samples = joined(list(read_chunks(one.path, block_s=1.0)))
        words += spoken_words(decoder, samples, one.cased or one.transcript.lower(), at / SAMPLE_RATE_HZ)
        parts += [samples, _pause(rng)]
        at += len(parts[-2]) + len(parts[-1])
    return Recording(np.concatenate(parts), tuple(words))


def spoken_words(decoder: SegmentDecoder, samples: Samples, text: str, start_s: float) -> list[SpokenWord]:
    """The bare words of a known text and where they lie; of a word with a hyphen both parts lie where it does."""
    per_second = decoder.frames_per_second
    return [
        SpokenWord(bare, start_s + word.first_frame / per_second, start_s + word.end_frame / per_second)
        for word in decoder.place(samples, text)
        for bare in plain(word.text).split()
    ]


def _pause(rng: np.random.Generator) -> Samples:
    length = int(rng.uniform(*_PAUSE_S) * SAMPLE_RATE_HZ)
    return rng.standard_normal(length).astype(np.float32) * np.float32(_QUIET)


def feed(session: StreamSession, samples: Samples) -> tuple[list[Timed], float]:
    """The events of a recording as a listener would have got them, and the seconds of work for them.

    The clock stands still only while nothing is to be done: while the session works, audio goes on coming in, and all
    of it is taken at the next turn, as the engine does. So the figures are those of real time on this machine.
    """
    events: list[Timed] = []
    now_s, work_s, at = 0.0, 0.0, 0
    while at <= len(samples):
        come = min(round(now_s * SAMPLE_RATE_HZ) // PIECE * PIECE, len(samples))
        if at == come < len(samples):
            now_s = (at + PIECE) / SAMPLE_RATE_HZ
            continue
        began = time.perf_counter()
        over = at == len(samples)
        made = session.finish() if over else session.push(AudioChunk(samples[at:come], SAMPLE_RATE_HZ, at))
        took_s = time.perf_counter() - began
        now_s, work_s = max(now_s, come / SAMPLE_RATE_HZ) + took_s, work_s + took_s
        events += [Timed(now_s, come / SAMPLE_RATE_HZ, event) for event in made]
        at = come + over  # past the end once the session is finished
    return events, work_s
