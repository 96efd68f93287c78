"""The captions window: it shows the end of what is said, stands where it was put, and takes no focus."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPixmap, QWheelEvent

from app.settings import CaptionSettings
from app.ui import caption_window
from app.ui.caption_lines import CaptionLine
from app.ui.caption_look import CaptionLook, contrast
from app.ui.caption_menu import caption_menu
from app.ui.caption_place import Grip, dragged, find_screen, place
from app.ui.caption_platform import click_through_fault, on_top_fault
from app.ui.caption_window import CaptionWindow
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")
USABLE = QRect(100, 0, 1820, 1040)  # of a monitor at (0, 0), with a task bar at the left and below


def said(committed, tentative=""):
    return TranscriptDocument(open=(Segment(0, 0, 100, committed, tentative),))


def texts(window):
    return [line.text for line in window.visible_lines]


def drawn(window):
    return window.grab().toImage()


@pytest.fixture
def window(qtbot):
    window = CaptionWindow(CaptionSettings())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def wheel(window, turned):
    at = QPointF(20, 20)
    event = QWheelEvent(
        at, window.mapToGlobal(at), QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    window.wheelEvent(event)


def test_it_stays_on_top_and_takes_no_focus(window):
    flags = window.windowFlags()
    assert flags & Qt.WindowType.WindowStaysOnTopHint and flags & Qt.WindowType.FramelessWindowHint
    assert window.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert not window.testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)


def test_in_reading_mode_only_settled_words_are_shown(window):
    window.show_document(said("One two", "tree"))
    assert texts(window) == ["One two"]
    window.use(replace(CaptionSettings(), reading=False))
    assert texts(window) == ["One two tree"]
    assert window.accessibleDescription() == "One two tree"
    window.show_document(said("One two three", "four"))
    assert [(line.settled, line.tentative) for line in window.visible_lines] == [("One two three", " four")]


def test_after_silence_the_lines_are_cleared(window, qtbot, monkeypatch):
    window._silence.setInterval(1)
    window.show_document(said("One two"))
    qtbot.waitUntil(lambda: texts(window) == [])
    window.show_document(said("One two"))
    assert texts(window) == []
    window.show_document(said("One two three"))
    assert texts(window) == ["three"]
    assert caption_window.SILENCE_MS == 6000


def test_what_it_is_for_stands_in_it_until_the_first_words_of_a_recording(window, qtbot):
    window._silence.setInterval(1)
    with_welcome = drawn(window)
    assert window.shows_welcome and window.accessibleDescription() == "" and texts(window) == []
    window.show_document(said("", "One"))
    assert not window.shows_welcome and texts(window) == []  # in reading mode
    window.show_document(said("One two"))
    assert not window.shows_welcome
    qtbot.waitUntil(lambda: texts(window) == [])
    assert not window.shows_welcome and drawn(window) != with_welcome  # somebody is silent, and nothing is in the way
    window.begin()
    assert window.shows_welcome and window.accessibleDescription() == "" and drawn(window) == with_welcome
    window.show_document(said("One two three"))
    assert not window.shows_welcome and texts(window) == ["three"]


def test_the_last_words_of_a_recording_are_not_taken_away_by_what_it_is_for(window):
    window.show_document(said("One two"))
    window.begin()
    assert texts(window) == ["One two"] and not window.shows_welcome


def test_another_transcript_begins_with_an_empty_window(window):
    window.show_document(said("One two"))
    window.show_document(TranscriptDocument())
    assert texts(window) == []
    window.skip(TranscriptDocument((Segment(0, 0, 100, "Said last week."),), session_starts=(0,)))
    assert texts(window) == []


def test_other_settings_hold_at_once(window):
    window.show_document(said(" ".join(["word"] * 100)))
    width = window.width()
    for lines in (1, 5, 3):
        window.use(CaptionSettings(lines=lines))
        assert len(texts(window)) == lines
    rows = {len(line) for line in texts(window)}
    window.use(CaptionSettings(size_pt=48))
    assert max(len(line) for line in texts(window)) < max(rows)
    assert window.width() >= width
    for line in window.visible_lines:
        assert window._look.width_of(line.text) <= window._look.text_width(window.width())


def test_what_the_user_does_here_is_told_and_what_others_set_is_not(window, qtbot):
    with qtbot.assertNotEmitted(window.settings_changed):
        window.use(CaptionSettings(size_pt=30))
    with qtbot.waitSignal(window.settings_changed) as changed:
        wheel(window, 60)
        wheel(window, 60)
    assert changed.args[0].size_pt == 32
    with qtbot.waitSignal(window.settings_changed) as changed:
        qtbot.keyClick(window, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert changed.args[0].size_pt == 30


def test_dragging_makes_it_float_there_and_is_remembered(window, qtbot):
    start = window.geometry()
    middle = start.center() - start.topLeft()
    with qtbot.waitSignal(window.settings_changed) as changed:
        qtbot.mousePress(window, Qt.MouseButton.LeftButton, pos=middle)
        qtbot.mouseMove(window, middle + QPoint(-10, -200))
        qtbot.mouseRelease(window, Qt.MouseButton.LeftButton, pos=middle)
    settings = changed.args[0]
    assert settings.edge == "floating" and settings.y == start.y() - 200 and settings.width == start.width()
    again = CaptionWindow(settings)
    qtbot.addWidget(again)
    assert again.geometry() == window.geometry()


def test_its_ends_change_its_width_and_the_lines_follow(window, qtbot):
    window.show_document(said(" ".join(["word"] * 100)))
    width, height = window.width(), window.height()
    end = QPoint(window.width() - 2, 20)
    with qtbot.waitSignal(window.settings_changed) as changed:
        qtbot.mousePress(window, Qt.MouseButton.LeftButton, pos=end)
        qtbot.mouseMove(window, end - QPoint(300, 0))
        qtbot.mouseRelease(window, Qt.MouseButton.LeftButton, pos=end)
    assert changed.args[0].width == width - 300 == window.width()
    assert window.height() == height
    assert all(window._look.width_of(line) <= window._look.text_width(width - 300) for line in texts(window))


def test_keys_move_widen_and_close_it(window, qtbot):
    at, width = window.pos(), window.width()
    qtbot.keyClick(window, Qt.Key.Key_Up)
    assert window.pos() == at - QPoint(0, 24)
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert window.width() == width - 24
    with qtbot.waitSignal(window.closed):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_its_menu_offers_everything(window, qtbot):
    changes = []
    menu = caption_menu(CaptionSettings(), changes.append, window.close, window)
    actions = {action.text().replace("&", ""): action for action in menu.actions() if action.text()}
    for name, choice in (("Lines", "5"), ("Position", "Top"), ("Size (Ctrl+wheel, Ctrl++, Ctrl+-)", "72 pt")):
        choices = actions[name].menu().actions()
        next(one for one in choices if one.text().replace("&", "") == choice).trigger()
    actions["Reading mode"].trigger()
    default = CaptionSettings()
    assert changes == [
        replace(default, lines=5),
        replace(default, edge="top"),
        replace(default, size_pt=72),
        replace(default, reading=False),
    ]
    assert not actions["Click through"].isEnabled() and "offscreen" in actions["Click through"].toolTip()


def test_click_through_says_how_to_leave_it(window, qtbot, monkeypatch):
    monkeypatch.setattr(caption_window, "click_through_fault", lambda: "")
    with qtbot.waitSignal(window.noticed) as noticed:
        window._choose(replace(CaptionSettings(), click_through=True))
    assert "tray" in noticed.args[0] and "settings" in noticed.args[0]
    assert window.windowFlags() & Qt.WindowType.WindowTransparentForInput
    window.use(CaptionSettings())
    assert not window.windowFlags() & Qt.WindowType.WindowTransparentForInput
    assert window.isVisible()


@pytest.mark.parametrize("platform", ["xcb", "windows", "cocoa"])
def test_most_desktops_can_do_all(monkeypatch, platform):
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: platform)
    assert on_top_fault() == click_through_fault() == ""


def test_wayland_cannot_keep_it_above_and_that_is_said_once_it_is_shown(qtbot, monkeypatch):
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    assert click_through_fault() == ""
    assert "QT_QPA_PLATFORM=xcb" in on_top_fault()
    window = CaptionWindow(CaptionSettings())
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.noticed) as noticed:
        window.show()
    assert noticed.args == [on_top_fault()]


def test_it_stands_at_the_edge_of_what_task_bars_leave():
    size = QSize(900, 120)
    below = place(CaptionSettings(), USABLE, QPoint(), size)
    assert below.center().x() == USABLE.center().x() and below.bottom() == USABLE.bottom() - 24
    above = place(CaptionSettings(edge="top"), USABLE, QPoint(), size)
    assert above.top() == 24 and above.size() == size
    unplaced = place(CaptionSettings(edge="floating"), USABLE, QPoint(), size)
    assert unplaced == below


@pytest.mark.parametrize("x, y, width", [(5000, 5000, 300), (0, 0, 100_000), (1900, -1, 1), (-1, 1039, 0), (-9, -9, 0)])
def test_it_stays_on_the_monitor_whatever_was_remembered(x, y, width):
    settings = CaptionSettings(edge="floating", x=x, y=y, width=width)
    rect = place(settings, USABLE, QPoint(), QSize(900, 120))
    assert USABLE.contains(rect) and rect.width() >= 160
    assert USABLE.contains(place(settings, USABLE, QPoint(), QSize(9000, 9000)))


def test_a_place_is_remembered_in_the_pixels_of_its_monitor():
    second = QRect(1920, 300, 1280, 1000)
    rect = place(CaptionSettings(edge="floating", x=40, y=50, width=600), second, second.topLeft(), QSize(900, 120))
    assert rect == QRect(1960, 350, 600, 120)


def test_a_monitor_that_has_gone_leaves_the_primary_one(window):
    assert find_screen("HDMI-7") is QGuiApplication.primaryScreen()
    window.use(CaptionSettings(screen="HDMI-7", edge="floating", x=9000, y=9000, width=400))
    assert QGuiApplication.primaryScreen().availableGeometry().contains(window.geometry())


def test_the_ends_never_pass_each_other():
    rect = QRect(100, 100, 400, 50)
    assert dragged(rect, Grip.LEFT, QPoint(1000, 5)).width() == 160
    assert dragged(rect, Grip.LEFT, QPoint(1000, 5)).right() == rect.right()
    assert dragged(rect, Grip.RIGHT, QPoint(-1000, 5)) == QRect(100, 100, 160, 50)


@pytest.mark.parametrize("ink, paper", [("", ""), ("#000000", "#ffffff"), ("#333333", "#222222"), ("nonsense", "")])
@pytest.mark.parametrize("opacity", [0.0, 0.3, 0.85, 1.0])
@pytest.mark.parametrize("behind", ["#000000", "#ffffff", "#808080"])
def test_letters_are_legible_over_any_background(window, ink, paper, opacity, behind):
    look = CaptionLook(CaptionSettings(ink=ink, paper=paper, opacity=opacity), window)
    picture = QPixmap(400, 100)
    picture.fill(QColor(behind))
    window.show_document(said("Word"))
    painter = QPainter(picture)
    look.draw(painter, picture.size(), [CaptionLine("", "Word")])
    painter.end()
    image = picture.toImage()
    colours = {image.pixelColor(x, y).name() for x in range(0, 120) for y in range(0, 60)}
    letters = look.ink
    assert letters.name() in colours
    assert max(contrast(QColor(colour), letters) for colour in colours) >= 4.5


def test_a_long_transcript_costs_no_more_than_a_short_one(window):
    closed = tuple(Segment(i, i * 100, i * 100 + 90, "word " * 10) for i in range(10_000))
    window.show_document(TranscriptDocument(closed))
    began = time.process_time()
    for count in range(20):
        open_segment = Segment(10_000, 10**6, 10**6 + 90, "word " * count)
        window.show_document(TranscriptDocument(closed, (open_segment,)))
    assert time.process_time() - began < 0.2
