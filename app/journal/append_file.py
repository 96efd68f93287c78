"""A file that only grows, by whole records: what a full disk takes of one is taken back."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

from app.file_lock import lock


class AppendFile:
    """For one writing thread, and one that syncs. Every method raises OSError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        """Made where there is none; else it goes on."""
        self._number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._length = os.fstat(self._number).st_size
        self._synced = self._length
        self._closing = threading.Lock()  # syncing must not meet a file of the same number that was opened since

    def claim(self) -> None:
        """Own it until it is closed. Raises OSError where another process does."""
        lock(self._number)

    def append(self, record: bytes) -> None:
        """All of it or nothing; what is written survives the process, and a loss of power once it is synced."""
        written = 0
        try:
            while written < len(record):
                written += os.write(self._number, record[written:])
        except OSError:
            with contextlib.suppress(OSError):  # what stays is a torn record, which readers skip
                os.ftruncate(self._number, self._length)
            raise
        self._length += len(record)

    def fill(self, length: int) -> None:
        """Take so many bytes of the disk, and close it."""
        with contextlib.suppress(OSError):
            self.append(bytes(max(0, length - self._length)))
        self.close()

    def sync(self) -> None:
        """What is written survives a loss of power."""
        with self._closing:
            if self._number >= 0 and self._synced < self._length:
                length = self._length
                _sync(self._number)
                self._synced = length

    def close(self) -> None:
        """Synced."""
        try:
            self.sync()
        finally:
            with self._closing:
                number, self._number = self._number, -1
                if number >= 0:
                    os.close(number)


def sync_folder(path: Path) -> None:
    """The names in it survive a loss of power."""
    if sys.platform != "win32":  # there a folder cannot be opened
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _sync(number: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(number)
    else:
        os.fsync(number)
