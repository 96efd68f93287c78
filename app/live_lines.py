"""Transcript events as lines of text for a person at a terminal."""

from __future__ import annotations

import shutil
import sys

from app.terminal import harmless, out
from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.transcript import gap_mark

_DIM, _PLAIN, _CLEAR_LINE = "\x1b[2m", "\x1b[0m", "\r\x1b[2K"


class LiveLines:
    """Transcript events as lines of text: on a terminal the open segment grows in place, its tentative end dim.

    Of several speakers every line begins with the name; the one who spoke last is seen while it grows.
    """

    def __init__(self, every_update: bool = False) -> None:
        """every_update  where lines cannot be redrawn, write each update as a new one, not only the final text"""
        self._redraws = sys.stdout.isatty()
        self._every_update = every_update

    def show(self, event: TranscriptEvent) -> None:
        """Write one event."""
        if isinstance(event, AudioLost):
            self._final(event.speaker, gap_mark(event))
        elif isinstance(event, SegmentClosed):
            self._final(event.segment.speaker, event.segment.committed)
        elif self._redraws:
            self._redraw(event)
        elif self._every_update:
            tentative = event.segment.tentative
            said = _said_by(event.segment.speaker, event.segment.committed)
            out(f"  {said} {f'({tentative})' if tentative else ''}".rstrip())

    def _final(self, speaker: str, text: str) -> None:
        if self._redraws:
            sys.stdout.write(_CLEAR_LINE)
        if text:
            out(_said_by(speaker, text))

    def _redraw(self, event: SegmentUpdated) -> None:
        width = shutil.get_terminal_size().columns - 1
        said = _said_by(event.segment.speaker, event.segment.committed)
        committed, tentative = (harmless(text.replace("\n", " ")) for text in (said, event.segment.tentative))
        room = max(0, width - len(tentative) - 1)
        shown = committed if len(committed) <= room else "…" + committed[-room + 1 :] if room > 1 else ""
        sys.stdout.write(f"{_CLEAR_LINE}{shown} {_DIM}{tentative[-width:]}{_PLAIN}")
        sys.stdout.flush()


def _said_by(speaker: str, text: str) -> str:
    return f"{speaker}: {text}" if speaker else text
