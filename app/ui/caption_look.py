"""How captions look: letters, colours, and a paper through which the screen shines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPaintDevice,
    QPainter,
    QPen,
    QPixmap,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)

from app.settings import CaptionSettings
from app.ui.caption_lines import MOST_LINES, CaptionLine
from app.ui.transcript_layout import qt_length

LEAST_PT, MOST_PT = 12, 72
_INK, _PAPER = "#ffffff", "#101010"
_SOFT = 0.6  # share of the ink in what may still change; the rest is paper
_LEGIBLE = 4.5  # the contrast that WCAG asks of text
_HALO = 0.06  # width of the outline, as a share of the letters' height
_AROUND = 12  # directions in which it is drawn
_COLUMN = 60  # characters in a line, where the user has not chosen a width


class CaptionLook:
    """Measures and draws lines; made anew whenever the settings change."""

    def __init__(self, settings: CaptionSettings, device: QPaintDevice) -> None:
        self.font = QFont()
        if settings.font:
            self.font.setFamily(settings.font)
        self.font.setPointSize(min(max(settings.size_pt, LEAST_PT), MOST_PT))
        self._metrics = QFontMetrics(self.font, device)
        self._count = min(max(settings.lines, 1), MOST_LINES)
        self._paper = _colour(settings.paper, _PAPER)
        self._opacity = min(max(settings.opacity, 0.0), 1.0)
        self.ink = _colour(settings.ink, _INK)
        self._soft = mixed(self.ink, self._paper, _SOFT)
        # The worst that can be behind translucent paper is what looks like the ink.
        worst = mixed(self._paper, self.ink, self._opacity)
        self.has_halo = contrast(self.ink, worst) < _LEGIBLE
        self._margin = self._metrics.height() // 2
        # Lines as they were drawn last, by text, width and pixels a point: most of them stay as they are.
        self._drawn: dict[tuple[CaptionLine, int, float], QPixmap] = {}

    def width_of(self, text: str) -> int:
        """Pixels."""
        return self._metrics.horizontalAdvance(text)

    def text_width(self, width: int) -> int:
        """What a window of that width leaves for text."""
        return max(1, width - 2 * self._margin)

    def lines_in(self, height: int) -> int:
        """How many of the wanted lines a window of that height holds: one at least."""
        return min(max(1, (height - self._margin) // self._metrics.lineSpacing()), self._count)

    def wanted_size(self) -> QSize:
        """Of the window."""
        width = _COLUMN * self._metrics.averageCharWidth() + 2 * self._margin
        return QSize(width, self._count * self._metrics.lineSpacing() + self._margin)

    def draw(self, painter: QPainter, size: QSize, lines: Sequence[CaptionLine]) -> None:
        """The paper and the lines on it, from the top."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        paper = QColor(self._paper)
        paper.setAlphaF(self._opacity)
        painter.setBrush(paper)
        painter.drawRoundedRect(QRectF(0, 0, size.width(), size.height()), 10, 10)
        ratio = painter.device().devicePixelRatioF()
        keys = [(line, size.width(), ratio) for line in lines]
        self._drawn = {key: self._drawn.get(key) or self._picture(*key) for key in keys}
        for number, key in enumerate(keys):
            painter.drawPixmap(0, self._margin // 2 + number * self._metrics.lineSpacing(), self._drawn[key])

    def draw_grips(self, painter: QPainter, size: QSize) -> None:
        """Bars at both ends, where the mouse can take hold of the width."""
        painter.setPen(QPen(self._soft, 3, c=Qt.PenCapStyle.RoundCap))
        for x in (5, size.width() - 5):
            painter.drawLine(x, size.height() // 3, x, size.height() * 2 // 3)

    def _picture(self, line: CaptionLine, width: int, ratio: float) -> QPixmap:
        picture = QPixmap(round(width * ratio), round(self._metrics.lineSpacing() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_line(painter, QPointF(self._margin, 0), line, self.text_width(width))
        painter.end()
        return picture

    def _draw_line(self, painter: QPainter, at: QPointF, line: CaptionLine, width: int) -> None:
        settled, soft = qt_length(line.settled), qt_length(line.tentative)
        if self.has_halo:
            # Letters drawn around their place: an outline proper takes ten times as long.
            behind = self._laid(line, [_run(0, settled + soft, opposite(self.ink))], width)
            reach = self._metrics.height() * _HALO
            for step in range(_AROUND):
                turn = math.tau * step / _AROUND
                behind.draw(painter, at + QPointF(reach * math.cos(turn), reach * math.sin(turn)))
        self._laid(line, [_run(0, settled, self.ink), _run(settled, soft, self._soft)], width).draw(painter, at)

    def _laid(self, line: CaptionLine, runs: list[QTextLayout.FormatRange], width: int) -> QTextLayout:
        layout = QTextLayout(line.text, self.font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        layout.setTextOption(option)
        layout.setFormats(runs)
        layout.beginLayout()
        layout.createLine().setLineWidth(width)
        layout.endLayout()
        return layout


def contrast(one: QColor, other: QColor) -> float:
    """Of two colours, 1 to 21, as WCAG 2 defines it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def opposite(colour: QColor) -> QColor:
    """Black or white, whichever stands out more."""
    return max((QColor("black"), QColor("white")), key=lambda other: contrast(colour, other))


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """`share` of one colour, the rest of the other."""
    pairs = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(round(share * a + (1 - share) * b) for a, b in pairs))


def _colour(name: str, otherwise: str) -> QColor:
    colour = QColor(name)
    return colour if colour.isValid() else QColor(otherwise)


def _luminance(colour: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else float(((part + 0.055) / 1.055) ** 2.4)

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def _run(start: int, length: int, colour: QColor) -> QTextLayout.FormatRange:
    """How a stretch of a line is drawn."""
    run = QTextLayout.FormatRange()
    run.start, run.length = start, length
    look = QTextCharFormat()
    look.setForeground(colour)
    run.format = look
    return run
