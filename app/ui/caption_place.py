"""Where on a monitor the captions stand: always wholly on it, whatever was remembered."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication, QScreen

from app.settings import CaptionSettings

_GAP = 24  # pixels between the window and the edge of the monitor
_LEAST_WIDTH = 160


class Grip(Enum):
    """Where the mouse has taken hold of the window."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


def find_screen(name: str) -> QScreen:
    """The monitor of that name; where there is none, the primary one."""
    screens = QGuiApplication.screens()
    return next((screen for screen in screens if screen.name() == name), QGuiApplication.primaryScreen())


def place(settings: CaptionSettings, usable: QRect, monitor: QPoint, size: QSize) -> QRect:
    """The window on the desktop.

    usable   what task bars leave of the monitor
    monitor  the monitor's top left corner
    size     as the captions would like it; the user's width comes before it where they float
    """
    rect = QRect(QPoint(), size.boundedTo(usable.size() - QSize(2 * _GAP, 2 * _GAP)))
    rect.moveCenter(usable.center())
    if settings.edge == "top":
        rect.moveTop(usable.top() + _GAP)
        return kept_inside(rect, usable)
    rect.moveBottom(usable.bottom() - _GAP)
    if settings.edge == "floating":
        width = max(settings.width, _LEAST_WIDTH) if settings.width else rect.width()
        rect.adjust((rect.width() - width) // 2, 0, 0, 0)
        rect.setWidth(width)
        if settings.x >= 0:
            rect.moveLeft(monitor.x() + settings.x)
        if settings.y >= 0:
            rect.moveTop(monitor.y() + settings.y)
    return kept_inside(rect, usable)


def dragged(rect: QRect, grip: Grip, by: QPoint) -> QRect:
    """`rect` after the mouse has moved by so much: another place or another width."""
    if grip is Grip.MIDDLE:
        return rect.translated(by)
    new = QRect(rect)
    if grip is Grip.LEFT:
        new.setLeft(min(rect.left() + by.x(), rect.right() - _LEAST_WIDTH + 1))
    else:
        new.setRight(max(rect.right() + by.x(), rect.left() + _LEAST_WIDTH - 1))
    return new


def kept_inside(rect: QRect, usable: QRect) -> QRect:
    """`rect` made no larger than `usable` and moved into it."""
    new = QRect(rect.topLeft(), rect.size().boundedTo(usable.size()))
    new.moveLeft(min(max(new.left(), usable.left()), usable.right() - new.width() + 1))
    new.moveTop(min(max(new.top(), usable.top()), usable.bottom() - new.height() + 1))
    return new
