"""Edits can be taken back one by one, also while text arrives."""

from __future__ import annotations

from app.edits import EditHistory
from s2t_core.events import SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def closed(*texts, starts=()):
    items = tuple(Segment(i, i * 100, i * 100 + 90, text) for i, text in enumerate(texts))
    return TranscriptDocument(items, session_starts=starts)


def test_letters_typed_at_once_are_one_step_and_later_ones_another():
    clock = Clock()
    history, document = EditHistory(clock), closed("a")
    for text, pause in (("ab", 1), ("abc", 1), ("abcd", 5)):
        clock.now += pause
        document = history.edit(document, 0, 0, text)
    document = history.undo(document)
    assert document.text == "abc"
    document = history.undo(document)
    assert document.text == "a"
    assert history.undo(document) is document
    assert history.redo(history.redo(document)).text == "abcd"


def test_text_that_arrived_meanwhile_stays():
    history, document = EditHistory(), closed("one", "two", "three", starts=(0, 2))
    document = history.edit(document, 0, 1, "joined")
    document = document.apply(SegmentClosed(Segment(3, 300, 390, "four")))
    document = document.begin_session().apply(SegmentUpdated(Segment(0, 0, 90, "", "live")))
    document = history.undo(document)
    assert document.text == "one two\n\nthree four\n\nlive"
    assert document.session_starts == (0, 2, 4)
    document = history.redo(document)
    assert document.text == "joined\n\nthree four\n\nlive"
    assert document.session_starts == (0, 1, 3)


def test_a_deleted_segment_comes_back():
    history, document = EditHistory(), closed("one", "two")
    document = history.edit(document, 0, 0, "")
    assert document.text == "two"
    assert history.undo(document).text == "one two"


def test_what_was_taken_back_by_voice_comes_back_with_the_edits_before_it():
    history, document = EditHistory(), closed("one", "two")
    document = history.edit(document, 1, 1, "edited")
    before, document = document, document.apply(SegmentRetracted())
    history.retract(before, document)
    document = document.apply(SegmentClosed(Segment(2, 200, 290, "precious")))
    document = history.undo(document)
    assert document.text == "one edited precious"
    assert history.undo(document).text == "one two precious"
    assert history.redo(history.redo(history.undo(document))).text == "one precious"


def test_a_new_edit_ends_what_could_be_done_again():
    history, document = EditHistory(), closed("one", "two")
    document = history.undo(history.edit(document, 0, 0, "1"))
    document = history.edit(document, 1, 1, "2")
    assert history.redo(document) is document


def test_where_items_have_gone_nothing_is_mixed_up():
    history = EditHistory()
    document = history.edit(closed("one", "two"), 1, 1, "2")
    assert history.undo(closed("one")).text == "one"
    assert history.undo(document) is document
