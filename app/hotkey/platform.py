"""Which way to global keys this desktop has; the others are not even imported."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import cast

from app.hotkey.contract import Hotkeys

_WAYS = {
    "win32": ("app.hotkey.windows", "WindowsHotkeys"),
    "darwin": ("app.hotkey.macos", "MacHotkeys"),
    "wayland": ("app.hotkey.portal", "PortalHotkeys"),
    "x11": ("app.hotkey.x11", "X11Hotkeys"),
}


def desktop(platform: str, environment: Mapping[str, str]) -> str:
    """The one of _WAYS that is asked here. X11 programs on Wayland are told of keys only while they have the keyboard:
    there the desktop itself must be asked."""
    if platform in _WAYS:
        return platform
    return "wayland" if environment.get("WAYLAND_DISPLAY") else "x11"


def make_hotkeys() -> Hotkeys:
    """The global keys of this desktop, nothing bound yet."""
    module, name = _WAYS[desktop(sys.platform, os.environ)]
    return cast(Hotkeys, getattr(importlib.import_module(module), name)())
