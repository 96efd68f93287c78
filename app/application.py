"""The composition root: builds the parts of the window, connects them and runs."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.audio.devices import list_inputs, look_again
from app.audio.file import FileSource
from app.audio.microphone import Microphone
from app.audio.source import AudioSource
from app.controller import DictationController
from app.errors import AppError, AudioError, sentence
from app.export import write_text
from app.paths import resources, sample_audio
from app.ui.main_window import MainWindow
from s2t_core.types import DecodingOptions

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

SAMPLE_INPUT = "\0sample"  # no device can have this name
_LAST_WORDS_S = 5.0
_SIGNAL_MS = 200


class Desktop:
    """The window and its controller, connected."""

    def __init__(self, model: Path, device: str, wishes: DecodingOptions | None = None) -> None:
        self.window = MainWindow()
        self.controller = DictationController(lambda: load_recognizer(model, device, wishes), make_source)
        window, controller = self.window, self.controller
        window.start_requested.connect(controller.start)
        window.stop_requested.connect(controller.stop)
        window.inputs_requested.connect(lambda: self.find_inputs(again=True))
        window.save_requested.connect(self.save)
        window.level_requested.connect(lambda: window.meter.show_peak(controller.take_peak()))
        controller.state_changed.connect(window.show_state)
        controller.document_changed.connect(window.show_document)
        controller.model_ready.connect(window.show_model)
        controller.lag_changed.connect(window.show_lag)
        controller.noticed.connect(window.notice.show_notice)

    def open(self) -> None:
        """Show the window, then look for microphones and load the model behind it."""
        self.window.show()
        self.controller.load()
        QTimer.singleShot(0, lambda: self.find_inputs(again=False))

    def find_inputs(self, again: bool) -> None:
        """Fill the list of inputs; the sample is always there."""
        names = []
        try:
            if again:
                look_again()
            devices = list_inputs()
            # The first choice follows the system's default, also when that changes.
            names = [("System default", ""), *((device.name, device.name) for device in devices)] if devices else []
            notice = "" if names else "No microphone was found. Plug one in and look again, or try the sample."
        except AudioError as error:
            notice = str(error)
        self.window.show_inputs([*names, ("Sample recording (no microphone needed)", SAMPLE_INPUT)])
        self.window.notice.show_notice(notice)

    def save(self, path: str) -> None:
        """Write the transcript, whole or not at all."""
        target = Path(path if Path(path).suffix else f"{path}.txt")
        try:
            write_text(target, self.controller.document.text + "\n", overwrite=True)  # the dialog has asked
        except AppError as error:
            self.window.notice.show_notice(str(error))
        else:
            self.window.say(f"Saved as {target}.")


def load_recognizer(model: Path, device: str, wishes: DecodingOptions | None = None) -> Recognizer:
    """Load the checkpoint; called on the engine's thread, where the import of torch holds nothing up."""
    from s2t_core.recognizer import load

    return load(model, device, wishes=wishes)


def make_source(name: str) -> AudioSource:
    """The source of sound that the user chose."""
    return FileSource(sample_audio()) if name == SAMPLE_INPUT else Microphone(name or None)


def run_window(model: Path, device: str, wishes: DecodingOptions | None = None) -> int:
    """Open the window and stay until it is closed."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName("dictate")
    application.setApplicationDisplayName("Dictate")
    application.setDesktopFileName("dictate")
    application.setStyleSheet((resources() / "style.qss").read_text(encoding="utf-8"))
    desktop = Desktop(model, device, wishes)
    _report_crashes(desktop)
    # Qt runs no Python while nothing happens, and Python handles Ctrl+C only while it runs.
    signal.signal(signal.SIGINT, lambda *_: application.quit())
    signal.signal(signal.SIGTERM, lambda *_: application.quit())
    ticks = QTimer()
    ticks.timeout.connect(lambda: None)
    ticks.start(_SIGNAL_MS)
    desktop.open()
    code = application.exec()
    if not desktop.controller.shut_down(_LAST_WORDS_S):
        os._exit(code)  # torch crashes if the interpreter ends around a thread that is still inside it
    return code


def _report_crashes(desktop: Desktop) -> None:
    """An error in a slot reaches the user as a notice and the log in full."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            desktop.window.notice.show_notice(sentence(error))

    sys.excepthook = report
