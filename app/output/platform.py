"""Which ways of inserting text this desktop has."""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import cast

from app.output.contract import Focus, Watch, Way

_PATIENCE_S = 60.0
_ROOMS = {"win32": "app.output.windows", "darwin": "app.output.macos"}


def ways() -> list[Way]:
    """All ways of this platform, the best first; each says itself whether it works here."""
    return cast(list[Way], importlib.import_module(_room()).ways())


def focus() -> Focus:
    """Who has the keyboard here. Raises AppError where the desktop does not answer."""
    return cast(Focus, importlib.import_module(_room()).focus())


def watch() -> Watch:
    """Whether the user types; where the desktop does not tell it is believed that nothing was typed for a while."""
    if _room() == "app.output.x11":
        return cast(Watch, importlib.import_module("app.output.x11").watch())
    return Patience()


class Patience:
    """For a minute what was inserted is taken to stand before the cursor."""

    def __init__(self) -> None:
        self._begun_s = -_PATIENCE_S

    def begin(self) -> None:
        self._begun_s = time.monotonic()

    def is_quiet(self) -> bool:
        return time.monotonic() - self._begun_s < _PATIENCE_S

    def close(self) -> None:
        pass


def _room() -> str:
    """The room for this desktop. Under Wayland an X server may run as well, but it knows of few windows only."""
    other = _ROOMS.get(sys.platform)
    if other is not None:
        return other
    return "app.output.wayland" if os.environ.get("WAYLAND_DISPLAY") else "app.output.x11"
