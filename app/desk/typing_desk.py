"""A dictation that goes into another program: from the global key to the words in that window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from app.desk.ctl_desk import CtlDesk
from app.desk.desktop import Desktop
from app.desk.hotkey_desk import HotkeyDesk
from app.output.contract import Focus, Watch, Way
from app.output.dictated import dictated
from app.output.typist import SECRET, Inserted, Pinned, Report, TakenBack, Typist
from app.single_instance import Instance
from app.state import State
from s2t_core.transcript import TranscriptDocument

_WAIT_S = 3.0
_RUNS = "A recording is running in the window of Dictate; its text stays there."
_BROKEN = "The model could not be loaded; the window of Dictate says why."
_NONE = "Nothing has been dictated yet."


class TypingDesk(QObject):
    """Lives on the GUI thread; the windows of others are dealt with on the typist's."""

    _reported = Signal(object)

    def __init__(
        self, desktop: Desktop, keys: HotkeyDesk, open_platform: Callable[[], tuple[Focus, Watch, Sequence[Way]]]
    ) -> None:
        """open_platform: as the typist asks it."""
        super().__init__(desktop)
        self._desktop, self._keys = desktop, keys
        self._runs = False  # the recording that runs is for another window
        self._is_live = False  # its words are inserted as they are settled
        self._is_dropped = False  # it was cancelled, and its last words are still to come
        self._next: bool | None = None  # one that was asked for while this one ends: whether its key is held
        self._inserts = False  # the last dictation is on its way
        self._waits = ""  # what is inserted when the last dictation is asked for
        self._typist = Typist(open_platform, self._reported.emit)
        self._typist.start()
        self._reported.connect(self._receive)
        keys.begin.connect(self.begin)
        keys.taken.connect(self._take)
        keys.end.connect(self.end)
        keys.cancel.connect(self.cancel)
        keys.insert_last.connect(self.insert_last)
        keys.take_back.connect(self._typist.take_back)
        desktop.controller.document_changed.connect(self._see)
        desktop.controller.state_changed.connect(self._follow)
        desktop.controller.recording_ended.connect(lambda _: self._finish())
        desktop.level_changed.connect(keys.show_peak)
        desktop.settings_changed.connect(keys.use)
        keys.noticed.connect(desktop.window.hint.show_notice)

    def open(self) -> None:
        """The keys are heard from now on."""
        self._keys.open()

    def rest(self, rests: bool) -> None:
        """Hear no keys for a while: they are being chosen."""
        self._keys.rest(rests)

    def answer(self, instance: Instance) -> None:
        """`dictate ctl` does what the keys do."""
        controller = self._desktop.controller
        desk = CtlDesk(lambda: controller.state, self._keys.toggle, self.end, self.cancel, controller.model_state)
        desk.answer(instance)

    @property
    def runs(self) -> bool:
        """Whether a dictation for another window is going on."""
        return self._runs

    def begin(self, is_held: bool = False) -> None:
        """Dictate for the window that has the keyboard now; while its key is held nothing is inserted."""
        state = self._desktop.controller.state
        if state is State.DRAINING:
            self._next = is_held
            self._typist.aim()
        elif state is not State.IDLE:
            self._keys.fail(_BROKEN if state is State.FAILED else _RUNS)
        else:
            self._begin(is_held)

    def end(self) -> None:
        """The recording is over; its last words still come. One that was to follow it is no longer wanted."""
        if self._next is not None:
            self._next = None
            self._keys.drop()
        self._desktop.controller.stop()

    def cancel(self) -> None:
        """The recording is over, and nothing more of it is inserted; its text is in the window of Dictate."""
        self.end()
        if self._runs:
            self._is_live, self._is_dropped = False, True
            self._typist.cancel()
            self._keys.drop()

    def insert_last(self) -> None:
        """What waits, or the last dictation once more, for the window that has the keyboard now."""
        if not self._waits:
            self._keys.deny(_NONE)
        elif not self._runs and not self._inserts:
            self._pin()
            self._insert(self._waits)

    def shut_down(self) -> bool:
        """Give the keys back and insert what is still to be inserted; returns whether that has ended in time."""
        self._keys.close()
        return self._typist.shut_down(_WAIT_S)

    def _begin(self, is_held: bool, is_aimed: bool = False) -> None:
        self._pin(is_aimed)
        self._runs, self._is_live, self._is_dropped = True, False, False
        self._desktop.dictate()
        if self._desktop.controller.state is State.IDLE:
            self._runs = False
            self._keys.fail(self._desktop.window.notice.text)
        elif not is_held:
            self._go_live()

    def _take(self, is_hold: bool) -> None:
        if self._next is not None:
            self._next = is_hold
        elif not is_hold:
            self._go_live()

    def _pin(self, is_aimed: bool = False) -> None:
        wanted = self._desktop.settings.insertion
        self._typist.pin(wanted.way, wanted.blind, is_aimed)

    def _go_live(self) -> None:
        self._is_live = self._runs and self._desktop.settings.insertion.when == "live"
        self._see(self._desktop.controller.document)

    def _see(self, document: TranscriptDocument) -> None:
        if self._runs and self._is_live:
            self._typist.see(dictated(document))

    def _follow(self, state: State) -> None:
        self._keys.show(state)
        if self._runs and state is State.PAUSED:  # its input is lost
            self._desktop.controller.stop()

    def _finish(self) -> None:
        if self._runs:
            self._runs = False
            text = dictated(self._desktop.controller.document)
            self._waits = text or self._waits
            if self._desktop.controller.state is State.FAILED:
                self._keys.fail(_BROKEN)
            elif not self._is_dropped:
                self._insert(text)
        if self._next is not None:
            is_held, self._next = self._next, None
            if self._desktop.controller.state is State.IDLE:
                self._begin(is_held, is_aimed=True)
            else:
                self.begin(is_held)

    def _insert(self, text: str) -> None:
        self._inserts = True
        self._typist.finish(text)

    def _receive(self, report: Report) -> None:
        if isinstance(report, Pinned):
            self._keys.place(report.target)
            if report.target is not None and report.target.is_secret:
                self._refuse(SECRET)
        elif isinstance(report, TakenBack):
            if report.text:
                self._keys.undone()
            else:
                self._keys.deny(report.why)
        else:
            self._inserts = False
            self._tell(report)

    def _refuse(self, why: str) -> None:
        if self._runs:
            self.cancel()
        self._keys.deny(why)
        self._desktop.window.notice.show_notice(why)

    def _tell(self, done: Inserted) -> None:
        self._waits = done.waits or self._waits
        line = left_over(done, self._desktop.settings.keys.insert_last)
        if line:
            self._keys.wait(line)
            self._desktop.window.notice.show_notice(line)
        else:
            self._keys.done(done.text)


def left_over(done: Inserted, key: str) -> str:
    """What the user must know of a dictation that did not arrive, and what to do; `key` inserts what waits."""
    if done.is_copied:
        return f"{done.why} The text is copied: paste it where you want it.".strip()
    if not done.waits:
        return done.why
    count = len(done.waits.split())
    words = "1 word waits" if count == 1 else f"{count} words wait"
    where = f"{key} inserts them where the cursor is." if key else "Its text is in the window of Dictate."
    return f"{done.why} {words}. {where}".strip()
