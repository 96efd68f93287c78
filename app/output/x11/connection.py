"""A connection to the X server, and what is asked of its windows. A window may vanish between any two questions."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from Xlib import X, display, error

from app.display import x11_answers
from app.errors import AppError

T = TypeVar("T")
_DEPTH = 32  # windows within windows: more is no desktop
# What a connection raises when its server has gone.
GONE = (error.ConnectionClosedError, OSError)
FAILED = (error.XError, *GONE)


class NoX11(AppError):
    """The X server does not answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where keys go: the window that X names, and the program's own top window around it. `frame` is what the window
    manager has put around that. `process` tells windows of one number apart: a number is given again once its program
    has gone; 0 where a window does not say whose it is."""

    focus: int
    window: int
    frame: int
    process: int = 0


def connect() -> Any:
    """A display of one's own: one thread at a time may use it. Raises NoX11."""
    name = os.environ.get("DISPLAY", "")
    if not name:
        raise NoX11("There is no X display.", "Start the program on an X11 desktop")
    if not x11_answers(name):
        raise NoX11(f"The display {name} does not answer.", "Check DISPLAY")
    try:
        # Told nothing else, the library would look for a missing server on the network.
        connection = display.Display(f"unix/{name}" if name.startswith(":") else name)
    except (error.DisplayError, *FAILED) as failure:
        raise NoX11(f"The display {name} does not answer ({failure}).", "Check DISPLAY") from None
    connection.set_error_handler(lambda *_: None)  # a window that has gone is no error of ours
    return connection


@contextlib.contextmanager
def grabbed(connection: Any) -> Iterator[None]:
    """Nobody else is served meanwhile: what is true at the beginning stays true to the end. Keep it short."""
    connection.grab_server()
    try:
        yield
    finally:
        with contextlib.suppress(*GONE):
            connection.ungrab_server()
            connection.sync()


def ask(question: Callable[[], T], otherwise: T) -> T:
    """The answer, or `otherwise` where the window has gone meanwhile. Raises OSError when the server has."""
    try:
        return question()
    except error.XError:
        return otherwise


def place_of_keyboard(connection: Any) -> Place | None:
    """Where keys go now. _NET_ACTIVE_WINDOW is what the window manager believes; the server itself knows better."""
    root = connection.screen().root
    focus = connection.get_input_focus().focus
    if focus == X.PointerRoot:
        focus = ask(lambda: root.query_pointer().child, X.NONE)
    if isinstance(focus, int) or focus == root:
        return None
    return ask(lambda: _around(connection, focus, root), None)


def _around(connection: Any, focus: Any, root: Any) -> Place | None:
    """The program's window is the one with WM_STATE; a window without a manager is its own frame.

    None for a window that says nothing of itself: window managers give the keyboard to such a one where no program is
    to have it."""
    state = connection.intern_atom("WM_STATE")
    step, window = focus, None
    for _ in range(_DEPTH):
        if window is None and step.get_property(state, X.AnyPropertyType, 0, 0) is not None:
            window = step
        parent = step.query_tree().parent
        if isinstance(parent, int) or parent == root:
            break
        step = parent
    window = window or _inside(connection, focus, step)
    is_program = window.get_property(state, X.AnyPropertyType, 0, 0) is not None or window.get_wm_class() is not None
    process = (numbers(connection, window, "_NET_WM_PID") or (0,))[0]
    return Place(focus.id, window.id, step.id, process) if is_program else None


def _inside(connection: Any, focus: Any, frame: Any) -> Any:
    """Where the keyboard is with the frame itself, as under some window managers, the program's window is inside it."""
    if focus != frame:
        return frame
    state = connection.intern_atom("WM_STATE")
    for child in frame.query_tree().children:
        if child.get_property(state, X.AnyPropertyType, 0, 0) is not None:
            return child
    return frame


def client_of(connection: Any, window: int) -> int:
    """Which connection to the server a window belongs to."""
    return window & ~int(connection.display.info.resource_id_mask)


def numbers(connection: Any, window: Any, name: str) -> tuple[int, ...]:
    """A property of numbers; empty where the window does not have it."""
    atom = connection.intern_atom(name)
    found = ask(lambda: window.get_full_property(atom, X.AnyPropertyType), None)
    return tuple(int(value) for value in found.value) if found is not None and found.format == 32 else ()
