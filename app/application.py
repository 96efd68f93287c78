"""The program with a window: builds its parts, runs, and ends in order."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from app.collector import put_off
from app.desk.companions import Companions
from app.desk.desktop import Desktop
from app.desk.hotkey_desk import HotkeyDesk
from app.desk.typing_desk import TypingDesk
from app.errors import AppError, sentence
from app.hear_signals import hear_signals
from app.logs import log_thread
from app.output.platform import focus, watch, ways
from app.paths import runtime_folder, settings_file
from app.single_instance import ask, claim
from app.ui.come_forward import come_forward
from app.ui.theme import apply_style
from s2t_core.ahead import give_up
from s2t_core.types import DecodingOptions

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

_LAST_WORDS_S = 5.0


def load_recognizer(model: Path, device: str) -> Recognizer:
    """Load the checkpoint; called on the engine's thread, where the import of torch holds nothing up."""
    from s2t_core.recognizer import load

    return load(model, device)


def run_window(model: Path, device: str, wishes: DecodingOptions | None = None) -> int:
    """Open the window and stay until it is closed."""
    with put_off():
        application = QApplication(sys.argv[:1])
        application.setApplicationName("dictate")
        application.setApplicationDisplayName("Dictate")
        application.setDesktopFileName("dictate")
        apply_style(application)
        instance, fault = None, ""
        try:
            instance = claim(runtime_folder())
        except AppError as error:  # two windows are better than none
            fault = str(error)
        if instance is None and not fault:
            ask(runtime_folder(), f"show {os.environ.get('XDG_ACTIVATION_TOKEN', '')}")
            return 0
        hear_signals(application, application.exit)  # without a question: `quit` asks the window
        desktop = Desktop(
            lambda: load_recognizer(model, device),
            settings_file(),
            wishes or DecodingOptions(),
            (lambda: load_recognizer(model, "cpu")) if device == "auto" else None,
        )
        _report_crashes(desktop)
        companions = Companions(desktop, model, device)
        typing = TypingDesk(desktop, HotkeyDesk(desktop.settings), lambda: (focus(), watch(), ways()))
        companions.settings.choosing_keys.connect(typing.rest)
        if instance is not None:
            instance.answer("show", lambda token: come_forward(desktop.window, token))
            typing.answer(instance)
        desktop.window.closing.connect(application.quit)
        desktop.open()
        if fault:
            desktop.window.notice.show_notice(fault)
        companions.open()
        typing.open()
    code = application.exec()
    give_up()
    ended = desktop.shut_down(_LAST_WORDS_S)
    ended = typing.shut_down() and ended
    ended = companions.shut_down() and ended
    if instance is not None:
        instance.close()
    if not ended:
        os._exit(code)  # torch crashes if the interpreter ends around a thread that is still inside it
    return code


def _report_crashes(desktop: Desktop) -> None:
    """An error in a slot reaches the user as a notice and the log in full."""

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            desktop.window.notice.show_notice(sentence(error))

    sys.excepthook = report
    threading.excepthook = log_thread
