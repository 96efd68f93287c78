"""Drives the real program in the real window, as a user would, and tells on stdout what it shows (one JSON a line).

usage: drive_window.py FOLDER; reads commands from stdin:
    click            press Start or Stop
    pause            press Pause or Resume
    text             settled and tentative text, state, notice
    shot NAME        a picture of the screen as FOLDER/NAME.png
    copy             press Copy and tell the clipboard
    export FORM PATH export as the dialog does once a name is chosen
    stall            the longest time in seconds that the window did not answer, since this was asked last
    do NAME          ask for a command of the menus
    close            close the window
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

import app.application as application
from app.export.options import ExportOptions
from app.logs import start_logging
from app.paths import embedded_model
from app.ui.export_dialog import ExportDialog

folder = Path(sys.argv[1])
opened: list[application.Desktop] = []


class Ear(QObject):
    """Brings the lines of stdin to the GUI thread."""

    heard = Signal(str)


class Pulse(QObject):
    """Beats in the event loop; a beat that comes late tells how long the loop was held up."""

    def __init__(self) -> None:
        super().__init__()
        self._longest_s, self._last = 0.0, time.monotonic()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._beat)
        self._timer.start(5)

    def take(self) -> float:
        self._beat()
        longest_s, self._longest_s = self._longest_s, 0.0
        return round(longest_s, 3)

    def _beat(self) -> None:
        now = time.monotonic()
        self._longest_s, self._last = max(self._longest_s, now - self._last), now


def tell(**values) -> None:
    print(json.dumps(values), flush=True)


def obey(line: str) -> None:
    word, _, rest = line.strip().partition(" ")
    desktop = opened[0]
    window, document = desktop.window, desktop.controller.document
    if word == "click":
        QTest.mouseClick(window.toggle, Qt.MouseButton.LeftButton)
        tell(state=desktop.controller.state.value)
    elif word == "pause":
        QTest.mouseClick(window.pause, Qt.MouseButton.LeftButton)
        tell(state=desktop.controller.state.value)
    elif word == "text":
        tell(
            settled=document.settled_text,
            tentative=document.tentative_text,
            shown=window.view.toPlainText(),
            state=desktop.controller.state.value,
            status=window._status.text(),
            notice=window.notice.text if window.notice.isVisible() else "",
            inputs=[window.inputs.itemText(i) for i in range(window.inputs.count())],
            level=window.meter.level,
        )
    elif word == "shot":
        tell(saved=QGuiApplication.primaryScreen().grabWindow(0).save(str(folder / f"{rest}.png")))
    elif word == "copy":
        window.actions_by_name["copy_all"].trigger()
        tell(clipboard=QGuiApplication.clipboard().text())
    elif word == "export":
        form, path = rest.split()
        window.actions_by_name["export"].trigger()
        dialog = window.findChild(ExportDialog)
        dialog.finished.connect(lambda: tell(exists=Path(path).exists()))
        dialog.save_wanted.emit(form, ExportOptions(), path)
    elif word == "stall":
        tell(stall=pulse.take())
    elif word == "do":
        window.actions_by_name[rest].trigger()
        tell(done=rest)
    elif word == "close":
        tell(closing=True)
        window.close()


def listen(ear: Ear) -> None:
    for line in sys.stdin:
        ear.heard.emit(line)


def open_and_listen(self: application.Desktop) -> None:
    global pulse
    pulse = Pulse()
    opened.append(self)
    really_open(self)
    ear.heard.connect(obey)
    threading.Thread(target=listen, args=(ear,), daemon=True).start()
    tell(open=True)


start_logging(debug=False)
ear = Ear()
really_open = application.Desktop.open
application.Desktop.open = open_and_listen
sys.exit(application.run_window(embedded_model(), "cpu"))
