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
from s2t_core.transcript import Item, TranscriptDocument

_Job = Callable[[History], None]


@dataclass(slots=True)
class _Sheet:
    """A transcript as it was seen last."""

    document: TranscriptDocument


class Keeper(threading.Thread):
    """Writes one transcript after the other; `report` is called on its thread with what went wrong, once for a fault
    that lasts. The text in memory is never touched."""

    def __init__(self, open_history: Callable[[], History], report: Callable[[str], None]) -> None:
        super().__init__(name="keeper", daemon=True)
        self._open = open_history
        self._report = report
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.id: int | None = None  # of the transcript that is open; written by this thread
        self._document = TranscriptDocument()  # as it is on disk
        self._sheet = _Sheet(TranscriptDocument())
        self._begun: tuple[datetime, str, str] | None = None  # a recording whose transcript is not on disk yet
        self._fault = ""
        self._wanted = False  # until something is to be kept no file is made
        self.refused = False  # the open transcript, when it was written last; what it holds since is in memory alone

    def begin(self, model: str, source: str, at: datetime | None = None) -> None:
        """A recording begins, in the transcript that is open or in a new one."""
        at, self._wanted = at or datetime.now(UTC), True
        self._fault = ""  # what goes wrong is said once for every recording
        self._jobs.put(lambda history: self._begin(history, at, model, source))

    def keep(self, title: str, model: str, document: TranscriptDocument) -> Future[int]:
        """A whole transcript beside the one that is open: the text of a file of this name. Gives its id once it is
        written."""
        at, kept, self._wanted = datetime.now(UTC), Future[int](), True

        def write(history: History) -> None:
            id = history.begin(at, model, title)
            history.write(id, document)
            history.rename(id, title)
            history.mark(id, finished=True)
            kept.set_result(id)

        self._jobs.put(write)
        return kept

    def see(self, document: TranscriptDocument) -> None:
        """What is closed in it is kept from now on."""
        sheet = self._sheet
        sheet.document = document  # what waits to be written is written once, as it is then
        self._jobs.put(lambda history: self._write(history, sheet.document))

    def add_recording(self, key: RecordingKey, file: Path) -> None:
        """The sound of this recording of the transcript is in this file."""
        self._jobs.put(lambda history: self._add_recording(history, key, file))

    def finish(self) -> None:
        """The recording is over."""
        self._jobs.put(lambda history: None if self.id is None else history.mark(self.id, finished=True))

    def turn_to(self, id: int | None, document: TranscriptDocument) -> None:
        """What follows belongs to this kept transcript, which is `document`, or to a new one."""

        self._sheet = _Sheet(document)
        self._wanted = self._wanted or id is not None

        def turn(_: History) -> None:
            self.id, self._document, self._begun, self.refused = id, document, None, False

        self._jobs.put(turn)

    def shut_down(self, wait_s: float) -> bool:
        """Write what waits and end; returns whether it has ended."""
        self.see(self._sheet.document)  # once more, if the disk refused it
        self._jobs.put(None)
        if self.is_alive():
            self.join(wait_s)
        return not self.is_alive()

    def run(self) -> None:
        history: History | None = None
        while (job := self._jobs.get()) is not None:
            try:
                if history is None:
                    if not self._wanted:
                        continue
                    history = self._open()
                    if history.notice:
                        self._report(history.notice)
                job(history)
                self._fault = ""
            except Exception as error:  # thread boundary; what follows may work again
                if sentence(error) != self._fault:
                    self._fault = sentence(error)
                    self._report(f"{self._fault} The text is not being saved; it stays in the window.")
        if history is not None:
            history.close()

    def _begin(self, history: History, at: datetime, model: str, source: str) -> None:
        if self.id is None:
            self._begun = (at, model, source)
            self._open_row(history)
        else:
            history.mark(self.id, finished=False)

    def _open_row(self, history: History) -> None:
        if self.id is None and self._begun is not None:
            self.id, self._document = history.begin(*self._begun), TranscriptDocument()

    def _write(self, history: History, document: TranscriptDocument) -> None:
        try:
            self._write_changes(history, document)
        except BaseException:
            self.refused = True
            raise
        self.refused = False

    def _write_changes(self, history: History, document: TranscriptDocument) -> None:
        self._open_row(history)
        if self.id is None:
            return
        before, now = self._document.closed, document.closed
        first = next((place for place, (a, b) in enumerate(zip(before, now, strict=False)) if a is not b), None)
        first = min(len(before), len(now)) if first is None else first
        if first < max(len(before), len(now)):
            history.write(self.id, document, first, _end(before, now))
            self._document = document

    def _add_recording(self, history: History, key: RecordingKey, file: Path) -> None:
        if self.id is not None:
            history.add_recording(self.id, key, file)


def _end(before: tuple[Item, ...], now: tuple[Item, ...]) -> int:
    """Where the items that differ end, if as many as before are behind them in their places."""
    end = len(now)
    if len(before) == len(now):
        while end and before[end - 1] is now[end - 1]:
            end -= 1
    return end
