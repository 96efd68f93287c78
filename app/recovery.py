"""A recording whose program ended too early: its text is put together again, and its sound is heard to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from app.errors import AppError
from app.history import History
from app.journal.entries import Head
from app.journal.reader import LeftBehind, left_behind, sweep
from app.journal.writer import Journal
from app.messages import Stream
from s2t_core.events import DocumentEvent, TranscriptEvent
from s2t_core.transcript import TranscriptDocument, applied
from s2t_core.types import AudioChunk, DecodingOptions, neighbours_joined

_BLOCK_S = 10.0  # of sound at once: text is seen to come, and most drafts, which only cost time here, are left out


class Shaper(Protocol):
    """Writes what was recognised as the user wishes."""

    def push(self, event: TranscriptEvent) -> tuple[DocumentEvent, ...]: ...

    def finish(self) -> tuple[DocumentEvent, ...]: ...


@dataclass(frozen=True, slots=True)
class Recovery:
    """What there is of it.

    id        in the history; None where it never came there
    kept      as the history has it
    document  with everything that was committed
    heard     how many events of the recording are in that
    shaper    has seen the recording so far
    sound_s   how much sound has no text yet
    """

    left: LeftBehind
    id: int | None
    kept: TranscriptDocument
    document: TranscriptDocument
    heard: int
    shaper: Shaper
    sound_s: float

    @property
    def head(self) -> Head:
        """Of the recording."""
        return self.left.head

    @property
    def end_s(self) -> float:
        """Where the sound ends, in seconds of the recording; 0 where there is none."""
        return max(((chunk.start + len(chunk.samples)) / chunk.rate for chunk in self.left.sound()), default=0.0)

    @property
    def is_needed(self) -> bool:
        """Whether the history lacks anything of it."""
        return self.sound_s > 0 or bool(self.document.open) or self.document.closed != self.kept.closed

    def reopened(self, report: Callable[[str], None]) -> Journal:
        """Its journal, which goes on: what comes now survives the next fault as well.

        Raises AppError where another program is bringing it back, or has.
        """
        journal = Journal(self.left.folder, None, report, self.heard)
        try:
            journal.claim()
        except OSError as error:
            what = f"This dictation cannot be brought back now ({error.strerror or error})."
            raise AppError(what, "Another program may have done it: look into the history.") from None
        return journal

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
    return tuple(found)


def rebuilt(left: LeftBehind, history: History, shaper: Shaper) -> Recovery:
    """The document as it was last seen: what the history has of it, and what was committed since. Raises AppError."""
    id, heard, kept = _known(left, history)
    document = kept
    while len(document.session_starts) <= left.head.recording:
        document = document.begin_session()
    if id is not None and heard is None:  # the history knows the transcript, but nothing of this recording
        document = kept.begin_session()
    document = _with_events(document, left.events, heard or 0, shaper)
    return Recovery(left, id, kept, document, max(left.count, heard or 0), shaper, left.sound_s())


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


def _known(left: LeftBehind, history: History) -> tuple[int | None, int | None, TranscriptDocument]:
    """The transcript, how much of this recording is in it (None: nothing), and the transcript itself."""
    found = history.of_journal(left.folder.name)
    if found is not None:
        return found[0], found[1], history.document(found[0])
    try:
        if left.head.transcript is not None:
            return left.head.transcript, None, history.document(left.head.transcript)
    except AppError:  # it was deleted since
        pass
    return None, None, TranscriptDocument()


def _with_events(
    document: TranscriptDocument, events: Iterable[tuple[int, TranscriptEvent]], heard: int, shaper: Shaper
) -> TranscriptDocument:
    """The document with all events but the first `heard`, of which it lacks only what they left open.

    The shaper is shown all of them, and a page of its own says what was open.
    """
    page, caught_up = TranscriptDocument(), False
    for number, event in events:
        if number > heard and not caught_up:
            document, caught_up = replace(document, open=page.open, over=page.over), True
        for shaped in shaper.push(event):
            page = applied(page, shaped)
            if caught_up:
                document = applied(document, shaped)
    return document if caught_up else replace(document, open=page.open, over=page.over)
