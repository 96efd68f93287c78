"""Files that are transcribed: dropped in, watched, opened and exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.ui.buttons import push_button
from app.ui.drops import accept_drops
from app.ui.files_list import PROGRESS, FileRow, FilesList, ProgressDelegate
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
        self.resize(max(760, 95 * self.fontMetrics().averageCharWidth()), 420)
        self._patterns = " ".join(f"*{suffix}" for suffix in suffixes)
        self.files = FilesList()
        self.table = QTableView()
        self.table.setModel(self.files)
        self.table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAccessibleName("Files")
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.resizeSection(0, 32 * self.fontMetrics().averageCharWidth())
        self.empty = QLabel(_EMPTY, self.table)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice = NoticeBar("hint")
        self.overall = QProgressBar()
        self.overall.setAccessibleName("Progress of all files")
        self._build()
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

    def chosen(self, *states: str) -> list[int]:
        """The ids of the selected files in one of these states."""
        places = sorted({index.row() for index in self.table.selectionModel().selectedIndexes()})
        rows = [self.files.rows()[place] for place in places]
        return [row.id for row in rows if row.state in states]

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.empty.setGeometry(self.table.viewport().geometry())

    def _build(self) -> None:
        add = push_button("&Add files…", "Choose files (Ctrl+O)", self._choose_files)
        folder = push_button("Add &folder…", "Choose a folder: the audio and video files in it", self._choose_folder)
        self._cancel = push_button("&Cancel", "Stop the selected files (Del)", self._ask_cancel)
        self._retry = push_button("&Retry", "Try the selected files again", self._ask_retry)
        self._open = push_button("&Open", "Show the text in the main window (Enter)", self._ask_open)
        self._export = push_button("&Export…", "Save the selected texts, or all (Ctrl+S)", self._ask_export)
        self._clear = push_button("C&lear finished", "Take finished files off the list", self._ask_clear)
        above, below = QHBoxLayout(), QHBoxLayout()
        for widget in (add, folder):
            above.addWidget(widget)
        above.addStretch(1)
        above.addWidget(self._clear)
        below.addWidget(self.overall, 1)
        for widget in (self._cancel, self._retry, self._open, self._export):
            below.addWidget(widget)
        column = QVBoxLayout(self)
        column.addLayout(above)
        column.addWidget(self.notice)
        column.addWidget(self.table, 1)
        column.addLayout(below)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Open), self, self._choose_files)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self._ask_export)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self, self._ask_cancel)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)

    def _show(self) -> None:
        rows = self.files.rows()
        self.empty.setVisible(not rows)
        self._cancel.setEnabled(bool(self.chosen("waiting", "running")))
        self._retry.setEnabled(bool(self.chosen("failed", "cancelled")))
        self._open.setEnabled(len(self.chosen("done", "failed", "cancelled")) == 1)
        self._export.setEnabled(bool(self._to_export()))
        self._clear.setEnabled(any(row.state == "done" for row in rows))
        counted = [row for row in rows if row.state in ("waiting", "running", "done")]
        self.overall.setVisible(bool(counted))
        self.overall.setValue(round(100 * sum(row.progress for row in counted) / len(counted)) if counted else 0)

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
        chosen = self.chosen("done", "failed", "cancelled")
        if len(chosen) == 1:
            self.open_requested.emit(chosen[0])

    def _ask_export(self) -> None:
        if self._to_export():
            self.export_requested.emit(self._to_export())

    def _ask_clear(self) -> None:
        ids = [row.id for row in self.files.rows() if row.state == "done"]
        self.files.remove(set(ids))
        self.remove_requested.emit(ids)
