"""Combinations of keys as settings write them ("Ctrl+Alt+Space"): read, put in one form, judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.errors import AppError

MODIFIERS = {  # in the order in which they are written, each with what it is called elsewhere
    "Ctrl": ("control", "ctl", "strg"),
    "Alt": ("option", "opt"),
    "Shift": (),
    "Super": ("meta", "win", "windows", "cmd", "command"),
}
_LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_SIGNS = tuple(",.;'`-=[]\\/")
_NAMED = {  # with what they are called elsewhere, Qt among it
    "Space": (),
    "Backspace": (),
    "Tab": (),
    "Return": (),
    "Enter": (),  # that of the keypad
    "Esc": ("escape",),
    "Ins": ("insert",),
    "Del": ("delete",),
    "Home": (),
    "End": (),
    "PgUp": ("pageup",),
    "PgDown": ("pagedown", "pgdn"),
    "Left": (),
    "Right": (),
    "Up": (),
    "Down": (),
}
# Keys that nobody types with: they may stand alone.
_ALONE = {
    **{f"F{number}": () for number in range(1, 25)},
    "Pause": ("break",),
    "ScrollLock": ("scroll lock",),
    "Print": ("printscreen", "print screen", "sysreq"),
    "Menu": (),
    "Media Play": ("toggle media play/pause", "play"),
    "Media Stop": (),
    "Media Previous": (),
    "Media Next": (),
    "Microphone Mute": ("mic mute",),
    "Calculator": (),
    "Launch Mail": (),
    "Home Page": (),
    "Favorites": (),
    "Search": (),
}
KEYS = (*_LETTERS, *_SIGNS, *_NAMED, *_ALONE)
_BY_NAME = {name.casefold(): name for name in KEYS} | {
    other: name for names in (_NAMED, _ALONE) for name, others in names.items() for other in others
}
_BY_MODIFIER = {name.casefold(): name for name in MODIFIERS} | {
    other: name for name, others in MODIFIERS.items() for other in others
}
# What others rely on, wherever they are: taking one of these would break more than it gives. With Ctrl+Shift+V this
# program pastes into terminals itself.
_NEEDED = (
    "Ctrl+C", "Ctrl+V", "Ctrl+Shift+V", "Ctrl+X", "Ctrl+Z", "Ctrl+A", "Ctrl+S", "Alt+Tab", "Alt+F4", "Ctrl+Alt+Del",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Combination:
    """modifiers: names of MODIFIERS, in their order; key: one of KEYS."""

    modifiers: tuple[str, ...]
    key: str

    def __str__(self) -> str:
        return "+".join((*self.modifiers, self.key))


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _alone() -> list[str]:
    return [name.casefold() for name in _ALONE] + [other for others in _ALONE.values() for other in others]


# What has no fault but for being needed elsewhere, and nothing at all: for those who can only ask whether a text fits.
_BLANK = " \t"
_PLUS = r"[ \t]*\+[ \t]*"
PATTERN = (
    rf"(?ai:[ \t]*(?:(?:(?:{_any(_BY_MODIFIER)}){_PLUS}){{1,8}}(?:{_any(_BY_NAME)})"
    rf"|(?:Shift{_PLUS}){{0,8}}(?:{_any(_alone())}))?[ \t]*)"
)
SAYS = 'keys such as "Ctrl+Alt+Space" or "F9", or empty'


def read(text: str) -> Combination:
    """The combination of a text, whatever its capitals and names. Raises AppError with the reason where it is none."""
    *before, last = [part.strip(_BLANK) for part in text.split("+")]
    *before, last = [part.lower() if part.isascii() else part for part in (*before, last)]
    unknown = [part for part in before if part not in _BY_MODIFIER] or [
        part for part in (last,) if part not in _BY_NAME
    ]
    if unknown:
        if last in _BY_MODIFIER:
            raise AppError("A modifier alone is no key.", "Add one, as in Ctrl+Alt+Space.")
        raise AppError(f"There is no key “{unknown[0][:30]}”.", "Keys are written like Ctrl+Alt+Space or F9.")
    held = {_BY_MODIFIER[part] for part in before}
    return Combination(tuple(name for name in MODIFIERS if name in held), _BY_NAME[last])


def fault_of(text: str) -> str:
    """Why a text is no combination for a global key, and what to do; empty where it is one, or nothing at all."""
    if not text.strip(_BLANK):
        return ""
    try:
        found = read(text)
    except AppError as error:
        return str(error)
    if found.key not in _ALONE and not set(found.modifiers) - {"Shift"}:
        return f"{found} is needed for typing. Add Ctrl, Alt or Super, or take a key such as F9 or Pause."
    return f"{found} is needed by every program. Choose another." if str(found) in _NEEDED else ""


def conflicts(keys: Mapping[str, str], window: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """A line for every key that clashes, by name.

    keys    our own global keys, by name
    window  (keys, what they do) of the shortcuts of our window, which a global key would take from it
    """
    told, seen = {}, dict[str, str]()
    taken = {normal(text): what for text, what in window}
    for name, text in keys.items():
        written = normal(text)
        fault = fault_of(text)
        if not written:
            continue
        if fault:
            told[name] = fault
        elif written in seen:
            told[name] = f"{written} is used twice here. Choose another."
        elif written in taken:
            told[name] = f"{written} is “{taken[written]}” in the window, which it would no longer reach."
        seen.setdefault(written, name)
    return told


def normal(text: str) -> str:
    """The text in the one form of its combination; as it is where that cannot be read."""
    try:
        return str(read(text)) if text.strip(_BLANK) else ""
    except AppError:
        return text.strip(_BLANK)
