"""The document: committed text only grows, and its settled part is only ever appended to."""

from __future__ import annotations

import pytest

from s2t_core.events import AudioLost, SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.transcript import TranscriptDocument, applied
from s2t_core.types import Segment

RATE = 16000


def segment(number, start_s, end_s, committed, tentative=""):
    return Segment(number, int(start_s * RATE), int(end_s * RATE), committed, tentative)


def apply(*events, document=None):
    document = document or TranscriptDocument()
    for event in events:
        before = document.settled_text
        document = document.apply(event)
        assert document.settled_text.startswith(before)
    return document


def test_text_grows_from_tentative_to_committed_to_closed():
    events = [
        SegmentUpdated(segment(0, 0, 1, "", "hello")),
        SegmentUpdated(segment(0, 0, 2, "hello", "word")),
        SegmentClosed(segment(0, 0, 3, "hello world.")),
    ]
    texts = [(apply(*events[:n]).settled_text, apply(*events[:n]).text) for n in (1, 2, 3)]
    assert texts == [("", "hello"), ("hello", "hello word"), ("hello world.", "hello world.")]


def test_a_tentative_mark_stands_at_the_word_before_it():
    assert apply(SegmentUpdated(segment(0, 0, 1, "hello", ", you"))).text == "hello, you"


def test_segments_join_with_a_space_and_after_a_long_pause_with_a_paragraph():
    document = apply(
        SegmentClosed(segment(0, 0, 1, "One.")),
        SegmentClosed(segment(1, 2.5, 3, "Two.")),
        SegmentUpdated(segment(2, 5, 6, "", "three")),
    )
    assert document.settled_text == "One. Two."
    assert document.text == "One. Two.\n\nthree"
    assert apply(SegmentUpdated(segment(2, 5, 6.5, "three", "four")), document=document).text == (
        "One. Two.\n\nthree four"
    )


def test_a_new_recording_begins_a_paragraph_though_its_clock_starts_again():
    document = apply(SegmentClosed(segment(0, 0, 9, "One."))).begin_session()
    assert apply(SegmentUpdated(segment(0, 0, 1, "", "two")), document=document).text == "One.\n\ntwo"
    assert apply(SegmentClosed(segment(0, 0, 1, "Two.")), document=document).text == "One.\n\nTwo."


def test_a_recording_that_broke_off_keeps_its_settled_text_and_the_next_one_goes_on():
    document = apply(SegmentUpdated(segment(0, 0, 1, "kept", "guess"))).begin_session()
    assert document.text == "kept"
    assert apply(SegmentClosed(segment(0, 0, 1, "New.")), document=document).text == "kept\n\nNew."


def test_lost_sound_leaves_a_mark_with_its_length():
    document = apply(
        SegmentClosed(segment(0, 0, 1, "One.")), AudioLost(RATE, 3 * RATE), SegmentClosed(segment(1, 3, 4, "Two."))
    )
    assert document.text == "One. [2.0 s of sound lost] Two."


def test_a_segment_that_turns_out_empty_leaves_nothing():
    document = apply(SegmentUpdated(segment(0, 0, 1, "", "uh")), SegmentClosed(segment(0, 0, 1, "")))
    assert document.text == ""
    assert document.closed == ()


@pytest.mark.parametrize("new", [segment(0, 0, 2, "hello wood"), segment(1, 2, 3, "hello world")])
def test_committed_text_that_shrinks_changes_or_vanishes_is_refused(new):
    document = apply(SegmentUpdated(segment(0, 0, 1, "hello world")))
    with pytest.raises(ValueError, match="takes back"):
        document.apply(SegmentUpdated(new))


def said(speaker, number, start_s, end_s, committed, tentative=""):
    return Segment(number, int(start_s * RATE), int(end_s * RATE), committed, tentative, speaker=speaker)


def test_two_speakers_each_have_an_open_segment_and_what_is_shown_never_moves():
    document = apply(
        SegmentUpdated(said("Ann", 0, 0, 1, "I", "think")),
        SegmentUpdated(said("Ben", 0, 0.5, 1, "", "yes")),
        SegmentClosed(said("Ben", 0, 0.5, 1.5, "Yes.")),
    )
    assert document.text == "Ann: I think\n\nBen: Yes."
    assert document.settled_text == "Ann: I"
    document = apply(SegmentUpdated(said("Ben", 1, 1.8, 2, "", "and")), document=document)
    document = apply(SegmentClosed(said("Ann", 0, 0, 2, "I think so.")), document=document)
    assert document.settled_text == "Ann: I think so.\n\nBen: Yes."
    assert document.text == "Ann: I think so.\n\nBen: Yes. and"
    assert [item.speaker for item in document.closed] == ["Ann", "Ben"]


def test_one_speaker_s_new_segment_does_not_excuse_the_other_s_lost_words():
    document = apply(SegmentUpdated(said("Ann", 0, 0, 1, "hello")), SegmentUpdated(said("Ben", 0, 0, 1, "hi")))
    with pytest.raises(ValueError, match="takes back"):
        document.apply(SegmentUpdated(said("Ben", 0, 0, 2, "bye")))


def test_retracting_removes_the_last_segment_of_this_recording_and_this_speaker_only():
    document = apply(SegmentClosed(said("", 0, 0, 1, "Before."))).begin_session()
    document = apply(SegmentClosed(said("", 0, 0, 1, "Wrong.")), document=document)
    retracted = document.apply(SegmentRetracted())
    assert retracted.text == "Before."
    assert retracted.apply(SegmentRetracted()).text == "Before."
    assert document.apply(SegmentRetracted("Ann")).text == document.text


def test_retracting_takes_a_segment_that_waits_for_another_speaker_first():
    document = apply(
        SegmentClosed(said("Ben", 0, 0, 0.5, "Hello.")),
        SegmentUpdated(said("Ann", 0, 0.5, 1, "I", "think")),
        SegmentClosed(said("Ben", 1, 0.6, 1.5, "Wrong.")),
    )
    assert document.apply(SegmentRetracted("Ben")).text == "Ben: Hello.\n\nAnn: I think"


def test_spoken_line_ends_and_marks_are_not_followed_or_preceded_by_a_space():
    document = apply(
        SegmentClosed(segment(0, 0, 1, "One")),
        SegmentClosed(segment(1, 1.2, 2, ", two.\n")),
        SegmentClosed(segment(2, 2.2, 3, "Three.")),
        SegmentClosed(segment(3, 3.2, 4, "\n\n")),
        SegmentClosed(segment(4, 9, 10, "Four.")),
    )
    assert document.text == "One, two.\nThree.\n\nFour."


def test_an_event_that_contradicts_what_is_open_costs_no_word():
    document = TranscriptDocument().apply(SegmentUpdated(Segment(0, 0, 900, "so far", "or")))
    after = applied(document, SegmentUpdated(Segment(0, 1000, 1900, "", "and")))
    assert after.text == "so far and" and after.settled_text == "so far"
