"""Global keys on macOS, by Carbon's RegisterEventHotKey. Tested with a system of its own making, never on a Mac.

Source: CarbonEvents.h and HIToolbox's Events.h of Apple's SDK. No permission is needed for these keys.
"""

from __future__ import annotations

import ctypes
import platform
import queue
import threading
import time
from collections.abc import Callable, Mapping
from ctypes import POINTER, byref, c_int32, c_uint32, c_ulong, c_void_p
from typing import Any, Protocol

from app.hotkey.contract import KeyChange

_CARBON = "/System/Library/Frameworks/Carbon.framework/Carbon"
_KEYBOARD, _PRESSED, _RELEASED = 0x6B657962, 5, 6  # "keyb"
_DIRECT_OBJECT, _HOTKEY_ID = 0x2D2D2D2D, 0x686B6964  # "----", "hkid"
_SIGNATURE = 0x64696374  # "dict"
_TAKEN = -9878
_NOT_HANDLED = -9874
_MODIFIERS = {
    "cmd": 0x100, "command": 0x100, "meta": 0x100, "super": 0x100, "shift": 0x200, "alt": 0x800, "option": 0x800,
    "ctrl": 0x1000, "control": 0x1000,
}  # fmt: skip
_LETTERS = dict(zip("asdfhgzxcv", range(10), strict=True)) | {
    "b": 11, "q": 12, "w": 13, "e": 14, "r": 15, "y": 16, "t": 17, "1": 18, "2": 19, "3": 20, "4": 21, "6": 22,
    "5": 23, "9": 25, "7": 26, "8": 28, "0": 29, "o": 31, "u": 32, "i": 34, "p": 35, "l": 37, "j": 38, "k": 40,
    "n": 45, "m": 46,
}  # fmt: skip
_KEYS = _LETTERS | {
    "space": 49, "esc": 53, "escape": 53, "enter": 36, "return": 36, "tab": 48, "backspace": 51, "insert": 114,
    "delete": 117, "del": 117, "home": 115, "end": 119, "pageup": 116, "pgup": 116, "pagedown": 121, "pgdown": 121,
    "left": 123, "right": 124, "down": 125, "up": 126, "f1": 122, "f2": 120, "f3": 99, "f4": 118, "f5": 96, "f6": 97,
    "f7": 98, "f8": 100, "f9": 101, "f10": 109, "f11": 103, "f12": 111, "f13": 105, "f14": 107, "f15": 113,
    "f16": 106, "f17": 64, "f18": 79, "f19": 80, "f20": 90,
}  # fmt: skip


class System(Protocol):
    """What is used of macOS, from the main thread."""

    def listen(self, told: Callable[[int, bool], None]) -> None:
        """Have `told` called with the number of a key and whether it went down, on the main thread."""
        ...

    def register(self, number: int, modifiers: int, key: int) -> int:
        """Take a key; 0, or the number of the error."""
        ...

    def unregister(self, number: int) -> None: ...


class MacHotkeys:
    """Registered keys. macOS tells of them on the main thread, in the window's loop: `bind` and `close` belong there.
    Of other keys it tells nothing without a permission that this does not ask for."""

    name = "RegisterEventHotKey"
    asks = False

    def __init__(self, system: Callable[[], System] | None = None) -> None:
        self._make: Callable[[], System] = system or Calls
        self._system: System | None = None
        self._names: dict[int, str] = {}
        self._down: set[int] = set()
        self._changes: queue.SimpleQueue[KeyChange | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def fault(self) -> str:
        try:
            self._make()
        except OSError as error:
            return _unavailable(error)
        return ""

    def bind(self, keys: Mapping[str, str], changed: Callable[[KeyChange], None]) -> dict[str, str]:
        self.close()
        try:
            self._system = self._system or self._listening()
        except OSError as error:
            return dict.fromkeys(keys, _unavailable(error))
        unbound = {}
        for number, (name, combination) in enumerate(keys.items(), 1):
            parsed = virtual_key(combination)
            failed = self._system.register(number, *parsed) if parsed else None
            if failed == 0:
                self._names[number] = name
            else:
                unbound[name] = _refused(combination, failed)
        self._changes = queue.SimpleQueue()
        arguments = (self._changes, changed)
        self._thread = threading.Thread(target=_tell, args=arguments, name="macos keys", daemon=True)
        self._thread.start()
        return unbound

    def close(self) -> None:
        for number in self._names:
            if self._system is not None:
                self._system.unregister(number)
            if number in self._down:  # nobody will tell any more: a recording must not go on for ever
                self._note(number, False)
        self._names = {}
        if self._thread is not None:
            self._changes.put(None)
            self._thread.join()
            self._thread = None

    def _listening(self) -> System:
        system = self._make()
        system.listen(self._note)
        return system

    def _note(self, number: int, is_down: bool) -> None:
        if number in self._names and is_down != (number in self._down):
            self._down ^= {number}
            self._changes.put(KeyChange(self._names[number], "down" if is_down else "up", time.monotonic()))


def _tell(changes: queue.SimpleQueue[KeyChange | None], changed: Callable[[KeyChange], None]) -> None:
    while (change := changes.get()) is not None:
        changed(change)


def _unavailable(error: OSError) -> str:
    return f"macOS's keys cannot be had ({error}). Use the program's window."


def _refused(combination: str, error: int | None) -> str:
    if error is None:
        return f"macOS has no key {combination}. Choose another one."
    if error == _TAKEN:
        return f"{combination} is taken by another program. Choose another one."
    return f"macOS does not give {combination} (error {error}). Choose another one."


def virtual_key(combination: str) -> tuple[int, int] | None:
    """Modifiers and virtual key of a combination, on the places of an American keyboard; None where there is none."""
    *modifiers, key = (part.strip().lower() for part in combination.split("+"))
    if key not in _KEYS or not all(modifier in _MODIFIERS for modifier in modifiers):
        return None
    return sum({_MODIFIERS[modifier] for modifier in modifiers}), _KEYS[key]


class _Kind(ctypes.Structure):
    _fields_ = (("of", c_uint32), ("kind", c_uint32))


class _Id(ctypes.Structure):
    _fields_ = (("signature", c_uint32), ("number", c_uint32))


_HANDLER = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)


class Calls:
    """macOS itself."""

    def __init__(self) -> None:
        """Raises OSError on another system."""
        if platform.system() != "Darwin":
            raise OSError("this is not macOS")
        load: Any = ctypes.CDLL
        self._carbon = load(_CARBON)
        carbon = self._carbon
        carbon.GetApplicationEventTarget.restype = c_void_p
        carbon.InstallEventHandler.argtypes = (
            c_void_p, _HANDLER, c_ulong, POINTER(_Kind), c_void_p, POINTER(c_void_p),
        )  # fmt: skip
        carbon.RegisterEventHotKey.argtypes = (c_uint32, c_uint32, _Id, c_void_p, c_uint32, POINTER(c_void_p))
        carbon.UnregisterEventHotKey.argtypes = (c_void_p,)
        carbon.GetEventKind.argtypes, carbon.GetEventKind.restype = (c_void_p,), c_uint32
        carbon.GetEventParameter.argtypes = (
            c_void_p, c_uint32, c_uint32, c_void_p, c_ulong, c_void_p, c_void_p,
        )  # fmt: skip
        self._taken: dict[int, c_void_p] = {}
        self._handler: Any = None

    def listen(self, told: Callable[[int, bool], None]) -> None:
        def receive(_: Any, event: Any, __: Any) -> int:
            which = _Id()
            size = ctypes.sizeof(which)
            failed = self._carbon.GetEventParameter(event, _DIRECT_OBJECT, _HOTKEY_ID, None, size, None, byref(which))
            if failed or which.signature != _SIGNATURE:
                return _NOT_HANDLED
            told(which.number, self._carbon.GetEventKind(event) == _PRESSED)
            return 0

        self._handler = _HANDLER(receive)  # held: macOS calls it as long as the program lives
        kinds = (_Kind * 2)(_Kind(_KEYBOARD, _PRESSED), _Kind(_KEYBOARD, _RELEASED))
        target = self._carbon.GetApplicationEventTarget()
        self._carbon.InstallEventHandler(target, self._handler, 2, kinds, None, None)

    def register(self, number: int, modifiers: int, key: int) -> int:
        taken = c_void_p()
        target = self._carbon.GetApplicationEventTarget()
        error = self._carbon.RegisterEventHotKey(key, modifiers, _Id(_SIGNATURE, number), target, 0, byref(taken))
        if not error:
            self._taken[number] = taken
        return int(error)

    def unregister(self, number: int) -> None:
        self._carbon.UnregisterEventHotKey(self._taken.pop(number))
