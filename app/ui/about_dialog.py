"""What this program is, which model it hears with, and the licences of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.icons import icon

_LOGO = QSize(64, 64)


class AboutDialog(QDialog):
    """Shows what it is given; `Copy` puts it on the clipboard, for reports."""

    def __init__(
        self, name: str, version: str, model: str, parts: Sequence[tuple[str, str, str]], parent: QWidget | None = None
    ) -> None:
        """model: its name, empty while it loads; parts: (name, version, licence)."""
        super().__init__(parent)
        self.setWindowTitle(f"About {name}")
        self.setWindowIcon(icon("app"))
        letters = self.fontMetrics()
        self.resize(76 * letters.averageCharWidth(), 26 * letters.lineSpacing())
        self._model, self._heading, self._parts = QLabel(), f"{name} {version}", tuple(parts)
        logo = QLabel()
        logo.setPixmap(icon("app").pixmap(_LOGO))
        logo.setAccessibleName(name)
        heading = QLabel(self._heading)
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        heading.setFont(font)
        for label in (heading, self._model):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
        titles = QVBoxLayout()
        titles.addWidget(heading)
        titles.addWidget(self._model)
        top = QHBoxLayout()
        top.addWidget(logo)
        top.addLayout(titles, 1)
        self.table = _table(self._parts)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = QPushButton(icon("copy"), "&Copy")
        self.copy.setToolTip("Copy all of this as text")
        self.copy.setAutoDefault(False)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column.addWidget(buttons)
        self.show_model(model)

    @property
    def text(self) -> str:
        """All of it, a line for every part."""
        lines = (f"{name} {version}, {licence}" for name, version, licence in self._parts)
        return "\n".join((self._heading, self._model.text(), *lines))

    def show_model(self, model: str) -> None:
        """The model is loaded."""
        self._model.setText(f"Model: {model}" if model else "The model is loading.")


def _table(parts: Sequence[tuple[str, str, str]]) -> QTreeWidget:
    table = QTreeWidget()
    table.setHeaderLabels(["Part", "Version", "Licence"])
    table.setAccessibleName("Parts and their licences")
    table.setRootIsDecorated(False)
    table.setAlternatingRowColors(True)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    for part in parts:
        row = QTreeWidgetItem(list(part))
        row.setToolTip(2, part[2])
        table.addTopLevelItem(row)
    for column in range(2):
        table.resizeColumnToContents(column)
    return table
