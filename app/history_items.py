"""Transcripts as rows of a table, and back; what a list says of them."""

from __future__ import annotations

import json
from typing import Any

from s2t_core.events import AudioLost
from s2t_core.transcript import Item, TranscriptDocument, text_of
from s2t_core.types import Segment, Word

_TITLE_LENGTH = 60
# transcript, place, recordings that begin here, number of the segment (None: lost sound), start, end, speaker, text,
# words
Row = tuple[int, int, int, int | None, int, int, str, str, str]


def item_row(id: int, place: int, document: TranscriptDocument) -> Row:
    """The row of closed item `place`."""
    item = document.closed[place]
    begun = document.session_starts.count(place)
    if isinstance(item, AudioLost):
        return id, place, begun, None, item.start_sample, item.end_sample, item.speaker, text_of(item), "[]"
    words = [[word.text, word.start_sample, word.end_sample, word.confidence] for word in item.words]
    text, packed = item.committed, json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    return id, place, begun, item.id, item.start_sample, item.end_sample, item.speaker, text, packed


def item_of(row: Any) -> Item:
    """The item of a row."""
    _, _, _, number, start, end, speaker, text, packed = row
    if number is None:
        return AudioLost(start, end, speaker)
    words = tuple(Word(*word) for word in json.loads(packed))
    return Segment(number, start, end, text, words=words, speaker=speaker)


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
