"""What a platform must be able to do before text can be inserted with it: tell who has the keyboard, and insert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.errors import AppError


@dataclass(frozen=True, slots=True)
class Target:
    """The window that has the keyboard.

    id           the platform's name of it: two targets with one id are one place
    program      which program's it is, in lower case ("xterm", "firefox"); empty where that is not told
    is_terminal  it pastes with other keys, and a line end runs a command there
    is_secret    the field that has the keyboard takes a password
    is_own       it is a window of this program
    area         x, y, width, height on the desktop, in pixels of the screen; None where that is not told
    """

    id: str
    program: str = ""
    is_terminal: bool = False
    is_secret: bool = False
    is_own: bool = False
    area: tuple[int, int, int, int] | None = None


class NotInserted(AppError):
    """A text did not arrive, or not all of it; `left` is what is missing, from some place to its end."""

    def __init__(self, what: str, remedy: str, left: str) -> None:
        super().__init__(what, remedy)
        self.left = left


class Focus(Protocol):
    """Who has the keyboard."""

    def target(self) -> Target | None:
        """None where nobody has it, or where this desktop does not tell. Answers within a tenth of a second."""
        ...

    def close(self) -> None: ...


class Watch(Protocol):
    """Whether what was inserted last still stands before the cursor."""

    def begin(self) -> None:
        """Something has just been inserted."""
        ...

    def is_quiet(self) -> bool:
        """Whether the user has neither typed nor clicked since, as far as this desktop tells. To be asked every few
        seconds while the answer matters."""
        ...

    def close(self) -> None: ...


class Way(Protocol):
    """One way of inserting text. Lives on one thread, where it may take its time; never asks for the keyboard."""

    name: str  # as it is said in settings and by the doctor

    def fault(self) -> str:
        """The self-test: empty where this way works here and now, else one line that says why not and what to do."""
        ...

    def insert(self, text: str, target: Target | None) -> None:
        """Put `text` where the cursor of `target` is, whole and once; returns once it has arrived as far as one can
        know. Waits until the user holds no modifier key. Raises NotInserted; before anything is inserted also where
        the keyboard is no longer with `target`."""
        ...

    def take_back(self, text: str, target: Target | None) -> bool:
        """Remove exactly `text`, the last that was inserted, if it still stands before the cursor; else change nothing
        and return False."""
        ...

    def close(self) -> None: ...
