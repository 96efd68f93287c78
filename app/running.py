"""The running program asked from outside: a line to its socket and the line that it answers, without Qt."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path

from app.errors import AppError
from app.file_lock import is_owned

_PATIENCE_S = 2.0
_LONGEST = 10_000  # bytes of an answer
_AGAIN_S = 0.05


class NotRunning(AppError):
    """Nobody is there to be asked."""


def address(folder: Path) -> str:
    """A pipe has no folder on Windows; its name says whose it is."""
    return str(folder / "socket") if os.name == "posix" else f"dictate-{os.environ.get('USERNAME', '')}"


def process(folder: Path) -> str:
    """Which one it is, for a remedy; empty where that is not known."""
    with contextlib.suppress(OSError, ValueError):
        return f" (process {int((folder / 'lock').read_text())})"
    return ""


def is_running(folder: Path) -> bool:
    """Whether a window runs there, answering or not: it owns the lock."""
    return is_owned(folder / "lock")


def say(folder: Path, line: str) -> str:
    """Say one line to the program that runs in `folder` and give back its answer, without what only ends the line.

    Raises NotRunning, or AppError where no answer comes in two seconds. POSIX only: Windows has pipes in its place.
    """
    until_s = time.monotonic() + _PATIENCE_S
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        _connect(client, folder, until_s)
        try:
            client.settimeout(max(0.01, until_s - time.monotonic()))
            client.sendall(f"{' '.join(line.splitlines())}\n".encode())
            answer = b""
            while not answer.endswith(b"\n") and len(answer) < _LONGEST:
                client.settimeout(max(0.01, until_s - time.monotonic()))
                more = client.recv(4096)
                if not more:
                    break
                answer += more
        except OSError:
            answer = b""
    if not answer.endswith(b"\n"):
        what = f"Dictate is running{process(folder)} but does not answer."
        raise AppError(what, "Wait, or end it and start again.")
    return answer.decode("utf-8", "replace").strip()


def _connect(client: socket.socket, folder: Path, until_s: float) -> None:
    client.settimeout(_PATIENCE_S)
    while True:
        try:
            if folder.stat().st_uid != os.getuid():
                raise FileNotFoundError  # somebody else's: a program of ours would not use it
            client.connect(address(folder))
            return
        except BlockingIOError:  # more clients at once than it has room for
            if time.monotonic() >= until_s:
                return
            time.sleep(_AGAIN_S)
        except OSError:
            raise NotRunning("Dictate is not running.", "Start it with: dictate") from None
