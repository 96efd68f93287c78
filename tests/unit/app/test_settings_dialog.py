"""The settings dialog: what it shows, what it tells, how it is searched and driven by keys."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QColorDialog, QLabel, QLineEdit, QWidget

from app.setting_paths import LIMITS, TYPES, Range, value_at, with_value
from app.settings import CaptionSettings, HistorySettings, Settings, TextSettings
from app.ui.setting_row import marked
from app.ui.settings_dialog import SettingsDialog
from app.ui.settings_pages import with_mnemonics
from app.ui.settings_rows import PAGES, ROWS, page_rows
from s2t_core.text.rules import TextRules

PLACED_ELSEWHERE = {"captions.x", "captions.y", "captions.width"}  # by dragging the captions
CHOSEN = replace(
    Settings(),
    text=TextSettings(
        rules=TextRules(digits_from=3, replacements=(("eta", "ETA"),)), vocabulary=("Ebionites", "Günther"), boost=4.5
    ),
    captions=CaptionSettings(font="No Such Font", ink="#ffee00", opacity=0.855, screen="HDMI-9"),
    history=HistorySettings(save=False, days=30),
)


@pytest.fixture
def dialog(qtbot):
    made = open_dialog(qtbot, Settings())
    yield made
    made.hide()


def open_dialog(qtbot, settings):
    inputs = [("System default", ""), ("Yeti X", "Yeti X")]
    dialog = SettingsDialog(settings, inputs, [("Start or stop", "Ctrl+R")], [("Sessions", "/data/sessions")])
    qtbot.addWidget(dialog)
    dialog.told = []
    dialog.changed.connect(dialog.told.append)
    dialog.show()
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


def keyboard(dialog, path):
    return dialog.rows[path].editor.keyboard


def shown(dialog):
    return [view.row.label for view in dialog.pages.rows if view.isVisible()]


def press(qtbot, widget, keys):
    for key in keys:
        qtbot.keyClick(widget, key)


def test_every_setting_has_a_row_but_those_that_are_dragged():
    paths = [row.path for row in ROWS]
    here = [path for path in TYPES if not path.startswith("export.")]  # those are chosen at every export
    assert sorted({*paths, *PLACED_ELSEWHERE}) == sorted(here) and len(set(paths)) == len(paths)
    assert [page.group for page in PAGES if page.group] == list(dict.fromkeys(path.split(".")[0] for path in here))
    assert {row.path for page in PAGES for row in page_rows(page)} == set(paths)
    for row in ROWS:
        assert row.why and (not row.needs or TYPES[row.needs] is bool)
        numeric = row.kind in ("number", "decimal", "percent", "optional")
        assert numeric == isinstance(LIMITS.get(row.path), Range), row.path


@pytest.mark.parametrize("settings", [Settings(), CHOSEN])
def test_what_is_shown_changes_nothing(qtbot, settings):
    dialog = open_dialog(qtbot, settings)
    dialog.show_settings(Settings())
    dialog.show_settings(settings)
    for page in PAGES:
        dialog.open_page(page.title)
    dialog.search.setText("colour")
    dialog.close()
    assert dialog.told == []


def test_choices_hold_at_once_and_touch_nothing_else(dialog, qtbot):
    dialog.show_settings(CHOSEN)
    qtbot.mouseClick(keyboard(dialog, "history.save"), Qt.MouseButton.LeftButton)
    assert dialog.told == [with_value(CHOSEN, "history.save", True)]
    keyboard(dialog, "view.theme").setCurrentIndex(2)
    keyboard(dialog, "captions.lines").stepUp()
    keyboard(dialog, "view.doubt").stepDown()
    keyboard(dialog, "text.boost").stepUp()
    last = dialog.told[-1]
    assert (last.view.theme, last.captions.lines, last.view.doubt, last.text.boost) == ("dark", 4, 0.45, 5.0)
    assert last.captions.opacity == 0.855  # finer than the control shows
    assert len(dialog.told) == 5


def test_a_number_that_is_half_typed_is_no_choice_until_it_is_entered_or_the_window_closes(dialog, qtbot):
    dialog.open_page("Captions")
    box = keyboard(dialog, "captions.size_pt")
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "48")
    assert dialog.told == []
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert [told.captions.size_pt for told in dialog.told] == [48] and dialog.isVisible()
    box.selectAll()
    qtbot.keyClicks(box, "36")
    dialog.close()
    assert dialog.told[-1].captions.size_pt == 36


def test_typed_text_is_told_after_a_pause_and_not_lost_when_the_window_closes(dialog, qtbot):
    dialog.show_settings(with_value(Settings(), "sound.meeting", True))
    line = keyboard(dialog, "sound.own_name")
    line.selectAll()
    qtbot.keyClicks(line, "Ada")
    assert dialog.told == []
    qtbot.waitUntil(lambda: len(dialog.told) == 1)
    qtbot.keyClicks(line, " L.")
    dialog.close()
    assert [told.sound.own_name for told in dialog.told] == ["Ada", "Ada L."]


def test_a_change_from_elsewhere_leaves_what_is_being_typed(dialog, qtbot):
    meeting = with_value(Settings(), "sound.meeting", True)
    dialog.show_settings(meeting)
    line = keyboard(dialog, "sound.own_name")
    line.selectAll()
    qtbot.keyClicks(line, "Ada")
    dialog.show_settings(with_value(meeting, "captions.x", 70))
    assert line.text() == "Ada" and dialog.told == []
    dialog.close()
    assert dialog.told == [with_value(with_value(meeting, "captions.x", 70), "sound.own_name", "Ada")]


def test_a_value_that_cannot_be_is_not_taken_and_says_so(dialog, qtbot):
    dialog.show_settings(with_value(Settings(), "sound.meeting", True))
    view = dialog.rows["sound.own_name"]
    line = view.editor.keyboard
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    assert view.note.isVisible() and "a name of up to 60 signs" in view.note.text()
    assert "a name of up to 60 signs" in line.accessibleDescription()
    dialog.close()
    assert dialog.told == [] and line.text() == "Me" and not view.note.text()


def test_numbers_as_digits_can_be_off(dialog, qtbot):
    dialog.open_page("Text")
    switch = keyboard(dialog, "text.rules.digits_from")
    switch.click()
    switch.click()
    assert [told.text.rules.digits_from for told in dialog.told] == [10, None]


def test_vocabulary_is_a_text_of_lines_of_which_bad_ones_are_named(dialog, qtbot):
    editor = dialog.rows["text.vocabulary"].editor.widget
    dialog.open_page("Text")
    editor.text.setPlainText("Ebionites\n\n  Günther  \n" + "x" * 101)
    dialog.settle()
    assert dialog.told[-1].text.vocabulary == ("Ebionites", "Günther")
    assert "line 4" in editor._fault.text()
    editor.text.setPlainText("\n".join(f"w{n}" for n in range(1005)))
    dialog.settle()
    assert len(dialog.told[-1].text.vocabulary) == 1000 and "first 1000 of 1005" in editor._fault.text()
    editor.text.setPlainText("one\n")
    cursor = editor.text.textCursor()
    cursor.movePosition(cursor.MoveOperation.End)
    editor.text.setTextCursor(cursor)
    dialog.settle()
    dialog.show_settings(dialog.told[-1])  # the echo leaves what is being typed alone
    assert editor.text.toPlainText() == "one\n" and editor.text.textCursor().position() == 4
    assert not editor._fault.isVisible()


def test_replacements_are_typed_into_a_table(dialog, qtbot):
    editor = dialog.rows["text.rules.replacements"].editor.widget
    dialog.open_page("Text")
    editor.add()
    typing = editor.table.findChild(QLineEdit)
    qtbot.keyClicks(typing, "eta")
    qtbot.keyClick(typing, Qt.Key.Key_Tab)
    typing = QApplication.focusWidget()
    assert isinstance(typing, QLineEdit) and (editor.table.currentRow(), editor.table.currentColumn()) == (0, 1)
    qtbot.keyClicks(typing, "ETA")
    dialog.settle()  # before the cell is left
    assert dialog.told[-1].text.rules.replacements == (("eta", "ETA"),)
    editor.add()
    dialog.settle()
    assert len(dialog.told) == 1  # an empty line is none
    editor.table.item(1, 1).setText("only written")
    assert "line 2" in editor._fault.text()
    editor.table.setCurrentCell(0, 0)
    qtbot.keyClick(editor.table, Qt.Key.Key_Delete)
    dialog.settle()
    assert dialog.told[-1].text.rules.replacements == ()


def test_a_device_that_is_gone_stays_chosen_and_comes_back(dialog):
    dialog.show_settings(with_value(Settings(), "sound.input", "Old USB"))
    box = keyboard(dialog, "sound.input")
    assert (box.currentText(), box.currentData()) == ("Old USB (not found)", "Old USB")
    dialog.offer("sound.input", [("System default", ""), ("Old USB", "Old USB")])
    assert (box.currentText(), box.count(), dialog.told) == ("Old USB", 2, [])
    dialog.offer("sound.input", [("System default", "")])
    assert box.currentData() == "Old USB" and dialog.told == []


def test_a_colour_can_be_chosen_and_given_back(dialog, qtbot):
    dialog.open_page("Captions")
    editor = dialog.rows["captions.ink"].editor.widget
    editor.button.click()
    chooser = dialog.findChild(QColorDialog)
    chooser.setCurrentColor(QColor("#112233"))
    chooser.accept()
    editor._own.click()
    assert [told.captions.ink for told in dialog.told] == ["#112233", ""]
    assert not editor._own.isEnabled()


@pytest.mark.parametrize(
    ("captions", "note"),
    [
        (CaptionSettings(), ""),
        (CaptionSettings(ink="#888888", paper="#777777"), "contrast of the two colours is 1.3"),
        (CaptionSettings(opacity=0.2), "More opacity helps"),
        (CaptionSettings(ink="#000000"), "contrast of the two colours is 1.0"),
    ],
)
def test_captions_that_cannot_be_read_are_warned_about(dialog, captions, note):
    dialog.show_settings(replace(Settings(), captions=captions))
    said = dialog.rows["captions.paper"].note.text()
    assert note in said and bool(note) == bool(said)


def test_what_means_nothing_now_is_grey(dialog):
    dialog.open_page("History")
    assert keyboard(dialog, "history.days").isEnabled()
    keyboard(dialog, "history.save").click()
    assert not keyboard(dialog, "history.days").isEnabled() and not keyboard(dialog, "history.audio").isEnabled()


def test_defaults_come_back_for_a_page_and_can_be_undone(dialog, qtbot):
    dialog.show_settings(with_value(CHOSEN, "captions.x", 700))
    dialog.open_page("Text")
    qtbot.mouseClick(dialog._restore, Qt.MouseButton.LeftButton)
    assert dialog.told[-1] == replace(CHOSEN, text=TextSettings(), captions=dialog.told[-1].captions)
    assert dialog.rows["text.vocabulary"].editor.widget.text.toPlainText() == ""
    qtbot.mouseClick(dialog._undo, Qt.MouseButton.LeftButton)
    assert dialog.told[-1] == with_value(CHOSEN, "captions.x", 700)
    assert "Ebionites" in dialog.rows["text.vocabulary"].editor.widget.text.toPlainText()
    dialog.open_page("Captions")
    dialog._restore.click()
    assert dialog.told[-1].captions == CaptionSettings()  # the place as well
    keyboard(dialog, "captions.lines").stepUp()
    assert not dialog._undo.isVisible()  # it would take the newer choice back
    dialog._restore.click()
    dialog.show_settings(dialog.told[-1])
    assert dialog._undo.isVisible()
    dialog.show_settings(with_value(dialog.told[-1], "captions.x", 9))
    assert not dialog._undo.isVisible()


def test_search_filters_all_pages_by_label_explanation_synonyms_and_values(dialog, qtbot):
    def found(text):
        dialog.search.setText(text)
        return shown(dialog)

    assert found("MICROPHONE") == ["Input device"]
    assert found("retention") == ["Keep them"]
    assert found("floating") == ["Place"]
    assert found("never change under") == ["Reading mode"]
    assert found("captions font") == ["Font", "Size"]
    assert found("ctrl+r") == ["Start or stop"]
    assert found("/data") == ["Sessions"]
    assert found("colour <b>") == [] and "Nothing found for “colour <b>”" in dialog.pages._found.text()
    assert found("  ") == [row.label for row in page_rows(PAGES[0])]


def test_what_was_found_is_highlighted_and_cleared_again(dialog):
    dialog.search.setText("punct")
    label = dialog.rows["text.rules.spoken_marks"].label
    assert ">punct</span>uation" in label.text() and label.textFormat() == Qt.TextFormat.RichText
    dialog.search.clear()
    assert "<" not in label.text() and label.textFormat() == Qt.TextFormat.PlainText


def test_marks_stand_around_words_and_never_break_the_text():
    assert marked("Cat & cathode", ["cat"], "<i>") == "<i>Cat</span> &amp; <i>cat</span>hode"
    assert marked("a<b", ["<"], "<i>") == "a<i>&lt;</span>b"
    assert marked("amp & x", ["amp"], "<i>") == "<i>amp</span> &amp; x"


def test_a_search_ends_with_esc_or_a_page_and_comes_back_to_where_one_was(dialog, qtbot):
    dialog.open_page("View")
    qtbot.keyClick(dialog, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert dialog.search.hasFocus()
    qtbot.keyClicks(dialog.search, "mouse")
    assert shown(dialog) == ["Let clicks through"] and dialog.list.currentRow() == -1
    assert not dialog._restore.isEnabled()
    qtbot.keyClick(dialog.search, Qt.Key.Key_Escape)
    assert dialog.isVisible() and shown(dialog)[0] == "Theme" and dialog._restore.isEnabled()
    qtbot.keyClicks(dialog.search, "mouse")
    dialog.open_page("Sound")
    assert dialog.search.text() == "" and shown(dialog)[0] == "Input device"
    dialog.search.setFocus()
    qtbot.keyClick(dialog.search, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_keyboard_goes_from_the_search_to_what_was_found(dialog, qtbot):
    dialog.search.setFocus()
    qtbot.keyClicks(dialog.search, "retention")
    qtbot.keyClick(dialog.search, Qt.Key.Key_Down)
    assert keyboard(dialog, "history.days").hasFocus()


def test_pages_turn_with_the_keyboard(dialog, qtbot):
    for key, title in [(Qt.Key.Key_PageDown, "Text"), (Qt.Key.Key_PageUp, "Sound"), (Qt.Key.Key_PageUp, "Model")]:
        qtbot.keyClick(dialog, key, Qt.KeyboardModifier.ControlModifier)
        assert dialog.list.currentItem().text() == title


def test_tab_reaches_every_control_of_a_page_and_it_is_in_sight(dialog, qtbot):
    dialog.show_settings(replace(CHOSEN, history=HistorySettings(), sound=replace(CHOSEN.sound, meeting=True)))
    dialog.resize(640, 480)
    for page in dialog.pages.pages:
        dialog.open_page(page.page.title)
        dialog.list.setFocus()
        reached = set()
        for _ in range(60):
            qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
            reached.add(dialog.focusWidget())
            if dialog.focusWidget() is dialog.list:
                break
        wanted = {view.editor.keyboard for view in page.rows}
        assert wanted <= reached, page.page.title
        assert dialog.search in reached
    dialog.open_page("Captions")
    last = keyboard(dialog, "captions.reading")
    last.setFocus(Qt.FocusReason.TabFocusReason)
    top = last.mapTo(dialog.pages.viewport(), QPoint(0, 0)).y()
    assert 0 <= top < dialog.pages.viewport().height()


def test_the_letter_of_a_label_goes_to_its_control(dialog, qtbot):
    dialog.open_page("View")
    assert dialog.rows["view.theme"].label.text() == "&Theme"
    qtbot.keyClick(dialog, Qt.Key.Key_T, Qt.KeyboardModifier.AltModifier)
    assert keyboard(dialog, "view.theme").hasFocus()
    for page in dialog.pages.pages:
        letters = [view.label.text().partition("&")[2][:1].casefold() for view in page.rows]
        assert all(letters) and len({*letters, "d", "u"}) == len(letters) + 2, page.page.title
    assert with_mnemonics(["Aa", "Aa", "Aa"], "") == ["&Aa", "Aa", "Aa"]


def test_a_click_on_a_label_switches(dialog, qtbot):
    dialog.open_page("View")
    qtbot.mouseClick(dialog.rows["view.timestamps"].label, Qt.MouseButton.LeftButton)
    assert dialog.told[-1].view.timestamps is True
    qtbot.mouseClick(dialog.rows["view.theme"].label, Qt.MouseButton.LeftButton)
    assert keyboard(dialog, "view.theme").hasFocus()


def test_every_control_has_a_name_and_says_what_it_does(dialog):
    for view in dialog.pages.rows:
        assert view.editor.keyboard.accessibleName() == view.row.label
        assert view.label.buddy() is view.editor.keyboard
        assert view.row.why in view.editor.keyboard.accessibleDescription()
    for widget in dialog.findChildren(QWidget):
        if isinstance(widget, QAbstractButton) and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            assert widget.accessibleName() or widget.text(), widget


def test_the_wheel_scrolls_the_page_and_changes_no_value_on_its_way(dialog):
    dialog.open_page("Captions")
    box = keyboard(dialog, "captions.lines")
    dialog.search.setFocus()
    no, yes = QPoint(), QPoint(0, -120)
    where = QPointF(box.rect().center())
    wheel = QWheelEvent(
        where, box.mapToGlobal(where), no, yes, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, wheel)
    assert box.value() == 3 and dialog.told == []


@pytest.mark.parametrize("points", [9, 20, 32])
def test_no_text_is_cut_off_at_any_size_of_letters(qtbot, qapp, points):
    before = qapp.font()
    font = QFont(before)
    font.setPointSize(points)
    qapp.setFont(font)
    try:
        dialog = open_dialog(qtbot, CHOSEN)
        dialog.resize(640, 480)
        for page in PAGES:
            dialog.open_page(page.title)
            qtbot.waitUntil(lambda: cut_off(dialog) == [])
        assert dialog.height() == 480
    finally:
        qapp.setFont(before)


def cut_off(dialog):
    """Labels whose text needs more than their height."""
    labels = [label for label in dialog.pages.findChildren(QLabel) if label.isVisible() and label.wordWrap()]
    return [label.text() for label in labels if label.height() < label.heightForWidth(label.width())]


def test_it_opens_at_once_with_long_lists(qtbot):
    long = with_value(Settings(), "text.vocabulary", tuple(f"word {n}" for n in range(1000)))
    long = with_value(long, "text.rules.replacements", tuple((f"said {n}", f"written {n}") for n in range(1000)))
    began = time.perf_counter()
    dialog = open_dialog(qtbot, long)
    assert time.perf_counter() - began < 2
    assert value_at(long, "text.vocabulary") == dialog.rows["text.vocabulary"].editor.widget._lines
