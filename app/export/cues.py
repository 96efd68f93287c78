"""A document as cues, the pieces of text that a player shows one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, zip_longest

from app.export.cue_times import LINGER_MS, Spoken, reading_ms, time_cues
from app.export.line_breaks import break_price, cheapest_parts, wrap
from app.export.options import ExportOptions
from app.export.transcript import Entry, entries
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import MARKS, SAMPLE_RATE_HZ

_CUE = 3.0  # the price of one more cue; others are those of `break_price`
_NEXT_SENTENCE = 3.5  # of a sentence's end inside a cue
_NEXT_LINE = 6.0  # of a spoken line break inside a cue
_PAUSE = 4.0  # of a second's pause inside a cue; it is taken off the price of a break there
_PAUSE_MS = 300  # shorter ones are the speaker's way
_HURRY = 6.0  # of a second that the reader lacks
_FULL = 2.0  # of a full cue, by the square of how full it is: of a long sentence no single word is left over


@dataclass(frozen=True, slots=True)
class _Token:
    """A word with its time, and whether the speaker ended the line behind it."""

    text: str
    start_ms: int
    end_ms: int
    ends_line: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words of one speaker that belong together."""

    speaker: str
    tokens: tuple[_Token, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """What one speaker says in a cue, with the name or dash that stands before it."""

    speaker: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """Text and when it is on the screen. Two speakers at once have a line each."""

    start_ms: int
    end_ms: int
    voices: tuple[Voice, ...]


def to_cues(document: TranscriptDocument, options: ExportOptions, named: bool) -> tuple[Cue, ...]:
    """All words of a document, every speaker's in their order, in cues that do not overlap.

    They are cut at the ends of sentences, at pauses and natural places, so that lines, length and reading speed are
    those of the options; a word that is longer than a line stays whole. Recordings follow one another as in `Entry`.

    named  "Name: " stands before the lines where another speaker begins, and counts
    """
    turns = sorted(_turns(document), key=_start_ms)
    pieces = [
        piece
        for turn, interrupted in zip(turns, _interrupted(turns), strict=True)
        for piece in _cut(turn, options, named, interrupted)
    ]
    shown = list(_paired(sorted(pieces, key=_start_ms), options, named))
    times = time_cues([_spoken(together) for together in shown], options)
    cues: list[Cue] = []
    last = ""
    for together, (start_ms, end_ms) in zip(shown, times, strict=True):
        voices: list[Voice] = []
        for piece in together:
            another = piece.speaker != last or len(together) > 1
            prefix = _prefix(piece.speaker, named and another, len(together) > 1)
            voices.append(Voice(piece.speaker, wrap([*prefix, *_texts(piece)], options.line_length)))
            last = piece.speaker
        cues.append(Cue(start_ms, end_ms, tuple(voices)))
    return tuple(cues)


def _turns(document: TranscriptDocument) -> Iterator[_Piece]:
    """What one speaker says without a long pause or a gap; a gap's mark is a turn of nobody."""
    tokens: list[_Token] = []
    speaker, after_gap = "", False
    for entry in entries(document):
        if tokens and (entry.begins_paragraph or entry.is_gap or after_gap):
            yield _Piece(speaker, tuple(tokens))
            tokens = []
        speaker, after_gap = entry.speaker, entry.is_gap
        new = _tokens(entry)
        if new and tokens and entry.text.startswith(tuple(MARKS)) and not tokens[-1].ends_line:
            mark = new.pop(0)  # it stands behind the last word without a space
            tokens[-1] = replace(mark, text=tokens[-1].text + mark.text, start_ms=tokens[-1].start_ms)
        tokens += new
    if tokens:
        yield _Piece(speaker, tuple(tokens))


def _tokens(entry: Entry) -> list[_Token]:
    line_ends = set(accumulate(len(line.split()) for line in entry.text.split("\n")[:-1]))
    return [
        _Token(word.text, _ms(word.start_sample), _ms(word.end_sample), number in line_ends)
        for number, word in enumerate(entry.words, 1)
    ]


def _interrupted(turns: Sequence[_Piece]) -> Iterator[bool]:
    """Of turns in the order of their starts, whether others speak meanwhile: the name may be needed again."""
    latest_ms = 0
    for turn, following in zip_longest(turns, turns[1:]):
        start_ms, end_ms = turn.tokens[0].start_ms, turn.tokens[-1].end_ms
        yield start_ms < latest_ms or (following is not None and following.tokens[0].start_ms < end_ms)
        latest_ms = max(latest_ms, end_ms)


def _cut(turn: _Piece, options: ExportOptions, named: bool, interrupted: bool) -> list[_Piece]:
    """A turn in pieces that fit into a cue each, at the places that cost the reader least."""
    tokens = turn.tokens
    label = sum(len(text) for text in _prefix(turn.speaker, named, False))
    room = options.line_length * options.max_lines
    between = [_Boundary(0.0, 0.0), *(_boundary(before, after) for before, after in pairwise(tokens))]
    between.append(_Boundary(0.0, 0.0))

    def cues(start: int) -> Iterable[tuple[int, float]]:
        lines, letters, inside = 1, 0, 0.0
        width = label if start == 0 or interrupted else 0
        first = tokens[start]
        for end in range(start + 1, len(tokens) + 1):
            token = tokens[end - 1]
            letters += 1 + len(token.text)
            width += len(token.text) + (width > 0)
            if width > options.line_length and width > len(token.text):
                lines, width = lines + 1, len(token.text)
            if end > start + 1:
                if lines > options.max_lines or token.end_ms - first.start_ms > options.max_cue_s * 1000:
                    return
                inside += between[end - 1].inside
            leaves_ms = tokens[end].start_ms if end < len(tokens) else token.end_ms + LINGER_MS
            lacking_ms = max(0, reading_ms(letters, options) - (leaves_ms - first.start_ms))
            hurry = _HURRY * lacking_ms / 1000
            yield end, _CUE + inside + between[end].torn + hurry + _FULL * (letters / room) ** 2

    return [_Piece(turn.speaker, tokens[start:end]) for start, end in cheapest_parts(len(tokens), cues)]


@dataclass(frozen=True, slots=True)
class _Boundary:
    """Between two words: what it costs to have it inside a cue, and to end a cue there."""

    inside: float
    torn: float


def _boundary(before: _Token, after: _Token) -> _Boundary:
    pause = _PAUSE * max(0, after.start_ms - before.end_ms - _PAUSE_MS) / 1000
    if before.ends_line:
        return _Boundary(_NEXT_LINE + pause, 0.0)
    torn = break_price(before.text, after.text)
    return _Boundary(pause + (0.0 if torn else _NEXT_SENTENCE), max(0.0, torn - pause))


def _paired(pieces: Sequence[_Piece], options: ExportOptions, named: bool) -> Iterator[tuple[_Piece, ...]]:
    """Pieces as they are shown: short ones of two speakers who speak at once stand below one another."""
    waiting: _Piece | None = None
    for piece in pieces:
        if waiting is not None and _fit_together(waiting, piece, options, named):
            yield waiting, piece
            waiting = None
        else:
            if waiting is not None:
                yield (waiting,)
            waiting = piece
    if waiting is not None:
        yield (waiting,)


def _fit_together(one: _Piece, other: _Piece, options: ExportOptions, named: bool) -> bool:
    widths = [len(" ".join([*_prefix(piece.speaker, named, True), *_texts(piece)])) for piece in (one, other)]
    spoken = _spoken((one, other))
    return (
        options.max_lines > 1
        and one.speaker != other.speaker
        and other.tokens[0].start_ms < one.tokens[-1].end_ms
        and max(widths) <= options.line_length
        and spoken.end_ms - spoken.start_ms <= options.max_cue_s * 1000
    )


def _spoken(together: Sequence[_Piece]) -> Spoken:
    start_ms = min(piece.tokens[0].start_ms for piece in together)
    end_ms = max(piece.tokens[-1].end_ms for piece in together)
    return Spoken(start_ms, end_ms, sum(1 + len(text) for piece in together for text in _texts(piece)))


def _prefix(speaker: str, named: bool, several: bool) -> tuple[str, ...]:
    """What stands before a speaker's words: the name, a dash where two speak, or nothing."""
    if named and speaker:
        return (f"{speaker}:",)
    return ("-",) if several else ()


def _texts(piece: _Piece) -> list[str]:
    return [token.text for token in piece.tokens]


def _start_ms(piece: _Piece) -> int:
    return piece.tokens[0].start_ms


def _ms(sample: int) -> int:
    return sample * 1000 // SAMPLE_RATE_HZ
