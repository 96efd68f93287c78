"""Keeps the transcript that is being made: a thread writes every closed segment, so that a slow disk stops nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.errors import sentence
from app.history import History, RecordingKey
from app.history_journals import Known
from app.journal.entries import Head
from app.journal.writer import Journal
from s2t_core.transcript import Item, TranscriptDocument

_Job = Callable[[History], None]


@dataclass(slots=True)
class _Sheet:
    """A transcript during one recording, as it was seen last, with how many events of that one: set at once, read at
    once. What waits to be written is written once, as it is then.

    journal, number  of the recording; without a name before the transcript has one
    """

    seen: tuple[TranscriptDocument, int]
    journal: str = ""
    number: int = 0


@dataclass(slots=True)
class _Row:
    """Of a transcript in the history; without an id until it has one."""

    id: int | None = None


class Keeper(threading.Thread):
    """Writes one transcript after the other; `report` is called on its thread with what went wrong, once for a fault
    that lasts. The text in memory is never touched."""

    def __init__(self, open_history: Callable[[], History], report: Callable[[str], None]) -> None:
        super().__init__(name="keeper", daemon=True)
        self._open = open_history
        self._report = report
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._row = self._open_now = _Row()  # of the transcript that is written; of the one that was turned to last
        self._document = TranscriptDocument()  # as it is on disk
        self._sheet = _Sheet((TranscriptDocument(), 0))
        self._begun: tuple[Head, str] | None = None  # a recording that the history does not know yet, and its journal
        self._sheets: list[_Sheet] = []  # of recordings in the transcript, until all of each is on disk
        self._over: list[Journal] = []  # of those that ended
        self._fault = ""
        self._wanted = False  # until something is to be kept no file is made
        self.refused = False  # the open transcript, when it was written last; what it holds since is in memory alone

    @property
    def id(self) -> int | None:
        """Of the transcript that is open; None before it has a row."""
        return self._open_now.id

    def begin(self, head: Head, journal: str) -> None:
        """A recording begins, in the transcript that is open or in a new one; the head has its number there."""
        self._wanted = True
        self._fault = ""  # what goes wrong is said once for every recording
        last = self._sheet
        new = self._sheet = _Sheet(last.seen, journal, head.recording)
        self._jobs.put(lambda history: self._begin(history, head, last, new))

    def keep(self, title: str, model: str, document: TranscriptDocument) -> Future[int]:
        """A whole transcript beside the one that is open: the text of a file of this name. Gives its id once it is
        written."""
        at, kept, self._wanted = datetime.now(UTC), Future[int](), True

        def write(history: History) -> None:
            id = history.begin(at, model, title)
            history.write(id, document)
            history.rename(id, title)
            history.finish(id)
            kept.set_result(id)

        self._jobs.put(write)
        return kept

    def see(self, document: TranscriptDocument, heard: int) -> None:
        """What is closed in it is kept from now on; `heard` events of the recording, if it has one, are in it."""
        sheet = self._sheet
        sheet.seen = document, heard
        self._jobs.put(lambda history: self._write(history, sheet))

    def add_recording(self, key: RecordingKey, file: Path) -> None:
        """The sound of this recording of the transcript is in this file."""
        self._jobs.put(lambda history: self._add_recording(history, key, file))

    def finish(self, journal: Journal) -> None:
        """The recording is over; once all of it is kept, its journal is removed."""
        sheet = self._sheet

        def finish(history: History) -> None:
            self._over.append(journal)
            self._settle(history, sheet)

        self._jobs.put(finish)

    def turn_to(self, id: int | None, document: TranscriptDocument) -> None:
        """What follows belongs to this kept transcript, which is `document`, or to a new one."""
        self._sheet = _Sheet((document, 0))
        row = self._open_now = _Row(id)
        self._wanted = self._wanted or id is not None

        def turn(_: History) -> None:
            self._let_go()
            self._row, self._document, self._begun, self.refused = row, document, None, False

        self._jobs.put(turn)

    def catch_up(self, wait_s: float) -> bool:
        """Wait until all that was seen is written, or refused; returns whether that took no longer. From any thread."""
        done = threading.Event()
        self._jobs.put(lambda _: done.set())
        return not self._wanted or done.wait(wait_s)

    def shut_down(self, wait_s: float) -> bool:
        """Write what waits and end; returns whether it has ended."""
        sheet = self._sheet
        self._jobs.put(lambda history: self._settle(history, sheet))  # once more, if the disk refused it
        self._jobs.put(None)
        if self.is_alive():
            self.join(wait_s)
        return not self.is_alive()

    def run(self) -> None:
        history: History | None = None
        waiting: list[_Job] = []  # for a history that cannot be opened yet
        while (job := self._jobs.get()) is not None:
            waiting.append(job)
            while waiting and self._wanted:
                try:
                    history = history or self._opened()
                    waiting.pop(0)(history)
                    self._fault = ""
                except Exception as error:  # thread boundary; what follows may work again
                    self._complain(error)
                    if history is None:
                        break
        self._let_go()
        if history is not None:
            history.close()

    def _let_go(self) -> None:
        """What was never kept can be recovered from the journals."""
        for journal in self._over:
            journal.close()
        self._over, self._sheets = [], []

    def _opened(self) -> History:
        try:
            history = self._open()
        except Exception:
            self.refused = True
            raise
        if history.notice:
            self._report(history.notice)
        return history

    def _complain(self, error: Exception) -> None:
        if sentence(error) != self._fault:
            self._fault = sentence(error)
            self._report(f"{self._fault} The text is not being saved.")

    def _begin(self, history: History, head: Head, last: _Sheet, new: _Sheet) -> None:
        try:
            if self._over:  # the disk refused the end of the recording before
                self._settle(history, last)
        finally:  # from now on what is written has that of this one, too
            self._sheets.append(new)
        self._begun = head, new.journal
        if self._row.id is not None:  # a new one is made when there is something to keep
            self._open_row(history)

    def _open_row(self, history: History) -> None:
        if self._begun is None:
            return
        head, journal = self._begun
        if self._row.id is None:
            self._row.id = history.begin(head.started_at, head.model, head.source, journal, head.recording)
            self._document = TranscriptDocument()
        else:
            history.go_on(self._row.id, journal, head.recording)
        self._begun = None

    def _write(self, history: History, sheet: _Sheet) -> None:
        try:
            self._write_changes(history, sheet)
        except BaseException:
            self.refused = True
            raise
        self.refused = False

    def _write_changes(self, history: History, sheet: _Sheet) -> None:
        document, heard = sheet.seen
        if document.closed:
            self._open_row(history)
        id = self._row.id
        if id is None:
            return
        before, now = self._document.closed, document.closed
        first = next((place for place, (a, b) in enumerate(zip(before, now, strict=False)) if a is not b), None)
        first = min(len(before), len(now)) if first is None else first
        if first < max(len(before), len(now)):
            # Those before may have broken off: what the document has of them is written here, too.
            counts = [(one, heard if one is sheet else one.seen[1]) for one in self._sheets if one.journal]
            known = [Known(one.journal, id, one.number, count) for one, count in counts]
            history.write(id, document, first, _end(before, now), known)
            self._document = document

    def _settle(self, history: History, sheet: _Sheet) -> None:
        """Of recordings that are over nothing but the history is needed any more, once it has all of them."""
        self._write(history, sheet)
        if self._over and self._row.id is not None:
            history.finish(self._row.id)
        while self._over:
            journal = self._over.pop()
            journal.remove()
            self._sheets = [one for one in self._sheets if one.journal != journal.folder.name]
            history.forget(journal.folder.name)

    def _add_recording(self, history: History, key: RecordingKey, file: Path) -> None:
        self._open_row(history)
        if self._row.id is not None:
            history.add_recording(self._row.id, key, file)


def _end(before: tuple[Item, ...], now: tuple[Item, ...]) -> int:
    """Where the items that differ end, if as many as before are behind them in their places."""
    end = len(now)
    if len(before) == len(now):
        while end and before[end - 1] is now[end - 1]:
            end -= 1
    return end
