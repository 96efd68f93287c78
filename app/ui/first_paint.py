"""What waits until a window can be seen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

_LONGEST_MS = 500  # a desktop need not show a window at once, and none that lies under another


class FirstPaint(QObject):
    """Calls `act` once, when `window` has been painted for the first time."""

    def __init__(self, window: QWidget, act: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._act = window, act
        window.installEventFilter(self)
        QTimer.singleShot(_LONGEST_MS, self, self._now)

    def cancel(self) -> None:
        """It is not wanted any more."""
        self._act = _nothing

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self, self._now)  # behind the painting, which is still to come
        return super().eventFilter(watched, event)

    def _now(self) -> None:
        act, self._act = self._act, _nothing
        act()


def _nothing() -> None:
    pass
