"""Signals while Qt waits: it runs no Python while nothing happens, and Python handles signals only while it runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier, QTimer

_LOOK_MS = 200
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def hear_signals(parent: QObject, end: Callable[[], None]) -> None:
    """Call `end` on the GUI thread for Ctrl+C and for a request to terminate, as long as `parent` lives.

    It is called by Qt's loop of events: what comes before that runs waits for it.
    """
    asked: list[int] = []
    for number in _SIGNALS:
        signal.signal(number, lambda number, _: asked.append(number))

    def look() -> None:
        if asked:
            asked.clear()
            end()

    if os.name == "posix":  # the signal itself wakes Qt up: a look now and then would wake a processor that sleeps
        _wake(parent, look)
    else:
        looks = QTimer(parent)
        looks.timeout.connect(look)
        looks.start(_LOOK_MS)


def _wake(parent: QObject, look: Callable[[], None]) -> None:
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    def heard() -> None:
        os.read(read, 1024)
        look()

    woken = QSocketNotifier(read, QSocketNotifier.Type.Read, parent)
    woken.activated.connect(lambda *_: heard())
