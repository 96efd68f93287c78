"""Global keys of X11: passive grabs of just these keys, and the raw events beside them for what fingers really do.

A grab keeps the key from every other window. It is let go at once, so that whatever else is typed while the key is down
arrives where it should, text that this program types included; when the key begins to repeat itself the keyboard is
kept until the key is up. Raw events, which no repeating doubles, tell of releases and of other keys. A grab of the root
window hides them for the moment that it lasts: what happens then comes to the grab instead.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from Xlib import X
from Xlib.error import BadAccess, CatchError, ConnectionClosedError, XError
from Xlib.ext import xinput

from app.errors import AppError
from app.hotkey.contract import KeyChange
from app.hotkey.keys import read
from app.hotkey.x11_keys import Grip, Keyboard, find, look, open_display

_RAW = struct.Struct("=HIIH")  # device, time, key code, the keyboard that it came from
_RAW_PRESS, _RAW_RELEASE = 13, 14
_GENERIC = 35
_REPEAT_S = 0.15  # no key repeats itself sooner
GONE = "The display does not answer. Start Dictate again once it does."


@dataclass(frozen=True, slots=True)
class Order:
    """Listen to these; None: leave."""

    keys: dict[str, str] | None
    changed: Callable[[KeyChange], None] | None
    told: Future[dict[str, str]] = field(default_factory=Future)


class Listener(threading.Thread):
    """Ends with an order, or quietly with the server."""

    def __init__(self, orders: SimpleQueue[Order], wake: int) -> None:
        super().__init__(name="global keys", daemon=True)
        self._orders, self._wake = orders, wake
        self._changed: Callable[[KeyChange], None] = lambda change: None
        self._wanted: dict[str, str] = {}
        self._grips: dict[str, Grip] = {}
        self._still: set[int] = set()  # codes of keys that are kept from repeating themselves
        self._down = ""  # name of the key of ours that is down
        self._at = Grip(0, 0)  # its place
        self._since_s = 0.0
        self._source = 0  # the keyboard that it is on
        self._raw: dict[int, int] = {}  # keyboards, by the code of a key that went down and is not known as ours yet
        self._stuck = 0  # code of a key that is still down after its modifiers are up: it must not be typed
        self._keeps = False  # the keyboard, because of a key that repeats itself

    def run(self) -> None:
        try:
            self._display = open_display()
        except AppError as error:
            self._refuse(str(error))
            return
        try:
            self._roots = [self._display.screen(at).root for at in range(self._display.screen_count())]
            # Not the root: a grab of that one would hide the raw events.
            self._window = self._roots[0].create_window(-1, -1, 1, 1, 0, 0, X.InputOnly, override_redirect=True)
            self._window.map()
            mask = (1 << _RAW_PRESS) | (1 << _RAW_RELEASE)
            for root in self._roots:
                xinput.select_events(root, [(xinput.AllMasterDevices, mask)])
            self._keyboard: Keyboard = look(self._display)
            while self._obey() and self._hear():
                pass
            with contextlib.suppress(ConnectionClosedError, XError):
                self._grab({})
            self._display.close()
        except (ConnectionClosedError, XError, OSError, ValueError):  # the server has gone, and with it every grab
            self._refuse(GONE)

    def _refuse(self, fault: str) -> None:
        while not self._orders.empty():
            order = self._orders.get()
            order.told.set_result(dict.fromkeys(order.keys or (), fault))

    def _obey(self) -> bool:
        while not self._orders.empty():
            order = self._orders.get()
            if order.keys is None or order.changed is None:
                return False
            self._changed, self._wanted = order.changed, order.keys
            order.told.set_result(self._grab(self._wanted))
        return True

    def _hear(self) -> bool:
        """Wait for something to happen, and take it."""
        timeout = None
        if self._stuck and not self._keeps:
            timeout = max(0.0, self._since_s + _REPEAT_S - time.monotonic())
        self._display.flush()
        if not self._display.pending_events():
            ready, _, _ = select.select([self._display.fileno(), self._wake], [], [], timeout)
            if self._wake in ready:
                os.read(self._wake, 1024)
        if timeout is not None and time.monotonic() >= self._since_s + _REPEAT_S:
            self._keep()
        while self._display.pending_events():
            self._take(self._display.next_event())
        return True

    def _take(self, event: Any) -> None:
        if event.type == X.KeyPress:
            self._press(event.detail, event.state)
        elif event.type == X.KeyRelease:
            if not self._is_down(event.detail):  # else it repeats itself
                self._raw_release(event.detail)
        elif event.type == _GENERIC and event.evtype in (_RAW_PRESS, _RAW_RELEASE):
            _, _, code, source = _RAW.unpack_from(event.data)
            if event.evtype == _RAW_PRESS:
                self._raw_press(code, source)
            else:
                self._raw_release(code)
        elif event.type == X.MappingNotify:
            self._display.refresh_keyboard_mapping(event)
            self._move()

    def _press(self, code: int, state: int) -> None:
        """A grabbed key went down, or repeats itself while it is."""
        source = self._raw.pop(code, None)
        grip = Grip(code, self._keyboard.without_locks(state))
        name = next((name for name, held in self._grips.items() if held == grip), "")
        if source is None and code in (self._at.code if self._down else 0, self._stuck):
            self._keep()  # it repeats itself
            return
        if source is None and not self._is_down(code):
            return  # it repeated itself just before it went up, which is known already
        self._let_go()
        if not name:
            self._raw_press(code, self._source)
        else:
            self._release()
            self._down, self._at, self._source, self._since_s = name, grip, source or 0, time.monotonic()
            self._tell(name, "down")

    def _raw_press(self, code: int, source: int) -> None:
        if any(grip.code == code for grip in self._grips.values()):
            self._raw[code] = source  # it may be one of ours: the grab says so
        if code in self._keyboard.modifier_codes or code == self._at.code:
            return
        if self._stuck:  # it repeats itself no more
            self._let_go()
        # A shortcut is made on one keyboard; what this program types comes from another.
        if self._down and source == self._source:
            self._let_go()
            self._tell("", "other")

    def _raw_release(self, code: int) -> None:
        self._raw.pop(code, None)
        if code in (self._stuck, self._at.code):
            self._let_go()
        if self._down and code == self._at.code:
            self._release()
        elif self._down and code in self._keyboard.codes_of(self._at.mask):
            self._stuck = self._at.code
            self._release()

    def _release(self) -> None:
        if self._down:
            name, self._down = self._down, ""
            self._tell(name, "up")

    def _keep(self) -> None:
        """A key whose modifiers are let go first would be typed as soon as it repeats itself."""
        if not self._keeps:
            self._keeps = True
            self._window.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
            if not self._is_down(self._stuck or self._at.code):  # while nobody was told
                self._raw_release(self._stuck or self._at.code)

    def _let_go(self) -> None:
        self._stuck, self._keeps = 0, False
        self._display.ungrab_keyboard(X.CurrentTime)

    def _is_down(self, code: int) -> bool:
        return bool(self._display.query_keymap()[code // 8] >> code % 8 & 1)

    def _tell(self, name: str, change: Any) -> None:
        self._changed(KeyChange(name, change, time.monotonic()))

    def _grab(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Hold exactly these; returns what cannot be held."""
        faults, places = {}, dict[str, Grip]()
        for name, text in wanted.items():
            try:
                grip = find(self._display, self._keyboard, read(text))
                if grip in places.values():
                    raise AppError(f"{text} is used twice.", "Choose another key in Settings, Keys.")
                places[name] = grip
            except AppError as error:
                faults[name] = str(error)
        before = set(self._grips.values())
        for grip in before - set(places.values()):
            self._ungrab(grip)
        self._grips = {name: grip for name, grip in places.items() if grip in before or self._grab_one(grip)}
        for name in places.keys() - self._grips.keys():
            faults[name] = f"{wanted[name]} is taken by another program. Choose another key in Settings, Keys."
        self._keep_still({grip.code for grip in self._grips.values() if not grip.mask})
        self._display.sync()
        return faults

    def _move(self) -> None:
        """The keyboard has changed: the same keys are in other places now."""
        for grip in self._grips.values():
            self._ungrab(grip)
        self._grips = {}
        self._keyboard = look(self._display)
        self._grab(self._wanted)

    def _grab_one(self, grip: Grip) -> bool:
        """Whatever locks are on; returns whether it was free."""
        taken = CatchError(BadAccess)
        for root in self._roots:
            for lock in self._keyboard.locks:
                mask = grip.mask | lock
                root.grab_key(grip.code, mask, False, X.GrabModeAsync, X.GrabModeAsync, onerror=taken)
        self._display.sync()
        if taken.get_error() is not None:
            self._ungrab(grip)
            return False
        return True

    def _ungrab(self, grip: Grip) -> None:
        for root in self._roots:
            for lock in self._keyboard.locks:
                root.ungrab_key(grip.code, grip.mask | lock)

    def _keep_still(self, codes: set[int]) -> None:
        """A key that may be held while this program types must not take the keyboard again by repeating itself."""
        repeats = self._display.get_keyboard_control().auto_repeats
        for code in codes:
            if repeats[code // 8] >> code % 8 & 1:
                self._display.change_keyboard_control(key=code, auto_repeat_mode=X.AutoRepeatModeOff)
                self._still.add(code)
        for code in self._still - codes:
            self._display.change_keyboard_control(key=code, auto_repeat_mode=X.AutoRepeatModeOn)
        self._still &= codes
