"""The keyboard: which keys are held, which key gives a character, and pressing keys as if a user did."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from Xlib import X
from Xlib.ext import xtest

from app.output.x11.connection import FAILED
from app.output.x11.ping import Ping
from app.output.x11.xkb import Locks, Xkb

SHIFT, CONTROL, RETURN, TAB = 0xFFE1, 0xFFE3, 0xFF0D, 0xFF09
_NUM_LOCK = 0xFF7F
_SETTLE_S = 0.15  # for a window that does not answer whether it has seen the new meaning of a key
_SETTLED_S = 1.0
_POLL_S = 0.01

Stroke = tuple[int, bool]  # a keycode, and whether Shift is held


def keysym(character: str) -> int:
    """What X calls a character; a line end is the Return key, a tabulator the Tab key."""
    if character in "\n\t":
        return RETURN if character == "\n" else TAB
    code = ord(character)
    return code if 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF else 0x01000000 | code


def strokes_of(rows: Sequence[Sequence[int]], first: int) -> tuple[dict[int, Stroke], list[int]]:
    """What the first layout gives with and without Shift, and which keycodes mean nothing, neighbours first.

    What needs AltGr or a dead key is left to spare keys, whose meaning does not depend on the layout.
    """
    found: dict[int, Stroke] = {}
    for place, row in enumerate(rows):
        for level, symbol in enumerate(row[:2]):
            if symbol:
                found.setdefault(symbol, (first + place, bool(level)))
    spare = neighbours([first + place for place, row in enumerate(rows) if not any(row)])
    return found, [code for run in sorted(spare, key=len, reverse=True) for code in run]


def neighbours(codes: Sequence[int]) -> list[list[int]]:
    """The codes in runs without a gap."""
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and runs[-1][-1] + 1 == code:
            runs[-1].append(code)
        else:
            runs.append([code])
    return runs


class Keyboard:
    """Presses keys through XTEST on a connection that belongs to one thread."""

    def __init__(self, connection: Any) -> None:
        self._display = connection
        self._xkb = Xkb(connection)
        self._ping = Ping(connection)
        self._spare: list[int] = []
        self._strokes: dict[int, Stroke] = {}
        self._width = 1
        self._lent: dict[int, int] = {}  # what spare keys mean now: keycode by keysym

    def read_layout(self) -> None:
        """Learn the layout, which may have changed since the last time."""
        info = self._display.display.info
        rows = self._display.get_keyboard_mapping(info.min_keycode, info.max_keycode - info.min_keycode + 1)
        self._width = len(rows[0])
        self._strokes, self._spare = strokes_of(rows, info.min_keycode)

    def keys_held(self) -> bool:
        """Whether any key is down. While the key of a global shortcut is, keys go to whoever has grabbed it."""
        return any(self._display.query_keymap())

    def wait_until_free(self, wait_s: float) -> bool:
        """Whether the user has let go of all keys in time."""
        deadline = time.monotonic() + wait_s
        while self.keys_held():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def is_grabbed(self) -> bool:
        """Whether a menu or a locked screen takes the keys instead of the window with the keyboard."""
        root = self._display.screen().root
        status = root.grab_keyboard(True, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        if status == X.GrabSuccess:
            self._display.ungrab_keyboard(X.CurrentTime)
        return bool(status == X.AlreadyGrabbed)

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """The first layout as it is now, without Caps Lock or sticky keys; in the end all is as it was."""
        self.read_layout()
        locks = self._xkb.locks()
        affected = 0xFF & ~self._mask_of(_NUM_LOCK)
        changes = locks.layout != 0 or locks.modifiers & affected
        if changes:
            self._xkb.lock(Locks(0, 0), affected)
        try:
            yield
        finally:
            with contextlib.suppress(*FAILED):
                self._give_back_spare_keys()
                if changes:
                    self._xkb.lock(locks, affected)
                self._display.sync()

    def lend(self, symbols: Sequence[int], window: int) -> int:
        """Make as many of these characters as possible typable; returns how many. The window has seen it by then."""
        missing: list[int] = []
        count = 0
        for count, symbol in enumerate(symbols):  # noqa: B007 - the number of the first that does not fit
            if symbol not in self._strokes and symbol not in missing:
                if len(missing) == len(self._spare):
                    break
                missing.append(symbol)
        else:
            count = len(symbols)
        if any(symbol not in self._lent for symbol in missing):
            self.settle(window)  # with the keys that are still on their way
            self._give_back_spare_keys(missing)
            free = (code for code in self._spare if code not in self._lent.values())
            new = dict(zip(free, (symbol for symbol in missing if symbol not in self._lent), strict=False))
            self._lent |= {symbol: code for code, symbol in new.items()}
            self._change(new)
            self._display.sync()
            self.settle(window)
        return count

    def tap(self, symbol: int, *held: int, times: int = 1) -> None:
        """Press a key and let go, once or more often, while others are held. Only what `lend` has made typable."""
        codes = [self._stroke(other)[0] for other in held]
        code, shifted = self._stroke(symbol)
        if shifted and SHIFT not in held:
            codes.append(self._stroke(SHIFT)[0])
        for other in codes:
            xtest.fake_input(self._display, X.KeyPress, other)
        for _ in range(times):
            xtest.fake_input(self._display, X.KeyPress, code)
            xtest.fake_input(self._display, X.KeyRelease, code)
        for other in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, other)

    def settle(self, window: int) -> None:
        """Until the window has seen all that was sent to it, as far as it tells."""
        self._display.sync()
        if not self._ping.is_understood(window):
            time.sleep(_SETTLE_S)
        else:
            self._ping.answered(window, _SETTLED_S)

    def understands_ping(self, window: int) -> bool:
        """Whether the window tells what it has seen."""
        return self._ping.is_understood(window)

    def has_caught_up(self, window: int, wait_s: float) -> bool:
        """Whether the window says in time that it has seen all that was sent."""
        return self._ping.is_understood(window) and self._ping.answered(window, wait_s)

    def _stroke(self, symbol: int) -> Stroke:
        if symbol in self._lent:
            return self._lent[symbol], False
        return self._strokes[symbol]

    def _give_back_spare_keys(self, keep: Sequence[int] = ()) -> None:
        """Spare keys mean nothing again, but for those that are needed further on."""
        free = {symbol: code for symbol, code in self._lent.items() if symbol not in keep}
        self._change(dict.fromkeys(free.values(), X.NoSymbol))
        for symbol in free:
            del self._lent[symbol]

    def _change(self, symbols: dict[int, int]) -> None:
        """Give keycodes a meaning. Each request makes every program look at the keyboard anew, some at the cost of a
        tenth of a second: neighbours change with one."""
        for run in neighbours(list(symbols)):
            self._display.change_keyboard_mapping(run[0], [[symbols[code]] * self._width for code in run])

    def _mask_of(self, symbol: int) -> int:
        """Which modifier a lock key is."""
        code = self._strokes.get(symbol, (0, False))[0]
        for place, codes in enumerate(self._display.get_modifier_mapping()):
            if code and code in codes:
                return 1 << place
        return 0
