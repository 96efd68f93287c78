"""Keeps C libraries from writing to the user's terminal."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator

# File descriptor 2 belongs to the whole process: the first who wants quiet swaps it and the last puts it back. Nobody
# waits for another, since opening a device blocks for as long as a sound server hangs.
_swap = threading.Lock()
_users = 0
_saved: int | None = None


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Swallow what ALSA, JACK and audio decoders write to stderr, past Python, about things we report ourselves.

    What Python writes to sys.stderr meanwhile is still seen.
    """
    if os.name != "posix":
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users, _saved
    with _swap:
        _users += 1
        if _users > 1:
            return
        try:
            _saved = os.dup(2)
        except OSError:  # closed by the caller: nothing to keep quiet
            _saved = None
            return
        _keep_own_voice()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)


def _leave() -> None:
    global _users, _saved
    with _swap:
        _users -= 1
        if not _users and _saved is not None:
            os.dup2(_saved, 2)
            os.close(_saved)
            _saved = None


def _keep_own_voice() -> None:
    """Let Python write to where descriptor 2 leads now, by a descriptor of its own."""
    if not isinstance(sys.stderr, io.TextIOWrapper):
        return
    with contextlib.suppress(OSError, ValueError):  # one that was closed or is no file
        if sys.stderr.fileno() == 2:
            sys.stderr.flush()
            own = io.FileIO(os.dup(2), "w")
            encoding, errors = sys.stderr.encoding, sys.stderr.errors
            sys.stderr = io.TextIOWrapper(io.BufferedWriter(own), encoding, errors, line_buffering=True)
