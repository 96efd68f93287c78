"""The lines of the captions: settled words are laid once, and what is new is found at the end of the transcript."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.caption_lines import MOST_LINES, CaptionLines
from app.ui.caption_words import CaptionWords, Stretch
from s2t_core.events import AudioLost, SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment


def updated(committed, tentative="", number=0, speaker=""):
    return SegmentUpdated(Segment(number, number * 100, number * 100 + 90, committed, tentative, speaker=speaker))


def closed(text, number=0, speaker=""):
    return SegmentClosed(Segment(number, number * 100, number * 100 + 90, text, speaker=speaker))


class Captions:
    """Words and lines together, as the window has them."""

    def __init__(self, width, width_of=len, count=MOST_LINES):
        self.words, self.lines, self.count = CaptionWords(), CaptionLines(width, width_of), count
        self.document = TranscriptDocument()

    def hear(self, *events):
        for event in events:
            self.document = self.document.apply(event)
        return self.show(self.document)

    def show(self, document):
        self.document = document
        settled, tentative = self.words.take(document)
        if settled:
            self.lines.add(settled)
        self.lines.show_tentative(tentative)
        return [line.text for line in self.lines.visible(self.count)]


def test_lines_break_between_words_and_roll_up_whole():
    captions = Captions(width=12, count=2)
    assert captions.hear(updated("one two")) == ["one two"]
    assert captions.hear(updated("one two three")) == ["one two", "three"]
    assert captions.hear(updated("one two three four five")) == ["three four", "five"]


def test_a_mark_that_comes_later_stays_with_its_word():
    captions = Captions(width=12)
    assert captions.hear(updated("one two th")) == ["one two th"]
    assert captions.hear(updated("one two th,")) == ["one two th,"]
    assert captions.hear(closed("one two th,"), updated("Then", number=1)) == ["one two th,", "Then"]


def test_a_word_that_goes_on_is_broken_rather_than_moved():
    captions = Captions(width=12)
    captions.hear(updated("one two th"))
    assert captions.hear(updated("one two threefold more")) == ["one two th", "reefold", "more"]


def test_a_word_longer_than_a_line_is_broken():
    captions = Captions(width=8)
    assert captions.hear(updated("a international so")) == ["a", "intern", "ationa", "l so"]


def test_tentative_words_stand_behind_the_settled_ones_and_may_change():
    captions = Captions(width=16)
    captions.hear(updated("one two", "tree"))
    assert [(line.settled, line.tentative) for line in captions.lines.visible(3)] == [("one two", " tree")]
    captions.hear(updated("one two three", "for"))
    assert [(line.settled, line.tentative) for line in captions.lines.visible(3)] == [
        ("one two three", ""),
        ("", "for"),
    ]
    captions.hear(updated("one two three", ", four"))
    assert [(line.settled, line.tentative) for line in captions.lines.visible(3)] == [
        ("one two three", ","),
        ("", "four"),
    ]


def test_lines_that_tentative_words_pushed_up_do_not_come_down_again():
    captions = Captions(width=11, count=2)
    assert captions.hear(updated("one two", "three four five")) == ["three", "four five"]
    assert captions.hear(updated("one two", "three")) == ["three"]
    assert captions.hear(updated("one two three")) == ["three"]
    assert captions.hear(updated("one two three four five six")) == ["four five", "six"]


def test_a_speaker_begins_a_line_with_the_name():
    captions = Captions(width=20)
    assert captions.hear(closed("Hello Bob.", 0, "Ann"), closed("Hi.", 1, "Bob"), closed("So?", 2, "Bob")) == [
        "Ann: Hello Bob.",
        "Bob: Hi. So?",
    ]


def test_two_who_speak_at_once_do_not_begin_a_line_with_every_word():
    captions = Captions(width=40)
    captions.hear(updated("I think that", number=0, speaker="Ann"))
    shown = captions.hear(updated("but", number=0, speaker="Bob"))
    assert shown == ["Ann: I think that", "Bob: but"] and captions.lines.visible(5)[-1].settled == ""
    captions.hear(updated("I think that we should", number=0, speaker="Ann"))
    shown = captions.hear(updated("but it is not so easy, I fear", number=0, speaker="Bob"))
    assert shown == ["Ann: I think that we should", "Bob: but it is not so easy, I fear"]
    assert captions.lines.visible(5)[-1].settled == shown[-1]
    assert captions.hear(closed("I think that we should go.", 0, "Ann"))[-1] == "Ann: go."


def test_a_short_word_of_somebody_who_has_ended_is_settled_at_once():
    captions = Captions(width=40)
    captions.hear(updated("I think that", number=0, speaker="Ann"), closed("Yes.", 0, "Bob"))
    assert [line.settled for line in captions.lines.visible(5)] == ["Ann: I think that", "Bob: Yes."]


def test_lost_sound_is_told():
    captions = Captions(width=40)
    assert captions.hear(closed("One."), AudioLost(100, 16100), closed("Two.", 200)) == [
        "One. [1.0 s of sound lost] Two."
    ]


def test_spoken_new_lines_are_spaces():
    captions = Captions(width=40)
    captions.hear(updated("One.\n\n"))
    assert captions.hear(updated("One.\n\nTwo", "\n three")) == ["One. Two three"]


def test_what_is_edited_or_taken_back_is_not_said_again():
    captions = Captions(width=80)
    said = [closed(f"Word{i}.", i) for i in range(100)]
    before = captions.hear(*said)
    edited = TranscriptDocument(
        (*captions.document.closed[:-1], Segment(99, 9900, 9990, "Word99. And more.")), captions.document.open
    )
    assert captions.show(edited) == before
    assert captions.hear(SegmentRetracted(), SegmentRetracted()) == before
    assert captions.hear(closed("New.", 100))[-1].endswith("Word99. New.")


def test_another_recording_with_the_same_numbers_is_said():
    captions = Captions(width=80)
    captions.show(TranscriptDocument().begin_session())
    captions.hear(closed("The same."), closed("Again.", 1))
    captions.show(captions.document.begin_session())
    assert captions.hear(closed("The same.")) == ["The same. Again. The same."]
    captions.show(TranscriptDocument())
    captions.show(TranscriptDocument().begin_session())
    assert captions.hear(closed("The same.")) == ["The same. Again. The same. The same."]


def test_lines_laid_anew_say_the_same_in_another_width():
    captions = Captions(width=14)
    captions.hear(closed("One two three four.", 0, "Ann"), closed("Five", 1, "Bob"))
    wider = captions.lines.laid_anew(40, len)
    assert [line.text for line in wider.visible(5)] == ["Ann: One two three four.", "Bob: Five"]
    narrow = wider.laid_anew(8, len)
    assert [line.text for line in narrow.visible(5)][-2:] == ["Bob: ", "Five"]
    broken = CaptionLines(8, len)
    broken.add([Stretch("", " internationally")])
    assert [line.text for line in broken.laid_anew(40, len).visible(5)] == ["internationally"]


@pytest.mark.parametrize("count", [10, 100_000])
def test_only_the_end_of_a_long_transcript_is_looked_at(count):
    document = TranscriptDocument(tuple(Segment(i, i * 100, i * 100 + 90, "word word word") for i in range(count)))
    words = CaptionWords()
    words.take(document)
    began = time.process_time()
    for _ in range(20):
        words.take(document)
    assert time.process_time() - began < 0.05


TEXTS = st.text(st.sampled_from("abcdefghij ,.?\n"), max_size=30)
STEPS = st.lists(st.tuples(st.sampled_from(["", "Ann", "Bob"]), TEXTS, TEXTS, st.booleans()), max_size=25)


@given(STEPS, st.integers(1, 60), st.integers(1, MOST_LINES), st.sampled_from([len, lambda text: 7 * len(text) // 5]))
def test_settled_words_never_move_to_another_line(steps, width, count, width_of):
    captions = Captions(width, width_of, count)
    open_texts = {}  # of every speaker the number and the text of the open segment
    rolled, before = 0, ()
    for speaker, more, tentative, closes in steps:
        number, text = open_texts.get(speaker, (0, ""))
        text += more
        captions.hear(closed(text, number, speaker) if closes else updated(text, tentative, number, speaker))
        open_texts[speaker] = (number + 1, "") if closes else (number, text)
        after = captions.lines.settled
        still = before[captions.lines.rolled_away - rolled :]
        assert after[: max(0, len(still) - 1)] == still[:-1]
        assert not still or after[len(still) - 1].settled.startswith(still[-1].settled)
        assert len(captions.lines.visible(count)) <= count
        rolled, before = captions.lines.rolled_away, after


@given(st.lists(TEXTS, max_size=25), st.integers(1, 60), st.integers(1, MOST_LINES))
def test_without_tentative_words_the_last_settled_lines_are_shown(texts, width, count):
    lines = CaptionLines(width, len)
    for text in texts:
        lines.add([Stretch("", text)])
        lines.show_tentative([])
        assert lines.visible(count) == lines.settled[-count:]
    assert "".join(line.settled for line in lines.settled).replace(" ", "") in "".join("".join(texts).split())
