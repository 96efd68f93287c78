"""What makes the program start fast and rest quietly: what waits, and what wakes it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app import __main__ as program
from app.collector import put_off
from app.hear_signals import hear_signals
from app.ui.first_paint import FirstPaint


class Ring:
    """Knows itself: garbage that only a search finds."""

    def __init__(self):
        self.me = self


def test_cycles_are_searched_for_only_when_the_last_has_done():
    entered, leave = threading.Event(), threading.Event()

    def other():
        with put_off():
            entered.set()
            leave.wait(20)

    thread = threading.Thread(target=other)
    assert gc.isenabled()
    with put_off():
        thread.start()
        entered.wait(20)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled() and gc.get_freeze_count() == 0


def test_an_error_does_not_leave_it_put_off():
    with pytest.raises(ValueError, match="x"), put_off():
        raise ValueError("x")
    assert gc.isenabled()


def test_what_is_made_meanwhile_may_still_become_garbage():
    import weakref

    with put_off():
        gone = weakref.ref(Ring())
    gc.collect()
    assert gone() is None


def test_what_waits_for_a_window_is_done_once_behind_its_first_painting(qtbot):
    done = []

    class Window(QWidget):
        def paintEvent(self, event):
            done.append("painted")

    window = Window()
    qtbot.addWidget(window)
    FirstPaint(window, lambda: done.append("acted"))
    window.show()
    qtbot.waitUntil(lambda: "acted" in done)
    assert done[0] == "painted"
    window.repaint()
    qtbot.wait(600)
    assert done.count("acted") == 1


def test_a_window_that_is_never_shown_holds_nothing_up_for_long_and_can_be_given_up(qtbot):
    window, done = QWidget(), []
    qtbot.addWidget(window)
    FirstPaint(window, lambda: done.append("acted"))
    FirstPaint(window, lambda: done.append("cancelled")).cancel()
    qtbot.waitUntil(lambda: bool(done), timeout=5000)
    qtbot.wait(100)
    assert done == ["acted"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nothing wakes Qt")
def test_a_signal_wakes_the_program(qtbot):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    parent, ended = QObject(), []
    hear_signals(parent, lambda: ended.append(1))
    try:
        for number in before:
            threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
            qtbot.waitUntil(lambda: bool(ended), timeout=5000)
            ended.clear()
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)


DRIVEN = Path(__file__).parents[2] / "support" / "drive_end.py"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process cannot ask another to end")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["opening", "compiling"])
def test_a_signal_ends_the_program_in_order_whenever_it_comes(number, when):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(DRIVEN.parents[2])}
    with subprocess.Popen([sys.executable, str(DRIVEN), when], env=env, stdout=subprocess.PIPE, text=True) as driven:
        try:
            child = driven.stdout.readline()
            driven.send_signal(number)
            assert driven.wait(30) == 0
        finally:
            driven.kill()
        assert driven.stdout.read() == "ended\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)


def test_ctrl_c_before_anything_could_hear_it_is_no_error(monkeypatch, capsys):
    class Interrupt:
        def find_spec(self, name, path, target=None):
            if name == "app.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "app.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupt(), *sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["dictate"])
    assert program.main() == 1
    assert capsys.readouterr().err == ""
