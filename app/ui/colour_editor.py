"""Chooses a colour, or the look's own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QPushButton, QWidget


class ColourEditor(QWidget):
    """A button with the colour on it, and one that goes back to the look's own."""

    edited = Signal(str)  # "#rrggbb", "" for the look's own

    def __init__(self, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = label
        self._colour = ""
        self.button = QPushButton()
        self.button.setToolTip("Choose a colour")
        self.button.clicked.connect(self._ask)
        self._own = QPushButton("Reset")
        self._own.setToolTip("Use the colour that belongs to the look")
        self._own.setAccessibleName(f"{label}: reset")
        self._own.clicked.connect(lambda: self._choose(""))
        for button in (self.button, self._own):
            button.setAutoDefault(False)
        beside = QHBoxLayout(self)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.button, 1)
        beside.addWidget(self._own)
        self.show_colour("")

    def show_colour(self, colour: str) -> None:
        """ "#rrggbb", or "" for the look's own."""
        self._colour = colour
        self.button.setText(colour or "The look's own")
        self.button.setIcon(self._swatch() if colour else QIcon())
        self._own.setEnabled(bool(colour))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.show_colour(self._colour)

    def _ask(self) -> None:
        dialog = QColorDialog(QColor(self._colour or "white"), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self._label)
        dialog.colorSelected.connect(lambda colour: self._choose(colour.name()))
        dialog.open()

    def _choose(self, colour: str) -> None:
        if colour != self._colour:
            self.show_colour(colour)
            self.edited.emit(colour)

    def _swatch(self) -> QIcon:
        ratio = self.devicePixelRatioF()
        side = max(12, self.button.iconSize().height())
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(self._colour))
        painter = QPainter(pixmap)
        painter.setPen(self.palette().buttonText().color())
        painter.drawRect(0, 0, side - 1, side - 1)
        painter.end()
        return QIcon(pixmap)
