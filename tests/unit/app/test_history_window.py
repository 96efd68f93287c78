"""The history as its user sees it, over a real history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app.desk.history_desk import HistoryDesk
from app.history import History
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(text):
    return TranscriptDocument((Segment(0, 0, 75 * SAMPLE_RATE_HZ, text),), session_starts=(0,))


@pytest.fixture
def history(tmp_path):
    made = History(tmp_path / "history.sqlite", tmp_path)
    yield made
    made.close()


@pytest.fixture
def keep(history):
    def keep(*texts):
        for number, text in enumerate(texts):
            id = history.begin(NOW + timedelta(minutes=number), "m", "i")
            history.write(id, said(text))
            history.finish(id)

    return keep


@pytest.fixture
def desk(qtbot, history, tmp_path):
    desk = HistoryDesk(lambda: History(tmp_path / "history.sqlite", tmp_path), lambda: desk.in_use)
    desk.in_use = None
    qtbot.addWidget(desk.window)
    yield desk
    desk.shut_down()


def titles(desk):
    model = desk.window.entries
    return [model.entry(model.index(row)).title for row in range(model.rowCount())]


def test_the_latest_transcript_is_on_top_and_its_text_beside(keep, desk):
    keep("The first.", "The second one.")
    desk.open()
    assert titles(desk) == ["The second one.", "The first."]
    assert desk.window.preview.toPlainText() == "The second one."
    assert "1:15 · 3 words" in desk.window.entries.entry(desk.window.entries.index(0)).facts
    assert desk.window.count.text() == "2 transcripts"


def test_typing_narrows_the_list(keep, desk, qtbot):
    keep("About metal letters.", "About <nothing> & more.")
    desk.open()
    QTest.keyClicks(desk.window.search, "met")
    qtbot.waitUntil(lambda: titles(desk) == ["About metal letters."])
    assert desk.window.entries.entry(desk.window.entries.index(0)).snippet == "About \x02metal\x03 letters."
    desk.window.search.clear()
    qtbot.waitUntil(lambda: len(titles(desk)) == 2)
    assert not desk.window.grab().isNull()


def test_a_transcript_is_opened_with_enter(keep, desk, qtbot):
    keep("Open me.")
    desk.open()
    with qtbot.waitSignal(desk.opened) as asked:
        QTest.keyClick(desk.window.list, Qt.Key.Key_Return)
    assert asked.args[1].text == "Open me."


def test_a_transcript_is_renamed_in_its_place(keep, desk, history, qtbot):
    keep("Some text.")
    desk.open()
    QTest.keyClick(desk.window.list, Qt.Key.Key_F2)
    (editor,) = desk.window.list.findChildren(QLineEdit)
    editor.setText("Mine")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(desk) == ["Mine"])
    assert history.transcripts()[0].title == "Mine"


def test_what_is_deleted_can_be_brought_back_for_a_while(keep, desk, history, qtbot):
    keep("one", "two", "three")
    desk.open()
    qtbot.waitUntil(desk.window.isActiveWindow)
    desk.window.list.selectAll()
    QTest.keyClick(desk.window.list, Qt.Key.Key_Delete)
    assert titles(desk) == []
    assert desk.window.count.text() == "0 transcripts"
    assert history.count() == 3
    desk.window.notice.button.click()
    assert titles(desk) == ["three", "two", "one"]
    QTest.keyClick(desk.window.list, Qt.Key.Key_Delete)
    assert titles(desk) == ["two", "one"]
    desk.delete_now()
    assert history.count() == 2
    assert not desk.window.notice.isVisible()


def test_a_second_deletion_and_the_end_of_the_program_make_the_first_final(keep, desk, history, qtbot):
    keep("one", "two")
    desk.open()
    qtbot.waitUntil(desk.window.isActiveWindow)
    for left in (1, 0):
        QTest.keyClick(desk.window.list, Qt.Key.Key_Delete)
        assert history.count() == left + 1
    desk.shut_down()
    assert history.count() == 0


def test_several_transcripts_are_exported_at_once(keep, desk, qtbot):
    keep("one", "two")
    desk.open()
    qtbot.waitUntil(desk.window.isActiveWindow)
    desk.window.list.selectAll()
    with qtbot.waitSignal(desk.export_wanted) as asked:
        QTest.keyClick(desk.window.list, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert [(title, document.text) for title, document in asked.args[0]] == [("two", "two"), ("one", "one")]


def test_a_long_history_is_fetched_as_it_is_scrolled(keep, desk):
    keep(*(f"text {number}" for number in range(150)))
    desk.open()
    assert desk.window.entries.rowCount() == 100
    desk.window.list.scrollToBottom()
    desk.window.entries.fetchMore(desk.window.list.rootIndex())
    assert titles(desk) == [f"text {number}" for number in reversed(range(150))]


def test_an_empty_history_says_what_will_be_here(desk):
    desk.open()
    assert "appears here" in desk.window.preview.placeholderText()
    assert not desk.window._delete.isEnabled()


def test_a_history_that_cannot_be_read_is_said(qtbot, tmp_path):
    (tmp_path / "file").write_text("")
    desk = HistoryDesk(lambda: History(tmp_path / "file" / "x", tmp_path), lambda: None)
    qtbot.addWidget(desk.window)
    desk.open()
    assert "cannot be used" in desk.window.notice.text


def test_the_transcript_that_is_open_is_not_deleted_under_it(keep, desk, history):
    keep("one", "two")
    desk.open()
    desk.in_use = 2
    desk.window.delete_requested.emit([1, 2])
    assert "open in the main window" in desk.window.notice.text
    desk.delete_now()
    assert history.count() == 2
