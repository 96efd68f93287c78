"""The window: it shows what it is told, asks through signals, and rewrites only the open end of the text."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QTextCursor

from app.state import State
from app.ui.level_meter import LevelMeter, scale_level
from app.ui.main_window import MainWindow
from app.ui.notice_bar import NoticeBar
from app.ui.transcript_runs import tentative_colour
from app.ui.transcript_view import TranscriptView
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment


def updated(committed, tentative="", number=0):
    return SegmentUpdated(Segment(number, number * 100, number * 100 + 90, committed, tentative))


def closed(text, number=0):
    return SegmentClosed(Segment(number, number * 100, number * 100 + 90, text))


def document(*events):
    made = TranscriptDocument()
    for event in events:
        made = made.apply(event)
    return made


def colours(view):
    """The text of the view in stretches of one colour."""
    stretches = []
    cursor = QTextCursor(view.document())
    for at in range(len(view.toPlainText())):
        cursor.setPosition(at + 1)
        look = cursor.charFormat()
        colour = look.foreground().color().name() if look.hasProperty(look.Property.ForegroundBrush) else "plain"
        if stretches and stretches[-1][0] == colour:
            stretches[-1][1] += view.toPlainText()[at]
        else:
            stretches.append([colour, view.toPlainText()[at]])
    return [tuple(stretch) for stretch in stretches]


@pytest.fixture
def view(qtbot):
    view = TranscriptView()
    qtbot.addWidget(view)
    view.resize(300, 120)
    view.show()
    return view


@pytest.fixture
def window(qtbot):
    window = MainWindow()
    qtbot.addWidget(window)
    window.show()
    return window


def test_tentative_text_is_lighter_than_committed_text(view):
    view.show_document(document(updated("Hello", "wor")))
    grey = tentative_colour(view.palette()).name()
    assert colours(view) == [("plain", "Hello"), (grey, " wor")]
    view.show_document(document(updated("Hello", "wor"), closed("Hello world.")))
    assert colours(view) == [("plain", "Hello world.")]


def test_the_tentative_colour_stays_readable_in_light_and_dark():
    def luminance(colour):
        def part(value):
            value /= 255
            return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

        return 0.2126 * part(colour.red()) + 0.7152 * part(colour.green()) + 0.0722 * part(colour.blue())

    for ink, paper in (("#000000", "#ffffff"), ("#ffffff", "#1e1e1e")):
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Text, QColor(ink))
        palette.setColor(QPalette.ColorRole.Base, QColor(paper))
        light, dark = sorted((luminance(tentative_colour(palette)), luminance(QColor(paper))), reverse=True)
        assert 3 < (light + 0.05) / (dark + 0.05) < 10  # WCAG contrast


def test_only_the_open_end_is_rewritten(view):
    view.show_document(document(closed("One. 😀"), updated("Two", "thr", 1)))
    changes = []
    view.document().contentsChange.connect(lambda at, removed, added: changes.append((at, removed, added)))
    view.show_document(document(closed("One. 😀"), updated("Two three", "four", 1)))
    assert view.toPlainText() == "One. 😀 Two three four"
    assert changes and min(at for at, _, _ in changes) >= len("One. 😀 Two".encode("utf-16-le")) // 2
    changes.clear()
    view.show_document(document(closed("One. 😀"), updated("Two three", "four", 1)))
    assert changes == []


def test_another_document_replaces_the_text(view):
    view.show_document(document(closed("One.")))
    view.show_document(TranscriptDocument())
    assert view.toPlainText() == ""
    view.show_document(document(updated("", "new")))
    assert view.toPlainText() == "new"


def test_the_view_follows_the_end_until_the_user_scrolls_up(view, qtbot):
    events = [closed(f"Sentence number {i}. ", i) for i in range(40)]
    view.show_document(document(*events))
    bar = view.verticalScrollBar()
    assert bar.maximum() > 0 and bar.value() == bar.maximum()
    bar.setValue(0)
    view.show_document(document(*events, *(closed("More words here.", i) for i in range(40, 60))))
    assert bar.value() == 0


def test_the_view_still_follows_after_the_window_became_smaller(view, qtbot):
    events = [closed(f"Sentence number {i}. ", i) for i in range(40)]
    view.show_document(document(*events))
    view.resize(200, 60)
    view.show_document(document(*events, closed("The end.", 40)))
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0


def test_a_selection_survives_new_text(view):
    view.show_document(document(closed("One two three.")))
    cursor = view.textCursor()
    cursor.setPosition(4)
    cursor.setPosition(7, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    view.show_document(document(closed("One two three."), updated("", "four", 1)))
    assert view.textCursor().selectedText() == "two"


def test_the_level_is_on_a_decibel_scale_rises_at_once_and_falls_slowly(qtbot):
    assert scale_level(0) == scale_level(1e-9) == 0
    assert scale_level(1) == scale_level(2) == 1
    assert scale_level(0.1) == pytest.approx(2 / 3)
    meter = LevelMeter()
    qtbot.addWidget(meter)
    meter.show()
    meter.show_peak(1.0)
    assert meter.level == 1
    meter.show_peak(0.0)
    assert 0.8 < meter.level < 1
    meter.repaint()
    meter.reset()
    assert meter.level == 0


def test_a_notice_shows_until_it_is_dismissed(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.show_notice("The microphone was disconnected.")
    assert bar.isVisible() and bar.text.startswith("The microphone")
    bar.show_notice("")
    assert not bar.isVisible()


@pytest.mark.parametrize(
    ("state", "toggle", "pause", "inputs"),
    [
        (State.IDLE, "Start", "", True),
        (State.ARMING, "Stop", "Pause", False),
        (State.LISTENING, "Stop", "Pause", False),
        (State.PAUSING, "Stop", "", False),
        (State.PAUSED, "Stop", "Resume", True),
        (State.DRAINING, "", "", False),
        (State.FAILED, "", "", False),
    ],
)
def test_every_state_says_what_can_be_done(window, state, toggle, pause, inputs):
    window.show_state(state)
    buttons = window.toggle, window.pause
    assert [one.text().replace("&", "") if one.isEnabled() else "" for one in buttons] == [toggle, pause]
    assert window.inputs.isEnabled() is inputs


def test_a_text_that_falls_behind_says_so_until_it_has_caught_up(window):
    window.show_model("fake on cpu")
    window.show_state(State.LISTENING)
    said = []
    for lag_s in (0, 2, 5, 4, 1):
        window.show_lag(lag_s)
        said.append(window._lag.text() if window._lag.isVisible() else "")
    assert said == ["", "", "5 s behind", "4 s behind", ""]


def test_sound_that_was_lost_is_counted_in_sight_once_there_is_any(window):
    said = [window._lost.isVisible()]
    for lost_s in (0.0, 0.01, 1.25, 0.0):
        window.show_lost(lost_s)
        said.append(window._lost.text() if window._lost.isVisible() else "")
    assert said == [False, "", "0.1 s lost", "1.2 s lost", ""]


def test_the_time_of_the_recording_runs_in_the_status(window):
    window.show_state(State.LISTENING)
    window.show_time(75)
    assert window._status.text().startswith("Listening. 1:15")


def test_the_pause_button_asks_for_a_pause_and_then_to_go_on(window, qtbot):
    window.show_state(State.LISTENING)
    with qtbot.waitSignal(window.pause_requested):
        qtbot.mouseClick(window.pause, Qt.MouseButton.LeftButton)
    window.show_state(State.PAUSED)
    with qtbot.waitSignal(window.resume_requested):
        qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)


def test_the_button_asks_to_start_with_the_chosen_input_and_to_stop(window, qtbot):
    window.show_inputs([("System default", ""), ("Yeti X", "Yeti X")])
    window.inputs.setCurrentIndex(1)
    with qtbot.waitSignal(window.start_requested) as asked:
        qtbot.mouseClick(window.toggle, Qt.MouseButton.LeftButton)
    assert asked.args == ["Yeti X"]
    window.show_state(State.LISTENING)
    with qtbot.waitSignal(window.stop_requested):
        qtbot.mouseClick(window.toggle, Qt.MouseButton.LeftButton)


def test_the_shortcut_still_works_after_the_button_changed_its_text(window, qtbot):
    window.show_state(State.LISTENING)
    with qtbot.waitSignal(window.stop_requested):
        qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    window.show_state(State.IDLE)
    with qtbot.waitSignal(window.start_requested):
        qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)


def test_the_chosen_input_stays_chosen_when_devices_come_and_go(window):
    window.show_inputs([("System default", ""), ("A", "A"), ("B", "B")])
    window.inputs.setCurrentIndex(2)
    window.show_inputs([("System default", ""), ("B", "B")])
    assert window.inputs.currentData() == "B"
    window.show_inputs([("System default", "")])
    assert window.inputs.currentData() == ""


def test_copy_takes_the_whole_text(window):
    copy = window.actions_by_name["copy_all"]
    assert not copy.isEnabled()
    window.show_document(document(closed("One."), updated("Two", "three", 1)))
    copy.trigger()
    assert QGuiApplication.clipboard().text() == "One. Two three"


def test_a_notice_can_offer_a_way_out(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    done = []
    bar.show_notice("Deleted.", "Undo", lambda: done.append(True))
    assert bar.button.isVisible()
    bar.button.click()
    assert done == [True]
    assert not bar.isVisible()
    bar.show_notice("Something else.")
    assert not bar.button.isVisible()


def test_no_two_commands_share_a_key(window):
    keys = [action.shortcut().toString() for action in window.actions_by_name.values()]
    keys = [key for key in keys if key]
    assert len(keys) == len(set(keys)) >= 15


def test_calls_to_qt_leave_none_as_it_was(window):
    """A version that drops a reference to None at every call kills the program under Python 3.11 before long."""
    before = sys.getrefcount(None)
    for _ in range(500):
        window.setObjectName("window")
    assert abs(sys.getrefcount(None) - before) < 100


def test_the_status_tells_of_loading_and_then_of_the_model(window):
    assert "loading" in window._status.text()
    window.show_model("s2t-base-en on cpu")
    assert "s2t-base-en on cpu" in window._status.text() and "loading" not in window._status.text()


def test_every_control_has_a_name_for_screen_readers(window):
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QTextEdit

    controls = [c for kind in (QAbstractButton, QComboBox, QTextEdit) for c in window.findChildren(kind)]
    unnamed = [
        control
        for control in controls
        if control.isVisible() and not (control.accessibleName() or getattr(control, "text", str)())
    ]
    assert len(controls) >= 6 and unnamed == []
