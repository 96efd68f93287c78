"""The window of files: what it shows of them, and what it asks for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.ui.files_list import FileRow
from app.ui.files_window import FilesWindow


@pytest.fixture
def window(qtbot):
    window = FilesWindow([".wav", ".mp4"])
    qtbot.addWidget(window)
    window.show()
    return window


def fill(window):
    rows = [
        FileRow(1, "a.wav", "/x", "done", 1.0), FileRow(2, "b.mp4", "/x", "running", 0.5, 65.0),
        FileRow(3, "c.wav", "/x", "failed", 0.0, None, "It is damaged. Copy it again."),
        FileRow(4, "d.wav", "/x", "waiting"),
    ]  # fmt: skip
    for row in rows:
        window.show_file(row)


def text(window, row, column):
    return window.files.index(row, column).data()


def enabled(window):
    return {
        name
        for name in ("cancel", "retry", "open", "remove", "export", "clear")
        if getattr(window, f"_{name}").isEnabled()
    }


def test_every_file_says_how_far_it_is_and_what_is_wrong(window):
    assert window.empty.isVisible()
    fill(window)
    assert not window.empty.isVisible()
    assert [text(window, 1, column) for column in range(4)] == ["b.mp4", "50%", "1:05", "Transcribing"]
    assert text(window, 2, 3) == "It is damaged. Copy it again."
    assert window.overall.value() == 50
    window.show_file(FileRow(2, "b.mp4", "/x", "done", 1.0))
    assert text(window, 1, 3) == "Done"
    assert not window.grab().isNull()


@pytest.mark.parametrize(("row", "can"), [
    (0, {"open", "remove", "export", "clear"}), (1, {"cancel", "export", "clear"}),
    (2, {"retry", "open", "remove", "export", "clear"}),
])  # fmt: skip
def test_only_what_makes_sense_can_be_asked(window, row, can):
    assert enabled(window) == set()
    fill(window)
    window.table.selectRow(row)
    assert enabled(window) == can


def test_what_is_asked_names_the_selected_files(window, qtbot):
    fill(window)
    window.table.selectAll()
    for button, signal, ids in (
        (window._cancel, window.cancel_requested, [2, 4]), (window._retry, window.retry_requested, [3]),
        (window._export, window.export_requested, [1]), (window._clear, window.remove_requested, [1]),
    ):  # fmt: skip
        with qtbot.waitSignal(signal) as asked:
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert asked.args == [ids]
    assert window.files.rowCount() == 3


def test_the_remedy_of_the_selected_file_is_shown_in_full(window):
    fill(window)
    window.table.selectRow(2)
    assert window.fault.isVisible() and window.fault.text() == "It is damaged. Copy it again."
    window.table.selectRow(1)
    assert not window.fault.isVisible()


def test_export_says_whether_it_means_all(window, qtbot):
    fill(window)
    window.show_file(FileRow(4, "d.wav", "/x", "done", 1.0))
    for row, said, ids in ((2, "all", [1, 4]), (3, "Export", [4])):
        window.table.selectRow(row)
        assert said in window._export.text() and (said == "all") == ("all" in window._export.text())
        with qtbot.waitSignal(window.export_requested) as asked:
            QTest.mouseClick(window._export, Qt.MouseButton.LeftButton)
        assert asked.args == [ids]


def test_the_delete_key_stops_what_runs_and_takes_off_what_is_over(window, qtbot):
    fill(window)
    window.table.setFocus()
    window.table.selectRow(1)
    with qtbot.waitSignal(window.cancel_requested) as asked:
        QTest.keyClick(window.table, Qt.Key.Key_Delete)
    assert asked.args == [[2]]
    window.show_file(FileRow(2, "b.mp4", "/x", "cancelled", 0.5))
    for row, id in ((2, 3), (1, 2)):
        window.table.selectRow(row)
        with qtbot.waitSignal(window.remove_requested) as asked:
            QTest.keyClick(window.table, Qt.Key.Key_Delete)
        assert asked.args == [[id]]
    assert [row.id for row in window.files.rows()] == [1, 4]


@pytest.mark.parametrize(("left_s", "done_s", "said"), [
    (None, 0.0, ""), (None, 65.0, "1:05 done"), (59.7, 5.0, "1:00"), (900.0, 5.0, "15 min"), (7500.0, 5.0, "2 h 5 min"),
])  # fmt: skip
def test_the_time_is_told_as_far_as_it_is_known(window, left_s, done_s, said):
    window.show_file(FileRow(1, "a.wav", "/x", "running", 0.0, left_s, "", done_s))
    assert text(window, 0, 2) == said


def test_rows_and_columns_follow_the_font(window):
    width, height = window.table.columnWidth(0), window.table.verticalHeader().defaultSectionSize()
    font = window.font()
    font.setPointSizeF(2 * font.pointSizeF())
    window.setFont(font)
    assert window.table.columnWidth(0) > 1.5 * width
    assert window.table.verticalHeader().defaultSectionSize() > 1.5 * height


def test_a_text_is_opened_with_enter(window, qtbot):
    fill(window)
    window.table.setCurrentIndex(window.files.index(0, 0))
    with qtbot.waitSignal(window.open_requested) as asked:
        QTest.keyClick(window.table, Qt.Key.Key_Return)
    assert asked.args == [1]


def test_files_and_folders_can_be_dropped(window, qtbot, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path)), QUrl("https://example.org/a.wav")])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(window.rect().center(), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(window.added) as asked:
        drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys)
        QApplication.sendEvent(window, drop)
    assert asked.args == [[Path(tmp_path)]]


def test_it_says_that_files_wait_while_somebody_dictates(window):
    fill(window)
    window.show_waiting(True)
    assert "waits" in window.notice.text
    window.show_waiting(False)
    assert not window.notice.isVisible()


def test_hundreds_of_files_are_no_burden(window):
    for number in range(600):
        window.show_file(FileRow(number, f"{number}.wav", "/x", "waiting"))
    window.table.selectAll()
    began = time.perf_counter()
    for percent in range(100):
        window.show_file(FileRow(3, "3.wav", "/x", "running", percent / 100))
    assert time.perf_counter() - began < 2  # of which a table that asks every cell takes nine


def test_a_name_that_looks_like_html_is_shown_and_not_obeyed(window):
    window.show_file(FileRow(9, "<img src='file:///dev/zero'>", "<b>x</b>", "failed", 0.0, None, "<a href='x'>y</a>"))
    tip = window.files.index(window.files.rowCount() - 1, 0).data(Qt.ItemDataRole.ToolTipRole)
    shown = QTextDocument()
    shown.setHtml(tip)
    assert shown.toPlainText() == "<a href='x'>y</a>"
    assert window.fault.textFormat() is Qt.TextFormat.PlainText
