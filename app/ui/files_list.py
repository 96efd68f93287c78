"""The files of the queue as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionProgressBar, QStyleOptionViewItem

from app.ui.tips import plain_tip

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("File", "Progress", "Time left", "What happens")
PROGRESS = 1
OVER = ("done", "failed", "cancelled")
_STATES = {
    "waiting": "Waiting", "running": "Transcribing", "done": "Done", "failed": "Failed", "cancelled": "Cancelled",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file in the queue. state: waiting, running, done, failed, cancelled; progress 0..1; error: with its remedy.

    left_s   until it is done; None where the file does not say how long it is, and then there is done_s
    """

    id: int
    name: str
    folder: str
    state: str
    progress: float = 0.0
    left_s: float | None = None
    error: str = ""
    done_s: float = 0.0


class FilesList(QAbstractTableModel):
    """One row a file, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[FileRow] = []
        self._places: dict[int, int] = {}

    def show(self, row: FileRow) -> None:
        """Add a row, or change it."""
        place = self._places.get(row.id)
        if place is None:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows))
            self._places[row.id] = len(self._rows)
            self._rows.append(row)
            self.endInsertRows()
        elif row != self._rows[place]:
            self._rows[place] = row
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))

    def remove(self, ids: set[int]) -> None:
        """Take rows away."""
        self.beginResetModel()
        self._rows = [row for row in self._rows if row.id not in ids]
        self._places = {row.id: place for place, row in enumerate(self._rows)}
        self.endResetModel()

    def row(self, place: int) -> FileRow:
        """The row at a place."""
        return self._rows[place]

    def rows(self) -> list[FileRow]:
        """All of them."""
        return list(self._rows)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (row.name, f"{row.progress:.0%}", _left(row), row.error or _STATES[row.state])[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(row.error or row.folder)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            return f"{row.name}, {_STATES[row.state]}, {row.progress:.0%}. {row.error}"
        return None


class ProgressDelegate(QStyledItemDelegate):
    """Draws a share as a bar of the platform's own."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, FilesList)
        row = model.row(index.row())
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        bar = QStyleOptionProgressBar()
        bar.rect = option.rect.adjusted(2, 3, -2, -3)
        bar.state = option.state | QStyle.StateFlag.State_Horizontal
        bar.palette = option.palette
        bar.minimum, bar.maximum, bar.progress = 0, 100, round(100 * row.progress)
        bar.text, bar.textVisible = f"{row.progress:.0%}", True
        bar.textAlignment = Qt.AlignmentFlag.AlignCenter
        style.drawControl(QStyle.ControlElement.CE_ProgressBar, bar, painter, option.widget)


def _left(row: FileRow) -> str:
    if row.state != "running":
        return ""
    if row.left_s is None:
        return f"{_time(row.done_s)} done" if row.done_s else ""
    return _time(row.left_s)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes >= 10 else f"{minutes}:{rest:02d}"
