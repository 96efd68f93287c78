"""The clipboard of a Wayland desktop, through wl-clipboard's programs."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from app.output.contract import NotInserted

INSTALL = "Install it with: sudo apt install wl-clipboard"
_ANSWER_S = 2.0
_TEXTS = ("text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "STRING", "TEXT")
_MOST = 32 << 20  # what is larger is not carried about for the sake of a sentence


@dataclass(frozen=True, slots=True)
class Saved:
    """What the clipboard held: one kind of it, text before anything else. No kind: it held nothing."""

    kind: str
    content: bytes


def missing() -> str:
    """Why there is no clipboard; empty where there is one."""
    return "" if shutil.which("wl-copy") and shutil.which("wl-paste") else f"wl-clipboard is not installed. {INSTALL}"


def save() -> Saved | None:
    """What the clipboard holds; None where it cannot be had, so that it could not be put back either."""
    kinds = _out(["wl-paste", "--list-types"])
    names = kinds.decode(errors="replace").split("\n") if kinds else []
    names = [name.strip() for name in names if name.strip()]
    if not names:
        return Saved("", b"")
    kind = next((name for name in _TEXTS if name in names), names[0])
    content = _out(["wl-paste", "--no-newline", "--type", kind])
    return None if content is None or len(content) > _MOST else Saved(kind, content)


def holds(text: str, primary: bool = False) -> bool:
    """Whether `text` is on the clipboard, or selected, now."""
    return _out(["wl-paste", "--no-newline", *(["--primary"] if primary else [])]) == text.encode()


def put(text: str) -> None:
    """Copy a text. Raises NotInserted."""
    if not _in(["wl-copy", "--type", "text/plain;charset=utf-8"], text.encode()):
        raise NotInserted("The text could not be copied.", "Copy it from the history.", text)


def put_back(saved: Saved, ours: str) -> None:
    """What was there before, unless somebody has copied something else than `ours` since."""
    if not holds(ours):
        return
    if saved.kind:
        _in(["wl-copy", "--type", saved.kind], saved.content)
    else:
        _in(["wl-copy", "--clear"], b"")


def forget_selected() -> None:
    """Nothing is selected any more, as far as pasting by a middle click goes."""
    _in(["wl-copy", "--primary", "--clear"], b"")


def _out(words: list[str]) -> bytes | None:
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ANSWER_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _in(words: list[str], content: bytes) -> bool:
    """wl-copy leaves a child behind that serves what was copied: it must inherit no pipe that anybody waits at."""
    try:
        with tempfile.TemporaryFile() as source:
            source.write(content)
            source.seek(0)
            quiet = subprocess.DEVNULL
            return subprocess.run(words, stdin=source, stdout=quiet, stderr=quiet, timeout=_ANSWER_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
