"""Who has the keyboard on macOS, and the ways of inserting there. Tested with a system of its own making only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Protocol

from app.output.care import check_place, harmless, parts, wait_released
from app.output.contract import Focus, NotInserted, Target, Way
from app.output.macos_calls import MacCalls

_TERMINALS = frozenset(("alacritty", "ghostty", "hyper", "iterm2", "kitty", "tabby", "terminal", "warp", "wezterm"))
_COMMAND = 0x100000
_HELD = _COMMAND | 0x20000 | 0x40000 | 0x80000  # and shift, control, option
_V, _RETURN, _TAB = 9, 36, 48
_PART = 60  # letters between two looks at the place
_UNITS = 20  # of UTF-16 that one key press carries
_BETWEEN_S = 0.004  # sooner, some programs lose one
_PASTED_S = 0.6  # nobody tells when a text has been read
_UNTRUSTED = (
    "macOS does not let the program press keys. Allow it in System Settings, Privacy & Security, Accessibility."
)


class System(Protocol):
    """What is used of macOS; `MacCalls` says what each call does."""

    def front(self) -> tuple[int, str]: ...
    def window_of(self, process: int) -> tuple[int, tuple[int, int, int, int] | None]: ...
    def is_secret(self) -> bool: ...
    def is_trusted(self) -> bool: ...
    def flags(self) -> int: ...
    def type(self, text: str) -> None: ...
    def press(self, key: int, flags: int) -> None: ...
    def kinds(self) -> int: ...
    def read(self) -> str | None: ...
    def offer(self, text: str, unseen: bool) -> bool: ...
    def empty(self) -> None: ...
    def changes(self) -> int: ...


def focus() -> Focus:
    """Raises OSError on another system."""
    return MacFocus(MacCalls())


def ways() -> tuple[Way, ...]:
    """The ways there are on macOS, the best first. Raises OSError on another system."""
    system = MacCalls()
    where = MacFocus(system)
    return MacPaste(system, where), MacKeys(system, where), MacCopy(system)


class MacFocus:
    """The foremost window of the front program."""

    def __init__(self, system: System) -> None:
        self._system = system

    def target(self) -> Target | None:
        process, program = self._system.front()
        if not process:
            return None
        window, area = self._system.window_of(process)
        program = program.lower()
        return Target(
            f"{process}:{window}",
            program,
            is_terminal=program in _TERMINALS,
            is_secret=self._system.is_secret(),
            is_own=process == os.getpid(),
            area=area,
        )

    def close(self) -> None:
        pass


class MacKeys:
    """Key presses that carry letters instead of places on a keyboard: any layout, any letter."""

    name = "keys"

    def __init__(self, system: System, focus: Focus) -> None:
        self._system, self._focus = system, focus

    def fault(self) -> str:
        return "" if self._system.is_trusted() else _UNTRUSTED

    def insert(self, text: str, target: Target | None) -> None:
        for part, left in parts(harmless(text, target), _PART):
            check_ready(self._system, self._focus, target, left)
            for piece in pieces(part):
                if piece in ("\n", "\t"):
                    self._system.press(_RETURN if piece == "\n" else _TAB, 0)
                else:
                    self._system.type(piece)
                time.sleep(_BETWEEN_S)

    def take_back(self, text: str, target: Target | None) -> bool:
        """Nothing here tells what stands before the cursor."""
        return False

    def close(self) -> None:
        pass


class MacPaste:
    """The clipboard, and the key that pastes. What was on it is put back if nobody has copied anything since."""

    name = "paste"

    def __init__(self, system: System, focus: Focus) -> None:
        self._system, self._focus = system, focus

    def fault(self) -> str:
        return "" if self._system.is_trusted() else _UNTRUSTED

    def insert(self, text: str, target: Target | None) -> None:
        text = harmless(text, target)
        if not text:
            return
        check_ready(self._system, self._focus, target, text)
        before = self._system.read()
        if before is None and self._system.kinds():
            raise NotInserted("The clipboard holds what could not be put back.", "Use another way of inserting.", text)
        if not self._system.offer(text, unseen=True):
            raise NotInserted("The text could not be copied.", "Try again.", text)
        ours = self._system.changes()
        try:
            check_place(self._focus, target, text)
            self._system.press(_V, _COMMAND)
            time.sleep(_PASTED_S)
        finally:
            if self._system.changes() == ours:
                self._put_back(before)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        pass

    def _put_back(self, before: str | None) -> None:
        if before is None:
            self._system.empty()
        else:
            self._system.offer(before, unseen=True)


class MacCopy:
    """A copy alone: the user pastes it."""

    name = "copy"

    def __init__(self, system: System) -> None:
        self._system = system

    def fault(self) -> str:
        return ""

    def insert(self, text: str, target: Target | None) -> None:
        if text and not self._system.offer(text, unseen=False):
            raise NotInserted("The text could not be copied.", "Try again.", text)

    def take_back(self, text: str, target: Target | None) -> bool:
        return False

    def close(self) -> None:
        pass


def check_ready(system: System, focus: Focus, target: Target | None, left: str) -> None:
    """Raises NotInserted where no key may be pressed now. The permission can be taken away at any time, silently."""
    if not system.is_trusted():
        raise NotInserted(_UNTRUSTED, "", left)
    wait_released(lambda: bool(system.flags() & _HELD), left)
    check_place(focus, target, left)


def pieces(text: str) -> Iterator[str]:
    """`text` as key presses carry it: so many units at most, no letter cut in two, line ends and tabulators alone."""
    piece, units = "", 0
    for letter in text:
        size = 2 if letter > "\uffff" else 1
        if piece and (letter in "\n\t" or piece in ("\n", "\t") or units + size > _UNITS):
            yield piece
            piece, units = "", 0
        piece, units = piece + letter, units + size
    if piece:
        yield piece
