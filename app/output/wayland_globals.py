"""What a Wayland compositor offers, asked in its own protocol: without a window, and without taking the keyboard.

Source: the wire format in the Wayland book, https://wayland.freedesktop.org/docs/book/Protocol.html
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

VIRTUAL_KEYBOARD = "zwp_virtual_keyboard_manager_v1"
DATA_CONTROL = frozenset({"zwlr_data_control_manager_v1", "ext_data_control_manager_v1"})

_ANSWER_S = 1.0
_DISPLAY, _REGISTRY, _CALLBACK = 1, 2, 3
_MOST = 1 << 20
_HEADER = struct.Struct("=II")  # whose event, its size << 16 and kind


def offered(env: Mapping[str, str] = os.environ) -> frozenset[str] | None:
    """The names of the interfaces; None where no compositor answers."""
    name = env.get("WAYLAND_DISPLAY", "")
    if not name:
        return None
    path = Path(env.get("XDG_RUNTIME_DIR", "/nonexistent")) / name
    questions = _question(_DISPLAY, 1, _REGISTRY) + _question(_DISPLAY, 0, _CALLBACK)
    deadline = time.monotonic() + _ANSWER_S
    came = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.settimeout(_ANSWER_S)
            server.connect(str(path))
            server.sendall(questions)
            while (found := interfaces(came)) is None and len(came) < _MOST and time.monotonic() < deadline:
                part = server.recv(1 << 16)
                if not part:
                    return None
                came += part
    except OSError:
        return None
    return found


def interfaces(came: bytes) -> frozenset[str] | None:
    """The names in what a compositor sent; None until it has told all of them."""
    found: set[str] = set()
    place = 0
    while place + _HEADER.size <= len(came):
        whose, rest = _HEADER.unpack_from(came, place)
        size, kind = rest >> 16, rest & 0xFFFF
        if whose == _CALLBACK:
            return frozenset(found)
        if size < _HEADER.size or place + size > len(came):
            return None
        if whose == _REGISTRY and kind == 0 and size >= 16:
            length = struct.unpack_from("=I", came, place + 12)[0]
            name = came[place + 16 : min(place + size, place + 16 + length)]
            found.add(name.rstrip(b"\0").decode("ascii", errors="replace"))
        place += size
    return None


def _question(whose: int, kind: int, new: int) -> bytes:
    return _HEADER.pack(whose, 12 << 16 | kind) + struct.pack("=I", new)
