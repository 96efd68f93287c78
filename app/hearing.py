"""One channel on its way to text: a session, and the sound that another one needs where this one breaks."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.streaming.mark import SessionMark
from s2t_core.transcript import text_of
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Segment, chunk_from, neighbours_joined

if TYPE_CHECKING:
    from s2t_core.session import StreamSession

logger = logging.getLogger(__name__)

OpenSession = Callable[[SessionMark | None, Exception | None], "StreamSession"]
Events = tuple[TranscriptEvent, ...]


class Hearing:
    """What breaks a session loses no sound: it is heard again by a new one, and only what breaks that one as well is
    left out, with a mark in the text."""

    def __init__(
        self, open_session: OpenSession, report: Callable[[Exception], None], mark: SessionMark | None = None
    ) -> None:
        """open_session: gives a session that goes on at a mark, on whatever works after that error.
        report: is told of what made sound be left out.
        """
        self._open = open_session
        self._report = report
        self._session = open_session(mark, None)
        self._mark = mark
        self._kept: deque[AudioChunk] = deque()  # what lies behind the mark
        self._shown: Segment | None = None  # the open segment

    @property
    def mark(self) -> SessionMark:
        """Where another process could go on."""
        return self._mark or SessionMark(0, 0)

    def push(self, chunk: AudioChunk) -> Events:
        """The events of the next chunk."""
        if self._mark is None:
            self._mark = SessionMark(chunk.start * SAMPLE_RATE_HZ // chunk.rate, 0)
        self._kept.append(chunk)
        return self._survived(lambda: self._session.push(chunk))

    def finish(self) -> Events:
        """The last events."""
        return self._survived(lambda: self._session.finish(), finishes=True)

    def _survived(self, work: Callable[[], Events], finishes: bool = False) -> Events:
        try:
            events = work()
        except Exception as error:  # whatever it is, it must not cost a word
            logger.exception("the session broke off; it is taken up again")
            events = self._again(error, finishes)
        self._take(events)
        return events

    def _again(self, error: Exception, finishes: bool) -> Events:
        """The same sound in a new session."""
        try:
            self._session = self._open(self.mark, error)
            again = neighbours_joined([chunk_from(chunk, self.mark.position) for chunk in self._kept])
            heard = [event for chunk in again for event in self._session.push(chunk)]
            return (*heard, *(self._session.finish() if finishes else ()))
        except Exception as failure:
            logger.exception("the session broke off again; its sound is left out")
            self._report(failure)
            return self._left_out(failure)

    def _left_out(self, error: Exception) -> Events:
        """What is shown stays; what came behind it is a gap."""
        shown, next_id = self._shown, self.mark.next_id
        start = end = self.mark.position
        events: list[TranscriptEvent] = []
        if shown is not None:
            events.append(SegmentClosed(replace(shown, committed=text_of(shown), tentative="", words=())))
            start, next_id = shown.end_sample, shown.id + 1
        if self._kept:
            end = _end(self._kept[-1])
        if end > start:
            events.append(AudioLost(start, end))
        self._session = self._open(SessionMark(max(start, end), next_id), error)
        return tuple(events)

    def _take(self, events: Events) -> None:
        """Sound that no other session would need is let go of."""
        for event in events:
            if not isinstance(event, AudioLost):
                self._shown = event.segment if isinstance(event, SegmentUpdated) else None
        self._mark = self._session.mark
        while self._kept and _end(self._kept[0]) <= self._mark.position:
            self._kept.popleft()


def _end(chunk: AudioChunk) -> int:
    return (chunk.start + len(chunk.samples)) * SAMPLE_RATE_HZ // chunk.rate
