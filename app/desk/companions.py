"""The windows beside the main one, joined with the desktop: history, export, what is kept and heard."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

from app.desk.background import Background
from app.desk.caption_desk import CaptionDesk
from app.desk.desktop import Desktop
from app.desk.export_desk import ExportDesk
from app.desk.files_desk import FilesDesk
from app.desk.help_desk import HelpDesk
from app.desk.history_desk import HistoryDesk
from app.desk.parting import Parting
from app.desk.record_desk import RecordDesk
from app.desk.recovery_desk import RecoveryDesk
from app.desk.settings_desk import SettingsDesk
from app.errors import sentence
from app.export import Transcript
from app.export.options import ExportChoice
from app.history import History
from app.history_items import length_samples, title_of
from app.journal.writer import Journal
from app.paths import history_file, journals_folder, own_folders, recordings_folder
from app.private_files import narrow_tree
from app.recovery import Recovery
from app.retention import Places, forget
from app.state import State
from app.ui.come_forward import come_forward
from app.ui.drops import accept_drops
from s2t_core.text.formatter import Formatter
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ

_QUIET = (State.IDLE, State.PAUSED, State.FAILED)
_WAIT_S = 3.0
_DAY_MS = 24 * 3600 * 1000


class Companions(QObject):
    """Lives as long as the desktop."""

    def __init__(self, desktop: Desktop, model: Path, device: str) -> None:
        """model, device: what the doctor examines."""
        super().__init__(desktop)
        self._desktop = desktop
        self._model = ""
        self._kept_files: dict[int, Future[int]] = {}  # ids in the history, by the number in the queue
        self.record = RecordDesk(_open_history, recordings_folder(), journals_folder())
        self.recovery = RecoveryDesk(
            _open_history,
            journals_folder(),
            lambda: Formatter(desktop.settings.text.rules),
            desktop.window.hint,
        )
        self.history = HistoryDesk(_open_history, lambda: self.record.kept_as)
        self.export = ExportDesk(desktop.window, desktop.window.say, self._remember)
        self.settings = SettingsDesk(desktop)
        self.captions = CaptionDesk(desktop)
        self.help = HelpDesk(desktop, model, device)
        self.files = FilesDesk(
            desktop.controller.recognizer, lambda: Formatter(desktop.settings.text.rules), desktop.wishes
        )
        self._background, self._days = Background(self), QTimer(self)
        self._days.timeout.connect(self._tidy)
        window, controller = desktop.window, desktop.controller
        self._exported: TranscriptDocument | None = None  # that of the window, when it was exported last
        self.parting = Parting(window, lambda: controller.document, lambda: self.record.keeps_all)
        window.on("copy_all", lambda: self.parting.settle(controller.document))
        controller.tap = self.record.tap
        desktop.about_to_listen.connect(self.record.be_quiet)
        controller.recording_began.connect(self._begin)
        controller.recording_ended.connect(self.record.end)
        controller.document_changed.connect(lambda document: self.record.see(document, controller.heard))
        self.recovery.wanted.connect(self._recover)
        controller.model_ready.connect(self._know_model)
        desktop.new_wanted.connect(lambda: self._turn(None, TranscriptDocument()))
        window.view.word_chosen.connect(self._play)
        window.on("history", self.history.open)
        window.on("files", self.files.open)
        accept_drops(window, self.files.add)
        controller.state_changed.connect(lambda state: self.files.pause(state not in _QUIET))
        self.files.opened.connect(self._open_file)
        self.files.transcribed.connect(self._keep_file)
        self.files.export_wanted.connect(self._export_kept)
        window.on("export", self._export)
        self.record.playing.connect(window.view.show_playing)
        self.record.noticed.connect(window.notice.show_notice)
        self.history.opened.connect(self._reopen)
        self.history.export_wanted.connect(self._export_kept)

    def open(self) -> None:
        """Behind the window, forget what the user wants forgotten by now, and so every day; then offer what was cut
        off."""
        self._tidy()
        self._days.start(_DAY_MS)
        self.recovery.look()

    def shut_down(self) -> bool:
        """Write what waits; returns whether everything has ended in time."""
        self.parting.end()
        self.settings.shut_down()
        self.captions.shut_down()
        self.history.shut_down()
        written = self.record.shut_down()
        return self.files.shut_down(_WAIT_S) and written

    def _tidy(self) -> None:
        days, open_now = self._desktop.settings.history.days, self.record.kept_as
        self._background.run(lambda: tidy(days, () if open_now is None else (open_now,)), self._say_fault)

    def _say_fault(self, result: object) -> None:
        if isinstance(result, Exception):
            self._desktop.window.notice.show_notice(sentence(result))

    def _begin(self, source: str) -> None:
        desktop = self._desktop
        self.record.begin(desktop.settings.history, self._model, source, desktop.controller.document)
        desktop.controller.journal = self.record.journal

    def _recover(self, found: Recovery) -> None:
        """Go on with a recording that broke off, as if it had not."""
        if not self._busy():
            self.parting.ask(lambda: self._take_up(found))

    def _take_up(self, found: Recovery) -> None:
        if not self._busy():
            shown = self._desktop.controller.document
            go_on = partial(self._go_on, found, shown)
            self.recovery.take_up(found, self.record.catch_up, self.record.noticed.emit, go_on)

    def _go_on(self, found: Recovery, shown: TranscriptDocument, recovery: Recovery, journal: Journal) -> None:
        if self._desktop.controller.document is not shown:  # it was written into since: read it once more
            journal.close()
            self._take_up(found)
            return
        self._show(recovery.id, recovery.kept)
        self.record.begin_again(recovery, journal)
        ended = self._desktop.controller.recording_ended
        ended.connect(lambda _: self.recovery.look(), Qt.ConnectionType.SingleShotConnection)
        self._desktop.bring_back(recovery, journal)

    def _know_model(self, model: str) -> None:
        self._model = model

    def _turn(self, id: int | None, document: TranscriptDocument) -> None:
        if not self._busy():
            self.parting.ask(lambda: self._show(id, document))

    def _show(self, id: int | None, document: TranscriptDocument) -> None:
        if self._busy():  # since it was asked
            return
        self.record.turn_to(id, document, {} if id is None else self.history.recordings(id))
        self.parting.settle(document)
        self._desktop.show(document)

    def _busy(self) -> bool:
        """Whether a recording is running, which is then said."""
        running = self._desktop.controller.state not in (State.IDLE, State.FAILED)
        if running:
            self._desktop.window.hint.show_notice("A recording is running. Stop it, then open another transcript.")
        return running

    def _reopen(self, id: int, document: TranscriptDocument) -> None:
        self._turn(id, document)
        come_forward(self._desktop.window)

    def _play(self, index: int, number: int) -> None:
        if self._desktop.controller.state.is_recording:  # the microphone would hear it
            self._desktop.window.say("Words can be heard again once the recording is paused or over.")
        else:
            self.record.play(self._desktop.controller.document, index, number)

    def _keep_file(self, number: int, name: str, document: TranscriptDocument) -> None:
        if self._desktop.settings.history.save:
            self._kept_files[number] = self.record.keep_file(name, self._model, document)

    def _open_file(self, number: int, document: TranscriptDocument) -> None:
        kept = self._kept_files.get(number)
        id = kept.result() if kept is not None and kept.done() else None
        found = None if id is None else self.history.document(id)
        self._turn(None if found is None else id, found or document)
        come_forward(self._desktop.window)

    def _export(self) -> None:
        document = self._exported = self._desktop.controller.document
        self._export_all([(title_of(document), document)])

    def _export_kept(self, kept: Sequence[tuple[str, TranscriptDocument]]) -> None:
        come_forward(self._desktop.window)
        self._exported = None
        self._export_all(kept)

    def _export_all(self, documents: Sequence[tuple[str, TranscriptDocument]]) -> None:
        transcripts = [
            Transcript(document, "", length_samples(document) / SAMPLE_RATE_HZ, self._model, title)
            for title, document in documents
        ]
        self.export.open(transcripts, self._desktop.settings.export)

    def _remember(self, choice: ExportChoice) -> None:
        if self._exported is not None:
            self.parting.settle(self._exported)
        self._desktop.use(replace(self._desktop.settings, export=choice))


def tidy(days: int, spared: Collection[int]) -> None:
    """Keep what the program has written from others' eyes, and forget what has not changed for so many days but for
    the `spared`. Raises AppError."""
    for folder in own_folders():
        narrow_tree(folder)
    if days and history_file().exists():
        with contextlib.closing(_open_history()) as history:
            places = Places(history_file(), recordings_folder(), journals_folder())
            forget(history, places, days, datetime.now(UTC), spared)


def _open_history() -> History:
    return History(history_file(), recordings_folder())
