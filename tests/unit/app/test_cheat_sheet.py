"""The cheat-sheet: what can be said and pressed, filtered while one types."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.ui.cheat_sheet import CheatSheet


@pytest.fixture
def sheet(qtbot):
    sheet = CheatSheet()
    qtbot.addWidget(sheet)
    sheet.show_cheats(
        [("comma", ","), ("new line", "\n"), ("new paragraph", "\n\n")], [("Ctrl+R", "Start"), ("F1", "This list")]
    )
    sheet.open_beside()
    return sheet


def rows(table):
    items = [table.topLevelItem(index) for index in range(table.topLevelItemCount())]
    return [(item.text(0), item.text(1)) for item in items if not item.isHidden()]


pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")


def test_it_shows_both_lists_and_line_breaks_as_signs(sheet):
    assert rows(sheet.say) == [("comma", ","), ("new line", "↵"), ("new paragraph", "¶")]
    assert rows(sheet.press) == [("Ctrl+R", "Start"), ("F1", "This list")]


def test_typing_filters_both_lists_by_all_words(sheet, qtbot):
    qtbot.keyClicks(sheet.field, "LINE new")
    assert rows(sheet.say) == [("new line", "↵")] and rows(sheet.press) == []
    assert not sheet.says_nothing
    sheet.field.setText("ctrl")
    assert rows(sheet.press) == [("Ctrl+R", "Start")]
    sheet.field.setText("zebra")
    assert sheet.says_nothing
    sheet.field.clear()
    assert len(rows(sheet.say)) == 3 and not sheet.says_nothing


def test_other_values_are_filtered_as_before(sheet):
    sheet.field.setText("full")
    sheet.show_cheats([("full stop", "."), ("comma", ",")], [])
    assert rows(sheet.say) == [("full stop", ".")] and rows(sheet.press) == []


def test_it_blocks_nothing_and_escape_closes_it(sheet, qtbot):
    assert not sheet.isModal()
    qtbot.keyClick(sheet.field, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
