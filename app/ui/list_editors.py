"""Editors of lists: texts one a line, and a table of what is said and what is written for it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.setting_paths import entry_fits, most_entries

_HIGH = 6  # lines of text


class LinesEditor(QWidget):
    """Texts, one a line; what cannot be taken is named below."""

    edited = Signal(tuple)  # the texts that can be taken

    def __init__(self, path: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._lines: tuple[str, ...] = ()
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(_HIGH * self.text.fontMetrics().lineSpacing())
        self.text.textChanged.connect(self._read)
        self._fault = _fault_label()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self._fault)

    def show_lines(self, lines: Sequence[str]) -> None:
        """Another list; what is being typed is left alone where it means the same."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            with QSignalBlocker(self.text):
                self.text.setPlainText("\n".join(lines))
            _tell_fault(self._fault, "")

    def _read(self) -> None:
        numbered = [
            (at, line.strip()) for at, line in enumerate(self.text.toPlainText().split("\n"), 1) if line.strip()
        ]
        bad = [at for at, line in numbered if not entry_fits(self._path, line)]
        good = tuple(line for at, line in numbered if at not in bad)
        self._lines = good[: most_entries(self._path)]
        _tell_fault(self._fault, _list_fault(self._path, bad, len(good)))
        self.edited.emit(self._lines)


class PairsEditor(QWidget):
    """A table of two columns with buttons for more and fewer lines."""

    edited = Signal(tuple)  # the pairs whose first half is there

    def __init__(self, path: str, left: str, right: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self._pairs: tuple[tuple[str, str], ...] = ()
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([left, right])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)  # Tab leaves the table, as everywhere
        self.table.setMinimumHeight(_HIGH * self.table.fontMetrics().lineSpacing())
        self.table.itemChanged.connect(self._read)
        QShortcut(QKeySequence(Qt.Key.Key_Delete), self.table, self.remove, context=Qt.ShortcutContext.WidgetShortcut)
        more, fewer = QPushButton("Add a line"), QPushButton("Remove")
        more.clicked.connect(self.add)
        fewer.clicked.connect(self.remove)
        fewer.setToolTip("Remove the selected lines (Del)")
        buttons = QHBoxLayout()
        for button in (more, fewer):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._fault = _fault_label()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        column.addLayout(buttons)
        column.addWidget(self._fault)

    def show_pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Another list; lines that are being typed are left alone where they mean the same."""
        if tuple(pairs) != self._pairs:
            self._pairs = tuple(pairs)
            with QSignalBlocker(self.table):
                self.table.setRowCount(0)
                for pair in pairs:
                    self._append(*pair)
            _tell_fault(self._fault, "")

    def add(self) -> None:
        """An empty line at the end, ready to be typed in."""
        with QSignalBlocker(self.table):
            self._append("", "")
        self.table.setCurrentCell(self.table.rowCount() - 1, 0)
        self.table.setFocus()
        self.table.editItem(self.table.currentItem())

    def remove(self) -> None:
        """The selected lines are gone."""
        lines = {index.row() for index in self.table.selectedIndexes()}
        for line in sorted(lines, reverse=True):
            self.table.removeRow(line)
        if lines:
            self._read()

    def _append(self, *texts: str) -> None:
        line = self.table.rowCount()
        self.table.insertRow(line)
        for column, text in enumerate(texts):
            self.table.setItem(line, column, QTableWidgetItem(text))

    def _cell(self, line: int, column: int) -> str:
        item = self.table.item(line, column)
        return item.text() if item is not None else ""

    def _read(self) -> None:
        numbered = [(at + 1, (self._cell(at, 0).strip(), self._cell(at, 1))) for at in range(self.table.rowCount())]
        bad = [at for at, pair in numbered if any(pair) and not entry_fits(self._path, pair)]
        good = tuple(pair for at, pair in numbered if any(pair) and at not in bad)
        self._pairs = good[: most_entries(self._path)]
        _tell_fault(self._fault, _list_fault(self._path, bad, len(good)))
        self.edited.emit(self._pairs)


def _list_fault(path: str, bad: Sequence[int], good: int) -> str:
    if bad:
        lines = ", ".join(str(at) for at in bad[:5]) + ("…" if len(bad) > 5 else "")
        return f"Not used, because empty or too long: line {lines}."
    if good > most_entries(path):
        return f"Only the first {most_entries(path)} of {good} lines are used."
    return ""


def _fault_label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.hide()
    return label


def _tell_fault(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
