"""The values that travel between the parts of the recogniser; all are frozen. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2t_core.errors import AudioFormatError

Samples = NDArray[np.float32]  # (n,) mono, full scale is -1..1
Features = NDArray[np.float32]  # (frames, bins)

LOUDEST = 64.0  # times full scale; above it a file holds integers written as fractions, or damage
DEFAULT_BOOST = 6.0  # of a phrase; chosen by measurement, see the README
MARKS = ".,;:!?"  # they stand behind a word without a space
SAMPLE_RATE_HZ = 16_000  # every Speech2Text checkpoint listens at this rate


def check_samples(samples: Samples) -> None:
    """Raises AudioFormatError unless `samples` is a vector of finite numbers in the range of sound."""
    if samples.ndim != 1:
        raise AudioFormatError(f"Audio of shape {samples.shape} is not mono.", "Mix the channels first.")
    if not np.isfinite(samples).all():
        raise AudioFormatError("The audio holds values that are not finite numbers.", "Convert the file again.")
    if np.abs(samples).max(initial=0.0) > LOUDEST:
        raise AudioFormatError("The audio is far louder than full scale.", "Export it again, as 16-bit samples.")


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A stretch of mono audio and its place in the stream.

    `start` counts samples at `rate` since the stream began, lost ones included: a gap shows as a jump.

    speaker  whose channel it comes from; empty where there is only one
    """

    samples: Samples  # (n,)
    rate: int  # Hz
    start: int  # samples
    speaker: str = ""


def join_chunks(chunks: Sequence[AudioChunk]) -> AudioChunk:
    """Neighbouring chunks of one channel as one; at least one is needed."""
    first = chunks[0]
    return AudioChunk(np.concatenate([chunk.samples for chunk in chunks]), first.rate, first.start, first.speaker)


def neighbours_joined(chunks: Iterable[AudioChunk]) -> Iterator[AudioChunk]:
    """Neighbouring chunks of one channel as one; a gap, or another rate, divides two."""
    run: list[AudioChunk] = []
    for chunk in chunks:
        if run and (chunk.start, chunk.rate) != (run[-1].start + len(run[-1].samples), run[-1].rate):
            yield join_chunks(run)
            run = []
        run.append(chunk)
    if run:
        yield join_chunks(run)


def chunk_from(chunk: AudioChunk, sample: int) -> AudioChunk:
    """What of a chunk lies behind this sample of the stream at SAMPLE_RATE_HZ; all of it where it begins later."""
    # Rounded down: a chunk that seemed to begin one sample later would be a gap.
    cut = min(len(chunk.samples), max(0, sample * chunk.rate // SAMPLE_RATE_HZ - chunk.start))
    return AudioChunk(chunk.samples[cut:], chunk.rate, chunk.start + cut, chunk.speaker)


@dataclass(frozen=True, slots=True)
class Word:
    """One written word of a segment, with its place in the stream and a confidence in 0..1.

    Of an open segment only committed words are placed, by what the last draft attended to; the final text places anew.
    """

    text: str
    start_sample: int  # at SAMPLE_RATE_HZ
    end_sample: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """A text that a segment may have, and the mean log probability of its tokens."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech between pauses: `committed` only grows, `tentative` may still change.

    A closed segment has no tentative text and carries its words, and where they were asked for its best texts.

    speaker  whose channel it was heard in; empty where there is only one
    """

    id: int
    start_sample: int  # at SAMPLE_RATE_HZ
    end_sample: int
    committed: str
    tentative: str = ""
    words: tuple[Word, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words to expect, and what they are favoured by where the sound leaves a doubt: a natural log probability."""

    text: str
    boost: float = DEFAULT_BOOST


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """What is wished of the text.

    phrases   favoured
    suppress  never written: a text with letters or figures as words of its own, hence nor at the beginning of longer
              words that are spelt from it; any other wherever it stands
    n_best    texts in the `alternatives` of a closed segment, the best included; 1: none are given. A segment that was
              cut in the midst of speech ends with what was committed and has none
    """

    phrases: tuple[Phrase, ...] = ()
    suppress: tuple[str, ...] = ()
    n_best: int = 1


def samples_to_seconds(samples: int, rate: int = SAMPLE_RATE_HZ) -> float:
    """Samples to seconds, rounded to a millisecond: seconds are for people and files only."""
    return round(samples / rate, 3)
