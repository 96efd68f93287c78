"""The sign over other programs: what it says, how long it stays, where it is, and what it never takes."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QApplication

from app.ui import pill as pill_module
from app.ui.pill import Pill, PillLook, below_middle, in_pixels, pill_fault, screen_of

LOOKS = get_args(PillLook)


@pytest.fixture
def pill(qtbot, monkeypatch):
    monkeypatch.setattr(pill_module, "DONE_MS", 20)
    made = Pill()
    made._fade.setDuration(20)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def read_out(monkeypatch):
    told = []
    monkeypatch.setattr(pill_module, "announce", lambda widget, text: told.append(text))
    return told


def test_it_says_what_happens_also_to_those_who_do_not_see_it(pill, read_out):
    for look, text, said in [
        ("arming", "", "Waiting for sound"),
        ("listening", "", "Listening"),
        ("finishing", "", "Writing the last words"),
        ("done", "12 words", "12 words"),
        ("waiting", "Copied.", "Copied."),
        ("cancelled", "", "Cancelled"),
        ("fault", "No microphone.", "No microphone."),
    ]:
        pill.show_look(look, text)
        assert pill.isVisible() and pill.text == said and pill.accessibleName() == f"Dictation: {said}"
        assert pill.meter.isVisible() == (look == "listening")
    # Not while the microphone is open: it would hear the reader.
    assert read_out == ["12 words", "Copied.", "Cancelled", "No microphone."]


def test_what_is_over_goes_by_itself_and_what_runs_stays(pill, qtbot):
    pill.show_look("done", "3 words")
    qtbot.waitUntil(lambda: not pill.isVisible())
    pill.show_look("done", "3 words")
    pill.show_look("listening")
    qtbot.wait(120)
    assert pill.isVisible() and not pill._veil.isEnabled()
    pill.show_look("fault", "x" * 20)
    qtbot.wait(300)
    assert pill.isVisible()  # long enough to be read


def test_the_level_is_that_of_the_dictation_that_runs(pill):
    pill.show_peak(1.0)
    assert pill.meter.level == 0
    pill.show_look("listening")
    pill.show_peak(1.0)
    assert pill.meter.level == 1
    pill.show_look("finishing")
    assert pill.meter.level == 0


def test_it_asks_for_neither_keyboard_nor_mouse(pill):
    pill.show_look("listening")
    wanted = Qt.WindowType.WindowDoesNotAcceptFocus | Qt.WindowType.WindowTransparentForInput
    assert pill.windowFlags() & wanted == wanted and pill.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)


def test_a_long_line_wraps_and_stays_on_the_screen(pill):
    pill.show_look("fault", "No microphone was found. Plug one in. " * 6)
    room = pill.screen().availableGeometry()
    assert pill.width() < room.width() and room.contains(pill.geometry())
    assert pill.height() > 2 * pill.fontMetrics().height()


def test_it_grows_with_the_letters(pill, qapp):
    pill.show_look("listening")
    before, font = pill.height(), QApplication.font()
    larger = QApplication.font()
    larger.setPointSize(2 * font.pointSize())
    QApplication.setFont(larger)
    try:
        pill.show_look("listening")
        assert pill.height() > 1.5 * before
    finally:
        QApplication.setFont(font)


@pytest.mark.qt_log_ignore("This plugin does not support (raise|setting window masks|propagateSizeHints)")
def test_it_fits_what_it_says_whatever_it_said_before(pill, qtbot, monkeypatch):
    monkeypatch.setattr(pill_module.QGuiApplication, "platformName", lambda: "xcb")  # where its shape is cut out
    looks = [(look, "") for look in LOOKS] + [
        ("done", "12 words"),
        ("fault", "No microphone. " * 8),
        ("fault", "No microphone. " * 20),
    ]
    for before, now in itertools.product(looks, repeat=2):
        fresh = Pill()
        qtbot.addWidget(fresh)
        fresh.show_look(*now)
        pill.show_look(*before)
        QApplication.processEvents()
        pill.show_look(*now)
        for _ in range(2):  # at once, and when everything is laid out that Qt puts off
            assert pill.size() == pill._frame.size() == pill.sizeHint() == fresh.size(), (before, now)
            assert pill.geometry().center() == fresh.geometry().center(), (before, now)
            assert pill.mask().boundingRect() == fresh.mask().boundingRect(), (before, now)
            for part in (pill._icon, pill._label, pill.meter):
                assert not part.isVisible() or pill.mask().contains(part.geometry().center()), (before, now)
                assert not part.isVisible() or pill.mask().boundingRect().contains(part.geometry()), (before, now)
            QApplication.processEvents()


def test_it_stands_at_the_lower_edge_of_the_monitor_of_that_window(pill):
    screen = pill.screen()
    assert screen_of((10, 10, 100, 100)) is screen and screen_of(None) is not None
    assert screen_of((99_999, 0, 10, 10)) is not None  # it has left
    assert below_middle(QRect(1920, 0, 1000, 800), QSize(100, 30), 20) == QPoint(2369, 749)
    assert in_pixels(QRect(1920, 0, 1280, 720), 1.5) == QRect(1920, 0, 1920, 1080)


def test_where_it_would_take_the_keyboard_it_is_not_shown_and_says_why(pill, monkeypatch):
    assert pill_fault() == ""
    monkeypatch.setattr(pill_module.QGuiApplication, "platformName", lambda: "wayland")
    assert "Wayland" in pill_fault()
    pill.show_look("listening")
    assert not pill.isVisible() and pill.text == "Listening"
