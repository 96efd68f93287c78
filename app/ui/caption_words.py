"""What is new in a transcript since captions last looked at it."""

from __future__ import annotations

from dataclasses import dataclass

from s2t_core.transcript import Item, TranscriptDocument, text_of
from s2t_core.types import MARKS, Segment

_TAIL = 12  # closed items that are looked at: far more than captions hold, however long the transcript is
# Characters that somebody who falls in has to say before the captions turn to them: else, where two speak at once,
# every other word would begin a line.
_TURN = 24

_Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text of one speaker. It goes on with the last word of that speaker unless it begins with a space."""

    speaker: str
    text: str


class CaptionWords:
    """Gives every settled word once, in the order in which words settle, whoever speaks.

    What a person edits or takes back later is no speech: it is not given again.
    """

    def __init__(self) -> None:
        self._given: dict[_Key, str | None] = {}  # the text of an open item that was given; None: all of a closed one
        self._recording = 0
        self._speaker = ""  # of what was given last

    def take(self, document: TranscriptDocument) -> tuple[list[Stretch], list[Stretch]]:
        """What has settled since the last call, and what is tentative now."""
        if len(document.session_starts) != self._recording or not (document.closed or document.open):
            self._given, self._recording = {}, len(document.session_starts)
        settled: list[Stretch] = []
        tentative: list[Stretch] = []
        given: dict[_Key, str | None] = {}
        for item in self._closed_in_sight(document):
            before = self._given.get(_key(item), "")
            if before is not None:
                settled += self._give(item, before, text_of(item))
            given[_key(item)] = None
        for segment in document.open:
            before = self._given.get(_key(segment)) or ""
            text = segment.committed.rstrip()
            if self._has_to_wait(segment, len(text) - len(before), document):
                text = before
            settled += self._give(segment, before, text)
            tentative += _stretches(segment, text, text_of(segment))
            given[_key(segment)] = text
        self._given = given
        return settled, tentative

    def _closed_in_sight(self, document: TranscriptDocument) -> tuple[Item, ...]:
        """The last closed items of this recording, without those that came into sight as later ones were taken back."""
        first = document.session_starts[-1] if document.session_starts else 0
        items = document.closed[max(first, len(document.closed) - _TAIL) :]
        known = next((place for place, item in enumerate(items) if _key(item) in self._given), 0)
        return items[known:]

    def _has_to_wait(self, segment: Segment, length: int, document: TranscriptDocument) -> bool:
        """Whether the one who spoke last is still speaking, and this one has not said enough to take over."""
        if segment.speaker == self._speaker or length >= _TURN or (segment.speaker, segment.id) in document.over:
            return False
        return any(one.speaker == self._speaker and (one.speaker, one.id) not in document.over for one in document.open)

    def _give(self, item: Item, before: str, text: str) -> list[Stretch]:
        stretches = _stretches(item, before, text)
        if stretches:
            self._speaker = stretches[-1].speaker
        return stretches


def _stretches(item: Item, before: str, text: str) -> list[Stretch]:
    """What `text` has behind `before`, as it is added to captions."""
    if not text.startswith(before):  # another transcript, in which a segment has the same number
        before = ""
    new = text[len(before) :].rstrip()
    if not new:
        return []
    speaker = item.speaker if isinstance(item, Segment) else ""
    space = "" if before or new.startswith(tuple(MARKS)) else " "
    return [Stretch(speaker, space + new)]


def _key(item: Item) -> _Key:
    if isinstance(item, Segment):
        return "said", item.speaker, item.id
    return "lost", "", item.start_sample
