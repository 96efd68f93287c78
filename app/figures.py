"""The figures of an evaluation: what was recognised against what was spoken, corpus by corpus, and their table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from s2t_core.manifest import Utterance
from s2t_core.metrics import (
    Errors,
    Tally,
    bootstrap_interval,
    character_errors,
    plain,
    punctuation_and_capitals,
    word_errors,
)
from s2t_core.types import MARKS

Normalise = Callable[[str], str]
HEADINGS = (
    "corpus", "utterances", "WER % (95 % interval)", "raw WER %", "CER %", "punctuation F1 %", "capitals F1 %",
    "RTF (CPU)", "words on non-speech",
)  # fmt: skip
_BRACKETS = str.maketrans(dict.fromkeys("()[]", " "))


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser wrote for an utterance, the length of its audio, and its time by the clock and on CPUs (s)."""

    utterance: Utterance
    text: str
    audio_s: float
    work_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a corpus was recognised. Rates and F1 are fractions; None where the corpus cannot say.

    wer, wer_low, wer_high  after Whisper's English normaliser, and its 95 % interval
    raw_wer, cer            in lower case without punctuation, nothing else normalised
    rtf, cpu                time of recognition and of all its threads over length of the audio, non-speech included
    silence_s               length of the audio in which nothing is spoken, and the words that were recognised there
    """

    corpus: str
    utterances: int
    words: int
    wer: float | None
    wer_low: float | None
    wer_high: float | None
    raw_wer: float | None
    cer: float | None
    punctuation_f1: float | None
    capitals_f1: float | None
    rtf: float
    cpu: float
    silence_s: float
    silence_words: int


def corpus_figures(heard: Iterable[Heard], normal: Normalise) -> list[Figures]:
    """One row for each corpus, in the order in which they come."""
    corpora: dict[str, list[Heard]] = {}
    for item in heard:
        corpora.setdefault(item.utterance.corpus, []).append(item)
    return [_figures(corpus, items, normal) for corpus, items in corpora.items()]


def _figures(corpus: str, heard: Sequence[Heard], normal: Normalise) -> Figures:
    spoken = [item for item in heard if item.utterance.transcript]
    silent = [item for item in heard if not item.utterance.transcript]
    edits = [word_errors(normal_reference(item.utterance, normal), normal(item.text)) for item in spoken]
    raw = [(plain(item.utterance.transcript), plain(item.text)) for item in spoken]
    words = sum(edit.reference for edit in edits)
    low, high = None, None
    if words:
        low, high = bootstrap_interval([edit.total for edit in edits], [edit.reference for edit in edits])
    marks, capitals = _dress(spoken)
    return Figures(
        corpus=corpus,
        utterances=len(spoken),
        words=words,
        wer=_sum(edits).rate,
        wer_low=low,
        wer_high=high,
        raw_wer=_sum(word_errors(*pair) for pair in raw).rate,
        cer=_sum(character_errors(*pair) for pair in raw).rate,
        punctuation_f1=marks.f1,
        capitals_f1=capitals.f1,
        rtf=sum(item.work_s for item in heard) / sum(item.audio_s for item in heard),
        cpu=sum(item.cpu_s for item in heard) / sum(item.audio_s for item in heard),
        silence_s=sum(item.audio_s for item in silent),
        silence_words=sum(len(plain(item.text).split()) for item in silent),
    )


def normal_reference(utterance: Utterance, normal: Normalise) -> str:
    """The transcript, normalised. Whisper's normaliser drops what brackets enclose, but here it was spoken."""
    return normal(utterance.transcript.translate(_BRACKETS))


def _sum(edits: Iterable[Errors]) -> Errors:
    return sum(edits, Errors())


def _dress(spoken: Sequence[Heard]) -> tuple[Tally, Tally]:
    """Punctuation and capitals against the column `cased`, or else the transcripts, if they are cased themselves."""
    references = [item.utterance.cased for item in spoken]
    if not any(references) and _is_dressed([item.utterance.transcript for item in spoken]):
        references = [item.utterance.transcript for item in spoken]
    marks, capitals = Tally(), Tally()
    for reference, item in zip(references, spoken, strict=True):
        if reference:
            of_marks, of_capitals = punctuation_and_capitals(reference, item.text)
            marks, capitals = marks + of_marks, capitals + of_capitals
    return marks, capitals


def _is_dressed(transcripts: Sequence[str]) -> bool:
    """Whether most transcripts have small letters and a mark, and some have capitals: parts of sentences have none."""
    written = [text for text in transcripts if any(map(str.islower, text)) and any(mark in text for mark in MARKS)]
    return 2 * len(written) > len(transcripts) and any(any(map(str.isupper, text)) for text in written)


def table(figures: Iterable[Figures]) -> str:
    """The rows as a markdown table."""
    return markdown(HEADINGS, [cells(row) for row in figures])


def cells(row: Figures) -> list[str]:
    """The figures of one corpus as text, in the order of the headings."""
    doubt = "" if row.wer_low is None else f" ({percent(row.wer_low)} to {percent(row.wer_high)})"
    silent = "-"
    if row.silence_s:
        minutes = row.silence_s / 60
        silent = f"{row.silence_words} in {minutes:.1f} min ({10 * row.silence_words / minutes:.1f} per 10 min)"
    return [
        row.corpus,
        str(row.utterances) if row.utterances else "-",
        percent(row.wer) + doubt,
        percent(row.raw_wer),
        percent(row.cer),
        percent(row.punctuation_f1),
        percent(row.capitals_f1),
        f"{row.rtf:.3f} ({row.cpu:.3f})",
        silent,
    ]


def percent(value: float | None) -> str:
    """Per cent with one place, or a dash where there is nothing to say."""
    return "-" if value is None else f"{100 * value:.1f}"


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns are as wide as their longest text."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
