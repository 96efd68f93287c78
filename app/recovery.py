"""A recording whose program ended too early: its text is put together again, and its sound is heard to the end."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from app.errors import AppError
from app.history import History
from app.history_items import file_name_in
from app.journal.entries import Head
from app.journal.reader import LeftBehind, left_behind, read, sweep
from app.journal.writer import Journal
from app.messages import Stream
from s2t_core.events import DocumentEvent, TranscriptEvent
from s2t_core.transcript import TranscriptDocument, applied
from s2t_core.types import AudioChunk, DecodingOptions, Segment, neighbours_joined

_BLOCK_S = 10.0  # of sound at once: text is seen to come, and most drafts, which only cost time here, are left out


class Shaper(Protocol):
    """Writes what was recognised as the user wishes."""

    def push(self, event: TranscriptEvent) -> tuple[DocumentEvent, ...]: ...

    def finish(self) -> tuple[DocumentEvent, ...]: ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """What there is of it.

    id        in the history; None where it never came there
    number    of the recording in its transcript: it is the last one, so that what comes is written behind all else
    kept      as the history has it
    document  with everything that was committed
    heard     how many events of the recording are in that
    shaper    has seen the recording so far
    sound_s   how much sound has no text yet
    """

    left: LeftBehind
    id: int | None
    number: int
    kept: TranscriptDocument
    document: TranscriptDocument
    heard: int
    shaper: Shaper
    sound_s: float

    @property
    def head(self) -> Head:
        """Of the recording, as it goes on."""
        return replace(self.left.head, transcript=self.id, recording=self.number)

    @property
    def end_s(self) -> float:
        """Where the sound ends, in seconds of the recording; 0 where there is none."""
        return max(((chunk.start + len(chunk.samples)) / chunk.rate for chunk in self.left.sound()), default=0.0)

    @property
    def is_needed(self) -> bool:
        """Whether the history lacks anything of it."""
        return self.sound_s > 0 or bool(self.document.open) or self.document.closed != self.kept.closed

    def stream(self, wishes: DecodingOptions | None, journal: Journal) -> Stream:
        """What is left to be transcribed."""
        return Stream(in_blocks(self.left.sound(), _BLOCK_S), wishes, journal, self.left.marks)


def find(journals: Path, history: History, make_shaper: Callable[[], Shaper]) -> tuple[Recovery, ...]:
    """What needs to be recovered, the latest first; what does not is tidied away. Raises AppError."""
    sweep(journals)
    found = []
    for left in left_behind(journals):
        recovery = rebuilt(left, history, make_shaper())
        if recovery.is_needed:
            found.append(recovery)
        else:
            if recovery.id is not None:
                history.finish(recovery.id)
            Journal(left.folder, None, lambda _: None).remove()
    for name in history.journals():
        if not (journals / file_name_in(name)).is_dir():
            history.forget(name)
    return tuple(found)


def take_up(
    found: Recovery, history: History, shaper: Shaper, report: Callable[[str], None]
) -> tuple[Recovery, Journal]:
    """What was found, read anew now that nobody else may change it, and its journal, which goes on.

    Since it was found the transcript may have been edited or recorded into, or another program brought it back.
    Raises AppError where that is so, or is going on.
    """
    journal = Journal(found.left.folder, None, report)
    try:
        journal.claim()
        left = read(found.left.folder)
        if left is None:
            raise FileNotFoundError(errno.ENOENT, "it is gone")
        recovery = rebuilt(left, history, shaper)
    except OSError as error:
        journal.close()
        what = f"This dictation cannot be brought back now ({error.strerror or error})."
        raise AppError(what, "Another program may have done it: look into the history.") from None
    except BaseException:
        journal.close()
        raise
    journal.count_from(recovery.heard)
    return recovery, journal


def rebuilt(left: LeftBehind, history: History, shaper: Shaper) -> Recovery:
    """The document as it was last seen: what the history has of it, and what was committed since. Raises AppError."""
    id, heard, kept, document = _known(left, history)
    document = _with_events(document, left.events, heard, shaper)
    number = len(document.session_starts) - 1
    return Recovery(left, id, number, kept, document, max(left.count, heard), shaper, left.sound_s())


def in_blocks(chunks: Iterable[AudioChunk], block_s: float) -> Iterator[AudioChunk]:
    """Longer chunks, channel by channel."""
    waiting: dict[str, list[AudioChunk]] = {}
    for chunk in chunks:
        block = waiting.setdefault(chunk.speaker, [])
        block.append(chunk)
        if sum(len(one.samples) / one.rate for one in block) >= block_s:
            yield from neighbours_joined(waiting.pop(chunk.speaker))
    for block in waiting.values():
        yield from neighbours_joined(block)


def _known(left: LeftBehind, history: History) -> tuple[int | None, int, TranscriptDocument, TranscriptDocument]:
    """The transcript, how many events of this recording are in it, what is kept of it, and that, ready for the rest."""
    found = history.of_journal(left.folder.name)
    if found is not None:
        kept = history.document(found.transcript)
        return found.transcript, found.heard, kept, _at_recording(kept, found.number)
    id = left.head.transcript
    try:
        # The history knows it, but nothing of this recording. One that began later has the number of one that is gone.
        if id is not None and history.find(id).started_at <= left.head.started_at:
            kept = history.document(id)
            return id, 0, kept, kept.begin_session()
    except AppError:  # it was deleted since
        pass
    return None, 0, TranscriptDocument(), TranscriptDocument().begin_session()


def _at_recording(document: TranscriptDocument, number: int) -> TranscriptDocument:
    """The document whose last recording goes on: the one of this number, or, where others have followed since, what is
    late of it as one more."""
    while len(document.session_starts) <= number:  # those without a word are not kept
        document = document.begin_session()
    return document if len(document.session_starts) == number + 1 else document.begin_session()


def _with_events(
    document: TranscriptDocument, events: Iterable[tuple[int, TranscriptEvent]], heard: int, shaper: Shaper
) -> TranscriptDocument:
    """The document with all events but the first `heard`, of which it lacks only what they left open.

    The shaper is shown all of them, and a page of its own says what was open.
    """
    page, caught_up = TranscriptDocument(), False
    for number, event in events:
        if number > heard and not caught_up:
            document, caught_up = _opened_again(document, page), True
        for shaped in shaper.push(event):
            page = applied(page, shaped)
            if caught_up:
                document = applied(document, shaped)
    return document if caught_up else _opened_again(document, page)


def _opened_again(document: TranscriptDocument, page: TranscriptDocument) -> TranscriptDocument:
    """The document with what is open on the page. Where a session broke off that is at its end already, closed as far
    as it was committed."""
    was_open = {(one.speaker, one.id, one.start_sample, one.committed) for one in page.open}
    closed = document.closed
    while closed and isinstance(last := closed[-1], Segment):
        if (last.speaker, last.id, last.start_sample, last.committed) not in was_open:
            break
        closed = closed[:-1]
    return replace(document, closed=closed, open=page.open, over=page.over)
