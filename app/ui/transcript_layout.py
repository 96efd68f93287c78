"""Where the items of a transcript stand in its text, in Qt's counting: one position for every UTF-16 unit."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from s2t_core.transcript import TranscriptDocument, text_of
from s2t_core.types import Segment


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person wrote: the closed items `first` to `last` now say `text`."""

    first: int
    last: int
    text: str


class TranscriptLayout:
    """The closed items that are in the text, and where each of them ends; behind the last one stands what is open."""

    def __init__(self) -> None:
        self.document = TranscriptDocument()
        self._ends: list[int] = []

    @property
    def end(self) -> int:
        """Where the closed text ends."""
        return self._ends[-1] if self._ends else 0

    def same_items(self, document: TranscriptDocument) -> tuple[int, int]:
        """How many closed items at the beginning, and behind those at the end, are in the text already."""
        old, new = self.document.closed, document.closed
        head, tail = _ends_alike(old, new)
        return head, max(0, tail - 1)  # what leads to an item depends on the one before it

    def replace(self, document: TranscriptDocument, head: int, tail: int) -> None:
        """Take the new document, of whose closed items all but `head` and `tail` are others than before."""
        begin, old_end = self._end_of(head), self._end_of(len(self._ends) - tail)
        lengths = [
            qt_length(document.lead(index)) + qt_length(text_of(document.closed[index]))
            for index in range(head, len(document.closed) - tail)
        ]
        ends = list(itertools.accumulate(lengths, initial=begin))[1:]
        moved = (ends[-1] if ends else begin) - old_end
        kept = self._ends[len(self._ends) - tail :]
        self._ends[head:] = [*ends, *(end + moved for end in kept)] if moved else [*ends, *kept]
        self.document = document

    def start_of(self, index: int) -> int:
        """Where the text of closed item `index` begins, what leads to it left out."""
        return self._end_of(index) + qt_length(self.document.lead(index))

    def end_of(self, index: int) -> int:
        """Where closed item `index` ends."""
        return self._ends[index]

    def item_at(self, position: int) -> int:
        """The closed item that holds a position; what leads to an item belongs to it, its end as well."""
        return min(bisect.bisect_left(self._ends, position), len(self._ends) - 1)

    def time_at(self, position: int) -> int | None:
        """When what stands behind a position was said, in samples of its recording."""
        if position < self.end:
            return self.document.closed[self.item_at(position + 1)].start_sample
        return self.document.open[0].start_sample if self.document.open else None

    def word_at(self, position: int) -> tuple[int, int] | None:
        """The closed item and the number of its word at a position; None between words and where no word is placed."""
        if not 0 <= position <= self.end or not self._ends:
            return None
        index = self.item_at(position)
        item, offset = self.document.closed[index], position - self.start_of(index)
        if not isinstance(item, Segment) or offset < 0:
            return None
        for number, (begin, end) in enumerate(word_places(item.committed)):
            if qt_length(item.committed[:begin]) <= offset < qt_length(item.committed[:end]):
                return (index, number) if number < len(item.words) else None
        return None

    def span_of(self, index: int, number: int) -> tuple[int, int]:
        """Where a word of a closed segment stands."""
        item = self.document.closed[index]
        assert isinstance(item, Segment)
        begin, end = word_places(item.committed)[number]
        start = self.start_of(index)
        return start + qt_length(item.committed[:begin]), start + qt_length(item.committed[:end])

    def edit(self, position: int, removed: int, new: str) -> Edit | None:
        """What it means that at `position` so much of the closed text became `new`; None where nothing changed.

        Text at the end of an item belongs to that item; whoever takes away what stands between two items joins them.
        Raises ValueError for a change of the first speaker's name, which is no text of an item, and for one that would
        join two recordings or speakers.
        """
        if not self._ends:
            return None
        first, last = self.item_at(position), self.item_at(position + removed)
        begin = self._end_of(first)
        old = _units(self.document.lead(first) + self._text(first, last))
        at = position - begin
        head, tail = _ends_alike(old[at : at + removed], _units(new))
        position, removed, written = position + head, removed - head - tail, _units(new)[head : len(_units(new)) - tail]
        if not removed and not written:
            return None
        first, last = self.item_at(position), self.item_at(position + removed)
        if first > 0 and position < self.start_of(first):
            first -= 1  # it changes what stands between two items
        begin = self.start_of(first)
        if position < begin:
            raise ValueError("the name of a speaker is not part of the text")
        if first < last and self._divided(first, last):
            raise ValueError("recordings and speakers are not joined: their sound is not")
        old, at = _units(self._text(first, last)), position - begin
        return Edit(first, last, "".join([*old[:at], *written, *old[at + removed :]]))

    def _divided(self, first: int, last: int) -> bool:
        """Whether a recording or another speaker begins among these items."""
        items = self.document.closed[first : last + 1]
        speakers = {item.speaker for item in items}
        return len(speakers) > 1 or any(first < start <= last for start in self.document.session_starts)

    def _text(self, first: int, last: int) -> str:
        parts = [text_of(self.document.closed[first])]
        for index in range(first + 1, last + 1):
            parts += (self.document.lead(index), text_of(self.document.closed[index]))
        return "".join(parts)

    def _end_of(self, count: int) -> int:
        """Where the first `count` items end."""
        return self._ends[count - 1] if count else 0


def qt_length(text: str) -> int:
    """How many positions a text takes."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def word_places(text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand in it, divided as `str.split` does."""
    return [match.span() for match in re.finditer(r"\S+", text)]


def _units(text: str) -> list[str]:
    """A text as Qt counts it: what takes two positions has an empty one behind it."""
    units: list[str] = []
    for sign in text:
        units += (sign, "") if ord(sign) > 0xFFFF else (sign,)
    return units


def _ends_alike(one: Sequence[object], other: Sequence[object]) -> tuple[int, int]:
    """How much two texts have in common at the beginning, and behind that at the end."""
    head = _same(one, other)
    return head, _same(one[head:][::-1], other[head:][::-1])


def _same(one: Sequence[object], other: Sequence[object]) -> int:
    """How many are the same at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((count for count, (a, b) in pairs if a is not b and a != b), min(len(one), len(other)))
