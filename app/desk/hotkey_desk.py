"""Global keys joined with the sign over other programs: what fingers mean is asked for, what comes of it is shown."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.hotkey.contract import Hotkeys, KeyChange
from app.hotkey.gesture import Act, Gesture, hear, pass_time, tell
from app.hotkey.keys import conflicts
from app.hotkey.platform import make_hotkeys
from app.output.contract import Target
from app.settings import Settings
from app.state import State
from app.ui.pill import Pill, PillLook

_BEGUN = (State.ARMING, State.LISTENING, State.PAUSING, State.PAUSED)
_LOOKS: dict[State, PillLook] = {
    State.ARMING: "arming",
    State.LISTENING: "listening",
    State.PAUSING: "finishing",
    State.DRAINING: "finishing",
}
_CANCEL, _ESC = "cancel", "Esc"
_REPEAT_S = 2.5  # of a key that repeats itself, its delay included


class HotkeyDesk(QObject):
    """Asks through signals; it is told what comes of them: `show` for every state of the program, and once a dictation
    is over one of `done`, `wait`, `drop` and `fail`, or `fail` where it could not begin."""

    begin = Signal(bool)  # whether the key is still down: then `taken` follows, unless it is over before
    taken = Signal(bool)  # the press that began it is a hold (True), or was a tap and it goes on until the next
    end = Signal()
    cancel = Signal()
    insert_last = Signal()
    take_back = Signal()
    noticed = Signal(str)  # keys that cannot be had, in one line with a remedy; empty once they all can
    _changed = Signal(object)  # a KeyChange, from the thread of the keys
    _unbound = Signal(object)  # lines by the names of keys, from the thread that binds

    def __init__(self, settings: Settings, hotkeys: Hotkeys | None = None, parent: QObject | None = None) -> None:
        """hotkeys: this platform's, if none are given."""
        super().__init__(parent)
        self.pill = Pill()
        self.faults: dict[str, str] = {}  # of keys that are not bound, by name
        self._hotkeys = hotkeys or make_hotkeys()
        self._binder = ThreadPoolExecutor(1, "binder") if self._hotkeys.asks else None
        self._settings = settings
        self._gesture = Gesture(settings.keys.hold_ms / 1000)
        self._bound: dict[str, str] = {}
        self._seen: dict[str, float] = {}  # keys that are down, and when they were last heard of
        self._rests = False
        self._awaits = False  # a dictation that was asked for and has not begun yet
        self._ours = False  # the dictation was asked for here: the sign is shown
        self._running: PillLook | None = None  # the look of what goes on, whatever is said in between
        self.pill.gone.connect(self._show_running)
        self._due = QTimer(self, singleShot=True)
        self._due.setTimerType(Qt.TimerType.PreciseTimer)
        self._due.timeout.connect(lambda: self._take(*pass_time(self._gesture, time.monotonic())))
        self._changed.connect(self._hear)
        self._unbound.connect(self._tell_unbound)

    @property
    def name(self) -> str:
        """Of the way to global keys, as the doctor says it."""
        return self._hotkeys.name

    def open(self) -> None:
        """Listen from now on."""
        self._bind()

    def use(self, settings: Settings) -> None:
        """Follow these settings from now on."""
        self._settings = settings
        self._gesture = replace(self._gesture, hold_s=settings.keys.hold_ms / 1000)
        if not settings.insertion.pill:
            self.pill.hide()
        self._bind()

    def rest(self, rests: bool) -> None:
        """Bind nothing for a while: keys are being pressed to be chosen."""
        self._rests = rests
        self._bind()

    def toggle(self) -> None:
        """Begin or end a dictation in other programs without a key, as `dictate ctl` does."""
        if self._gesture.active:
            self._take(tell(self._gesture, False), (Act.END,))
        else:
            self._take(tell(self._gesture, True), (Act.BEGIN,))

    def place(self, target: Target | None) -> None:
        """The sign is on the monitor of the window that is dictated to."""
        self.pill.place(target.area if target is not None else None)

    def show(self, state: State) -> None:
        """The program is in this state now, whoever brought it there."""
        if state in _BEGUN or state is State.FAILED:
            self._awaits = False
        if not self._awaits:  # else the dictation before is still ending
            self._know(state in _BEGUN)
        look = _LOOKS.get(state)
        if self._awaits and look in (None, "finishing"):
            return
        self._running = look
        if look is not None:
            self._show(look)

    def show_peak(self, peak: float) -> None:
        """How loud it is, 0..1."""
        self.pill.show_peak(peak)

    def done(self, text: str) -> None:
        """All of it arrived."""
        words = len(text.split())
        self._show("done", "Nothing was heard" if not words else "1 word" if words == 1 else f"{words} words")

    def undone(self) -> None:
        """What was inserted last is gone again."""
        self._show("done", "Taken back")

    def wait(self, reason: str) -> None:
        """The text did not arrive, and is kept: a line says why and what to do."""
        self._show("waiting", reason)

    def drop(self) -> None:
        """It was cancelled, as was wished, perhaps before it could begin."""
        self._awaits = False
        self._know(False)
        self._show("cancelled")

    def deny(self, why: str) -> None:
        """What another key asked for cannot be done: a line says why. A dictation that goes on is still the keys'."""
        self._show("fault", why)

    def fail(self, fault: str) -> None:
        """It could not begin, or broke off: a line says why and what to do."""
        self._awaits = False
        self._know(False)
        self._show("fault", fault)

    def close(self) -> None:
        """Every key is the other programs' again, and nothing is left on the screen."""
        self._due.stop()
        self._hotkeys.close()
        if self._binder is not None:
            self._binder.shutdown(cancel_futures=True)
        self.pill.close()

    def _show(self, look: PillLook, text: str = "") -> None:
        if self._ours and self._settings.insertion.pill:
            self.pill.show_look(look, text)

    def _show_running(self) -> None:
        if self._gesture.active and self._running is not None:
            self._show(self._running)

    def _know(self, active: bool) -> None:
        if active and not self._gesture.active:
            self._ours = False  # it was begun in our window, which shows all of it
        self._take(tell(self._gesture, active), ())

    def _hear(self, change: KeyChange) -> None:
        if change.name == _CANCEL:
            if change.change == "down":
                self._take(*hear(self._gesture, "cancel", change.time_s))
        elif change.name in ("toggle", ""):
            self._take(*hear(self._gesture, change.change, change.time_s))
        elif change.change == "up":
            self._seen.pop(change.name, None)
        else:
            before, self._seen[change.name] = self._seen.get(change.name), change.time_s
            if before is None or change.time_s - before > _REPEAT_S:
                self._ours = self._ours or not self._gesture.active
                (self.insert_last if change.name == "insert_last" else self.take_back).emit()

    def _take(self, gesture: Gesture, acts: tuple[Act, ...]) -> None:
        self._gesture = gesture
        for act in acts:
            self._awaits = act is Act.BEGIN or (self._awaits and act in (Act.TAP, Act.HOLD))
            if act is Act.BEGIN:
                self._ours = True
                self._running = "arming"
                self._show("arming")
                self.begin.emit(gesture.down_s is not None)
            elif act in (Act.TAP, Act.HOLD):
                self.taken.emit(act is Act.HOLD)
            else:
                (self.end if act is Act.END else self.cancel).emit()
        due_s = self._gesture.due_s
        if due_s is None:
            self._due.stop()
        else:
            self._due.start(max(1, round(1000 * (due_s - time.monotonic()))))
        self._bind()

    def _bind(self) -> None:
        """Hold the keys that are wished now: Esc belongs to others but for the time of a dictation."""
        settings = self._settings.keys
        wanted = {"toggle": settings.toggle, "insert_last": settings.insert_last, "take_back": settings.take_back}
        unfit = conflicts(wanted)
        wanted = {name: keys for name, keys in wanted.items() if keys and name not in unfit}
        if not settings.on or self._rests:
            wanted, unfit = {}, {}
        elif self._gesture.active and self._ours and wanted:
            wanted[_CANCEL] = _ESC
        if wanted == self._bound:
            return
        self._bound = wanted
        if self._binder is None:
            self._tell_unbound(unfit | self._hotkeys.bind(wanted, self._changed.emit))
        else:
            self._binder.submit(lambda: self._unbound.emit(unfit | self._hotkeys.bind(wanted, self._changed.emit)))

    def _tell_unbound(self, faults: dict[str, str]) -> None:
        if faults != self.faults:
            self.faults = faults
            self.noticed.emit(" ".join(dict.fromkeys(faults.values())))
