"""Work that would hold the window up, on a thread of its own, and its result back on the window's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal


class Background(QObject):
    """Runs pieces of work, each on a thread; what it gives or raises comes back to the GUI thread."""

    _ended = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ended.connect(lambda then, result: then(result))

    def run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Call `work` on a thread and `then` with its result, or with the exception that it raised."""

        def target() -> None:
            try:
                result = work()
            except Exception as error:  # thread boundary
                result = error
            self._ended.emit(then, result)

        threading.Thread(target=target, name="background", daemon=True).start()
