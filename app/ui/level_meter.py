"""How loud the input is: a bar on a decibel scale."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

_FLOOR_DB = -60.0
_LOUD_DB = -3.0  # above it the microphone soon clips
_FALL = 0.08  # of the scale, a tick; the bar rises at once and falls slowly


class LevelMeter(QWidget):
    """Shows peaks; `show_peak` is called at every tick while something is recorded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = 0.0  # 0..1 of the scale
        self.setAccessibleName("Input level")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, 10)

    @property
    def level(self) -> float:
        """The bar's length, 0..1."""
        return self._level

    def show_peak(self, peak: float) -> None:
        """peak 0..1, linear."""
        self._level = max(scale_level(peak), self._level - _FALL)
        self.update()

    def reset(self) -> None:
        """Nothing is recorded."""
        self._level = 0.0
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        radius = self.height() / 2
        track = self.palette().color(QPalette.ColorRole.Text)
        track.setAlphaF(0.15)
        painter.setBrush(track)
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        if self._level > 0:
            loud = self._level >= 1 - _LOUD_DB / _FLOOR_DB
            painter.setBrush(QColor("#d9534f") if loud else self.palette().color(QPalette.ColorRole.Highlight))
            width = max(self.height(), self.width() * self._level)
            painter.drawRoundedRect(QRectF(0, 0, width, self.height()), radius, radius)
        painter.end()


def scale_level(peak: float) -> float:
    """A linear peak on the meter's scale: 0 at -60 dB and below, 1 at full scale."""
    if peak <= 0:
        return 0.0
    return min(1.0, max(0.0, 1 - 20 * math.log10(peak) / _FLOOR_DB))
