"""The document that events add up to. It is a value: every event gives a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2t_core.events import AudioLost, SegmentClosed, TranscriptEvent
from s2t_core.types import SAMPLE_RATE_HZ, Segment

PARAGRAPH_PAUSE_SAMPLES = 2 * SAMPLE_RATE_HZ  # a longer silence between segments begins a new paragraph


@dataclass(frozen=True, slots=True)
class TranscriptDocument:
    """Closed segments, the open one if speech goes on, and the gaps where audio was lost."""

    closed: tuple[Segment, ...] = ()
    open: Segment | None = None
    gaps: tuple[AudioLost, ...] = ()

    def apply(self, event: TranscriptEvent) -> TranscriptDocument:
        """The document after `event`. Raises ValueError if committed text would shrink."""
        if isinstance(event, AudioLost):
            return replace(self, gaps=(*self.gaps, event))
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
    def text(self) -> str:
        """All text, tentative included; a new paragraph after a long pause."""
        parts: list[str] = []
        end = None
        for segment in (*self.closed, *((self.open,) if self.open else ())):
            if end is not None:
                parts.append(separator(end, segment.start_sample))
            parts.append(join(segment.committed, segment.tentative))
            end = segment.end_sample
        return "".join(parts)


def separator(end_sample: int, start_sample: int) -> str:
    """What stands between two segments: a space, or an empty line where the speaker paused for long."""
    return "\n\n" if start_sample - end_sample >= PARAGRAPH_PAUSE_SAMPLES else " "


def join(committed: str, tentative: str) -> str:
    """The text of a segment; what is committed ends with a whole word."""
    return f"{committed} {tentative}".strip()
