"""Global keys on Windows, by RegisterHotKey. Tested with a system of its own making, never on Windows.

Source: Microsoft's documentation, https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-registerhotkey
"""

from __future__ import annotations

import ctypes
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from ctypes import byref, c_int32, c_size_t, c_ssize_t, c_uint32, c_void_p
from typing import Any, Protocol

from app.hotkey.contract import KeyChange

_LOOK_S = 0.015
_IDLE_S = 0.05
_ANSWER_S = 5.0
_TAKEN = 1409
_HOTKEY = 0x0312
_NO_REPEAT = 0x4000
_MODIFIERS = {"alt": 1, "ctrl": 2, "shift": 4, "win": 8, "meta": 8, "super": 8}
_MODIFIER_KEYS = frozenset({0x10, 0x11, 0x12, 0x5B, 0x5C, *range(0xA0, 0xA6)})
_MOUSE = frozenset(range(1, 7))
_KEYS = {
    "space": 0x20, "esc": 0x1B, "escape": 0x1B, "enter": 0x0D, "return": 0x0D, "tab": 0x09, "backspace": 0x08,
    "insert": 0x2D, "ins": 0x2D, "delete": 0x2E, "del": 0x2E, "home": 0x24, "end": 0x23, "pageup": 0x21, "pgup": 0x21,
    "pagedown": 0x22, "pgdown": 0x22, "left": 0x25, "up": 0x26, "right": 0x27, "down": 0x28, "pause": 0x13,
    "scrolllock": 0x91, "print": 0x2C, "printscreen": 0x2C, "menu": 0x5D,
}  # fmt: skip


class System(Protocol):
    """What is used of Windows, from one thread."""

    def register(self, number: int, modifiers: int, key: int) -> int:
        """Take a key for this thread; 0, or the number of the error."""
        ...

    def unregister(self, number: int) -> None: ...

    def pressed(self, wait_s: float) -> int | None:
        """The number of the next key that was pressed, waiting at most so long."""
        ...

    def is_down(self, key: int) -> bool: ...


class WindowsHotkeys:
    """Registered keys, on a thread of their own: Windows tells the thread that took them, and only of presses."""

    name = "RegisterHotKey"
    asks = False

    def __init__(self, system: Callable[[], System] | None = None) -> None:
        self._system = system or Calls
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def fault(self) -> str:
        try:
            self._system()
        except OSError as error:
            return f"Windows' keys cannot be had ({error}). Use the program's window."
        return ""

    def bind(self, keys: Mapping[str, str], changed: Callable[[KeyChange], None]) -> dict[str, str]:
        self.close()
        answer: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        arguments = (self._system, dict(keys), changed, answer, self._stopping)
        self._thread = threading.Thread(target=_listen, args=arguments, name="windows keys", daemon=True)
        self._thread.start()
        try:
            return answer.get(timeout=_ANSWER_S)
        except queue.Empty:
            return dict.fromkeys(keys, "Windows does not answer. Try again.")

    def close(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def _listen(
    make: Callable[[], System],
    keys: Mapping[str, str],
    changed: Callable[[KeyChange], None],
    answer: queue.SimpleQueue[dict[str, str]],
    stopping: threading.Event,
) -> None:
    """One thread's life: take the keys, tell of them, give them back."""
    try:
        system = make()
    except OSError as error:
        answer.put(dict.fromkeys(keys, f"Windows' keys cannot be had ({error}). Use the program's window."))
        return
    taken, unbound = _register(system, keys)
    answer.put(unbound)
    held: dict[int, str] = {}  # keys that are down now, and what they are bound to
    others: frozenset[int] = frozenset()
    try:
        while not stopping.is_set():
            number = system.pressed(_LOOK_S if held else _IDLE_S)
            now = time.monotonic()
            if number in taken and taken[number][1] not in held:
                name, key = taken[number]
                others = others if held else _others(system, key)
                held[key] = name
                changed(KeyChange(name, "down", now))
            for key in [key for key in held if not system.is_down(key)]:
                changed(KeyChange(held.pop(key), "up", now))
            if held:
                before, others = others, _others(system, *held)
                for _ in others - before:
                    changed(KeyChange("", "other", now))
    finally:
        for name in held.values():  # nobody will tell any more: a recording must not go on for ever
            changed(KeyChange(name, "up", time.monotonic()))
        for number in taken:
            system.unregister(number)


def _register(system: System, keys: Mapping[str, str]) -> tuple[dict[int, tuple[str, int]], dict[str, str]]:
    """The keys that were taken, by number, and what is to be said of the others."""
    taken: dict[int, tuple[str, int]] = {}
    unbound: dict[str, str] = {}
    for number, (name, combination) in enumerate(keys.items(), 1):
        parsed = virtual_key(combination)
        if parsed is None:
            unbound[name] = f"Windows has no key {combination}. Choose another one."
            continue
        error = system.register(number, parsed[0] | _NO_REPEAT, parsed[1])
        if error == _TAKEN:
            unbound[name] = f"{combination} is taken by another program. Choose another one."
        elif error:
            unbound[name] = f"Windows does not give {combination} (error {error}). Choose another one."
        else:
            taken[number] = (name, parsed[1])
    return taken, unbound


def _others(system: System, *but: int) -> frozenset[int]:
    """The keys that are down, besides modifiers and the mouse's."""
    none = _MODIFIER_KEYS | _MOUSE | frozenset(but)
    return frozenset(key for key in range(8, 0xFF) if key not in none and system.is_down(key))


def virtual_key(combination: str) -> tuple[int, int] | None:
    """Modifiers and virtual key of a combination; None where Windows has no such key."""
    *modifiers, key = (part.strip().lower() for part in combination.split("+"))
    if not all(modifier in _MODIFIERS for modifier in modifiers):
        return None
    flags = sum({_MODIFIERS[modifier] for modifier in modifiers})
    if len(key) == 1 and key.isascii() and key.isalnum():
        return flags, ord(key.upper())
    if key[:1] == "f" and key[1:].isdecimal() and 1 <= int(key[1:]) <= 24:
        return flags, 0x6F + int(key[1:])
    return (flags, _KEYS[key]) if key in _KEYS else None


class _Message(ctypes.Structure):
    _fields_ = (
        ("window", c_void_p),
        ("message", c_uint32),
        ("wide", c_size_t),
        ("long", c_ssize_t),
        ("time", c_uint32),
        ("x", c_int32),
        ("y", c_int32),
    )


class Calls:
    """Windows itself."""

    def __init__(self) -> None:
        """Raises OSError on another system."""
        if os.name != "nt":
            raise OSError("this is not Windows")
        libraries: Any = ctypes
        self._user = libraries.WinDLL("user32", use_last_error=True)
        self._user.GetAsyncKeyState.restype = ctypes.c_int16
        self._last_error = libraries.get_last_error

    def register(self, number: int, modifiers: int, key: int) -> int:
        return 0 if self._user.RegisterHotKey(None, number, modifiers, key) else int(self._last_error()) or -1

    def unregister(self, number: int) -> None:
        self._user.UnregisterHotKey(None, number)

    def pressed(self, wait_s: float) -> int | None:
        any_input = 0x04FF
        self._user.MsgWaitForMultipleObjects(0, None, 0, int(wait_s * 1000), any_input)
        message = _Message()
        while self._user.PeekMessageW(byref(message), None, 0, 0, 1):
            if message.message == _HOTKEY:
                return int(message.wide)
        return None

    def is_down(self, key: int) -> bool:
        return bool(self._user.GetAsyncKeyState(key) & 0x8000)
