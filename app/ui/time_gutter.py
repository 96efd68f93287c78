"""The times beside a transcript: when each paragraph in sight was said."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QTextBlock
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.transcript_runs import tentative_colour
from s2t_core.types import SAMPLE_RATE_HZ

_PADDING_PX = 8


class TimeGutter(QWidget):
    """Lies in the left margin of a text edit. `time_at` tells the samples at which a position of its text was said."""

    def __init__(self, edit: QPlainTextEdit, time_at: Callable[[int], int | None]) -> None:
        super().__init__(edit)
        self._edit = edit
        self._time_at = time_at
        self.setAccessibleName("Times")
        self.hide()

    def width_needed(self) -> int:
        """In pixels, for the longest time there is."""
        return self._edit.fontMetrics().horizontalAdvance("00:00:00") + 2 * _PADDING_PX

    def sizeHint(self) -> QSize:
        return QSize(self.width_needed(), 0)

    def follow_scroll(self, _: QRect, dy: int) -> None:
        """The text beside it moved or changed."""
        if dy:
            self.scroll(0, dy)
        else:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self._edit.font()
        font.setPointSizeF(font.pointSizeF() * 0.75)
        painter.setFont(font)
        painter.setPen(tentative_colour(self._edit.palette()))
        block = self._edit.firstVisibleBlock()
        while block.isValid():
            place = self._edit.blockBoundingGeometry(block).translated(self._edit.contentOffset())
            if place.top() > event.rect().bottom():
                break
            time = self._time_at(block.position()) if block.isVisible() and block.length() > 1 else None
            if time is not None:
                line = QRect(0, int(place.top()), self.width() - _PADDING_PX, _first_line(block))
                painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, clock(time))
            block = block.next()
        painter.end()


def clock(samples: int) -> str:
    """A time as people write it: 0:07, 12:30, 1:02:03."""
    minutes, seconds = divmod(samples // SAMPLE_RATE_HZ, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _first_line(block: QTextBlock) -> int:
    """Its height, in pixels."""
    lines = block.layout()
    return int(lines.lineAt(0).height()) if lines.lineCount() else 0
