"""Keeps C libraries from writing to the user's terminal."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

# File descriptor 2 belongs to the whole process: two threads that both swap it would leave it swapped.
# Re-entrant: opening a stream may import PortAudio, and both are kept quiet.
_swap = threading.RLock()


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Swallow what ALSA, JACK and audio decoders write to stderr, past Python, about things we report ourselves."""
    if os.name != "posix":
        yield
        return
    with _swap:
        try:
            saved = os.dup(2)
        except OSError:  # closed by the caller: nothing to keep quiet
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(nowhere)
