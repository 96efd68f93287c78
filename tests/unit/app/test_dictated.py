"""Which words of a transcript go into another window."""

from __future__ import annotations

from app.output.dictated import dictated
from s2t_core.events import AudioLost, SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment

LATER = 100 * 16000


def closed(number, text, start=0):
    return SegmentClosed(Segment(number, start, start + 100, text))


def test_only_the_last_recording_is_inserted():
    document = TranscriptDocument().begin_session().apply(closed(0, "Before.")).begin_session()
    assert dictated(document) == ""
    assert dictated(document.apply(closed(0, "Now."))) == "Now."


def test_what_may_still_change_waits():
    document = TranscriptDocument().begin_session().apply(SegmentUpdated(Segment(0, 0, 9, "I am", "hear")))
    assert dictated(document) == "I am"


def test_a_pause_and_lost_sound_are_no_text():
    document = TranscriptDocument().begin_session().apply(closed(0, "One,")).apply(AudioLost(200, LATER))
    assert dictated(document.apply(closed(1, "two.", LATER))) == "One, two."


def test_spoken_marks_and_line_ends_stand_as_they_do_in_the_transcript():
    document = TranscriptDocument().begin_session().apply(closed(0, "One")).apply(closed(1, ", two\n\n"))
    assert dictated(document.apply(closed(2, "Three"))) == "One, two\n\nThree"


def test_what_is_taken_back_by_voice_is_gone():
    document = TranscriptDocument().begin_session().apply(closed(0, "One.")).apply(closed(1, "Two."))
    assert dictated(document.apply(SegmentRetracted())) == "One."
