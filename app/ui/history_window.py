"""The transcripts that were kept: found, read, opened, renamed, exported and deleted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.ui.buttons import push_button
from app.ui.history_list import Entry, EntryDelegate, HistoryList
from app.ui.icons import icon
from app.ui.notice_bar import NoticeBar

_TYPING_MS = 150
_EMPTY = "Nothing is kept yet. What you dictate appears here, unless Settings, History says otherwise."


class HistoryWindow(QWidget):
    """Asks through signals; every one names transcripts by their ids."""

    search_changed = Signal(str)
    more_wanted = Signal(int)  # entries from this place on
    preview_wanted = Signal(int)
    open_requested = Signal(int)
    rename_requested = Signal(int, str)
    delete_requested = Signal(list)
    export_requested = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("History")
        self.setWindowIcon(icon("app"))
        self.resize(860, 520)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search titles and text")
        self.search.setAccessibleName("Search the history")
        self.search.setClearButtonEnabled(True)
        self.entries = HistoryList()
        self.list = QListView()
        self.list.setModel(self.entries)
        self.list.setItemDelegate(EntryDelegate(self.list))
        self.list.setAccessibleName("Kept transcripts")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.preview = QPlainTextEdit()
        self.preview.setReadOnly(True)
        self.preview.setAccessibleName("Text of the chosen transcript")
        self.notice = NoticeBar("hint")
        self.count = QLabel()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._build()
        self._connect()
        self._choose()

    def show_entries(self, entries: Sequence[Entry], total: int) -> None:
        """The first of the transcripts that match, and how many there are."""
        self.entries.show(entries, total)
        self.count.setText("1 transcript" if total == 1 else f"{total} transcripts")
        self.preview.setPlaceholderText(_EMPTY if total == 0 and not self.search.text() else "")
        if entries:
            self.list.setCurrentIndex(self.entries.index(0))
        self._choose()

    def show_preview(self, text: str) -> None:
        """The text of the chosen transcript."""
        self.preview.setPlainText(text)

    def chosen(self) -> list[int]:
        """The ids of the selected transcripts, from the top."""
        rows = sorted(self.list.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [self.entries.entry(index).id for index in rows]

    def _build(self) -> None:
        self._open = push_button("&Open", "Go on with this transcript in the main window (Enter)", self._ask_open)
        self._rename = push_button("&Rename", "Give it another name (F2)", self._edit_title)
        self._export = push_button("&Export…", "Save as a file (Ctrl+S)", self._ask_export)
        self._delete = push_button("&Delete", "Remove text and sound (Del)", self._ask_delete)
        buttons = QHBoxLayout()
        buttons.addWidget(self.count, 1)
        for button in (self._open, self._rename, self._export, self._delete):
            buttons.addWidget(button)
        halves = QSplitter()
        halves.addWidget(self.list)
        halves.addWidget(self.preview)
        halves.setSizes([380, 480])
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.notice)
        column.addWidget(halves, 1)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda: self._typing.start())
        self._typing.timeout.connect(lambda: self.search_changed.emit(self.search.text()))
        self.search.returnPressed.connect(self.list.setFocus)
        self.entries.wanted.connect(self.more_wanted)
        self.entries.renamed.connect(self.rename_requested)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._choose())
        self.list.activated.connect(lambda _: self._ask_open())
        within = Qt.ShortcutContext.WidgetShortcut
        QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.list, self._ask_delete, context=within)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self._ask_export)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)

    def _choose(self) -> None:
        chosen = self.chosen()
        for button in (self._open, self._rename):
            button.setEnabled(len(chosen) == 1)
        for button in (self._export, self._delete):
            button.setEnabled(bool(chosen))
        if len(chosen) == 1:
            self.preview_wanted.emit(chosen[0])
        else:
            self.preview.clear()

    def _ask_open(self) -> None:
        if len(self.chosen()) == 1:
            self.open_requested.emit(self.chosen()[0])

    def _edit_title(self) -> None:
        self.list.edit(self.list.currentIndex())

    def _ask_export(self) -> None:
        if self.chosen():
            self.export_requested.emit(self.chosen())

    def _ask_delete(self) -> None:
        if self.chosen():
            self.delete_requested.emit(self.chosen())
