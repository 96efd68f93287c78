"""The way back to the end of a transcript that was scrolled away."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractScrollArea, QPushButton

_MARGIN_PX = 12


class FollowChip(QPushButton):
    """Floats over the lower right corner of a scroll area."""

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__("↓ Follow", area)
        self.setAccessibleName("Follow the end of the transcript")
        self.setToolTip("Go to the end and stay there (Ctrl+End)")
        self._area = area
        self.hide()

    def place(self, shown: bool) -> None:
        """Show it where it belongs, or hide it."""
        self.setVisible(shown)
        if shown:
            self.adjustSize()
            inside = self._area.viewport().geometry()
            self.move(inside.right() - self.width() - _MARGIN_PX, inside.bottom() - self.height() - _MARGIN_PX)
            self.raise_()
