"""Keys are chosen by pressing them, and what is no good or clashes is said below."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.settings import Settings
from app.ui.key_field import KeyField
from app.ui.settings_dialog import SettingsDialog

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
META, SHIFT = Qt.KeyboardModifier.MetaModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def dialog(qtbot):
    dialog = SettingsDialog(Settings(), [], [])
    qtbot.addWidget(dialog)
    dialog.told = []
    dialog.changed.connect(dialog.told.append)
    dialog.open_page("Keys")
    dialog.show()
    qtbot.waitUntil(dialog.isActiveWindow)
    yield dialog
    dialog.hide()


def press(qtbot, dialog, path, key, modifiers=NONE):
    field = dialog.rows[path].editor.keyboard
    field.setFocus()
    qtbot.keyClick(field, key, modifiers)
    return field.text(), dialog.rows[path].note.text()


@pytest.mark.parametrize(
    ("key", "modifiers", "written"),
    [
        (Qt.Key.Key_Space, CTRL | ALT, "Ctrl+Alt+Space"),
        (Qt.Key.Key_F9, NONE, "F9"),
        (Qt.Key.Key_F9, META | SHIFT, "Shift+Super+F9"),
        (Qt.Key.Key_Pause, NONE, "Pause"),
        (Qt.Key.Key_Backspace, CTRL | ALT, "Ctrl+Alt+Backspace"),
        (Qt.Key.Key_R, CTRL, "Ctrl+R"),
        (Qt.Key.Key_Escape, CTRL, "Ctrl+Esc"),
        (Qt.Key.Key_Backspace, NONE, ""),
    ],
)
def test_what_is_pressed_is_chosen(qtbot, key, modifiers, written):
    field, told = KeyField(), []
    qtbot.addWidget(field)
    field.show_keys("ctrl+alt+v")
    assert field.text() == "Ctrl+Alt+V"
    field.chosen.connect(told.append)
    qtbot.keyClick(field, key, modifiers)
    assert told == [written] and field.text() == written


def test_modifiers_alone_choose_nothing(qtbot):
    field, told = KeyField(), []
    qtbot.addWidget(field)
    field.show_keys("F9")
    field.chosen.connect(told.append)
    qtbot.keyPress(field, Qt.Key.Key_Alt, CTRL | ALT)
    assert field.text() == "Ctrl+Alt+…"
    qtbot.keyRelease(field, Qt.Key.Key_Alt, CTRL)
    assert field.text() == "F9" and told == []


def test_a_good_key_holds_at_once(qtbot, dialog):
    assert press(qtbot, dialog, "keys.toggle", Qt.Key.Key_F9) == ("F9", "")
    assert dialog.told[-1].keys.toggle == "F9"


def test_a_key_that_is_no_good_is_not_used_and_put_back(qtbot, dialog):
    text, note = press(qtbot, dialog, "keys.toggle", Qt.Key.Key_A)
    assert text == "A" and note.startswith("Not used: A is needed for typing.")
    text, note = press(qtbot, dialog, "keys.toggle", Qt.Key.Key_C, CTRL)
    assert note.startswith("Not used: Ctrl+C is needed by every program.")
    dialog.settle()
    assert dialog.rows["keys.toggle"].editor.keyboard.text() == "Ctrl+Alt+Space" and dialog.told == []
    assert dialog.rows["keys.toggle"].note.text() == ""


def test_keys_that_clash_are_told_for_as_long_as_they_do(qtbot, dialog):
    text, note = press(qtbot, dialog, "keys.take_back", Qt.Key.Key_Space, CTRL | ALT)
    assert text == "Ctrl+Alt+Space" and "used twice" in note
    text, note = press(qtbot, dialog, "keys.insert_last", Qt.Key.Key_R, CTRL)
    assert "“Start” in the window" in note and "used twice" in dialog.rows["keys.take_back"].note.text()
    dialog.settle()
    assert "used twice" in dialog.rows["keys.take_back"].note.text()
    press(qtbot, dialog, "keys.toggle", Qt.Key.Key_F8)
    assert dialog.rows["keys.take_back"].note.text() == ""


def test_keys_that_are_off_are_grey(dialog):
    dialog.rows["keys.on"].editor.keyboard.click()
    assert not dialog.rows["keys.toggle"].isEnabled() and not dialog.told[-1].keys.on


def test_a_field_tells_while_it_takes_keys_and_tab_leaves_it(qtbot, dialog):
    field, told = dialog.rows["keys.toggle"].editor.keyboard, []
    field.listening.connect(told.append)
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert told == [True, False] and not field.hasFocus() and field.text() == "Ctrl+Alt+Space"
