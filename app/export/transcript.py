"""A finished transcript, and what is in it on one timeline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from s2t_core.events import AudioLost
from s2t_core.transcript import Item, TranscriptDocument, text_of
from s2t_core.types import Segment, Word

# What XML 1.0 cannot hold, and no text needs: control characters, halves of surrogate pairs, non-characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Transcript:
    """A finished document and where it came from.

    source  path of the recording, or whatever names it
    title   for people; without one the file's name is it
    date    when it was recorded, as it shall be read; empty: not known
    """

    document: TranscriptDocument
    source: str
    duration_s: float
    model: str
    title: str = ""
    date: str = ""

    @property
    def heading(self) -> str:
        """The title on one line."""
        return " ".join(clean(self.title or Path(self.source).name).split()) or "Transcript"


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a document with its place on the one timeline of all recordings.

    Every recording of a document counts from 0 again; here each begins where the last item of the one before ended.

    text           without characters that no file can hold; may have line breaks
    lead           what divides it from the entry before; empty where it begins a paragraph
    words          those of `text.split()`, their times shifted and in order; spread evenly where the item has none
    offset_samples what is added to the item's own times
    """

    item: Item
    text: str
    lead: str
    begins_paragraph: bool
    words: tuple[Word, ...]
    offset_samples: int

    @property
    def speaker(self) -> str:
        return " ".join(clean(self.item.speaker).split()) if isinstance(self.item, Segment) else ""

    @property
    def is_gap(self) -> bool:
        return isinstance(self.item, AudioLost)

    @property
    def start_sample(self) -> int:
        return self.item.start_sample + self.offset_samples

    @property
    def end_sample(self) -> int:
        return self.item.end_sample + self.offset_samples


def entries(document: TranscriptDocument) -> tuple[Entry, ...]:
    """All items that have text, in the order of the text; of open segments what may still change is taken, too."""
    made: list[Entry] = []
    offset = end = 0
    said: dict[str, int] = {}  # by speaker, the end of the last word
    begins = False
    starts = set(document.session_starts)
    for index, item in enumerate(document.items):
        if index in starts:
            offset = end
        end = max(end, item.end_sample + offset)
        text = clean(text_of(item))
        begins = begins or document.begins_paragraph(index)
        if text:
            lead = "" if begins else document.lead(index)
            speaker = item.speaker if isinstance(item, Segment) else ""
            words = _placed(text, item, offset, said.get(speaker, 0))
            said[speaker] = words[-1].end_sample if words else said.get(speaker, 0)
            end = max(end, said[speaker])
            made.append(Entry(item, text, lead, begins, words, offset))
            begins = False
    return tuple(made)


def clean(text: str) -> str:
    """`text` with plain line breaks and without characters that no file can hold."""
    return _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _placed(text: str, item: Item, offset: int, last: int) -> tuple[Word, ...]:
    """The words of `text`, none before the one before it, the first not before sample `last`."""
    texts = text.split()
    words = item.words if isinstance(item, Segment) else ()
    if len(words) != len(texts):
        words = _spread(texts, item)
    placed: list[Word] = []
    for written, word in zip(texts, words, strict=True):
        start = max(last, word.start_sample + offset)
        last = max(start, word.end_sample + offset)
        placed.append(Word(written, start, last, word.confidence))
    return tuple(placed)


def _spread(texts: list[str], item: Item) -> tuple[Word, ...]:
    """Words without times share the item's, each by its letters."""
    length, letters = item.end_sample - item.start_sample, sum(map(len, texts))
    words: list[Word] = []
    said = 0
    for text in texts:
        start = item.start_sample + length * said // letters
        said += len(text)
        words.append(Word(text, start, item.start_sample + length * said // letters, 1.0))
    return tuple(words)
