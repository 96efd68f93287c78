"""Who has the keyboard on Wayland: sway, i3's protocol and Hyprland tell it on a local socket, others do not."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.output.care import TERMINALS
from app.output.contract import Focus, Target

_ANSWER_S = 0.1
_MOST = 16 << 20  # no desktop has so many windows: an answer beyond is none
_MAGIC, _GET_TREE = b"i3-ipc", 4


class SwayFocus:
    """The focused window in the tree of sway or i3. It is not told of lock screens and launchers."""

    def __init__(self, path: str) -> None:
        self._path = path

    def target(self) -> Target | None:
        question = _MAGIC + struct.pack("=II", 0, _GET_TREE)
        tree = _answer(self._path, question, _is_whole)
        return sway_target(_json(tree[14:]))

    def close(self) -> None:
        pass


class HyprlandFocus:
    """The active window of Hyprland."""

    def __init__(self, path: str) -> None:
        self._path = path

    def target(self) -> Target | None:
        return hyprland_target(_json(_answer(self._path, b"j/activewindow", lambda _: False)))

    def close(self) -> None:
        pass


class UntoldFocus:
    """The keyboard of a desktop that tells nobody."""

    def target(self) -> Target | None:
        return None

    def close(self) -> None:
        pass


def focus(env: Mapping[str, str] = os.environ) -> Focus:
    """Whatever this desktop tells."""
    if env.get("SWAYSOCK") or env.get("I3SOCK"):
        return SwayFocus(env.get("SWAYSOCK") or env["I3SOCK"])
    signature = env.get("HYPRLAND_INSTANCE_SIGNATURE", "")
    if signature and "/" not in signature:
        newer = Path(env.get("XDG_RUNTIME_DIR", "/nonexistent"), "hypr", signature, ".socket.sock")
        return HyprlandFocus(str(newer if newer.exists() else Path("/tmp/hypr", signature, ".socket.sock")))
    return UntoldFocus()


def sway_target(tree: Any) -> Target | None:
    """The focused window of a tree; None where a workspace, thus no window, has the keyboard."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        if node.get("focused") is True and isinstance(node.get("pid"), int):
            inside = node.get("window_properties")
            name = node.get("app_id") or (inside.get("class") if isinstance(inside, dict) else "")
            return _target(node.get("id"), name, node["pid"], _sway_area(node))
        for kind in ("nodes", "floating_nodes"):
            below = node.get(kind)
            waiting += below if isinstance(below, list) else []
    return None


def hyprland_target(window: Any) -> Target | None:
    """The window that Hyprland answers with; it answers with an empty one where none is active."""
    if not isinstance(window, dict) or not window.get("address"):
        return None
    area = (*_numbers(window.get("at"), 2), *_numbers(window.get("size"), 2))
    return _target(window["address"], window.get("class"), window.get("pid"), area)


def _target(id: Any, name: Any, pid: Any, area: tuple[int, ...]) -> Target:
    program = name.lower() if isinstance(name, str) else ""
    x, y, width, height = area if len(area) == 4 else (0, 0, 0, 0)
    return Target(
        str(id),
        program,
        is_terminal=program in TERMINALS,
        is_own=pid == os.getpid(),
        area=(x, y, width, height) if len(area) == 4 else None,
    )


def _sway_area(node: dict[str, Any]) -> tuple[int, ...]:
    """A window without its frame: its place in the frame is told apart."""
    outer, inner = node.get("rect"), node.get("window_rect")
    if not isinstance(outer, dict) or not isinstance(inner, dict):
        return ()
    names = ("x", "y", "width", "height")
    whole = _numbers([outer.get(name) for name in names], 4)
    part = _numbers([inner.get(name) for name in names], 4)
    if not whole or not part:
        return ()
    size = part[2:] if part[2] and part[3] else whole[2:]
    return (whole[0] + part[0], whole[1] + part[1], *size)


def _numbers(values: Any, count: int) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) != count or not all(type(value) is int for value in values):
        return ()
    return tuple(values)


def _answer(path: str, question: bytes, is_whole: Callable[[bytes], bool]) -> bytes:
    """What a server answers until it ends or the answer is whole; empty where it gives none in time."""
    deadline = time.monotonic() + _ANSWER_S
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.settimeout(_ANSWER_S)
            server.connect(path)
            server.sendall(question)
            while not is_whole(answer) and len(answer) < _MOST:
                server.settimeout(max(0.001, deadline - time.monotonic()))
                came = server.recv(1 << 16)
                if not came:
                    return answer
                answer += came
    except OSError:
        return b""
    return answer


def _is_whole(answer: bytes) -> bool:
    return len(answer) >= 14 and len(answer) >= 14 + int(struct.unpack("=I", answer[6:10])[0])


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
