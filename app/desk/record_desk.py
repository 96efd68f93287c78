"""What stays of a dictation beside its window: its text in the history, its sound in a file, to be heard again."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.audio.player import Player
from app.audio.recorder import Recorder
from app.errors import AppError
from app.history import History, RecordingKey
from app.journal.entries import Head
from app.journal.writer import Journal
from app.keeping import Keeper
from app.recovery import Recovery
from app.settings import HistorySettings
from app.spool import Spool
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Segment

_LEAD_S = 0.1  # a word is heard a little before its first frame
_NO_SOUND = "The sound of these words was not kept. Settings, History can keep it from now on."
_UNKEPT = "This transcript was begun without saving and stays unsaved. Choose New transcript to keep what follows."
_WAIT_S = 5.0


class RecordDesk(QObject):
    """`begin` and `end` frame a recording; `see` is told of every document in between."""

    noticed = Signal(str)
    playing = Signal(int, int)  # closed item and word that is heard; -1: none any more
    _moved = Signal(object)  # seconds of the recording, or None; from the player's thread

    def __init__(self, open_history: Callable[[], History], folder: Path, journals: Path) -> None:
        """folder: where the sound is kept; journals: where a running recording is."""
        super().__init__()
        self._folder = folder
        self._journals = journals
        self.journal: Journal | None = None  # of the recording, where it is to be kept
        self._broken_off: list[Journal] = []  # to be brought back by the next start
        self._keeper = Keeper(open_history, self.noticed.emit)
        self._keeper.start()
        self._keeps = False
        self._unkept = False  # part of this transcript was dictated not to be saved: nothing of it is
        self._shown = TranscriptDocument()
        self._number = 0  # of the recording in this transcript
        self._keeps_sound = False
        self._recorders: dict[str, Recorder] = {}  # of the recording, by whose channel it is
        self._ending: list[Recorder] = []  # that still write
        self._sound: dict[RecordingKey, Path] = {}  # of this transcript
        self._player = Player(self._moved.emit, self.noticed.emit)
        self._moved.connect(self._follow)
        self._heard: tuple[int, Segment] | None = None  # the item that is played

    @property
    def kept_as(self) -> int | None:
        """The transcript of the history that is open; None where it is not kept."""
        return self._keeper.id

    @property
    def keeps_all(self) -> bool:
        """Whether all that is said and written in the open transcript is in the history, or on its way there."""
        return self._keeps and not self._keeper.refused

    def begin(self, settings: HistorySettings, model: str, source: str, document: TranscriptDocument) -> None:
        """A recording begins, the last one of `document`."""
        self.journal = None
        self._unkept = self._unkept or not settings.save
        self._keeps, self._keeps_sound = not self._unkept, False
        if self._unkept:
            if settings.save:
                self.noticed.emit(_UNKEPT)
            return
        self._number, self._keeps_sound = len(document.session_starts) - 1, settings.audio
        now = datetime.now(UTC)
        head = Head(now, model, source, self._keeper.id, self._number)
        self.journal = Journal(self._journals / f"{now:%Y%m%dT%H%M%S%f}", head, self.noticed.emit)
        self._keeper.begin(head, self.journal.folder.name)
        self.see(document, 0)

    def begin_again(self, recovery: Recovery, journal: Journal) -> None:
        """A recording that broke off goes on, after `turn_to` its transcript, with its journal."""
        self.journal, self._keeps = journal, True
        self._keeper.begin(recovery.head, journal.folder.name)
        self.see(recovery.document, recovery.heard)

    def tap(self, chunks: Iterable[AudioChunk]) -> Iterable[AudioChunk]:
        """The chunks of the recording, kept on their way where that is wished."""
        journal = self.journal

        def keep(chunk: AudioChunk) -> None:
            if journal is not None:
                journal.sound(chunk)
            if self._keeps_sound:
                self._recorder(chunk.speaker).put(chunk)

        spool = Spool(chunks, keep)
        spool.start()
        return spool

    def see(self, document: TranscriptDocument, heard: int) -> None:
        """What is closed in it is kept; `heard` events of the recording are in it."""
        self._shown = document
        if self._keeps:
            self._keeper.see(document, heard)

    def keep_file(self, title: str, model: str, document: TranscriptDocument) -> Future[int]:
        """The text of a file is kept like what was dictated; gives its id in the history once it is written."""
        return self._keeper.keep(title, model, document)

    def end(self, is_whole: bool) -> None:
        """The recording is over; its text may still be edited. What is not whole can be recovered from its journal."""
        if self.journal is not None and is_whole:
            self._keeper.finish(self.journal)
        elif self.journal is not None:  # its last sound may still be on its way
            self._broken_off.append(self.journal)
        self.journal, self._keeps_sound = None, False
        for recorder in self._recorders.values():
            recorder.close()
        self._ending = [*(one for one in self._ending if one.is_alive()), *self._recorders.values()]
        self._recorders = {}

    def turn_to(self, id: int | None, document: TranscriptDocument, sound: dict[RecordingKey, Path]) -> None:
        """Another transcript: one of the history, with its sound, or a new one."""
        self._player.stop()
        self._sound, self._keeps, self._unkept = dict(sound), id is not None, False
        self._keeper.turn_to(id, document)

    def play(self, document: TranscriptDocument, index: int, number: int) -> None:
        """Let a word of a closed item be heard, and what follows in its segment."""
        item = document.closed[index]
        number = bisect.bisect_right(document.session_starts, index) - 1  # -1: the text of a file
        file = self._sound.get((number, item.speaker)) if isinstance(item, Segment) else None
        if not isinstance(item, Segment) or file is None:
            self.noticed.emit(_NO_SOUND)
            return
        self._heard = index, item
        start_s = max(0.0, item.words[number].start_sample / SAMPLE_RATE_HZ - _LEAD_S)
        self._player.play(file, start_s, item.end_sample / SAMPLE_RATE_HZ)

    def be_quiet(self) -> None:
        """Nothing is played any more, a moment from now."""
        self._player.stop()

    def catch_up(self) -> None:
        """Wait until the history has all that it is to have. Raises AppError where that takes too long."""
        if not self._keeper.catch_up(_WAIT_S):
            raise AppError("The history cannot be written now.", "Try again in a moment.")

    def shut_down(self) -> bool:
        """Write what waits; nothing sounds any more. Returns whether everything is written."""
        self._player.stop()
        self.end(is_whole=False)  # one that still runs
        written = self._keeper.shut_down(_WAIT_S)
        for recorder in self._ending:
            recorder.join(_WAIT_S)
        for journal in self._broken_off:
            journal.close()
        self._player.join(_WAIT_S)
        return written

    def _recorder(self, speaker: str) -> Recorder:
        """Of this channel; it begins with the channel's first sound."""
        recorder = self._recorders.get(speaker)
        if recorder is None:
            old = self._sound.get((self._number, speaker))
            if old is not None:  # of a recording in which nothing was said
                old.unlink(missing_ok=True)
            file = self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.ogg"
            recorder = self._recorders[speaker] = Recorder(file, self.noticed.emit)
            recorder.start()
            self._sound[self._number, speaker] = file
            self._keeper.add_recording((self._number, speaker), file)
        return recorder

    def _follow(self, time_s: float | None) -> None:
        index, item = self._heard or (0, None)
        there = index < len(self._shown.closed) and self._shown.closed[index] is item
        if item is None or time_s is None or not there:
            self.playing.emit(-1, 0)
            return
        begun = [word.start_sample for word in item.words]
        self.playing.emit(index, max(0, bisect.bisect_right(begun, time_s * SAMPLE_RATE_HZ) - 1))
