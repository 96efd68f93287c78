"""A recogniser's events with their text written as the rules want it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from s2t_core.events import AudioLost, DocumentEvent, SegmentClosed, SegmentRetracted, SegmentUpdated, TranscriptEvent
from s2t_core.text.capitals import Case, is_certain
from s2t_core.text.commands import is_scratch
from s2t_core.text.grammar import Grammar, Piece
from s2t_core.text.page import Before, Page
from s2t_core.text.rules import TextRules
from s2t_core.text.tokens import Atom, cut
from s2t_core.transcript import text_of
from s2t_core.types import MARKS, Segment, Word

_OFF = TextRules(capitals=False)


@dataclass(frozen=True, slots=True)
class _Shown:
    """An open segment as it came, and how many letters of its formatted text are committed."""

    segment: Segment
    length: int


class Formatter:
    """Push what a session reports, get what a document takes. One for one recording; the rules are for English.

    What is committed of a formatted segment only grows, too. Of an open one the last words are held back, as tentative
    text, as long as what follows may make a number, a mark or a command of them; closing writes them. How much was said
    at a time does not matter: a closed segment has the text that it has when it comes alone.
    """

    def __init__(self, rules: TextRules) -> None:
        self._rules = rules
        self._grammar = Grammar(rules)
        self._keeps_marks = not (
            rules.spoken_marks or rules.commands or any(not written.strip(" ") for _, written in rules.replacements)
        )
        self._open: dict[str, _Shown] = {}  # of every speaker
        # Of every speaker how the text left off behind each closed segment: one that is taken back uncovers the last.
        self._before: dict[str, list[Before]] = {}

    def push(self, event: TranscriptEvent) -> tuple[DocumentEvent, ...]:
        """The formatted event, and behind it a SegmentRetracted where the segment was spoken to take back another.

        A segment's words are placed where those were said that they came from, with the least of their confidences.
        With every rule off, an event is passed on as it is.
        """
        if isinstance(event, AudioLost) or self._rules == _OFF:
            return (event,)
        if isinstance(event, SegmentClosed):
            return self._closed(event.segment)
        return (SegmentUpdated(self._updated(event.segment)),)

    def finish(self) -> tuple[DocumentEvent, ...]:
        """The recording is over: writes what was held back of segments that never closed."""
        events: list[DocumentEvent] = []
        for shown in self._open.values():
            segment = replace(shown.segment, tentative="")
            text, page, atoms = self._all(segment)
            events.append(SegmentUpdated(replace(segment, committed=text, words=page.words(len(text), atoms))))
        self._open = {}
        return tuple(events)

    def _closed(self, segment: Segment) -> tuple[DocumentEvent, ...]:
        history = self._before.setdefault(segment.speaker, [Before()])
        self._open.pop(segment.speaker, None)
        if self._rules.commands and is_scratch(cut(segment.committed.split())[0]):
            empty = SegmentClosed(replace(segment, committed="", tentative="", words=()))
            if len(history) == 1:
                return (empty,)
            history.pop()
            return empty, SegmentRetracted(segment.speaker)
        text, page, spoken = self._all(segment)
        after = page.after(text)
        if text:
            history.append(after)
        else:
            history[-1] = after
        words = page.words(len(text), spoken)
        return (SegmentClosed(replace(segment, committed=text, tentative="", words=words)),)

    def _all(self, segment: Segment) -> tuple[str, Page, list[Word]]:
        """The text of a segment of which nothing follows, its page, and the words that its atoms belong to."""
        words = segment.committed.split()
        atoms, sources = cut(words)
        page = self._page(segment.speaker)
        for piece in self._grammar.pieces(atoms, len(atoms) + 2):
            page.put(piece)
        return page.text(), page, _places(segment.words, sources, len(words))

    def _updated(self, segment: Segment) -> Segment:
        committed, words = segment.committed.split(), text_of(segment).split()
        atoms, sources = cut(words)
        last = sum(source < len(committed) for source in sources) - 1  # the last committed atom: it may still grow
        grows = last >= 0 and words[sources[last]] == committed[-1]  # and its tentative marks are none of it
        page, length, settled = self._page(segment.speaker), 0, True
        for piece in self._grammar.pieces(atoms, max(0, last)):
            certain = settled and (piece.settled or (grows and self._is_certain(piece, atoms, last, page.case)))
            page.put(piece)
            settled = certain
            length = page.length if settled else length
        text = page.text()
        length = self._cut(text, length, segment)
        spoken = _places(segment.words, sources, len(committed))
        return replace(
            segment, committed=text[:length], tentative=text[length:].lstrip(" "), words=page.words(length, spoken)
        )

    def _is_certain(self, piece: Piece, atoms: Sequence[Atom], last: int, case: Case) -> bool:
        """Whether the last committed word, which may still get more letters, is no more than continued by them."""
        key = atoms[last].key
        alone = piece.end == last + 1 == piece.first + 1 and not piece.made
        return alone and key != "" and not self._grammar.may_begin(key) and is_certain(piece.text, case)

    def _cut(self, text: str, length: int, segment: Segment) -> int:
        """Where the committed text ends: where a space stands or nothing else is put, but not before it did."""
        shown = self._open.get(segment.speaker)
        least = shown.length if shown is not None and shown.segment.id == segment.id else 0
        if length < len(text) and text[length] not in " \n" + MARKS and text[:length][-1:] != "\n":
            length = len(text[:length].rpartition(" ")[0])
        length = max(least, length)
        self._open[segment.speaker] = _Shown(segment, length)
        return length

    def _page(self, speaker: str) -> Page:
        return Page(self._before.get(speaker, [Before()])[-1], self._rules.capitals, self._keeps_marks)


def format_all(events: Iterable[TranscriptEvent], rules: TextRules) -> tuple[DocumentEvent, ...]:
    """The events of a finished recording, formatted."""
    formatter = Formatter(rules)
    formatted = [done for event in events for done in formatter.push(event)]
    return (*formatted, *formatter.finish())


def _places(words: Sequence[Word], sources: Sequence[int], count: int) -> list[Word]:
    """For every atom the placed word that it belongs to; where these are not `count`, the nearest. None: none.

    sources: of every atom its word among the `count` that are committed, and behind them tentative ones
    """
    if not words:
        return []
    if len(words) == count:
        return [words[min(source, count - 1)] for source in sources]
    return [words[min(source * len(words) // max(1, count), len(words) - 1)] for source in sources]
