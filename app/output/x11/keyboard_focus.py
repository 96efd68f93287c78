"""Who has the keyboard under X11."""

from __future__ import annotations

import os
from typing import Any

from app.output.contract import Target
from app.output.x11.connection import GONE, Place, ask, connect, numbers, place_of_keyboard
from app.output.x11.secret import SecretFields
from app.output.x11.terminals import is_terminal


class X11Focus:
    """The window that has the keyboard, told by the X server; whether it takes a password, told by accessibility."""

    def __init__(self) -> None:
        """Raises NoX11."""
        self._display = connect()
        self._secrets = SecretFields()

    def target(self) -> Target | None:
        """None also when the server has gone."""
        try:
            place = place_of_keyboard(self._display)
            return None if place is None else self._target(place)
        except GONE:
            return None

    def close(self) -> None:
        self._secrets.close()
        try:
            self._display.close()
        except GONE:
            return

    def _target(self, place: Place) -> Target:
        window = self._display.create_resource_object("window", place.window)
        program = program_of(self._display, place.window)
        is_own = place.process == os.getpid()
        return Target(
            id=target_id(place),
            program=program,
            is_terminal=is_terminal(program),
            is_secret=not is_own and place.process != 0 and self._secrets.has_keyboard(place.process),
            is_own=is_own,
            area=ask(lambda: self._area(place, window), None),
        )

    def _area(self, place: Place, window: Any) -> tuple[int, int, int, int]:
        """The frame with its title bar, without the shadow that some programs draw around themselves."""
        frame = self._display.create_resource_object("window", place.frame)
        seen = frame.get_geometry()
        shadow = numbers(self._display, window, "_GTK_FRAME_EXTENTS")
        left, right, top, bottom = shadow if len(shadow) == 4 else (0, 0, 0, 0)
        return seen.x + left, seen.y + top, seen.width - left - right, seen.height - top - bottom


def target_id(place: Place) -> str:
    """The name of a place in `Target.id`."""
    return f"x11:{place.window:#x}:{place.process}"


def program_of(connection: Any, window: int) -> str:
    """The window class in lower case: of its two words the one that names a terminal, else the second."""
    found = ask(connection.create_resource_object("window", window).get_wm_class, None)
    if not found:
        return ""
    instance, name = (str(word).lower() for word in found)
    return instance if is_terminal(instance) and not is_terminal(name) else name
