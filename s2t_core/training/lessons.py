"""What a teacher says of the training speech, kept on disk: text, hidden states and opinions of every token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from torch import Tensor

from s2t_core.manifest import Utterance
from s2t_core.model.encoded import EncodedFrames
from s2t_core.tokenizer import Tokenizer
from s2t_core.training.labels import Label, known_text, label, plain, sentence
from s2t_core.training.teacher import FRAMES_PER_SECOND, Teacher
from s2t_core.training.transplant import HEAD_SAMPLES, position_scale
from s2t_core.training.vocabulary import whisper_id
from s2t_core.training.whisper import WhisperCheckpoint
from s2t_core.types import SAMPLE_RATE_HZ, Samples

LONGEST_S = 26.0  # of a window of neighbouring utterances: Whisper hears 30 s
_MOST_DISAGREEMENT = 0.15  # above, the transcript or the teacher is wrong
_LONGEST_SENTENCE = 14  # words
_WORDS_PER_SECOND = (0.3, 6.0)  # what is slower or faster was not written by somebody who listened

Read = Callable[[Path], Samples]  # a recording at 16 kHz
Write = Callable[[Samples], str]  # what a recogniser makes of samples at 16 kHz


@dataclass(frozen=True, slots=True)
class Lesson:
    """One utterance to learn: where it is heard and what is to be written; `text` is empty where nothing is said.

    opinion  the states of the teacher's decoder from which each token of the text is predicted: (tokens, d_model)
             float16 at the pupil's size, so that the pupil's head makes the teacher's probabilities of them
    """

    paths: tuple[Path, ...]  # heard one after the other
    text: str
    corpus: str
    speaker: str
    seconds: float
    opinion: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring lessons, heard together.

    hidden  (frames, d_model) float16, 50 a second, as the teacher's encoder gave them; None where it did not listen
    """

    lessons: tuple[Lesson, ...]
    hidden: Tensor | None = None

    @property
    def seconds(self) -> float:
        return sum(lesson.seconds for lesson in self.lessons)

    @property
    def texts(self) -> list[str]:
        return [lesson.text for lesson in self.lessons]

    @property
    def is_written(self) -> bool:
        """Whether every lesson has a text."""
        return all(self.texts)

    def samples(self, read: Read) -> Samples:
        """All of its sound in a row."""
        return np.concatenate([read(path) for lesson in self.lessons for path in lesson.paths])


def windows(utterances: Sequence[Utterance], longest_s: float = LONGEST_S) -> list[list[Utterance]]:
    """Neighbours of one speaker, in their order, as many as fit; those without a transcript whoever speaks."""
    found: list[list[Utterance]] = []
    for _, group in groupby(utterances, key=lambda one: (one.corpus, one.speaker if one.transcript else None)):
        total_s = longest_s
        for one in group:
            length_s = one.duration_s or 0.0
            if length_s > longest_s:
                continue
            if total_s + length_s > longest_s:
                found.append([])
                total_s = 0.0
            found[-1].append(one)
            total_s += length_s
    return found


def without_teacher(utterances: Sequence[Utterance], read: Read, write: Write) -> Iterator[Window]:
    """Windows of lessons from transcripts, without hidden states or opinions.

    Cased transcripts stay as they are; of the others short ones are taken for one sentence, and longer ones get the
    capitals and marks that `write`, a recogniser of its own, gives to their audio.
    """
    for window in windows(utterances):
        if not window[0].transcript:
            continue
        if any(known := [known_text(one) for one in window]):
            texts = [text or plain(one.transcript) for one, text in zip(window, known, strict=True)]
        elif all(len(one.transcript.split()) <= _LONGEST_SENTENCE for one in window):
            texts = [sentence(one.transcript) for one in window]
        else:
            written = write(np.concatenate([read(one.path) for one in window]))
            texts = [_trusted(made) for made in label([one.transcript for one in window], written)]
        yield Window(tuple(_lesson(one, text) for one, text in zip(window, texts, strict=True)))


def _lesson(one: Utterance, text: str) -> Lesson:
    return Lesson((one.path,), text, one.corpus, one.speaker, one.duration_s or 0.0)


def _trusted(made: Label) -> str:
    return made.text if made.disagreement <= _MOST_DISAGREEMENT else ""


class Listener:
    """Takes windows to the teacher; `tokenizer` is the pupil's."""

    def __init__(self, teacher: Teacher, tokenizer: Tokenizer, whisper: WhisperCheckpoint, read: Read) -> None:
        self._teacher, self._tokenizer, self._read = teacher, tokenizer, read
        self._scale = position_scale(whisper)
        known = {number: whisper_id(piece, whisper.token_ids) for number, piece in tokenizer.pieces().items()}
        self._whisper = {number: other for number, other in known.items() if other is not None}

    def listen(self, batch: Sequence[Sequence[Utterance]]) -> Iterator[Window]:
        """The teacher's view of each window of a batch; windows of which nothing can be learnt are left out."""
        clips = [[self._read(one.path) for one in window] for window in batch]
        joined = [np.concatenate(parts) for parts in clips]
        encoded = self._teacher.encode([samples[HEAD_SAMPLES:] for samples in joined])
        written = self._teacher.transcribe(encoded)
        for row, (window, text) in enumerate(zip(batch, written, strict=True)):
            lessons = _lessons(window, text, len(joined[row]) / SAMPLE_RATE_HZ)
            if any(lesson.text for lesson in lessons):
                frames = (len(joined[row]) - HEAD_SAMPLES) * FRAMES_PER_SECOND // SAMPLE_RATE_HZ
                own = EncodedFrames(encoded.values[row : row + 1])
                yield Window(self._with_opinions(lessons, own), encoded.values[row, :frames].half())

    def _with_opinions(self, lessons: list[Lesson], encoded: EncodedFrames) -> tuple[Lesson, ...]:
        ids = [self._tokenizer.encode(lesson.text)[:-1] if lesson.text else [] for lesson in lessons]
        flat = [token for part in ids for token in part]
        states = self._teacher.states(encoded, [self._whisper[token] for token in flat]) / self._scale
        judged, at = [], 0
        for lesson, part in zip(lessons, ids, strict=True):
            judged.append(replace(lesson, opinion=states[at : at + len(part)].half()))
            at += len(part)
        return tuple(judged)


def _lessons(window: Sequence[Utterance], written: str, seconds: float) -> list[Lesson]:
    """The text of every utterance of a window; empty where teacher and transcript disagree too much."""
    first = window[0]
    if not first.transcript:  # the teacher alone knows what is said, of all of them together
        text = plain(written)
        slow, fast = _WORDS_PER_SECOND
        trusted = slow <= len(text.split()) / seconds <= fast and text.isascii()
        paths = tuple(one.path for one in window)
        return [Lesson(paths, text if trusted else "", first.corpus, first.speaker, seconds)]
    labels = label([one.transcript for one in window], written)
    return [_lesson(one, known_text(one) or _trusted(made)) for one, made in zip(window, labels, strict=True)]
