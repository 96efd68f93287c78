"""Transcripts as rows of a table, and back; what a list says of them.

A file on disk may hold anything. Text that is there is read whatever stands beside it; a number, a time or a name that
cannot be one is read as none.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from s2t_core.events import AudioLost
from s2t_core.transcript import Item, TranscriptDocument, text_of
from s2t_core.types import Segment, Word

_TITLE_LENGTH = 60
_LAST_SAMPLE = 1 << 50  # of any recording: two thousand years
_MOST_STARTS = 1000  # recordings without a word, one behind the other
_LAST_YEAR = 9000  # a clock's local time must not run out of years
# transcript, place, recordings that begin here, number of the segment (None: lost sound), start, end, speaker, text,
# words
Row = tuple[int, int, int, int | None, int, int, str, str, str]


def item_row(id: int, place: int, document: TranscriptDocument) -> Row:
    """The row of closed item `place`."""
    item = document.closed[place]
    begun = document.session_starts.count(place)
    start, end, speaker = item.start_sample, item.end_sample, storable(item.speaker)
    if isinstance(item, AudioLost):
        return id, place, begun, None, start, end, speaker, text_of(item), "[]"
    words = [[word.text, word.start_sample, word.end_sample, word.confidence] for word in item.words]
    packed = json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    return id, place, begun, item.id, start, end, speaker, storable(item.committed), storable(packed)


def item_of(row: Any) -> Item:
    """The item of a row."""
    _, _, _, number, first, last, speaker, text, packed = row
    start = number_of(first)
    end = max(start, number_of(last))
    if number is None:
        return AudioLost(start, end, text_in(speaker))
    return Segment(number_of(number), start, end, text_in(text), words=_words(packed), speaker=text_in(speaker))


def starts_of(row: Any) -> int:
    """How many recordings begin with it."""
    return min(number_of(row[2]), _MOST_STARTS)


def storable(text: str) -> str:
    """`text` without halves of characters, which names of files can hold and no database takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def text_in(value: Any) -> str:
    """What a column says; nothing where that is no text."""
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> int:
    """A number of samples, words or recordings; 0 where it can be none."""
    return value if isinstance(value, int) and 0 <= value <= _LAST_SAMPLE else 0


def time_of(value: Any) -> datetime:
    """When something was, in UTC; the beginning of 1970 where that cannot be read."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        at = datetime.min
    known = 1970 <= at.year <= _LAST_YEAR and at.tzinfo is not None
    return at if known else datetime.fromtimestamp(0, UTC)


def file_name_in(value: Any) -> str:
    """The bare name of a file; empty where it is none, so that no row reaches out of the folder."""
    name = Path(text_in(value)).name
    return "" if name == ".." or "\0" in name else name


def _words(packed: Any) -> tuple[Word, ...]:
    """None at all where one of them is damaged: the text has them still."""
    try:
        return tuple(_word(*values) for values in json.loads(packed))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return ()


def _word(text: Any, start: Any, end: Any, confidence: Any) -> Word:
    if not isinstance(text, str) or not math.isfinite(confidence):
        raise ValueError("no word")
    first = number_of(start)
    return Word(text, first, max(first, number_of(end)), min(max(float(confidence), 0.0), 1.0))


def title_of(document: TranscriptDocument) -> str:
    """Its first words; without any it says so."""
    words: list[str] = []
    for item in document.closed:
        if isinstance(item, Segment):
            for word in item.committed.split():
                if sum(map(len, words)) + len(words) + len(word) > _TITLE_LENGTH:
                    return (" ".join(words) or word[:_TITLE_LENGTH]) + "…"
                words.append(word)
    return " ".join(words) or "Without words"


def word_count(document: TranscriptDocument) -> int:
    """Written words."""
    return sum(len(item.committed.split()) for item in document.closed if isinstance(item, Segment))


def length_samples(document: TranscriptDocument) -> int:
    """From the beginning of each recording to the end of its last item, together."""
    ends = [0]
    for place, item in enumerate(document.closed):
        if place in document.session_starts:
            ends.append(0)
        ends[-1] = max(ends[-1], item.end_sample)
    return sum(ends)
