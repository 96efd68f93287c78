"""A lock on an open file, the system's own: it ends with its process, however that ends."""

from __future__ import annotations

import os
import sys

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
