"""The document that events add up to. It is a value: every event gives a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2t_core.events import AudioLost, SegmentClosed, TranscriptEvent
from s2t_core.types import MARKS, SAMPLE_RATE_HZ, Segment

PARAGRAPH_PAUSE_SAMPLES = 2 * SAMPLE_RATE_HZ  # a longer silence between segments begins a new paragraph


@dataclass(frozen=True, slots=True)
class TranscriptDocument:
    """Closed segments and gaps in their order, and the open segment while speech goes on.

    session_starts  indexes in `closed` where a new recording began; its times count from 0 again
    """

    closed: tuple[Segment | AudioLost, ...] = ()
    open: Segment | None = None
    session_starts: tuple[int, ...] = ()

    def begin_session(self) -> TranscriptDocument:
        """The document to which a new recording will be added; of one that broke off the settled text stays."""
        closed = self.closed
        if self.open is not None and self.open.committed:
            closed = (*closed, replace(self.open, tentative=""))
        return replace(self, closed=closed, open=None, session_starts=(*self.session_starts, len(closed)))

    def apply(self, event: TranscriptEvent) -> TranscriptDocument:
        """The document after `event`. Raises ValueError if committed text would shrink or change."""
        if isinstance(event, AudioLost):
            return replace(self, closed=(*self.closed, event))
        new = event.segment
        if self.open is not None and not (new.id == self.open.id and new.committed.startswith(self.open.committed)):
            raise ValueError(
                f"segment {new.id} takes back committed text: {self.open.committed!r} -> {new.committed!r}"
            )
        if isinstance(event, SegmentClosed):
            closed = (*self.closed, new) if new.committed else self.closed
            return replace(self, closed=closed, open=None)
        return replace(self, open=new)

    @property
    def settled_text(self) -> str:
        """The text that will not change any more; later values of it begin with this one."""
        text = ""
        before: Segment | AudioLost | None = None
        for index, item in enumerate((*self.closed, *((self.open,) if self.open else ()))):
            if isinstance(item, Segment) and not item.committed:
                continue
            text += "" if before is None else self._separator(index, before, item)
            text += item.committed if isinstance(item, Segment) else gap_mark(item)
            before = item
        return text

    @property
    def tentative_text(self) -> str:
        """The text behind the settled one that may still change, with the space between the two."""
        if self.open is None or not self.open.tentative:
            return ""
        if self.open.committed:
            # A mark that may come behind the last committed word belongs to that word.
            return self.open.tentative if self.open.tentative[0] in MARKS else " " + self.open.tentative
        before = self.closed[-1] if self.closed else None
        separator = self._separator(len(self.closed), before, self.open) if before is not None else ""
        return separator + self.open.tentative

    @property
    def text(self) -> str:
        """All text, tentative included; a new paragraph after a long pause or in a new recording."""
        return self.settled_text + self.tentative_text

    def _separator(self, index: int, before: Segment | AudioLost, after: Segment | AudioLost) -> str:
        long_pause = after.start_sample - before.end_sample >= PARAGRAPH_PAUSE_SAMPLES
        return "\n\n" if long_pause or index in self.session_starts else " "


def gap_mark(gap: AudioLost) -> str:
    """How lost audio shows in the text."""
    return f"[{(gap.end_sample - gap.start_sample) / SAMPLE_RATE_HZ:.1f} s of sound lost]"
