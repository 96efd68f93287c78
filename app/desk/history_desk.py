"""The history window joined with the history: searching, reading, reopening, deleting with a way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import AppError
from app.history import History, RecordingKey, TranscriptRow
from app.ui.history_list import Entry
from app.ui.history_window import HistoryWindow
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ

_PAGE = 100
_REGRET_MS = 10_000
_OPEN = "One of these is open in the main window. Choose New transcript there first."


class HistoryDesk(QObject):
    """One window, made when it is first asked for. What is deleted is hidden first and gone a moment later."""

    opened = Signal(int, TranscriptDocument)
    export_wanted = Signal(list)  # (title, document) of each

    def __init__(self, open_history: Callable[[], History], in_use: Callable[[], int | None]) -> None:
        """in_use: the transcript that is open in the main window."""
        super().__init__()
        self._in_use = in_use
        self._open_history = open_history
        self._history: History | None = None
        self._condemned: list[int] = []
        self.window = HistoryWindow()
        self._regret = QTimer(self)
        self._regret.setSingleShot(True)
        self._regret.setInterval(_REGRET_MS)
        self._regret.timeout.connect(self.delete_now)
        window = self.window
        window.search_changed.connect(lambda _: self.refresh())
        window.more_wanted.connect(self._more)
        window.preview_wanted.connect(self._preview)
        window.open_requested.connect(self._open)
        window.rename_requested.connect(self._rename)
        window.delete_requested.connect(self._condemn)
        window.export_requested.connect(self._export)

    def open(self) -> None:
        """Show the window, up to date."""
        self.refresh()
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self.window.list.setFocus()

    def refresh(self) -> None:
        """Read the list anew."""
        self._guarded(self._show_list)

    def recordings(self, id: int) -> dict[RecordingKey, Path]:
        """The sound of a transcript."""
        found: dict[RecordingKey, Path] = {}
        self._guarded(lambda history: found.update(history.recordings(id)))
        return found

    def document(self, id: int) -> TranscriptDocument | None:
        """A kept transcript, as it is now; None where it is gone."""
        found: list[TranscriptDocument] = []
        self._guarded(lambda history: found.append(history.document(id)))
        return found[0] if found else None

    def delete_now(self) -> None:
        """What was deleted cannot be brought back any more."""
        self._regret.stop()
        condemned, self._condemned = self._condemned, []
        if condemned:
            self.window.notice.show_notice("")
            self._guarded(lambda history: history.delete(condemned))

    def shut_down(self) -> None:
        """Finish what is pending."""
        self.delete_now()
        if self._history is not None:
            self._history.close()
            self._history = None

    def _guarded(self, run: Callable[[History], None]) -> None:
        try:
            if self._history is None:
                self._history = self._open_history()
            run(self._history)
        except AppError as error:
            self.window.notice.show_notice(str(error))

    def _show_list(self, history: History) -> None:
        search = self.window.search.text()
        rows = self._page(history, 0)
        self.window.show_entries(rows, history.count(search, self._condemned))

    def _page(self, history: History, first: int) -> list[Entry]:
        rows = history.transcripts(self.window.search.text(), _PAGE, first, self._condemned)
        return [_entry(row) for row in rows]

    def _more(self, first: int) -> None:
        self._guarded(lambda history: self.window.entries.add(self._page(history, first)))

    def _preview(self, id: int) -> None:
        self._guarded(lambda history: self.window.show_preview(history.document(id).text))

    def _open(self, id: int) -> None:
        self._guarded(lambda history: self.opened.emit(id, history.document(id)))

    def _rename(self, id: int, title: str) -> None:
        self._guarded(lambda history: history.rename(id, title))
        self.refresh()

    def _export(self, ids: list[int]) -> None:
        def export(history: History) -> None:
            self.export_wanted.emit([(history.find(id).title, history.document(id)) for id in ids])

        self._guarded(export)

    def _condemn(self, ids: list[int]) -> None:
        self.delete_now()
        if self._in_use() in ids:
            self.window.notice.show_notice(_OPEN)
            return
        self._condemned = ids
        self.refresh()
        what = "1 transcript" if len(ids) == 1 else f"{len(ids)} transcripts"
        self.window.notice.show_notice(f"Deleted {what}.", "Undo", self._pardon)
        self._regret.start()

    def _pardon(self) -> None:
        self._regret.stop()
        self._condemned = []
        self.refresh()


def _entry(row: TranscriptRow) -> Entry:
    minutes, seconds = divmod(row.length_samples // SAMPLE_RATE_HZ, 60)
    words = "1 word" if row.words == 1 else f"{row.words} words"
    at = row.started_at.astimezone().strftime("%Y-%m-%d %H:%M")
    ended = "" if row.finished else " · not finished"
    return Entry(row.id, row.title, f"{at} · {minutes}:{seconds:02d} · {words}{ended}", row.snippet)
