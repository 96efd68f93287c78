"""Who has the keyboard on Windows, and the ways of inserting there. Tested with a system of its own making only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PureWindowsPath
from typing import Protocol

from app.output.care import check_place, harmless, parts, wait_released
from app.output.contract import Focus, NotInserted, Target, Way
from app.output.windows_calls import WindowsCalls

_NAMES = (
    "alacritty bash cmd conemu conemu64 conhost hyper kitty mintty openconsole powershell putty pwsh tabby ubuntu "
    "wezterm-gui windowsterminal wsl"
)
_TERMINALS = frozenset(_NAMES.split(" "))
_PASSWORD = 0x20  # a style of edit controls; of others it means other things
_SHIFT, _CONTROL, _INSERT, _V, _RETURN, _TAB = 0x10, 0x11, 0x2D, 0x56, 0x0D, 0x09
MODIFIERS = (_SHIFT, _CONTROL, 0x12, 0x5B, 0x5C)
_EXTENDED, _UP, _UNICODE = 0x1, 0x2, 0x4
_PART = 60  # letters between two looks at the place
_ASKED_S, _QUIET_S = 3.0, 0.2  # a program is given so long to ask for the text, and so long to ask again
_ELEVATED = "Windows lets no key through to this window. Run the program as administrator to dictate into it."


class System(Protocol):
    """What is used of Windows; `WindowsCalls` says what each call does."""

    def foreground(self) -> int: ...
    def process_of(self, window: int) -> tuple[int, int]: ...
    def program_of(self, process: int) -> str: ...
    def area_of(self, window: int) -> tuple[int, int, int, int] | None: ...
    def field_of(self, thread: int) -> tuple[str, int]: ...
    def is_down(self, key: int) -> bool: ...
    def send(self, keys: list[tuple[int, int, int]]) -> int: ...
    def kinds(self) -> int: ...
    def read(self) -> str | None: ...
    def offer(self, text: str, promised: bool, unseen: bool) -> bool: ...
    def empty(self) -> None: ...
    def is_ours(self) -> bool: ...
    def pump(self, seconds: float) -> bool: ...
    def close(self) -> None: ...


def focus() -> Focus:
    """Raises OSError on another system."""
    return WindowsFocus(WindowsCalls())


def ways() -> tuple[Way, ...]:
    """The ways there are on Windows, the best first. Raises OSError on another system."""
    system = WindowsCalls()
    where = WindowsFocus(system)
    return WindowsPaste(system, where), WindowsKeys(system, where), WindowsCopy(system)


class WindowsFocus:
    """The foreground window. Fields that a program draws itself, as browsers do, do not say that they are secret."""

    def __init__(self, system: System) -> None:
        self._system = system

    def target(self) -> Target | None:
        window = self._system.foreground()
        if not window:
            return None
        thread, process = self._system.process_of(window)
        program = PureWindowsPath(self._system.program_of(process)).stem.lower()
        kind, style = self._system.field_of(thread)
        area = self._system.area_of(window)
        return Target(
            str(window),
            program,
            is_terminal=program in _TERMINALS,
            is_secret="edit" in kind.lower() and bool(style & _PASSWORD),
            is_own=process == os.getpid(),
            area=(area[0], area[1], area[2] - area[0], area[3] - area[1]) if area else None,
        )

    def close(self) -> None:
        self._system.close()


class WindowsKeys:
    """Keys that carry letters instead of places on a keyboard: any layout, any letter."""

    name = "keys"

    def __init__(self, system: System, focus: Focus) -> None:
        self._system, self._focus = system, focus

    def fault(self) -> str:
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        for part, left in parts(harmless(text, target), _PART):
            wait_released(lambda: held(self._system), left)
            check_place(self._focus, target, left)
            keys = [key for letter in part for key in letter_keys(letter)]
            taken = self._system.send(keys)
            if taken < len(keys):
                raise NotInserted(_ELEVATED, "", left[letters_of(part, taken) :])

    def take_back(self, text: str, target: Target | None) -> bool:
        """Nothing here tells what stands before the cursor."""
        return False

    def close(self) -> None:
        self._system.close()


class WindowsPaste:
    """The clipboard, and the key that pastes. The text is promised: that a program asks for it says that it arrived."""

    name = "paste"

    def __init__(self, system: System, focus: Focus) -> None:
        self._system, self._focus = system, focus

    def fault(self) -> str:
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        text = harmless(text, target)
        if not text:
            return
        wait_released(lambda: held(self._system), text)
        check_place(self._focus, target, text)
        before = self._system.read()
        if before is None and self._system.kinds():
            raise NotInserted("The clipboard holds what could not be put back.", "Use another way of inserting.", text)
        if not self._system.offer(text, promised=True, unseen=True):
            raise NotInserted("Another program keeps the clipboard.", "Try again.", text)
        try:
            check_place(self._focus, target, text)
            self._paste(text, target)
        finally:
            self._put_back(before)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        self._system.close()

    def _paste(self, text: str, target: Target | None) -> None:
        first, second = (_SHIFT, _INSERT) if target is not None and target.is_terminal else (_CONTROL, _V)
        more = _EXTENDED if second == _INSERT else 0
        keys = [(first, 0, 0), (second, 0, more), (second, 0, more | _UP), (first, 0, _UP)]
        if self._system.send(keys) < len(keys):
            self._system.send([(first, 0, _UP)])
            raise NotInserted(_ELEVATED, "", text)
        waited = 0.0
        while not self._system.pump(0.05):
            waited += 0.05
            if waited >= _ASKED_S:
                raise NotInserted("The window did not take the text.", "Use another way of inserting.", text)
        self._system.pump(_QUIET_S)

    def _put_back(self, before: str | None) -> None:
        """What anybody has copied since stays."""
        if not self._system.is_ours():
            return
        if before is None:
            self._system.empty()
        else:
            self._system.offer(before, promised=False, unseen=True)


class WindowsCopy:
    """A copy alone: the user pastes it."""

    name = "copy"

    def __init__(self, system: System) -> None:
        self._system = system

    def fault(self) -> str:
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        if text and not self._system.offer(text, promised=False, unseen=False):
            raise NotInserted("Another program keeps the clipboard.", "Try again.", text)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        self._system.close()


def held(system: System) -> bool:
    """Whether the user holds a modifier."""
    return any(system.is_down(key) for key in MODIFIERS)


def letter_keys(letter: str) -> Iterator[tuple[int, int, int]]:
    """A letter going down and up; one beyond the first 65536 is two keys, its halves in UTF-16."""
    if letter in "\n\t":
        key = _RETURN if letter == "\n" else _TAB
        yield from ((key, 0, 0), (key, 0, _UP))
        return
    units = letter.encode("utf-16-le", errors="replace")
    for place in range(0, len(units), 2):
        unit = int.from_bytes(units[place : place + 2], "little")
        yield from ((0, unit, _UNICODE), (0, unit, _UNICODE | _UP))


def letters_of(text: str, keys: int) -> int:
    """How many letters of `text` so many keys have written whole."""
    for count, letter in enumerate(text):
        keys -= sum(1 for _ in letter_keys(letter))
        if keys < 0:
            return count
    return len(text)
