"""Files that are transcribed: dropped in, watched, opened and exported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.ui.buttons import push_button
from app.ui.drops import accept_drops
from app.ui.files_list import OVER, PROGRESS, FileRow, FilesList, ProgressDelegate
from app.ui.icons import icon
from app.ui.notice_bar import NoticeBar

_EMPTY = (
    "Drop audio or video files here, or whole folders.\nTheir text appears without any of it leaving this computer."
)
_WAITS = "Transcription waits while you dictate."


class FilesWindow(QWidget):
    """Asks through signals; files are named by their ids in the queue. It may be closed while they run."""

    added = Signal(list)  # paths
    cancel_requested = Signal(list)
    retry_requested = Signal(list)
    remove_requested = Signal(list)
    open_requested = Signal(int)
    export_requested = Signal(list)

    def __init__(self, suffixes: Sequence[str]) -> None:
        """suffixes: of the files that can be read."""
        super().__init__()
        self.setWindowTitle("Transcribe files")
        self.setWindowIcon(icon("app"))
        self.resize(max(760, 95 * self.fontMetrics().averageCharWidth()), 28 * self.fontMetrics().lineSpacing())
        self._patterns = " ".join(f"*{suffix}" for suffix in suffixes)
        self.files = FilesList()
        self.table = QTableView()
        self.table.setModel(self.files)
        self.table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAccessibleName("Files")
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.empty = QLabel(_EMPTY, self.table)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice = NoticeBar("hint")
        self.fault = QLabel()
        self.overall = QProgressBar()
        self.overall.setAccessibleName("Progress of all files")
        self._build()
        self._fit()
        accept_drops(self, self.added.emit)
        self.files.rowsInserted.connect(lambda *_: self._show())
        self.files.dataChanged.connect(lambda *_: self._show())
        self.files.modelReset.connect(self._show)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show())
        self.table.activated.connect(lambda _: self._ask_open())
        self._show()

    def show_file(self, row: FileRow) -> None:
        """A file is new in the queue, or has changed."""
        self.files.show(row)

    def show_waiting(self, waits: bool) -> None:
        """Whether the queue waits for somebody who dictates."""
        self.notice.show_notice(_WAITS if waits and self.files.rowCount() else "")

    def show_notice(self, text: str) -> None:
        """A line above the files."""
        self.notice.show_notice(text)

    def chosen(self, *states: str) -> list[int]:
        """The ids of the selected files in one of these states."""
        return [row.id for row in self._selected() if row.state in states]

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.empty.setGeometry(self.table.viewport().geometry())

    def _fit(self) -> None:
        """Two lines a row, and columns as wide as what may stand in them: Qt would ask every row at every change."""
        metrics = self.fontMetrics()
        self.table.verticalHeader().setDefaultSectionSize(2 * metrics.lineSpacing() + 6)
        for column, sample in enumerate(("An interview of some length.m4a", "Progress 100%", "10 h 59 min done")):
            self.table.setColumnWidth(column, metrics.horizontalAdvance(sample) + 12)

    def _build(self) -> None:
        add = push_button("&Add files…", "Choose files (Ctrl+O)", self._choose_files)
        folder = push_button("Add &folder…", "Choose a folder: the audio and video files in it", self._choose_folder)
        self._cancel = push_button(
            "&Cancel", "Stop the selected files; their text so far stays (Del)", self._ask_cancel
        )
        self._retry = push_button("&Retry", "Try the selected files again", self._ask_retry)
        self._open = push_button("&Open", "Show the text in the main window (Enter)", self._ask_open)
        self._export = push_button("&Export…", "Save the selected texts, or all (Ctrl+S)", self._ask_export)
        self._remove = push_button(
            "Re&move", "Take the selected files and their texts off the list (Del)", self._ask_remove
        )
        self._clear = push_button(
            "C&lear finished", "Take finished files and their texts off the list", self._ask_clear
        )
        self.fault.setWordWrap(True)
        self.fault.setTextFormat(Qt.TextFormat.PlainText)
        self.fault.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        above, below = QHBoxLayout(), QHBoxLayout()
        for widget in (add, folder):
            above.addWidget(widget)
        above.addStretch(1)
        above.addWidget(self._remove)
        above.addWidget(self._clear)
        below.addWidget(self.overall, 1)
        for widget in (self._cancel, self._retry, self._open, self._export):
            below.addWidget(widget)
        column = QVBoxLayout(self)
        column.addLayout(above)
        column.addWidget(self.notice)
        column.addWidget(self.table, 1)
        column.addWidget(self.fault)
        column.addLayout(below)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Open), self, self._choose_files)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self._ask_export)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self, self._delete)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)

    def _show(self) -> None:
        rows, selected = self.files.rows(), self._selected()
        chosen = Counter(row.state for row in selected)
        over = sum(chosen[state] for state in OVER)
        any_done = any(row.state == "done" for row in rows)
        self.empty.setVisible(not rows)
        self._cancel.setEnabled(over < len(selected))
        self._retry.setEnabled(over > chosen["done"])
        self._open.setEnabled(over == 1)
        self._remove.setEnabled(over > 0)
        self._export.setEnabled(any_done)
        self._export.setText("&Export…" if chosen["done"] else "&Export all…")
        self._clear.setEnabled(any_done)
        self.fault.setText(selected[0].error if len(selected) == 1 else "")
        self.fault.setVisible(bool(self.fault.text()))
        counted = [row for row in rows if row.state in ("waiting", "running", "done")]
        self.overall.setVisible(bool(counted))
        self.overall.setValue(round(100 * sum(row.progress for row in counted) / len(counted)) if counted else 0)

    def _selected(self) -> list[FileRow]:
        """By ranges: of hundreds of selected rows every single cell would be asked."""
        selection = self.table.selectionModel().selection()
        ranges = [selection.at(index) for index in range(selection.count())]
        places = sorted({place for one in ranges for place in range(one.top(), one.bottom() + 1)})
        return [self.files.row(place) for place in places]

    def _to_export(self) -> list[int]:
        """The selected finished files; all of them where none is selected."""
        return self.chosen("done") or [row.id for row in self.files.rows() if row.state == "done"]

    def _choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self, "Files to transcribe", "", f"Audio and video ({self._patterns});;All files (*)"
        )
        if names:
            self.added.emit([Path(name) for name in names])

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder with audio and video")
        if name:
            self.added.emit([Path(name)])

    def _ask_cancel(self) -> None:
        self.cancel_requested.emit(self.chosen("waiting", "running"))

    def _ask_retry(self) -> None:
        self.retry_requested.emit(self.chosen("failed", "cancelled"))

    def _ask_open(self) -> None:
        chosen = self.chosen(*OVER)
        if len(chosen) == 1:
            self.open_requested.emit(chosen[0])

    def _ask_export(self) -> None:
        if self._to_export():
            self.export_requested.emit(self._to_export())

    def _delete(self) -> None:
        """The key stops what runs; pressed again, it takes it off."""
        if self._cancel.isEnabled():
            self._ask_cancel()
        elif self._remove.isEnabled():
            self._ask_remove()

    def _ask_remove(self) -> None:
        self._take_off(self.chosen(*OVER))

    def _ask_clear(self) -> None:
        self._take_off([row.id for row in self.files.rows() if row.state == "done"])

    def _take_off(self, ids: list[int]) -> None:
        self.files.remove(set(ids))
        self.remove_requested.emit(ids)
