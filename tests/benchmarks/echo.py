"""What is left of the loudspeakers' words in the microphone's text, and what that costs the words of who sits there.

usage: echo.py [MANIFEST.tsv --audio DIR --near SPEAKER --far SPEAKER --limit N] [--rooms N] [--model DIR]

Two speakers talk, one into the microphone, the other out of the loudspeakers; without a manifest they are those of the
bundled recordings. The rooms are synthetic: a direct path and a decaying tail of noise, with a delay, and loudspeakers
that bend what is loud. What the microphone hears is recognised with and without the echo canceller, live segments as
in the program. All that is drawn is drawn alike in every run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.audio.echo import BLOCK, EchoCanceller
from app.audio.file import read_chunks
from app.evaluate import joined, read_utterances, recognised, thinned
from app.figures import markdown, percent
from app.paths import embedded_model, resources
from app.terminal import note, out
from s2t_core.manifest import Utterance
from s2t_core.metrics import errors, plain
from s2t_core.recognizer import Recognizer, load
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

_SPEECH_DB = -26.0  # of full scale
_SAMPLE_TEXT = (
    "The invention of movable metal letters in the middle of the 15th century may justly be considered as the "
    "invention of the art of printing. The sleepers covered the entire floor with the exception of a passage in the "
    "middle."
)
_RECIPE_TEXT = (
    "A store of pickled eggs will be found very useful and ornamental in serving with many first and second course "
    "dishes."
)


@dataclass(frozen=True, slots=True)
class Room:
    """The way from loudspeaker to microphone.

    delay_ms  until the first sound arrives
    tail_s    until reverberation has fallen by 60 dB
    echo_db   beside the speech of who sits there
    noise_db  of full scale, in the room
    bends     the loudspeaker is driven so hard that it distorts
    """

    delay_ms: int
    tail_s: float
    echo_db: float
    noise_db: float = -60.0
    bends: bool = False

    def __str__(self) -> str:
        bends = ", distorted" if self.bends else ""
        return f"{self.delay_ms} ms, {self.tail_s:g} s, {self.echo_db:g} dB{bends}"

    def echo(self, played: Samples, rng: np.random.Generator) -> Samples:
        """What of the played sound arrives at the microphone."""
        length = int(1.2 * self.tail_s * SAMPLE_RATE_HZ)
        tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / (self.tail_s * SAMPLE_RATE_HZ))
        tail *= 0.5 / np.sqrt((tail**2).sum())
        tail[0] = 1.0
        way = np.concatenate([np.zeros(self.delay_ms * SAMPLE_RATE_HZ // 1000), np.convolve(tail, [1.0, -0.9])])
        driven = np.tanh(8 * played) / 8 if self.bends else played
        size = len(played) + len(way)
        return at_level(
            np.fft.irfft(np.fft.rfft(driven, size) * np.fft.rfft(way, size), size)[: len(played)], self.echo_db
        )


ROOMS = (
    Room(20, 0.2, -6.0),
    Room(100, 0.3, -12.0, noise_db=-55.0),
    Room(200, 0.4, -6.0),
    Room(60, 0.3, -6.0, bends=True),
    Room(100, 0.4, 3.0),
    Room(100, 0.3, -20.0, noise_db=-55.0),
)


def at_level(samples: Samples, db: float) -> Samples:
    """The samples, so loud beside speech."""
    factor = 10 ** ((_SPEECH_DB + db) / 20) / np.sqrt(np.mean(np.square(samples)))
    return (factor * samples).astype(np.float32)


def strung(utterances: Sequence[Utterance], pause_s: float) -> list[Samples]:
    """Every utterance at the level of speech with a pause behind it."""
    pause = np.zeros(int(pause_s * SAMPLE_RATE_HZ), np.float32)
    return [np.concatenate([at_level(joined(list(read_chunks(one.path))), 0.0), pause]) for one in utterances]


def in_turns(near: Sequence[Samples], far: Sequence[Samples]) -> tuple[Samples, Samples]:
    """One after the other: while one speaks the other is silent."""
    parts: tuple[list[Samples], list[Samples]] = ([], [])
    for one, other in zip(near, far, strict=False):
        parts[0].extend((np.zeros_like(other), one))
        parts[1].extend((other, np.zeros_like(one)))
    return np.concatenate(parts[0]), np.concatenate(parts[1])


def at_once(near: Sequence[Samples], far: Sequence[Samples]) -> tuple[Samples, Samples]:
    """Both speak all the time; the far one begins and goes on until the near one has ended."""
    voice, other = np.concatenate([np.zeros(SAMPLE_RATE_HZ, np.float32), *near]), np.concatenate(far)
    return voice, np.resize(other, len(voice))


def without_echo(heard: Samples, played: Samples) -> Samples:
    """The microphone's sound through the echo canceller."""
    canceller = EchoCanceller()
    blocks = range(0, len(heard) // BLOCK * BLOCK, BLOCK)
    return np.concatenate([canceller.cancel(heard[at : at + BLOCK], played[at : at + BLOCK]) for at in blocks])


def text(recognizer: Recognizer, samples: Samples) -> list[str]:
    """The words that are written for a recording."""
    return plain(recognised(recognizer, [AudioChunk(samples, SAMPLE_RATE_HZ, 0)], whole=False)).split()


class Table:
    """Hears the rooms and keeps what was found."""

    def __init__(self, recognizer: Recognizer, near: Sequence[Utterance], far: Sequence[Utterance]) -> None:
        self._recognizer = recognizer
        self._near_words = plain(" ".join(one.transcript for one in near)).split()
        self._far_words = plain(" ".join(one.transcript for one in far)).split()
        self._near, self._far = strung(near, 1.0), strung(far, 0.8)
        self._cpu_s = self._audio_s = 0.0

    def row(self, room: Room) -> list[str]:
        """The figures of one room, without and with the canceller."""
        cells = [str(room)]
        far = np.concatenate(self._far)
        for heard in self._both_ways(room, np.zeros_like(far), far):
            cells.append(percent(len(text(self._recognizer, heard)) / len(self._far_words)))
        for make in (in_turns, at_once):
            for heard in self._both_ways(room, *make(self._near, self._far)):
                cells.append(self._error(heard))
        return cells

    def without_any_echo(self) -> list[str]:
        """Word errors of the near speaker: untreated, treated while nothing is played, treated with headphones on."""
        near, far = at_once(self._near, self._far)
        near = near + self._noise(near, -60.0, np.random.default_rng(0))
        return [self._error(one) for one in (near, without_echo(near, np.zeros_like(far)), without_echo(near, far))]

    @property
    def cost(self) -> float:
        """Processor seconds of the canceller for a second of sound."""
        return self._cpu_s / self._audio_s

    def _both_ways(self, room: Room, near: Samples, far: Samples) -> tuple[Samples, Samples]:
        rng = np.random.default_rng(0)
        heard = near + room.echo(far, rng)
        heard += self._noise(heard, room.noise_db, rng)
        began = time.process_time()
        treated = without_echo(heard, far)
        self._cpu_s += time.process_time() - began
        self._audio_s += len(heard) / SAMPLE_RATE_HZ
        return heard, treated

    def _noise(self, like: Samples, db: float, rng: np.random.Generator) -> Samples:
        return (10 ** (db / 20) * rng.standard_normal(len(like))).astype(np.float32)

    def _error(self, heard: Samples) -> str:
        return percent(errors(self._near_words, text(self._recognizer, heard)).rate)


def speakers(options: argparse.Namespace) -> tuple[list[Utterance], list[Utterance]]:
    """What the near and what the far speaker says."""
    if options.manifest is None:
        folder = resources() / "audio"
        near, far = Utterance(folder / "recipe.ogg", _RECIPE_TEXT), Utterance(folder / "sample.flac", _SAMPLE_TEXT)
        return [near] * 2, [far] * 2
    utterances = [one for one in read_utterances([options.manifest], options.audio, None) if one.transcript]
    names = list(dict.fromkeys(one.speaker for one in utterances))
    chosen = (options.near or names[0], options.far or names[1])
    near, far = ([one for one in utterances if one.speaker == name] for name in chosen)
    return thinned(near, options.limit), thinned(far, options.limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", nargs="?", type=Path, metavar="MANIFEST")
    parser.add_argument("--audio", type=Path, metavar="DIR")
    parser.add_argument("--near", metavar="SPEAKER")
    parser.add_argument("--far", metavar="SPEAKER")
    parser.add_argument("--limit", type=int, default=4, metavar="N", help="utterances of each speaker")
    parser.add_argument("--rooms", type=int, default=len(ROOMS), metavar="N")
    parser.add_argument("--model", type=Path, default=embedded_model(), metavar="DIR")
    options = parser.parse_args()
    table = Table(load(options.model, "cpu"), *speakers(options))
    rows = []
    for room in ROOMS[: options.rooms]:
        rows.append(table.row(room))
        note(str(rows[-1]))
    pair = ("untreated", "treated")
    headings = [
        "room: delay, reverberation, echo beside speech",
        *(f"far words written, far alone: {one}" for one in pair),
    ]
    headings += [f"near WER, in turns: {one}" for one in pair] + [f"near WER, both at once: {one}" for one in pair]
    out(markdown(headings, rows))
    plainly, silent, headphones = table.without_any_echo()
    out(f"Near WER without echo: {plainly} %; treated: {silent} %; treated, far one in headphones: {headphones} %.")
    out(f"Processor time of the canceller for a second of sound: {table.cost:.3f} s.")


if __name__ == "__main__":
    main()
