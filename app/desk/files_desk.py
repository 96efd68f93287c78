"""The files window joined with the queue of files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from app.audio.file import SUFFIXES
from app.desk.background import Background
from app.errors import sentence
from app.file_queue import FileQueue, Task, TaskState, found_in
from app.file_text import Shaper
from app.ui.files_list import FileRow
from app.ui.files_window import FilesWindow
from s2t_core.errors import S2TError
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import DecodingOptions

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer


class FilesDesk(QObject):
    """The queue begins to run when the first file is added; it waits while somebody dictates."""

    opened = Signal(int, TranscriptDocument)  # number of the file in the queue
    transcribed = Signal(int, str, TranscriptDocument)  # and its name, once it is done
    export_wanted = Signal(list)  # (title, document) of each
    _changed = Signal(object)  # a Task, on its way from the queue's thread
    _noticed = Signal(str)  # as well

    def __init__(
        self,
        recognizer: Callable[[], Future[Recognizer]],
        make_shaper: Callable[[], Shaper],
        wishes: Callable[[], DecodingOptions],
    ) -> None:
        """recognizer: as soon as it is loaded; make_shaper and wishes: asked for every file, on the queue's thread."""
        super().__init__()
        self._recognizer = recognizer
        self._wishes = wishes
        self._background = Background(self)
        self._tasks: dict[int, Task] = {}
        self._queue = FileQueue(self._steered, make_shaper, self._changed.emit)
        self.window = FilesWindow(SUFFIXES)
        # Queued for both threads: what the window's own asks for must not overtake older news of the same file.
        self._changed.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._noticed.connect(self.window.show_notice)
        window, queue = self.window, self._queue
        window.added.connect(self.add)
        window.cancel_requested.connect(queue.cancel)
        window.retry_requested.connect(queue.retry)
        window.remove_requested.connect(self._remove)
        window.open_requested.connect(self._open)
        window.export_requested.connect(self._export)

    def open(self) -> None:
        """Show the window."""
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def add(self, paths: list[Path]) -> None:
        """Transcribe these files, and those in these folders."""
        self.open()
        if not self._queue.is_alive():
            self._queue.start()
        self._background.run(lambda: found_in(paths), lambda found: self._queue_up(paths, found))

    def pause(self, paused: bool) -> None:
        """Somebody dictates, or does no more."""
        self._queue.pause(paused)
        self.window.show_waiting(paused)

    def shut_down(self, wait_s: float) -> bool:
        """End in the midst of a file; returns whether the queue has ended in time."""
        return self._queue.shut_down(wait_s)

    def _queue_up(self, paths: list[Path], found: list[Path] | Exception) -> None:
        if isinstance(found, Exception):
            self.window.show_notice(sentence(found))
        elif found:
            self._queue.add(found)
        else:
            names = ", ".join(path.name for path in paths)
            self.window.show_notice(f"There are no audio or video files in {names}. Choose files, or another folder.")

    def _steered(self) -> Recognizer:
        """On the queue's thread."""
        loaded = self._recognizer().result()
        try:
            return loaded.steered(self._wishes())
        except S2TError as error:  # a phrase that cannot be spelt is no reason not to transcribe
            self._noticed.emit(str(error))
            return loaded

    def _show(self, task: Task) -> None:
        before, self._tasks[task.id] = self._tasks.get(task.id), task
        name, folder = task.path.name, str(task.path.parent)
        if task.state is TaskState.DONE and (before is None or before.state is not TaskState.DONE):
            self.transcribed.emit(task.id, name, task.document)
        error = task.error.replace(str(task.path), name)  # the folder's name would stand before what matters
        row = FileRow(task.id, name, folder, task.state.value, task.progress, task.left_s, error, task.done_s)
        self.window.show_file(row)

    def _remove(self, ids: list[int]) -> None:
        self._queue.remove(ids)
        for id in ids:
            self._tasks.pop(id, None)

    def _open(self, id: int) -> None:
        self.opened.emit(id, self._tasks[id].document)

    def _export(self, ids: list[int]) -> None:
        self.export_wanted.emit([(self._tasks[id].path.stem, self._tasks[id].document) for id in ids])
