"""Asks before a transcript that is kept nowhere is let go, for another one or with the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.ui.come_forward import come_forward
from app.ui.main_window import MainWindow
from s2t_core.transcript import TranscriptDocument

_UNSAVED = "This transcript is not saved. Export or copy it to keep it."


class Parting(QObject):
    """What was exported, copied as a whole or opened from elsewhere may go as it is; so may what the history has."""

    def __init__(
        self, window: MainWindow, document: Callable[[], TranscriptDocument], is_kept: Callable[[], bool]
    ) -> None:
        """document: that which the window shows; is_kept: whether the history has all of it."""
        super().__init__(window)
        self._window, self._document, self._is_kept = window, document, is_kept
        self._safe: TranscriptDocument | None = None
        self._closes = False
        window.before_closing = self._may_close

    def settle(self, document: TranscriptDocument) -> None:
        """This one is somewhere else as well."""
        self._safe = document

    def ask(self, go: Callable[[], None]) -> None:
        """Call `go`, which lets the transcript go: at once if it is kept, else when the user says so."""
        if self._may_go():
            go()
        else:
            self._window.notice.show_notice(_UNSAVED, "Discard", go)

    def end(self) -> None:
        """The window may close from now on, whatever it shows."""
        self._closes = True

    def _may_go(self) -> bool:
        document = self._document()
        return document is self._safe or not document.text or self._is_kept()

    def _may_close(self) -> bool:
        if not self._closes and not self._may_go():
            come_forward(self._window)
            self._window.notice.show_notice(f"Not closed yet. {_UNSAVED}", "Discard and close", self._close)
            return False
        self._closes = True
        return True

    def _close(self) -> None:
        self._closes = True
        self._window.close()
