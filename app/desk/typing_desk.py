"""A dictation that goes into another program: from the global key to the words in that window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from app.desk.desktop import Desktop
from app.output.contract import Focus, Way
from app.output.dictated import dictated
from app.output.typist import SECRET, Inserted, Pinned, Report, TakenBack, Typist
from app.state import State
from s2t_core.transcript import TranscriptDocument

_WAIT_S = 3.0
_RUNS = "A recording is running in the window of Dictate; its text stays there."
_NONE = "Nothing has been dictated yet."


class Keys(Protocol):
    """What the user asks for by global keys, and where it is shown what comes of it."""

    began: SignalInstance  # a dictation, by pressing its key
    tapped: SignalInstance  # the key is up again, the dictation goes on
    ended: SignalInstance
    cancelled: SignalInstance
    insert_wanted: SignalInstance  # of the last dictation once more
    take_back_wanted: SignalInstance

    def show_place(self, area: tuple[int, int, int, int] | None) -> None: ...

    def show_state(self, state: State) -> None: ...

    def show_level(self, peak: float) -> None: ...

    def show_done(self, text: str, is_fault: bool = False) -> None: ...


class TypingDesk(QObject):
    """Lives on the GUI thread; the windows of others are dealt with on the typist's."""

    _reported = Signal(object)

    def __init__(self, desktop: Desktop, keys: Keys, open_platform: Callable[[], tuple[Focus, Sequence[Way]]]) -> None:
        super().__init__(desktop)
        self._desktop, self._keys = desktop, keys
        self._runs = False  # the recording that runs is for another window
        self._is_live = False  # its words are inserted as they are settled
        self._waits = ""  # of the last dictation, what is to be inserted when it is asked for
        self._typist = Typist(open_platform, self._reported.emit)
        self._typist.start()
        self._reported.connect(self._receive)
        keys.began.connect(self.begin)
        keys.tapped.connect(self._go_live)
        keys.ended.connect(self.end)
        keys.cancelled.connect(self.cancel)
        keys.insert_wanted.connect(self.insert_last)
        keys.take_back_wanted.connect(self._typist.take_back)
        desktop.controller.document_changed.connect(self._see)
        desktop.controller.state_changed.connect(self._follow)
        desktop.controller.recording_ended.connect(lambda _: self._finish())
        desktop.level_changed.connect(self._show_level)

    @property
    def runs(self) -> bool:
        """Whether a dictation for another window is going on."""
        return self._runs

    def begin(self) -> None:
        """Dictate for the window that has the keyboard now."""
        if self._runs:
            return
        controller = self._desktop.controller
        if controller.state is not State.IDLE:
            self._keys.show_done(_RUNS, is_fault=True)
            return
        self._pin()
        self._runs, self._is_live = True, False
        self._desktop.dictate()
        if controller.state is State.IDLE:
            self._runs = False
            self._keys.show_done(self._desktop.window.notice.text, is_fault=True)

    def end(self) -> None:
        """The dictation is over; its last words still come."""
        if self._runs:
            self._desktop.controller.stop()

    def cancel(self) -> None:
        """The dictation is over, and nothing more of it is inserted; its text is in the window of Dictate."""
        if self._runs:
            self._waits = dictated(self._desktop.controller.document)
            self._runs = False
            self._desktop.controller.stop()
            self._keys.show_done("Cancelled.")

    def insert_last(self) -> None:
        """What waits, or the last dictation once more, for the window that has the keyboard now."""
        if not self._waits:
            self._keys.show_done(_NONE, is_fault=True)
        elif not self._runs:
            self._pin()
            self._typist.finish(self._waits)

    def shut_down(self) -> bool:
        """Insert what is still to be inserted; returns whether that has ended in time."""
        return self._typist.shut_down(_WAIT_S)

    def _pin(self) -> None:
        wanted = self._desktop.settings.insertion
        self._typist.pin(wanted.way, wanted.blind)

    def _go_live(self) -> None:
        self._is_live = self._runs and self._desktop.settings.insertion.when == "live"
        self._see(self._desktop.controller.document)

    def _see(self, document: TranscriptDocument) -> None:
        if self._runs and self._is_live:
            self._typist.see(dictated(document))

    def _follow(self, state: State) -> None:
        if self._runs:
            self._keys.show_state(state)
            if state is State.PAUSED:  # its input is lost
                self._desktop.controller.stop()

    def _show_level(self, peak: float) -> None:
        if self._runs:
            self._keys.show_level(peak)

    def _finish(self) -> None:
        if self._runs:
            self._runs = False
            self._waits = dictated(self._desktop.controller.document)
            self._typist.finish(self._waits)

    def _receive(self, report: Report) -> None:
        if isinstance(report, Pinned):
            self._keys.show_place(report.target.area if report.target else None)
            if report.target is not None and report.target.is_secret:
                self.cancel()
                self._keys.show_done(SECRET, is_fault=True)
        elif isinstance(report, TakenBack):
            self._keys.show_done("Taken back." if report.text else report.why, is_fault=not report.text)
        else:
            self._tell(report)

    def _tell(self, done: Inserted) -> None:
        if done.waits:
            self._waits = done.waits
        text, is_fault = outcome(done, self._desktop.settings.keys.insert_last)
        self._keys.show_done(text, is_fault)
        if is_fault:
            self._desktop.window.notice.show_notice(text)


def outcome(done: Inserted, key: str) -> tuple[str, bool]:
    """What is said of a dictation, and whether the user must do something about it; `key` inserts what waits."""
    words, waiting = len(done.text.split()), len(done.waits.split())
    if done.is_copied:
        return f"{done.why} Copied: paste it where you want it.".strip(), bool(done.why)
    if waiting:
        return f"{done.why} {_count(waiting)} wait: {key} inserts them where the cursor is.".strip(), True
    if not words:
        return done.why or "No words.", bool(done.why)
    return f"{_count(words)} inserted.", False


def _count(words: int) -> str:
    return "1 word" if words == 1 else f"{words} words"
