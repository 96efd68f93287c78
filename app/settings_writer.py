"""Writes settings behind the window: a disk may take its time, and only the newest choice counts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from app.errors import sentence
from app.settings import Settings
from app.settings_file import write_settings


class SettingsWriter(threading.Thread):
    """Runs until `shut_down`. `report` is called on this thread with a line when nothing could be written."""

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        super().__init__(name="settings", daemon=True)
        self._path = path
        self._report = report
        self._waiting: queue.SimpleQueue[Settings | None] = queue.SimpleQueue()

    def save(self, settings: Settings) -> None:
        """Write `settings` soon, unless others come first."""
        self._waiting.put(settings)

    def shut_down(self, wait_s: float) -> bool:
        """Write what waits, give that so long, and end; returns whether it has."""
        self._waiting.put(None)
        if self.is_alive():
            self.join(wait_s)
        return not self.is_alive()

    def run(self) -> None:
        while (newest := self._waiting.get()) is not None:
            last = False
            while not last and not self._waiting.empty():
                following = self._waiting.get()
                last, newest = following is None, following or newest
            try:
                write_settings(self._path, newest)
            except Exception as error:
                self._report(sentence(error))
            if last:
                return
