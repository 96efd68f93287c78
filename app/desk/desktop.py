"""The main window joined with the controller, and what belongs to every dictation: settings, editing, inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, Signal
from PySide6.QtWidgets import QApplication

from app.audio.devices import InputDevice
from app.audio.loopback import loopback_fault
from app.audio.silence import SilentInput
from app.audio.source import AudioSource
from app.audio.watch import InputWatch
from app.controller import DictationController
from app.desk.background import Background
from app.desk.inputs import SAMPLE_INPUT, find_inputs, make_source, offered
from app.edits import EditHistory
from app.journal.writer import Journal
from app.recovery import Recovery
from app.settings import Settings
from app.settings_file import read_settings
from app.settings_writer import SettingsWriter
from app.state import State
from app.ui.announcer import announce
from app.ui.first_paint import FirstPaint
from app.ui.main_window import BESIDE, MainWindow
from app.ui.theme import apply_theme
from app.ui.transcript_layout import Edit
from s2t_core.text.formatter import Formatter
from s2t_core.transcript import TranscriptDocument, text_of
from s2t_core.types import DecodingOptions, Phrase

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

_SCALE_STEP = 1.1
_SAVE_S = 2.0


class Desktop(QObject):
    """The window and its controller, connected. `settings` are the user's; `use` changes them."""

    settings_changed = Signal(Settings)
    about_to_listen = Signal()  # nothing may sound any more
    new_wanted = Signal()  # an empty transcript
    document_opened = Signal(TranscriptDocument)  # one that is read already
    level_changed = Signal(float)  # the loudest sample (0..1) since it was told last
    _unsaved = Signal(str)
    _inputs_changed = Signal(tuple)  # from the watch's thread

    def __init__(
        self,
        load: Callable[[], Recognizer],
        settings_path: Path,
        wishes: DecodingOptions,
        load_on_cpu: Callable[[], Recognizer] | None = None,
    ) -> None:
        super().__init__()
        self._wishes = wishes
        self._theme, self._meeting = "system", False  # as they are shown
        self.settings, self._notice = read_settings(settings_path)
        self._writer = SettingsWriter(settings_path, self._unsaved.emit)
        self._writer.start()
        self.window = MainWindow()
        self.controller = DictationController(
            load, self._make_source, self._make_shaper, self.wishes, load_on_cpu, self._rest_s
        )
        self._edits = EditHistory()
        self._background = Background(self)
        self._watch = InputWatch(self._inputs_changed.emit)
        self._silence, self._listened = SilentInput(), QElapsedTimer()
        self._hint = ""  # at silence, as it was said last
        self._alone = False  # the computer's sound is left out
        self._closed = 0  # items of the document that was shown last
        self._begins: FirstPaint | None = None
        self._connect()
        self._look(self.settings)

    def open(self) -> None:
        """Show the window, then look for microphones and load the model behind it."""
        self.window.show()
        # Not before: while torch is read into memory no other thread runs any Python, and the window would stay empty.
        self._begins = FirstPaint(self.window, self._begin)

    def use(self, settings: Settings) -> None:
        """Everything follows these settings from now on; they are saved behind the window."""
        if settings == self.settings:
            return
        self.settings = settings
        self._look(settings)
        self._writer.save(settings)
        self.settings_changed.emit(settings)

    def show(self, document: TranscriptDocument) -> None:
        """Go on with another document."""
        self._open(document)
        self.controller.show(document)

    def bring_back(self, recovery: Recovery, journal: Journal) -> None:
        """Go on with a recording that broke off, and write what is left of it; its journal goes on."""
        self._open(recovery.document)
        stream = recovery.stream(self.wishes(), journal)
        self.controller.go_on(recovery.document, recovery.heard, recovery.shaper, stream)

    def _open(self, document: TranscriptDocument) -> None:
        self._edits.forget()
        self.window.show_lost(0.0)  # of the recording before
        self.document_opened.emit(document)

    def dictate(self) -> None:
        """Record for another window: the chosen input alone, be it a meeting or not."""
        self._alone = True
        self.controller.start(self.settings.sound.input)
        self._alone = False

    def shut_down(self, wait_s: float) -> bool:
        """Save what is to be saved and end the engine; returns whether it has ended in time."""
        if self._begins is not None:
            self._begins.cancel()
        ended = self.controller.shut_down(wait_s)
        QApplication.processEvents()  # the last words are on their way from the engine's thread
        self.controller.settle()
        self._watch.stop()
        return self._writer.shut_down(_SAVE_S) and ended

    def find_inputs(self, again: bool) -> None:
        """Offer the inputs there are now, as soon as the sound system has said so."""
        if again and not self.controller.state.is_recording:  # of which the notice may speak
            self.window.notice.show_notice("")
        self._background.run(lambda: find_inputs(again), self._show_found)

    def _show_found(self, found: tuple[list[tuple[str, str]], str] | Exception) -> None:
        if isinstance(found, Exception):
            raise found
        names, notice = found
        self._show_inputs(names)
        if notice:
            self.window.notice.show_notice(notice)

    def _offer(self, devices: tuple[InputDevice, ...]) -> None:
        self._show_inputs(offered(devices))

    def _show_inputs(self, names: list[tuple[str, str]]) -> None:
        self.window.show_inputs(names)
        self.window.choose_input(self.settings.sound.input)
        self._show_beside()

    def _hears_computer(self) -> bool:
        return self.settings.sound.meeting and self.window.inputs.currentData() != SAMPLE_INPUT  # it is heard alone

    def _show_beside(self) -> None:
        self.window.show_beside(self._hears_computer())

    def _tell_beside(self) -> None:
        """Answer the keys also to those who do not see what stands beside the input."""
        announce(self.window, f"{BESIDE}." if self._hears_computer() else "What the computer plays is not recorded.")

    def _look_at_level(self) -> None:
        peak = self.controller.take_peak()
        self.window.meter.show_peak(peak)
        self.level_changed.emit(peak)
        if self.controller.state is State.LISTENING:  # until then no sound is no silence
            self._hint_at_silence(self._silence.hint(peak, self._listened.elapsed() / 1000))

    def _listen_for_silence(self, state: State) -> None:
        self._hint_at_silence("")
        if state is State.LISTENING:
            self._silence = SilentInput()
            self._listened.start()

    def _hint_at_silence(self, hint: str) -> None:
        """Say it in place of what was said about silence before; empty: there is none any more."""
        if hint == self._hint:
            return
        if hint or self.window.hint.text == self._hint:  # what others have said there meanwhile stays
            self.window.hint.show_notice(hint)
        self._hint = hint

    def _begin(self) -> None:
        self.controller.load()
        self.find_inputs(again=False)
        self._watch.start()
        if self._notice:
            self.window.notice.show_notice(self._notice)

    def _look(self, settings: Settings) -> None:
        view, window = settings.view, self.window
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        if view.theme != self._theme:
            self._theme = view.theme
            apply_theme(application, view.theme)
        window.view.set_text_scale(view.text_scale)
        window.view.mark_doubt(view.doubt)
        window.actions_by_name["timestamps"].setChecked(view.timestamps)
        if settings.sound.meeting and not self._meeting:
            self._background.run(loopback_fault, self._show_loopback_fault)
        self._meeting = settings.sound.meeting
        window.actions_by_name["meeting"].setChecked(settings.sound.meeting)
        window.choose_input(settings.sound.input)
        self._show_beside()

    def _show_loopback_fault(self, fault: str | Exception) -> None:
        if isinstance(fault, Exception):
            raise fault
        if fault:
            self.window.hint.show_notice(fault)

    def _connect(self) -> None:
        self._unsaved.connect(self.window.notice.show_notice)
        window, controller = self.window, self.controller
        window.start_requested.connect(controller.start)
        window.pause_requested.connect(controller.pause)
        window.resume_requested.connect(controller.resume)
        window.stop_requested.connect(controller.stop)
        window.level_requested.connect(self._look_at_level)
        window.hint.dismissed.connect(lambda: self._silence.dismiss())
        self._inputs_changed.connect(self._offer)
        window.input_chosen.connect(self._keep_input)
        window.input_chosen.connect(self._show_beside)
        window.on("inputs", lambda: self.find_inputs(again=True))
        window.on("new", self.new_wanted.emit)
        window.on("undo", lambda: self._show_edited(self._edits.undo(controller.document)))
        window.on("redo", lambda: self._show_edited(self._edits.redo(controller.document)))
        window.on("larger", lambda: self._scale(1))
        window.on("smaller", lambda: self._scale(-1))
        window.on("normal", lambda: self._scale(0))
        window.actions_by_name["timestamps"].toggled.connect(self._keep_timestamps)
        window.actions_by_name["meeting"].toggled.connect(self._keep_meeting)
        window.on("meeting", self._tell_beside)
        window.view.edited.connect(self._edit)
        window.view.scale_requested.connect(self._scale)
        window.view.undo_requested.connect(window.actions_by_name["undo"].trigger)
        window.view.redo_requested.connect(window.actions_by_name["redo"].trigger)
        controller.state_changed.connect(window.show_state)
        controller.state_changed.connect(self._listen_for_silence)
        controller.document_changed.connect(self._show_document)
        controller.retracted.connect(self._edits.retract)
        controller.model_ready.connect(window.show_model)
        controller.time_changed.connect(window.show_time)
        controller.lag_changed.connect(window.show_lag)
        controller.lost_changed.connect(window.show_lost)
        controller.noticed.connect(window.notice.show_notice)

    def _show_document(self, document: TranscriptDocument) -> None:
        said = document.closed[self._closed :]
        self._closed = len(document.closed)
        self.window.show_document(document)
        if self.settings.view.announce and self.controller.state is not State.IDLE:
            for item in said:
                announce(self.window.view, text_of(item))

    def _edit(self, edit: Edit) -> None:
        self._show_edited(self._edits.edit(self.controller.document, edit.first, edit.last, edit.text))

    def _show_edited(self, document: TranscriptDocument) -> None:
        self._closed = len(document.closed)
        self.controller.show(document)

    def _make_source(self, name: str) -> AudioSource:
        self.about_to_listen.emit()
        sound = replace(self.settings.sound, meeting=self.settings.sound.meeting and not self._alone)
        return make_source(name, sound, self.window.notice.show_notice)

    def _make_shaper(self) -> Formatter:
        return Formatter(self.settings.text.rules)

    def wishes(self) -> DecodingOptions:
        """What the text is wished to hold, by the command and the settings together."""
        text = self.settings.text
        own = tuple(Phrase(word, text.boost) for word in text.vocabulary)
        return replace(self._wishes, phrases=(*self._wishes.phrases, *own))

    def _rest_s(self) -> float:
        """Asked on the engine's thread."""
        return 60.0 * self.settings.model.rest_min

    def _keep_input(self, name: str) -> None:
        self.use(replace(self.settings, sound=replace(self.settings.sound, input=name)))

    def _keep_meeting(self, meeting: bool) -> None:
        self.use(replace(self.settings, sound=replace(self.settings.sound, meeting=meeting)))

    def _keep_timestamps(self, shown: bool) -> None:
        self.use(replace(self.settings, view=replace(self.settings.view, timestamps=shown)))

    def _scale(self, steps: int) -> None:
        scale = self.settings.view.text_scale * _SCALE_STEP**steps if steps else 1.0
        scale = min(4.0, max(0.5, scale))
        self.use(replace(self.settings, view=replace(self.settings.view, text_scale=scale)))
