"""Which ways of inserting text this desktop has."""

from __future__ import annotations

import importlib
import os
import sys
from typing import cast

from app.output.contract import Focus, Way

_ROOMS = {"win32": "app.output.windows", "darwin": "app.output.macos"}


def ways() -> list[Way]:
    """All ways of this platform, the best first; each says itself whether it works here."""
    return cast(list[Way], importlib.import_module(_room()).ways())


def focus() -> Focus:
    """Who has the keyboard here. Raises AppError where the desktop does not answer."""
    return cast(Focus, importlib.import_module(_room()).focus())


def _room() -> str:
    """The room for this desktop. Under Wayland an X server may run as well, but it knows of few windows only."""
    other = _ROOMS.get(sys.platform)
    if other is not None:
        return other
    return "app.output.wayland" if os.environ.get("WAYLAND_DISPLAY") else "app.output.x11"
