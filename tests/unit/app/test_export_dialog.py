"""The export dialog: it asks for previews, copies and files, and offers what the format has."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QWidget

from app.export.options import FORMATS, ExportChoice, ExportOptions
from app.ui.export_dialog import ExportDialog

DEFAULT = ExportChoice()
SRT = ExportChoice("srt", ExportOptions(line_length=32, max_lines=1, chars_per_second=15.0, min_cue_s=1.0), "/talks")


@pytest.fixture
def open_dialog(qtbot):
    def show(choice=DEFAULT, names=("Talk: Monday",)):
        dialog = ExportDialog(choice, names)
        qtbot.addWidget(dialog)
        with qtbot.waitActive(dialog):  # shortcuts work in the active window only
            dialog.show()
        return dialog

    return show


def choose(dialog, form):
    dialog.formats.setCurrentRow(list(FORMATS).index(form))


def answer(dialog, path):
    """Choose a path in the file dialog that is open."""
    where = dialog.findChild(QFileDialog)
    where.selectFile(str(path))
    where.accept()


def test_what_was_chosen_last_is_chosen_again_and_given_back(open_dialog):
    assert open_dialog(SRT).choice == SRT
    assert open_dialog().choice == DEFAULT
    assert open_dialog(ExportChoice("a format of tomorrow")).choice == DEFAULT


def test_a_preview_is_asked_for_when_it_opens_and_once_after_many_changes(open_dialog, qtbot):
    dialog = ExportDialog(SRT, ("talk",))
    qtbot.addWidget(dialog)
    asked = []
    dialog.preview_wanted.connect(lambda *given: asked.append(given))
    with qtbot.waitSignal(dialog.preview_wanted):
        dialog.show()
    assert asked == [("srt", SRT.options)]
    with qtbot.waitSignal(dialog.preview_wanted):
        for form in FORMATS:
            choose(dialog, form)
        choose(dialog, "vtt")
        dialog.line_length.setValue(37)
        dialog.speakers.setChecked(False)
    _, (form, options) = asked
    assert (form, options.line_length, options.speakers, options.min_cue_s) == ("vtt", 37, False, 1.0)


def test_the_preview_is_plain_text_but_for_word_documents(open_dialog):
    dialog = open_dialog(ExportChoice("md"))
    dialog.show_preview("# *a*\n<b>")
    assert dialog.text.toPlainText() == "# *a*\n<b>"
    choose(dialog, "docx")
    dialog.show_preview("# Title\n\n**Me:** a \\<b>")
    assert dialog.text.toPlainText() == "Title\nMe: a <b>"


@pytest.mark.parametrize("form", FORMATS)
def test_only_the_options_that_a_format_has_are_offered(open_dialog, form):
    dialog = open_dialog(ExportChoice(form))
    controls = {
        "timestamps": dialog.timestamps, "speakers": dialog.speakers, "line_length": dialog.line_length,
        "max_lines": dialog.max_lines, "chars_per_second": dialog.reading_speed,
    }  # fmt: skip
    assert {name for name, control in controls.items() if control.isVisible()} == FORMATS[form].options


def test_copy_asks_with_the_choice_and_a_word_document_cannot_be_copied(open_dialog, qtbot):
    dialog = open_dialog(SRT)
    with qtbot.waitSignal(dialog.copy_wanted) as asked:
        qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert asked.args == ["srt", SRT.options]
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with qtbot.waitSignal(dialog.copy_wanted):
        qtbot.keyClick(dialog, Qt.Key.Key_C, keys)
    choose(dialog, "docx")
    assert not dialog.copy.isEnabled() and "only be saved" in dialog.copy.toolTip()
    with qtbot.assertNotEmitted(dialog.copy_wanted):
        qtbot.keyClick(dialog, Qt.Key.Key_C, keys)


def test_save_asks_where_and_hands_the_path_on_with_the_suffix(open_dialog, qtbot, tmp_path):
    dialog = open_dialog(SRT)
    choose(dialog, "docx")
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    where = dialog.findChild(QFileDialog)
    assert where.selectedFiles()[0].endswith("Talk_ Monday.docx") and where.selectedNameFilter().endswith("(*.docx)")
    with qtbot.waitSignal(dialog.save_wanted) as asked:
        answer(dialog, tmp_path / "talk")
    assert asked.args == ["docx", SRT.options, str(tmp_path / "talk.docx")]
    assert dialog.choice == ExportChoice("docx", SRT.options, str(tmp_path))


def test_nothing_is_saved_when_no_path_is_chosen(open_dialog, qtbot):
    dialog = open_dialog(SRT)
    with qtbot.assertNotEmitted(dialog.save_wanted):
        qtbot.keyClick(dialog, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        dialog.findChild(QFileDialog).reject()
    assert dialog.choice == SRT


def test_several_transcripts_go_into_a_folder(open_dialog, qtbot, tmp_path):
    dialog = open_dialog(SRT, names=("a", "b", "c"))
    assert dialog.windowTitle() == "Export 3 transcripts" and not dialog.copy.isVisible()
    assert "first" in " ".join(label.text() for label in dialog.findChildren(QLabel))
    qtbot.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(dialog.save_wanted) as asked:
        answer(dialog, tmp_path)
    assert asked.args == ["srt", SRT.options, str(tmp_path)]
    assert dialog.choice.folder == str(tmp_path)


def test_a_fault_is_told_in_a_bar_and_goes_when_something_succeeds(open_dialog):
    dialog = open_dialog()
    dialog.notice.show_notice("The disk is full. Save it somewhere else.")
    assert dialog.notice.isVisible()
    dialog.say("Copied.")
    assert not dialog.notice.isVisible()


def test_every_control_can_be_reached_with_the_keyboard_and_has_a_name(open_dialog):
    dialog = open_dialog(SRT)
    controls = [dialog.formats, dialog.speakers, dialog.line_length, dialog.max_lines, dialog.reading_speed,
                dialog.text, dialog.copy, dialog.save]  # fmt: skip
    reached: list[QWidget] = []
    at = dialog.formats
    while at not in reached:
        reached.append(at)
        at = at.nextInFocusChain()
    order = [control for control in reached if control in controls]
    assert order == controls
    assert all(control.focusPolicy() & Qt.FocusPolicy.TabFocus for control in controls)
    labels = {label.buddy() for label in dialog.findChildren(QLabel)}
    for control in controls:
        assert (
            control.accessibleName() or control in labels or (isinstance(control, QAbstractButton) and control.text())
        )


def test_enter_saves_and_escape_closes(open_dialog, qtbot):
    dialog = open_dialog()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    where = dialog.findChild(QFileDialog)
    assert where is not None and where.isVisible()
    where.reject()
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
