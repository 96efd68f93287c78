"""A lock on an open file, the system's own: it ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _BEHIND = 1 << 30  # others may read what stands before it

    def lock(number: int) -> None:
        """Own the open file of this number. Raises OSError where another process does."""
        os.lseek(number, _BEHIND, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def lock(number: int) -> None:
        """Own the open file of this number. Raises OSError where another process does."""
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_owned(file: Path) -> bool:
    """Whether a process owns this file; one that cannot be opened has no owner."""
    try:
        number = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        lock(number)
    except OSError:
        return True
    finally:
        os.close(number)
    return False
