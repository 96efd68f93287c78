"""One channel on its way to text: a session, and the sound that another one needs where this one breaks."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.streaming.mark import SessionMark
from s2t_core.transcript import text_of
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Segment, chunk_from, neighbours_joined

if TYPE_CHECKING:
    from s2t_core.session import StreamSession

logger = logging.getLogger(__name__)

_PIECE_S = 0.5  # so little is left out at a time

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
        """The same sound in a new session; where that breaks as well, piece by piece."""
        try:
            self._session = self._open(self.mark, error)
            heard = [event for chunk in self._behind_mark() for event in self._session.push(chunk)]
            return (*heard, *(self._session.finish() if finishes else ()))
        except Exception as failure:
            logger.exception("the session broke off again; what breaks it is left out")
            self._report(failure)
            return self._in_pieces(failure, finishes)

    def _in_pieces(self, error: Exception, finishes: bool) -> Events:
        """All but the pieces that break a session, and what was open with them."""
        mark, events = self.mark, list[TranscriptEvent]()
        pieces = [piece for chunk in self._behind_mark() for piece in _pieces(chunk)]
        self._session = self._open(mark, error)
        for piece in (*pieces, None) if finishes else pieces:
            try:
                new = self._session.finish() if piece is None else self._session.push(piece)
            except Exception as failure:
                new = self._left_out(mark, piece, failure)
            events += new
            self._note(new)
            mark = self._session.mark
        return tuple(events)

    def _left_out(self, mark: SessionMark, piece: AudioChunk | None, error: Exception) -> Events:
        """What is shown stays; what came behind it, up to the end of the piece, is a gap."""
        start, last = mark.position, piece or next(reversed(self._kept), None)
        events, next_id = list[TranscriptEvent](), mark.next_id
        if self._shown is not None:
            shown = replace(self._shown, committed=text_of(self._shown), tentative="", words=())
            events.append(SegmentClosed(shown))
            start, next_id = shown.end_sample, shown.id + 1
        end = max(start, _end(last) if last is not None else start)
        if end > start:
            events.append(AudioLost(start, end))
        self._session = self._open(SessionMark(end, next_id), error)
        return tuple(events)

    def _behind_mark(self) -> list[AudioChunk]:
        """The sound that a session needs which goes on at the mark."""
        return list(neighbours_joined([chunk_from(chunk, self.mark.position) for chunk in self._kept]))

    def _take(self, events: Events) -> None:
        """Sound that no other session would need is let go of."""
        self._note(events)
        self._mark = self._session.mark
        while self._kept and _end(self._kept[0]) <= self._mark.position:
            self._kept.popleft()

    def _note(self, events: Events) -> None:
        for event in events:
            if not isinstance(event, AudioLost):
                self._shown = event.segment if isinstance(event, SegmentUpdated) else None


def _pieces(chunk: AudioChunk) -> Iterator[AudioChunk]:
    step = max(1, round(_PIECE_S * chunk.rate))
    for at in range(0, len(chunk.samples), step):
        yield replace(chunk, samples=chunk.samples[at : at + step], start=chunk.start + at)


def _end(chunk: AudioChunk) -> int:
    return (chunk.start + len(chunk.samples)) * SAMPLE_RATE_HZ // chunk.rate
