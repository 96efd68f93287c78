"""The transcript as a person reads, edits, hears and searches it while it grows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent, QTextCharFormat, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.ui.find_bar import FindBar
from app.ui.time_gutter import clock
from app.ui.transcript_layout import TranscriptLayout
from app.ui.transcript_view import TranscriptView
from s2t_core.editing import rewritten
from s2t_core.events import AudioLost, SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment, Word

SURE = 0.9


def segment(text, number=0, start_s=0.0, speaker="", confidence=SURE, tentative=""):
    start = int(start_s * SAMPLE_RATE_HZ)
    words = tuple(
        Word(one, start + i * 100, start + i * 100 + 90, confidence if one != "doubt" else 0.1)
        for i, one in enumerate(text.split())
    )
    return Segment(number, start, start + 100 * (len(words) + 1), text, tentative, words=words, speaker=speaker)


def closed(*texts, **more):
    return TranscriptDocument(tuple(segment(text, number, **more) for number, text in enumerate(texts)))


class Owner:
    """Answers edits as the program does."""

    def __init__(self, view):
        self.view, self.document, self.edits = view, TranscriptDocument(), []
        view.edited.connect(self.edit)

    def show(self, document):
        self.document = document
        self.view.show_document(document)

    def edit(self, edit):
        self.edits.append(edit)
        self.show(rewritten(self.document, edit.first, edit.last, edit.text))


@pytest.fixture
def view(qtbot):
    view = TranscriptView()
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    view.setFocus()
    return view


@pytest.fixture
def owner(view):
    return Owner(view)


def place(view, position, until=None):
    cursor = view.textCursor()
    cursor.setPosition(position)
    if until is not None:
        cursor.setPosition(until, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)


def test_typing_changes_the_segment_it_is_in_and_its_words_keep_their_times(view, owner):
    owner.show(closed("One two.", "Three."))
    place(view, 3)
    QTest.keyClicks(view, "ly")
    assert owner.document.text == view.toPlainText() == "Onely two. Three."
    first = owner.document.closed[0]
    assert [word.start_sample for word in first.words] == [0, 100]
    assert owner.document.closed[1] is owner.document.closed[1]
    assert view.textCursor().position() == 5


def test_text_at_the_end_of_a_segment_belongs_to_it(view, owner):
    owner.show(closed("One.", "Two."))
    place(view, 4)
    QTest.keyClicks(view, "!")
    assert [item.committed for item in owner.document.closed] == ["One.!", "Two."]


def test_deleting_what_stands_between_two_segments_joins_them(view, owner):
    owner.show(closed("One", "two"))
    place(view, 3)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert [item.committed for item in owner.document.closed] == ["Onetwo"]
    assert view.toPlainText() == "Onetwo"


def test_a_selection_over_several_segments_can_be_written_over(view, owner):
    owner.show(closed("One two.", "Three four.", "Five six."))
    place(view, 4, 25)
    QTest.keyClicks(view, "x")
    assert view.toPlainText() == owner.document.text == "One x six."


def test_a_paragraph_s_end_typed_by_hand_is_part_of_the_text(view, owner):
    owner.show(closed("One two."))
    place(view, 4)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert owner.document.text == "One \ntwo."
    assert view.toPlainText() == "One \ntwo."


def test_an_emptied_segment_is_gone(view, owner):
    owner.show(closed("One.", "Two."))
    place(view, 4, 9)
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    assert [item.committed for item in owner.document.closed] == ["One."]


def test_text_that_is_still_spoken_cannot_be_changed(view, owner):
    owner.show(closed("One.").apply(SegmentUpdated(segment("Two", 1, 0.1, tentative="thr"))))
    for position in (6, 12):
        place(view, position)
        QTest.keyClicks(view, "x")
        assert view.toPlainText() == "One. Two thr"
    assert owner.edits == []


def test_a_selection_that_reaches_into_open_text_changes_only_the_closed_part(view, owner):
    owner.show(closed("One two.").apply(SegmentUpdated(segment("Three", 1, 0.1))))
    place(view, 4, 11)
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    assert owner.document.closed[0].committed == "One "
    assert view.toPlainText() == owner.document.text


def test_typing_goes_on_while_live_text_arrives(view, owner):
    owner.show(closed("One."))
    place(view, 4)
    for count, letter in enumerate(" and more"):
        QTest.keyClicks(view, letter)
        live = SegmentUpdated(segment("live " * count, 1, 0.1, tentative="te"))
        owner.show(owner.document.apply(live))
        assert view.textCursor().position() == 5 + count
    assert owner.document.closed[0].committed == "One. and more"
    owner.show(owner.document.apply(SegmentClosed(segment("live " * 9, 1, 0.1))))
    assert view.toPlainText() == owner.document.text


def test_an_input_method_that_tells_of_the_whole_paragraph_changes_only_the_closed_text(view, owner):
    owner.show(closed("One.").apply(SegmentUpdated(segment("Two", 1, 0.1, tentative="three"))))
    place(view, 1)
    QApplication.sendEvent(view, QInputMethodEvent("ni", []))
    done = QInputMethodEvent("", [])
    done.setCommitString("你")
    QApplication.sendEvent(view, done)
    assert owner.document.closed[0].committed == "O你ne."
    owner.show(owner.document.apply(SegmentClosed(segment("Two three.", 1, 0.1))))
    assert view.toPlainText() == owner.document.text == "O你ne. Two three."


def test_recordings_and_speakers_are_not_joined(view, owner):
    for document in (
        TranscriptDocument((segment("One."), segment("Two.")), session_starts=(0, 1)),
        TranscriptDocument((segment("One.", speaker="Ann"), segment("Two.", 1, speaker="Ben"))),
    ):
        owner.show(document)
        place(view, view.toPlainText().index("One.") + 4)
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert view.toPlainText() == document.text
    assert owner.edits == []


def test_a_name_before_the_first_words_cannot_be_changed(view, owner):
    owner.show(closed("One.", speaker="Ann"))
    place(view, 1)
    QTest.keyClicks(view, "x")
    assert view.toPlainText() == "Ann: One."


def test_an_empty_transcript_takes_no_text(view, owner):
    QTest.keyClicks(view, "x")
    assert view.toPlainText() == ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["One.", "two 😀 three", "é\nf", "x"]), min_size=1, max_size=4),
    st.integers(0, 40), st.integers(0, 20), st.sampled_from(["", "y", "a\nb", "😀", " "]),
)  # fmt: skip
def test_any_change_of_closed_text_leaves_document_and_text_alike(texts, at, length, written):
    before = closed(*texts)
    layout = TranscriptLayout()
    layout.replace(before, 0, 0)
    text = before.text
    at = min(at, len(text))
    end = min(at + length, len(text))
    wanted = text[:at] + written + text[end:]
    units = [len(part.encode("utf-16-le")) // 2 for part in (text[:at], text[at:end])]
    edit = layout.edit(*units, written)
    after = before if edit is None else rewritten(before, edit.first, edit.last, edit.text)
    assert "".join(after.text.split()) == "".join(wanted.split())


def test_retracted_text_goes_and_the_rest_stays(view, owner):
    document = closed("One.", "Two.")
    owner.show(document)
    owner.show(document.apply(SegmentRetracted()))
    assert view.toPlainText() == "One."


def test_what_follows_a_changed_segment_is_led_anew(view, owner):
    document = closed("One.", "Two.", "Three.")
    owner.show(document)
    owner.show(rewritten(document, 0, 0, "One.\n"))
    assert view.toPlainText() == "One.\nTwo. Three."


def test_doubtful_words_are_underlined_until_the_limit_is_lower(view, owner):
    def underlined():
        cursor = QTextCursor(view.document())
        text = ""
        for at in range(len(view.toPlainText())):
            cursor.setPosition(at + 1)
            style = cursor.charFormat().underlineStyle()
            text += view.toPlainText()[at] if style is QTextCharFormat.UnderlineStyle.DashUnderline else ""
        return text

    view.mark_doubt(0.5)
    owner.show(closed("no doubt here"))
    assert underlined() == "doubt"
    view.mark_doubt(0.05)
    assert underlined() == ""
    assert view.toPlainText() == "no doubt here"


def test_a_word_is_chosen_by_click_and_by_key(view, owner, qtbot):
    owner.show(closed("One two", "three four"))
    chosen = []
    view.word_chosen.connect(lambda *place: chosen.append(place))
    cursor = view.textCursor()
    cursor.setPosition(10)
    inside = view.cursorRect(cursor).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=inside)
    assert chosen == []
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, inside)
    place(view, 5)
    QTest.keyClick(view, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert chosen == [(1, 0), (0, 1)]
    view.show_playing(1, 1)
    (mark,) = view.extraSelections()
    assert mark.cursor.selectedText() == "four"
    view.show_playing(-1, 0)
    assert view.extraSelections() == []


def test_the_chip_comes_when_the_reader_scrolls_up_and_leads_back(view, owner):
    owner.show(closed(*("Sentence with some words." for _ in range(60))))
    bar = view.verticalScrollBar()
    assert not view.chip.isVisible()
    bar.setValue(bar.value() - 3)
    assert view.chip.isVisible()
    at = bar.value()
    owner.show(owner.document.apply(SegmentClosed(segment("More. " * 40, 60))))
    assert bar.value() == at
    QTest.mouseClick(view.chip, Qt.MouseButton.LeftButton)
    assert bar.value() == bar.maximum()
    assert not view.chip.isVisible()
    bar.setValue(0)
    QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    owner.show(owner.document.apply(SegmentClosed(segment("End. " * 40, 61))))
    assert bar.value() == bar.maximum()


def test_a_cursor_at_the_end_does_not_pull_a_reader_down(view, owner):
    owner.show(closed(*("Sentence with some words." for _ in range(60))))
    place(view, view.document().characterCount() - 1)
    view.verticalScrollBar().setValue(0)
    owner.show(owner.document.apply(SegmentUpdated(segment("More", 60, tentative="words"))))
    assert view.verticalScrollBar().value() == 0


def test_times_stand_beside_paragraphs(view, owner, qtbot):
    view.show_timestamps(True)
    owner.show(
        TranscriptDocument((segment("One."), AudioLost(0, 100), segment("Two.", 1, 75), segment("Three.", 2, 76)))
    )
    assert view.gutter.isVisible() and view.viewportMargins().left() == view.gutter.width() > 0
    shown = view.grab().toImage()
    view.show_timestamps(False)
    assert view.viewportMargins().left() == 0
    assert view.grab().toImage() != shown


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (750, "12:30"), (3723.9, "1:02:03")])
def test_a_time_is_written_as_people_do(seconds, text):
    assert clock(int(seconds * SAMPLE_RATE_HZ)) == text


@pytest.fixture
def bar(view, qtbot):
    box = QWidget()
    qtbot.addWidget(box)
    column, bar = QVBoxLayout(box), FindBar(view)
    column.addWidget(view)
    column.addWidget(bar)
    box.show()
    qtbot.waitUntil(box.isActiveWindow)
    yield bar


def marked(view):
    return [mark.cursor.selectedText() for mark in view.extraSelections()]


def test_matches_are_counted_marked_and_stepped_through_in_a_circle(view, owner, bar):
    owner.show(closed("One two ONE", "three one"))
    bar.open()
    QTest.keyClicks(bar.field, "one")
    assert bar.count.text() == "1 of 3"
    assert marked(view) == ["One", "ONE", "one"]
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert (bar.count.text(), view.textCursor().position()) == ("2 of 3", 8)
    QTest.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert bar.count.text() == "3 of 3"


def test_matches_in_text_that_arrives_are_found_too(view, owner, bar):
    owner.show(closed("one"))
    bar.open()
    QTest.keyClicks(bar.field, "one")
    owner.show(owner.document.apply(SegmentUpdated(segment("someone", 1, tentative="one"))))
    assert bar.count.text() == "1 of 3"
    owner.show(owner.document.apply(SegmentClosed(segment("someone else", 1))))
    assert bar.count.text() == "1 of 2"


def test_what_is_not_there_is_said_and_escape_closes(view, owner, bar):
    owner.show(closed("one"))
    bar.open()
    QTest.keyClicks(bar.field, "zebra")
    assert bar.count.text() == "Not found"
    assert not bar.next.isEnabled()
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert bar.isHidden()
    assert marked(view) == []


def test_the_selection_is_what_is_looked_for(view, owner, bar):
    owner.show(closed("one two"))
    place(view, 4, 7)
    bar.open()
    assert bar.field.text() == "two"
    assert bar.count.text() == "1 of 1"
