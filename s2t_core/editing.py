"""What a person changes in a transcript: words keep their times as far as they stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from s2t_core.transcript import Item, TranscriptDocument
from s2t_core.types import Segment, Word

_CERTAIN = 1.0  # a person wrote it


def rewritten(document: TranscriptDocument, first: int, last: int, text: str) -> TranscriptDocument:
    """The document in which the closed items `first` to `last` are one segment that says `text`.

    Without text they are gone. A mark of lost sound that is written over becomes text like any other. Raises IndexError
    where there are no such items.
    """
    items = document.closed[first : last + 1]
    if not items or last >= len(document.closed):
        raise IndexError(f"there are no closed items {first} to {last}")
    new = (_merged(items, text),) if text.strip() else ()
    closed = (*document.closed[:first], *new, *document.closed[last + 1 :])

    def moved(start: int) -> int:
        if start <= first:
            return start
        return max(first + len(new), start - len(items) + len(new))

    return replace(document, closed=closed, session_starts=tuple(map(moved, document.session_starts)))


def with_text(segment: Segment, text: str) -> Segment:
    """The segment saying `text`: words that stay keep their times and confidence, others share the stretch of those
    they replace."""
    return replace(segment, committed=text, tentative="", words=_realigned(segment, text.split()), alternatives=())


def _merged(items: Sequence[Item], text: str) -> Segment:
    segments = [item for item in items if isinstance(item, Segment)]
    words = tuple(word for segment in segments for word in segment.words)
    whole = replace(
        segments[0] if segments else Segment(0, 0, 0, ""),
        start_sample=items[0].start_sample,
        end_sample=max(item.end_sample for item in items),
        words=words,
    )
    return with_text(whole, text)


def _realigned(segment: Segment, texts: list[str]) -> tuple[Word, ...]:
    old = segment.words
    words: list[Word] = []
    matcher = SequenceMatcher(None, [word.text for word in old], texts, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            words += old[a:b]
        else:
            start = old[a].start_sample if a < b else old[a - 1].end_sample if a else segment.start_sample
            end = old[b - 1].end_sample if a < b else old[a].start_sample if a < len(old) else segment.end_sample
            words += _spread(texts[c:d], start, max(start, end))
    return tuple(words)


def _spread(texts: Sequence[str], start: int, end: int) -> list[Word]:
    """The words one after the other, each as long as it has letters."""
    letters, total = 0, max(1, sum(map(len, texts)))
    words = []
    for text in texts:
        begin, letters = letters, letters + len(text)
        length = end - start
        words.append(Word(text, start + length * begin // total, start + length * letters // total, _CERTAIN))
    return words
