"""The document that events add up to. It is a value: every event gives a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

from s2t_core.events import AudioLost, DocumentEvent, SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.types import MARKS, SAMPLE_RATE_HZ, Segment

PARAGRAPH_PAUSE_SAMPLES = 2 * SAMPLE_RATE_HZ  # a longer silence between segments begins a new paragraph

_JOINS_LAST = ("\n", *MARKS, ")", "%")  # text that begins so stands at what is before it
_JOINS_NEXT = ("\n", "(", "/", "@")  # and what ends so, at what follows

Item = Segment | AudioLost


@dataclass(frozen=True, slots=True)
class TranscriptDocument:
    """Closed segments and gaps in their order, and behind them what is still open.

    open            of every speaker the open segment, in the order in which they began. One that is over waits there
                    for those that began earlier (its key is in `over`), so that text never moves once it is shown
    session_starts  indexes in `closed` where a new recording began; its times count from 0 again
    """

    closed: tuple[Item, ...] = ()
    open: tuple[Segment, ...] = ()
    session_starts: tuple[int, ...] = ()
    over: frozenset[tuple[str, int]] = frozenset()

    def begin_session(self) -> TranscriptDocument:
        """The document to which a new recording will be added; of one that broke off the settled text stays."""
        settled = self.without_open()
        return replace(settled, session_starts=(*self.session_starts, len(settled.closed)))

    def without_open(self) -> TranscriptDocument:
        """What is open is closed as far as it is committed: nothing more will come of it."""
        kept = (replace(segment, tentative="") for segment in self.open if segment.committed)
        return TranscriptDocument((*self.closed, *kept), session_starts=self.session_starts)

    def apply(self, event: DocumentEvent) -> TranscriptDocument:
        """The document after `event`. Raises ValueError if committed text would shrink or change."""
        if isinstance(event, AudioLost):
            return replace(self, closed=(*self.closed, event))
        if isinstance(event, SegmentRetracted):
            return self._without_last(event.speaker)
        return self._with(event)

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything in the order of the text: what is closed, then what is open."""
        return (*self.closed, *self.open)

    def item(self, index: int) -> Item:
        """One of `items`."""
        count = len(self.closed)
        return self.closed[index] if index < count else self.open[index - count]

    @property
    def settled_text(self) -> str:
        """The text that will not change any more; later values of it begin with this one."""
        first = self.open[:1] if self.open and self.open[0].committed else ()
        return self._joined(0, len(self.closed) + len(first), tentative=False)

    @property
    def tentative_text(self) -> str:
        """The text behind the settled one that may still change, with what divides the two."""
        return self.text[len(self.settled_text) :]

    @property
    def text(self) -> str:
        """All text, tentative included; a new paragraph after a long pause, in a new recording, for another speaker."""
        return self._joined(0, len(self.items), tentative=True)

    def begins_paragraph(self, index: int) -> bool:
        """Whether item `index` begins a paragraph: first of all, after a long pause, of a new recording or speaker."""
        if index == 0 or index in self.session_starts:
            return True
        before, after = self.item(index - 1), self.item(index)
        long_pause = after.start_sample - before.end_sample >= PARAGRAPH_PAUSE_SAMPLES
        return long_pause or _speaker(before) != _speaker(after)

    def lead(self, index: int) -> str:
        """What stands in the text before item `index`: a space, a paragraph's end, the speaker's name, or nothing."""
        after = self.item(index)
        written = text_of(self.item(index - 1)) if index else ""
        if self.begins_paragraph(index):
            name = _speaker(after)
            ends = len(written) - len(written.rstrip("\n"))
            return ("\n\n"[ends:] if index else "") + (f"{name}: " if name else "")
        return divider(written, text_of(after))

    def _joined(self, first: int, end: int, tentative: bool) -> str:
        parts: list[str] = []
        for index, item in enumerate(self.items[first:end], first):
            text = text_of(item) if tentative or isinstance(item, AudioLost) else item.committed
            if text:
                parts += (self.lead(index), text)
        return "".join(parts)

    def _with(self, event: SegmentUpdated | SegmentClosed) -> TranscriptDocument:
        new = event.segment
        old = next((one for one in self.open if one.speaker == new.speaker and _key(one) not in self.over), None)
        if old is not None and not (new.id == old.id and new.committed.startswith(old.committed)):
            lengths = f"{len(old.committed)} characters, then {len(new.committed)}"  # the text itself would reach logs
            raise ValueError(f"segment {new.id} takes back committed text: {lengths}")
        segments = (*self.open, new) if old is None else tuple(new if one is old else one for one in self.open)
        if not isinstance(event, SegmentClosed):
            return replace(self, open=segments)
        over = self.over | {_key(new)}
        done = tuple(takewhile(lambda one: _key(one) in over, segments))
        return replace(
            self,
            closed=(*self.closed, *(one for one in done if one.committed)),
            open=segments[len(done) :],
            over=over - {_key(one) for one in done},
        )

    def _without_last(self, speaker: str) -> TranscriptDocument:
        """Never more than this recording's own."""
        waiting = [one for one in self.open if one.speaker == speaker and _key(one) in self.over]
        if waiting:
            return replace(self, open=tuple(one for one in self.open if one is not waiting[-1]))
        first = self.session_starts[-1] if self.session_starts else 0
        for index in range(len(self.closed) - 1, first - 1, -1):
            item = self.closed[index]
            if isinstance(item, Segment) and item.speaker == speaker:
                return replace(self, closed=self.closed[:index] + self.closed[index + 1 :])
        return self


def applied(document: TranscriptDocument, event: DocumentEvent) -> TranscriptDocument:
    """As `apply`; what the event contradicts, as after damage, is closed first as far as it is committed."""
    try:
        return document.apply(event)
    except ValueError:
        return document.without_open().apply(event)


def text_of(item: Item) -> str:
    """The text of a segment, tentative included, or the mark of a gap."""
    if isinstance(item, AudioLost):
        return gap_mark(item)
    # A mark that may come behind the last committed word belongs to that word.
    joined = not item.committed or not item.tentative or item.tentative.startswith(tuple(MARKS))
    space = "" if joined or item.committed.endswith("\n") else " "
    return item.committed + space + item.tentative


def divider(before: str, after: str) -> str:
    """What stands between two texts of one paragraph: a space, or nothing."""
    return "" if before.endswith(_JOINS_NEXT) or after.startswith(_JOINS_LAST) else " "


def gap_mark(gap: AudioLost) -> str:
    """How lost audio shows in the text."""
    return f"[{(gap.end_sample - gap.start_sample) / SAMPLE_RATE_HZ:.1f} s of sound lost]"


def _speaker(item: Item) -> str:
    return item.speaker


def _key(segment: Segment) -> tuple[str, int]:
    return segment.speaker, segment.id
