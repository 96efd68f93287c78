"""The windows beside the main one, joined with the desktop: history, export, what is kept and heard."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from PySide6.QtCore import QObject

from app.desk.desktop import Desktop
from app.desk.export_desk import ExportDesk
from app.desk.history_desk import HistoryDesk
from app.desk.record_desk import RecordDesk
from app.errors import AppError
from app.export import Transcript
from app.export.options import ExportChoice
from app.history import History
from app.history_items import length_samples, title_of
from app.paths import history_file, recordings_folder
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ


class Companions(QObject):
    """Lives as long as the desktop."""

    def __init__(self, desktop: Desktop) -> None:
        super().__init__(desktop)
        self._desktop = desktop
        self._model = ""
        self.record = RecordDesk(_open_history, recordings_folder())
        self.history = HistoryDesk(_open_history)
        self.export = ExportDesk(desktop.window, desktop.window.say, self._remember)
        window, controller = desktop.window, desktop.controller
        controller.tap = self.record.tap
        controller.recording_began.connect(self._begin)
        controller.recording_ended.connect(self.record.end)
        controller.document_changed.connect(self.record.see)
        controller.model_ready.connect(self._know_model)
        desktop.new_wanted.connect(lambda: self._turn(None, TranscriptDocument()))
        window.view.word_chosen.connect(lambda *place: self.record.play(controller.document, *place))
        window.on("history", self.history.open)
        window.on("export", self._export)
        self.record.playing.connect(window.view.show_playing)
        self.record.noticed.connect(window.notice.show_notice)
        self.history.opened.connect(self._reopen)
        self.history.export_wanted.connect(self._export_kept)

    def open(self) -> None:
        """Forget what the user wants forgotten by now."""
        days = self._desktop.settings.history.days
        if days and history_file().exists():
            with contextlib.suppress(AppError):  # it will be said when the history is opened
                history = _open_history()
                history.sweep(days, datetime.now(UTC))
                history.close()

    def shut_down(self) -> None:
        """Write what waits."""
        self.history.shut_down()
        self.record.shut_down()

    def _begin(self, source: str) -> None:
        desktop = self._desktop
        self.record.begin(desktop.settings.history, self._model, source, desktop.controller.document)

    def _know_model(self, model: str) -> None:
        self._model = model

    def _turn(self, id: int | None, document: TranscriptDocument) -> None:
        self.record.turn_to(id, document, {} if id is None else self.history.recordings(id))
        self._desktop.show(document)

    def _reopen(self, id: int, document: TranscriptDocument) -> None:
        self._turn(id, document)
        self._desktop.come_forward()

    def _export(self) -> None:
        document = self._desktop.controller.document
        self._export_all([(title_of(document), document)])

    def _export_kept(self, kept: Sequence[tuple[str, TranscriptDocument]]) -> None:
        self._desktop.come_forward()
        self._export_all(kept)

    def _export_all(self, documents: Sequence[tuple[str, TranscriptDocument]]) -> None:
        transcripts = [
            Transcript(document, "", length_samples(document) / SAMPLE_RATE_HZ, self._model, title)
            for title, document in documents
        ]
        self.export.open(transcripts, self._desktop.settings.export)

    def _remember(self, choice: ExportChoice) -> None:
        self._desktop.use(replace(self._desktop.settings, export=choice))


def _open_history() -> History:
    return History(history_file(), recordings_folder())
