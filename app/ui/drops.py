"""Files and folders that are dragged from elsewhere and dropped on a widget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget


class _Drops(QObject):
    def __init__(self, widget: QWidget, on_paths: Callable[[list[Path]], None]) -> None:
        super().__init__(widget)
        self._on_paths = on_paths

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent | QDropEvent):
            paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
            if paths:
                event.acceptProposedAction()
                if event.type() == QEvent.Type.Drop:
                    self._on_paths(paths)
                return True
        return super().eventFilter(watched, event)


def accept_drops(widget: QWidget, on_paths: Callable[[list[Path]], None]) -> None:
    """Call `on_paths` with what is dropped on the widget, where that is files or folders."""
    widget.setAcceptDrops(True)
    widget.installEventFilter(_Drops(widget, on_paths))
