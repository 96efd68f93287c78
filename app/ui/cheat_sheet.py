"""What can be said and which keys can be pressed, at a glance beside the work."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.icons import icon
from app.ui.tips import plain_tip

Pair = tuple[str, str]


class CheatSheet(QDialog):
    """Two lists and a line that filters both. It blocks nothing and Esc closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What to say, what to press")
        self.setWindowIcon(icon("app"))
        letters = self.fontMetrics()
        self.resize(140 * letters.averageCharWidth(), 28 * letters.lineSpacing())
        self.field = QLineEdit()
        self.field.setPlaceholderText("Filter")
        self.field.setAccessibleName("Filter what can be said and pressed")
        self.field.setClearButtonEnabled(True)
        self.say = _table("Say", "It writes or does", "What to say")
        self.press = _table("Press", "It does", "What to press")
        self._nothing = QLabel("Nothing here is called so.")
        self._nothing.hide()
        self._rows: list[QTreeWidgetItem] = []
        columns = QHBoxLayout()
        columns.addWidget(self.say)
        columns.addWidget(self.press)
        column = QVBoxLayout(self)
        column.addWidget(self.field)
        column.addLayout(columns)
        column.addWidget(self._nothing)
        self.field.textChanged.connect(self._filter)

    def show_cheats(self, say: Sequence[Pair], press: Sequence[Pair]) -> None:
        """Say (words, what they give) and (keys, what they do); line breaks show as signs."""
        self._rows = []
        for table, pairs in ((self.say, say), (self.press, press)):
            table.clear()
            for pair in pairs:
                row = QTreeWidgetItem([_visible(text) for text in pair])
                for column, text in enumerate(pair):
                    row.setToolTip(column, plain_tip(_visible(text)))
                table.addTopLevelItem(row)
                self._rows.append(row)
            table.resizeColumnToContents(0)
        self._filter(self.field.text())

    def open_beside(self) -> None:
        """Show it, or bring it to the front; the next letters go to the filter."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.field.setFocus()
        self.field.selectAll()

    @property
    def says_nothing(self) -> bool:
        """Whether nothing matches the filter."""
        return not self._nothing.isHidden()

    def _filter(self, wanted: str) -> None:
        words = wanted.lower().split()
        for row in self._rows:
            text = f"{row.text(0)} {row.text(1)}".lower()
            row.setHidden(not all(word in text for word in words))
        self._nothing.setVisible(bool(words) and all(row.isHidden() for row in self._rows))


def _table(left: str, right: str, name: str) -> QTreeWidget:
    table = QTreeWidget()
    table.setHeaderLabels([left, right])
    table.setAccessibleName(name)
    table.setRootIsDecorated(False)
    table.setAlternatingRowColors(True)
    table.setUniformRowHeights(True)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setTextElideMode(Qt.TextElideMode.ElideRight)
    return table


def _visible(text: str) -> str:
    return text.replace("\n\n", "¶").replace("\n", "↵")
