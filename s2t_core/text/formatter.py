"""A recogniser's events with their text written as the rules want it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from s2t_core.events import AudioLost, DocumentEvent, SegmentClosed, SegmentRetracted, SegmentUpdated, TranscriptEvent
from s2t_core.text.capitals import Case, is_certain
from s2t_core.text.commands import is_scratch
from s2t_core.text.grammar import Grammar, Piece
from s2t_core.text.page import Before, Page
from s2t_core.text.rules import TextRules
from s2t_core.text.tokens import cut, key_of
from s2t_core.transcript import text_of
from s2t_core.types import MARKS, Segment, Word

_OFF = TextRules(capitals=False)


@dataclass(frozen=True, slots=True)
class _Shown:
    """An open segment as it came, and what is settled of it.

    length  letters of its formatted text that are committed
    page    with the pieces that will stay, which are those of so many `atoms`; never written to again
    """

    segment: Segment
    length: int
    page: Page
    atoms: int


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
        grows = last >= 0 and words[sources[last]] == committed[-1]  # and no tentative mark stands behind it
        shown = self._shown(segment)
        pieces = list(self._grammar.pieces(atoms, max(0, last), shown.atoms))
        settled = list(takewhile(lambda piece: piece.settled, pieces))
        stays = shown.page.copy()
        for piece in settled:
            stays.put(piece)
        page, length = stays.copy(), stays.length
        for place, piece in enumerate(pieces[len(settled) :]):
            certain = place == 0 and grows and piece.first == last and self._is_certain(piece, page.case)
            page.put(piece)
            length = page.length if certain else length
        text = page.text()
        length = max(shown.length, _cut(text, length))
        end = settled[-1].end if settled else shown.atoms
        self._open[segment.speaker] = _Shown(segment, length, stays, end)
        placed = page.words(length, _places(segment.words, sources, len(committed)))
        return replace(segment, committed=text[:length], tentative=text[length:].lstrip(" "), words=placed)

    def _is_certain(self, piece: Piece, case: Case) -> bool:
        """Whether letters that may still come behind the last committed word do no more than continue it."""
        begins = self._grammar.may_begin(key_of(piece.text))
        return piece.text != "" and not piece.made and not begins and is_certain(piece.text, case)

    def _shown(self, segment: Segment) -> _Shown:
        shown = self._open.get(segment.speaker)
        if shown is None or shown.segment.id != segment.id:
            return _Shown(segment, 0, self._page(segment.speaker), 0)
        return shown

    def _page(self, speaker: str) -> Page:
        return Page(self._before.get(speaker, [Before()])[-1], self._rules.capitals, self._keeps_marks)


def format_all(events: Iterable[TranscriptEvent], rules: TextRules) -> tuple[DocumentEvent, ...]:
    """The events of a finished recording, formatted."""
    formatter = Formatter(rules)
    formatted = [done for event in events for done in formatter.push(event)]
    return (*formatted, *formatter.finish())


def _cut(text: str, length: int) -> int:
    """How much of the first `length` letters may be committed so that text behind them is joined as it should be."""
    if length < len(text) and text[length] not in " \n" + MARKS and text[:length][-1:] != "\n":
        return len(text[:length].rpartition(" ")[0])
    return length


def _places(words: Sequence[Word], sources: Sequence[int], count: int) -> list[Word]:
    """For every atom the placed word that it belongs to; where these are not `count`, the nearest. None: none.

    sources: of every atom its word among the `count` that are committed, and behind them tentative ones
    """
    if not words:
        return []
    if len(words) == count:
        return [words[min(source, count - 1)] for source in sources]
    return [words[min(source * len(words) // max(1, count), len(words) - 1)] for source in sources]
