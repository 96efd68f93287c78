"""Kept transcripts as a list that is fetched page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QTextDocument
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex
_PADDING_PX = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept transcript. facts: when, how long, how much; snippet: what was found in it is between \\x02 and \\x03."""

    id: int
    title: str
    facts: str
    snippet: str = ""


class HistoryList(QAbstractListModel):
    """The entries that were fetched so far, of `total`; asks for more when a view comes to the end."""

    wanted = Signal(int)  # entries from this place on
    renamed = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[Entry] = []
        self._total = 0
        self._asked = -1

    def show(self, entries: Sequence[Entry], total: int) -> None:
        """Other entries, from the first on."""
        self.beginResetModel()
        self._entries, self._total, self._asked = list(entries), total, -1
        self.endResetModel()

    def add(self, entries: Sequence[Entry]) -> None:
        """The next ones."""
        if entries:
            first = len(self._entries)
            self.beginInsertRows(QModelIndex(), first, first + len(entries) - 1)
            self._entries += entries
            self.endInsertRows()

    def entry(self, index: Index) -> Entry:
        """The entry of a row."""
        return self._entries[index.row()]

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and len(self._entries) < self._total

    def fetchMore(self, parent: Index) -> None:
        if self._asked != len(self._entries):
            self._asked = len(self._entries)
            self.wanted.emit(self._asked)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self.entry(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return entry.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.title}, {entry.facts}"
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or str(value) == self.entry(index).title:
            return False
        self.renamed.emit(self.entry(index).id, str(value))
        return True


class EntryDelegate(QStyledItemDelegate):
    """A row: the title, below it the facts, below them the snippet with what was found in bold."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, HistoryList)
        entry = model.entry(index)
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = option.palette.ColorRole.HighlightedText if chosen else option.palette.ColorRole.Text
        colour = option.palette.color(role)
        line = option.fontMetrics.height()
        inside = option.rect.adjusted(_PADDING_PX, _PADDING_PX, -_PADDING_PX, -_PADDING_PX)
        painter.save()
        painter.setPen(colour)
        bold = option.font
        bold.setBold(True)
        painter.setFont(bold)
        title = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside.left(), inside.top() + option.fontMetrics.ascent(), title)
        bold.setBold(False)
        painter.setFont(bold)
        painter.setOpacity(0.75)
        painter.drawText(inside.left(), inside.top() + line + option.fontMetrics.ascent(), entry.facts)
        painter.setOpacity(1.0)
        painter.translate(inside.left(), inside.top() + 2 * line)
        painter.setClipRect(0, 0, inside.width(), line)
        text = QTextDocument()
        text.setDocumentMargin(0)
        text.setDefaultFont(bold)
        text.setDefaultStyleSheet(f"body {{ color: {colour.name()}; }}")
        text.setHtml(f"<body>{_html(entry.snippet)}</body>")
        text.drawContents(painter)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, 3 * option.fontMetrics.height() + 2 * _PADDING_PX)


def _html(snippet: str) -> str:
    plain = snippet.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
    return plain.replace("\x02", "<b>").replace("\x03", "</b>")
