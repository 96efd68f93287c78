"""Training examples made of lessons: neighbours joined, what is heard changed, nothing said at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from s2t_core.tokenizer import Tokenizer
from s2t_core.training.augment import AugmentConfig, Surroundings, any_noise, at_peak, augmented, babble, chords
from s2t_core.training.lessons import Lesson, Read
from s2t_core.types import SAMPLE_RATE_HZ, Samples


@dataclass(frozen=True, slots=True)
class Example:
    """Audio at 16 kHz, the ids to be written (without the end token) and the teacher's opinion of them (`Lesson`)."""

    samples: Samples
    ids: tuple[int, ...]
    opinion: Tensor | None = None


@dataclass(frozen=True, slots=True)
class ExampleConfig:
    """longest_s bounds joined examples; gap_s is the silence put between the parts; quiet: share without speech."""

    longest_s: tuple[float, float] = (3.0, 20.0)
    gap_s: tuple[float, float] = (0.0, 0.5)
    quiet: float = 0.12
    augment: AugmentConfig = field(default_factory=AugmentConfig)


def examples(
    groups: Sequence[Sequence[Lesson]],
    read: Read,
    tokenizer: Tokenizer,
    around: Surroundings,
    config: ExampleConfig,
    rng: np.random.Generator,
) -> Iterator[Example]:
    """One round over all lessons, in random order; a group holds neighbours that may be joined."""
    for parts in _joined([groups[index] for index in rng.permutation(len(groups))], config, rng):
        if rng.random() < config.quiet:
            yield Example(quiet(rng.uniform(0.3, 12.0), around, rng), ())
        clips = []
        for lesson in parts:
            clips += [read(path) for path in lesson.paths]
            clips.append(np.zeros(int(rng.uniform(*config.gap_s) * SAMPLE_RATE_HZ), dtype=np.float32))
        samples = augmented(np.concatenate(clips[:-1]), around, rng, config.augment)
        begins = [True, *(_ends(lesson.text) for lesson in parts[:-1])]
        texts = [_capital(one.text) if begin else one.text for one, begin in zip(parts, begins, strict=True)]
        yield Example(samples, *joined_texts(parts, texts, tokenizer))


def _joined(
    groups: Sequence[Sequence[Lesson]], config: ExampleConfig, rng: np.random.Generator
) -> Iterator[list[Lesson]]:
    """Runs of neighbours, each up to a length of its own; a lesson without a text divides its neighbours."""
    for group in groups:
        run: list[Lesson] = []
        total_s, most_s = 0.0, rng.uniform(*config.longest_s)
        for lesson in group:
            if run and (total_s + lesson.seconds > most_s or not lesson.text):
                yield run
                run, total_s, most_s = [], 0.0, rng.uniform(*config.longest_s)
            if lesson.text and lesson.seconds <= config.longest_s[1] * 1.3:
                run.append(lesson)
                total_s += lesson.seconds
        if run:
            yield run


def quiet(seconds: float, around: Surroundings, rng: np.random.Generator) -> Samples:
    """Silence, noise, music or a babble in which no voice can be followed."""
    length = int(seconds * SAMPLE_RATE_HZ)
    kind = rng.integers(7)
    if kind == 0:
        return np.zeros(length, dtype=np.float32)
    if kind == 1:
        sound = chords(length, rng)
    elif kind < 5 and around.voices:  # the hardest: it is speech, and nothing in it is to be written
        sound = babble(length, around.voices, rng)
    else:
        sound = any_noise(length, around, rng)
    return at_peak(sound, float(np.exp(rng.uniform(np.log(0.0005), np.log(0.8)))))


def joined_texts(
    parts: Sequence[Lesson], texts: Sequence[str], tokenizer: Tokenizer
) -> tuple[tuple[int, ...], Tensor | None]:
    """The ids of the parts' texts in a row, and their opinions; None where one has none or was about other tokens."""
    ids = [tokenizer.encode(text)[:-1] for text in texts]
    found = [
        lesson.opinion
        for lesson, own in zip(parts, ids, strict=True)
        if lesson.opinion is not None and len(lesson.opinion) == len(own)
    ]
    return tuple(itertools.chain(*ids)), torch.cat(found) if len(found) == len(parts) else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ends(text: str) -> bool:
    return text.rstrip('"')[-1:] in (".", "?", "!")
