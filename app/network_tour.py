"""What `dictate doctor --network` runs in a process of its own: the program's whole work, with the network closed.

Run as `python -m app.network_tour MODEL DEVICE` in a folder that is thrown away. It tells on stdout, a JSON object a
line, how tightly the network is closed, what begins, what has ended well or failed, and every call that was refused.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.network_guard import close_network

if TYPE_CHECKING:
    from app.desk.desktop import Desktop
    from s2t_core.recognizer import Recognizer
    from s2t_core.transcript import TranscriptDocument

# Everything else is imported by the steps, behind the closed door: importing is a part of what is examined.
Step = tuple[str, Callable[[], str]]
TRACE = "stopped.txt"
_PATIENCE_S = 120.0
_WINDOWS = ("captions", "cheats", "about", "settings", "history", "files")


def walk(steps: Sequence[Step]) -> int:
    """Close the network, take one step after the other, and tell of each; returns the exit code."""
    tell = _teller()
    try:
        closed = close_network(lambda text: tell(attempt=text), Path.cwd() / TRACE)
    except Exception as error:
        tell(failed="closed network", detail=str(error))
        return 1
    tell(closed=closed)
    code = 0
    for name, step in steps:
        tell(begin=name)
        try:
            tell(end=name, detail=step())
        except Exception as error:
            tell(failed=name, detail=f"{type(error).__name__}: {error}")
            code = 1
    return code


def _teller() -> Callable[..., None]:
    """Keeps stdout for what is told here; what the steps print goes nowhere."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    lock = threading.Lock()

    def tell(**values: str) -> None:
        with lock:
            channel.write(json.dumps(values) + "\n")
            channel.flush()

    return tell


class Tour:
    """The steps, each with what the one before it has made."""

    def __init__(self, model: Path, device: str) -> None:
        self._model, self._device = model, device
        self._folder = Path.cwd()
        self._recognizer: Recognizer | None = None
        self._document: TranscriptDocument | None = None

    @property
    def steps(self) -> list[Step]:
        return [
            ("loading the model", self._load),
            ("a file", self._transcribe),
            ("live text", self._listen),
            ("the window", self._open_window),
            ("the history", self._keep),
            ("exports", self._export),
        ]

    def _load(self) -> str:
        from s2t_core.recognizer import load

        self._recognizer = load(self._model, self._device)
        return f"{self._recognizer.name} on {self._recognizer.device}"

    def _transcribe(self) -> str:
        from app.audio.file import open_sound
        from app.file_text import BLOCK_S
        from app.paths import sample_audio
        from app.transcribe import transcribe_file

        assert self._recognizer is not None
        transcript, fault = transcribe_file(self._recognizer, open_sound(sample_audio(), BLOCK_S))
        if fault is not None:
            raise fault
        return f"{len(transcript.document.text.split())} words of the sample"

    def _listen(self) -> str:
        from app.audio.file import FileSource
        from app.listen import listen
        from app.messages import EngineMessage, Transcribed
        from app.paths import sample_audio
        from s2t_core.events import SegmentClosed

        words = 0

        def show(message: EngineMessage) -> None:
            nonlocal words
            if isinstance(message, Transcribed):
                closed = (event.segment for event in message.events if isinstance(event, SegmentClosed))
                words += sum(len(segment.committed.split()) for segment in closed)

        listen(FileSource(sample_audio(), paced=False), self._model, self._device, show)
        return f"{words} words of the sample"

    def _open_window(self) -> str:
        """Dictate in it, look into every other window, and close it."""
        from PySide6.QtWidgets import QApplication

        from app.application import load_recognizer
        from app.desk.companions import Companions
        from app.desk.desktop import Desktop
        from app.paths import runtime_folder
        from app.single_instance import claim
        from app.ui.theme import apply_style
        from s2t_core.types import DecodingOptions

        application = QApplication([sys.argv[0]])
        apply_style(application)
        instance = claim(runtime_folder()) if os.name == "posix" else None
        settings = self._folder / "settings.json"
        # Where the user's folders cannot be moved, nothing is kept in them.
        settings.write_text(json.dumps({"history": {"save": os.name == "posix", "audio": True}}))
        desktop = Desktop(lambda: load_recognizer(self._model, self._device), settings, DecodingOptions())
        companions = Companions(desktop, self._model, self._device)
        desktop.open()
        companions.open()
        try:
            _dictate(desktop)
            for name in _WINDOWS:
                desktop.window.actions_by_name[name].trigger()
                application.processEvents()
        finally:
            ended = desktop.shut_down(_PATIENCE_S)
            ended = companions.shut_down() and ended
            application.closeAllWindows()
            if instance is not None:
                instance.close()
        if not ended:
            raise TimeoutError("it did not close")
        self._document = desktop.controller.document
        return f"{len(self._document.text.split())} words dictated, {len(_WINDOWS)} other windows opened, closed"

    def _keep(self) -> str:
        from app.history import History

        assert self._document is not None
        history = History(self._folder / "kept.sqlite", self._folder)
        id = history.begin(datetime.now(UTC), "", "")
        history.write(id, self._document)
        found = history.count(self._document.text.split()[0])
        history.delete([id])
        history.close()
        return f"written, {found} found, deleted"

    def _export(self) -> str:
        from app.export import DEFAULTS, EXPORTERS, Transcript, write_bytes

        assert self._document is not None
        for form, exporter in EXPORTERS.items():
            write_bytes(self._folder / f"text.{form}", exporter(Transcript(self._document, "", 1.0, "", ""), DEFAULTS))
        return ", ".join(EXPORTERS)


def _dictate(desktop: Desktop) -> None:
    """Let the window hear the sample until there are words."""
    from app.desk.inputs import SAMPLE_INPUT
    from app.state import State

    controller, window = desktop.controller, desktop.window
    _wait(lambda: bool(window.offered_inputs()))
    window.choose_input(SAMPLE_INPUT)
    window.toggle.click()
    _wait(lambda: len(controller.document.text.split()) > 3 or controller.state is State.FAILED)
    window.toggle.click()
    _wait(lambda: controller.state in (State.IDLE, State.FAILED))
    if not controller.document.text:
        raise RuntimeError(window.notice.text)


def _wait(done: Callable[[], bool]) -> None:
    """Let Qt run until it is so. Raises TimeoutError where it never is."""
    from PySide6.QtCore import QDeadlineTimer, QEventLoop
    from PySide6.QtWidgets import QApplication

    until = QDeadlineTimer(round(1000 * _PATIENCE_S))
    while not done():
        if until.hasExpired():
            raise TimeoutError("the window did not answer")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def main(arguments: Sequence[Any]) -> int:
    """The tour with this model on this device."""
    model, device = arguments
    return walk(Tour(Path(model), device).steps)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
