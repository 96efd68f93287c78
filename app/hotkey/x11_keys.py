"""An X server, and where the keys of a combination are on the keyboard that it has now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from Xlib import XK, X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError
from Xlib.ext import xinput

from app.display import x11_answers
from app.errors import AppError
from app.hotkey.keys import Combination

_KEYSYMS = {  # where the name of the key and X11's differ
    "Space": 0x20, "Backspace": 0xFF08, "Enter": 0xFF8D, "Esc": 0xFF1B, "Ins": 0xFF63, "Del": 0xFFFF, "PgUp": 0xFF55,
    "PgDown": 0xFF56, "ScrollLock": 0xFF14, "Media Play": 0x1008FF14, "Media Stop": 0x1008FF15,
    "Media Previous": 0x1008FF16, "Media Next": 0x1008FF17, "Microphone Mute": 0x1008FFB2, "Calculator": 0x1008FF1D,
    "Launch Mail": 0x1008FF19, "Home Page": 0x1008FF18, "Favorites": 0x1008FF30, "Search": 0x1008FF1B,
}  # fmt: skip
# On a keyboard without Latin letters their places are meant, which are these on every PC.
_PLACES = {
    letter: first + number
    for first, row in ((10, "1234567890-="), (24, "QWERTYUIOP[]"), (38, "ASDFGHJKL;'"), (52, "ZXCVBNM,./"))
    for number, letter in enumerate(row)
}
_MODIFIERS = {"Alt": ("Alt_L", "Alt_R"), "Super": ("Super_L", "Super_R")}
_LOCKS = ("Num_Lock", "Scroll_Lock")


@dataclass(frozen=True, slots=True)
class Grip:
    """A combination on the keyboard: what a grab of X11 is made of."""

    code: int
    mask: int


@dataclass(frozen=True, slots=True)
class Keyboard:
    """masks: of the modifiers, by name; locks: every mask that CapsLock and the like may add; mapping: key codes, by
    the number of the modifier that they are."""

    masks: dict[str, int]
    locks: tuple[int, ...]
    mapping: tuple[frozenset[int], ...]

    @property
    def modifier_codes(self) -> frozenset[int]:
        """Of every key that is a modifier or a lock."""
        return frozenset().union(*self.mapping)

    def codes_of(self, mask: int) -> frozenset[int]:
        """Of the keys that the modifiers of a mask are."""
        return frozenset().union(*(codes for bit, codes in enumerate(self.mapping) if mask >> bit & 1))

    def without_locks(self, state: int) -> int:
        """The modifiers of an event that somebody holds."""
        return state & 0xFF & ~self.locks[-1]


def open_display() -> Any:
    """A connection. Raises AppError where there is none that will do."""
    address = os.environ.get("DISPLAY", "")
    try:
        if not x11_answers(address):  # Xlib would look for it behind a network address of this computer
            raise OSError
        display = Display(address)
    except (DisplayError, ConnectionClosedError, OSError, ValueError):
        what = f"The X display {address} does not answer." if address else "There is no X display."
        raise AppError(what, "Start Dictate on a desktop.") from None
    display.set_error_handler(lambda error, request: None)  # grabs ask for theirs; others are about nothing of ours
    extension = display.query_extension("XInputExtension")
    if extension is not None:
        version = xinput.XIQueryVersion(
            display=display.display, opcode=extension.major_opcode, major_version=2, minor_version=2
        )
        if (version.major_version, version.minor_version) >= (2, 1):
            return display
    display.close()
    raise AppError("This X server tells nothing of other keys (XInput 2).", "Bind keys to: dictate ctl toggle")


def look(display: Any) -> Keyboard:
    """The keyboard that the server has now."""
    mapping = tuple(frozenset(code for code in codes if code) for codes in display.get_modifier_mapping())
    masks = {"Ctrl": X.ControlMask, "Shift": X.ShiftMask}
    for name, keysyms in _MODIFIERS.items():
        if mask := _mask(display, mapping, keysyms):
            masks[name] = mask
    locks = [X.LockMask]
    for lock in _LOCKS:
        mask = _mask(display, mapping, (lock,))
        if mask and mask not in locks:
            locks.append(mask)
    sets = [chosen for count in range(len(locks) + 1) for chosen in combinations(locks, count)]
    return Keyboard(masks, tuple(sum(chosen) for chosen in sets), mapping)


def find(display: Any, keyboard: Keyboard, wanted: Combination) -> Grip:
    """Where a combination is. Raises AppError where this keyboard has not got it."""
    lacking = [name for name in wanted.modifiers if name not in keyboard.masks]
    keysym = _KEYSYMS.get(wanted.key) or _keysym(wanted.key)
    codes = [code for code, _ in display.keysym_to_keycodes(keysym)]
    code = codes[0] if codes else _PLACES.get(wanted.key, 0)
    if lacking or not code:
        raise AppError(f"This keyboard has no key {(lacking or [wanted.key])[0]}.", "Choose another in Settings, Keys.")
    return Grip(code, sum(keyboard.masks[name] for name in wanted.modifiers))


def _keysym(key: str) -> int:
    return ord(key.lower()) if len(key) == 1 else int(XK.string_to_keysym(key))


def _mask(display: Any, mapping: tuple[frozenset[int], ...], keysyms: tuple[str, ...]) -> int:
    """Of the modifier that one of these keys is; 0 if none is."""
    for name in keysyms:
        for code, _ in display.keysym_to_keycodes(XK.string_to_keysym(name)):
            for bit, codes in enumerate(mapping):
                if bit > 2 and code in codes:
                    return 1 << bit
    return 0
