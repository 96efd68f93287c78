"""Whether a window can open here: Qt itself ends the program without a remedy where none can."""

from __future__ import annotations

import ctypes.util
import os
import re
import socket
import sys
from pathlib import Path

_HEADLESS = "Run it on a desktop, or use the terminal: dictate listen"
# The part of Qt's X11 plug-in that fresh Debian and Ubuntu machines lack; Qt aborts without these.
_XCB = {
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
}


def display_fault() -> str:
    """Why no window can open, with a remedy; empty where one can."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or chosen.split(":")[0] in ("offscreen", "minimal", "vnc"):
        return ""
    missing = [package for library, package in _XCB.items() if ctypes.util.find_library(library) is None]
    if _wayland_answers() and not chosen.startswith("xcb"):
        return ""
    display = os.environ.get("DISPLAY", "")
    if not display:
        return f"There is no display. {_HEADLESS}"
    if not x11_answers(display):
        return f"The display {display} does not answer. {_HEADLESS}"
    if missing:
        return f"Qt lacks libraries for X11. Install them with: sudo apt install {' '.join(missing)}"
    return ""


def _wayland_answers() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY", "")
    if not name:
        return False
    return _connects(str(Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / name))


def x11_answers(display: str) -> bool:
    """Whether an X server listens there."""
    match = re.fullmatch(r"(?:unix)?([^:/]*):(\d+)(?:\.\d+)?", display)
    if match is None:
        return Path(display.rsplit(":", 1)[0]).exists()  # macOS writes the path of a socket
    host, number = match.group(1), int(match.group(2))
    if host:
        try:
            socket.create_connection((host, 6000 + number), timeout=2).close()
        except OSError:
            return False
        return True
    return _connects(f"\0/tmp/.X11-unix/X{number}") or _connects(f"/tmp/.X11-unix/X{number}")


def _connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(path)
        except OSError:
            return False
    return True
