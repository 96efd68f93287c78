"""Python's search for cycles of garbage, put off while much is imported or made that stays.

It runs over all objects again and again as they become more: a third of the time that torch takes to be imported.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_waiting = 0  # threads and blocks that have put it off


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """In here nothing is searched for, on any thread; what garbage there is waits."""
    global _waiting
    with _lock:
        _waiting += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _waiting -= 1
            if not _waiting:
                gc.freeze()  # what there is now counts as old at once, without being looked at,
                gc.unfreeze()  # and may still become garbage
                gc.enable()
