"""The desk of the global keys with its sign on a real screen, and a played program that dictates: what it is asked."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.desk.hotkey_desk import HotkeyDesk
from app.settings import Settings
from app.state import State
from app.ui.theme import apply_style

application = QApplication(sys.argv[:1])
apply_style(application)
desk = HotkeyDesk(Settings())


def tell(*words):
    print(*words, flush=True)


def begin(held):
    tell("begin", held)
    desk.show(State.ARMING)
    QTimer.singleShot(50, lambda: desk._gesture.active and desk.show(State.LISTENING))


def end():
    tell("end")
    desk.show(State.DRAINING)
    desk.show(State.IDLE)
    desk.done("three plain words")


def cancel():
    tell("cancel")
    desk.show(State.IDLE)
    desk.drop()


def look():
    place = desk.pill.geometry()
    tell("pill", desk.pill.isVisible(), desk.pill.look, place.x(), place.y(), place.width(), place.height())


desk.begin.connect(begin)
desk.taken.connect(lambda held: tell("taken", held))
desk.end.connect(end)
desk.cancel.connect(cancel)
desk.insert_last.connect(lambda: tell("insert_last"))
desk.take_back.connect(lambda: tell("take_back"))
desk.noticed.connect(lambda line: tell("noticed", line))
looks = QTimer()
looks.timeout.connect(look)
looks.start(100)
desk.open()
tell("ready")
sys.exit(application.exec())
