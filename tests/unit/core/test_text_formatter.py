"""What formatted text looks like: marks, commands, capitals, replacements, and what is held back while it grows."""

from __future__ import annotations

import time

import pytest

from s2t_core.events import AudioLost, SegmentClosed, SegmentRetracted, SegmentUpdated
from s2t_core.text.cheats import CHEATS
from s2t_core.text.commands import COMMANDS
from s2t_core.text.formatter import Formatter, format_all
from s2t_core.text.marks import SPOKEN_MARKS
from s2t_core.text.rules import TextRules
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Alternative, Segment, Word

MARKS = TextRules(spoken_marks=True, commands=True)


def closed(*texts: str) -> list[SegmentClosed]:
    return [SegmentClosed(Segment(i, i * 100, i * 100 + 90, text)) for i, text in enumerate(texts)]


def written(*texts: str, rules: TextRules = MARKS) -> list[str]:
    """The text of every segment; a retraction shows as "<"."""
    done = format_all(closed(*texts), rules)
    return ["<" if isinstance(event, SegmentRetracted) else event.segment.committed for event in done]


def placed(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, i * 10, i * 10 + 8, 0.9 - i / 100) for i, word in enumerate(text.split()))


def live(formatter: Formatter, committed: str, tentative: str = "") -> tuple[str, str]:
    event = SegmentUpdated(Segment(0, 0, 90, committed, tentative, placed(committed)))
    (done,) = formatter.push(event)
    return done.segment.committed, done.segment.tentative


def test_with_every_rule_off_events_pass_unchanged():
    formatter = Formatter(TextRules(capitals=False))
    for event in (*closed("hello  comma twenty one", "Scratch that."), AudioLost(0, 10)):
        assert formatter.push(event) == (event,)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("Hello, comma, how are you? Question mark.", "Hello, how are you?"),
        ("Hello comma. How are you period I am fine full stop", "Hello, how are you. I am fine."),
        ("hello. Comma. I'm here, comma, NASA", "Hello, I'm here, NASA"),
        ("Hello comma. Monday is fine", "Hello, Monday is fine"),
        ("Hello, comma, Peter", "Hello, Peter"),
        ("Wow exclamation point Full stop.", "Wow!."),
        ("He said colon open quote. Hello. Close quote. And left period", 'He said: "Hello". And left.'),
        ("see open parenthesis page two close parenthesis.", "See (page two)."),
        ("well hyphen known and slash or", "Well-known and/or"),
        ("John at sign example dot com.", "John@example.com."),
        ("five percent sign of it. fish ampersand chips", "Five% of it. Fish & chips"),
        ('He said, "I came comma." Then he left', 'He said, "I came," then he left'),
        ("wait dot dot dot. Dash no semi-colon yes", "Wait... \u2013 no; yes"),
    ],
)
def test_spoken_marks_take_the_place_of_the_models_own(said, text):
    assert written(said) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "A period of time and the colon cancer.",
        "Add a dash of salt.",
        "During that period we slept.",
        "In the same period.",
        "We had to dash to the shop.",
        "Comma-separated values.",
        'The "comma" is small.',
        "The word comma and the new line.",
        "A new line of clothing.",
        "Is that a question? Mark said so.",
        "Scratch that itch.",
        "There is no space left under the cap.",
    ],
)
def test_a_name_of_a_mark_that_is_meant_as_a_word_stays(text):
    assert written(text) == [text]


def test_the_same_name_is_a_mark_where_the_sentence_ends():
    assert written("I like that period") == ["I like that."]


def test_literally_writes_the_words():
    assert written("I say literally comma, and literally new line.") == ["I say comma, and new line."]
    assert written("I literally ran comma") == ["I literally ran,"]


def test_lines_and_paragraphs_break_in_the_midst_of_a_segment():
    assert written("Dear Peter, comma, new paragraph. Thank you. New line. best, newline") == [
        "Dear Peter,\n\nThank you.\nBest\n"
    ]


def test_a_word_is_written_with_a_capital_in_capitals_or_joined_where_that_is_asked_for():
    assert written("I am all caps nato, cap peter, and foot no space ball") == ["I am NATO, Peter, and football"]


def test_scratch_that_takes_back_the_segment_before_and_how_it_left_off():
    said = ("Hello, comma.", "How are you?", "Scratch that.", "Well, comma", "scratch that!", "Fine", "Scratch that")
    assert written(*said) == ["Hello,", "how are you?", "", "<", "well,", "", "<", "fine", "", "<"]
    assert written("Scratch that.", "what now") == ["", "What now"]
    assert written("Scratch that.", rules=TextRules()) == ["Scratch that."]


def test_a_document_loses_what_was_scratched():
    document = TranscriptDocument()
    for event in format_all(closed("One.", "Two.", "Scratch that.", "Three."), MARKS):
        document = document.apply(event)
    assert document.text == "One. Three."


def test_a_segment_goes_on_small_where_a_spoken_mark_ended_the_one_before():
    assert written("It is late, comma.", "But I stay colon", "I'm awake", "Period.", "good") == [
        "It is late,",
        "but I stay:",
        "I'm awake",
        ".",
        "Good",
    ]
    assert written("I went to", "The shop") == ["I went to", "The shop"]


def test_a_mark_that_the_segment_before_ends_with_is_not_written_again():
    assert written("I am done.", "Period.", "comma and more") == ["I am done.", "", ", and more"]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("hello. how are you? fine", "Hello. How are you? Fine"),
        ("Dr. smith, e.g. at 5 p.m. on monday", "Dr. smith, e.g. at 5 p.m. on monday"),
        ('"really?" he asked... and left', '"Really?" he asked... and left'),
        ("iPhone users", "iPhone users"),
        ("it is , so ( he said ) done .", "It is, so (he said) done."),
    ],
)
def test_sentences_begin_with_a_capital_and_marks_stand_at_their_words(said, text):
    assert written(said, rules=TextRules()) == [text]


def test_the_longest_replacement_is_taken_whatever_its_capitals_and_marks():
    pairs = (("new york", "NY"), ("New York City", "NYC"), ("um", ""), ("et cetera", "etc."), ("sig", "Best,\nPeter"))
    said = "Um, new. York city, not New-York, um, et cetera. Sig."
    assert written(said, rules=TextRules(replacements=pairs)) == ["NYC, not NY, etc. Best,\nPeter."]


def test_quotes_stay_where_the_words_beside_them_are_left_out():
    rules = TextRules(replacements=(("um", ""),))
    assert written('He said, "um, yes, um." And went.', rules=rules) == ['He said, "yes." And went.']


def test_words_carry_the_place_of_all_that_they_were_made_from_and_the_least_confidence():
    said = "It costs, comma, twenty one percent. Well, hyphen, known"
    event = SegmentClosed(Segment(0, 0, 90, said, words=placed(said), alternatives=(Alternative("it", -1.0),)))
    (done,) = Formatter(TextRules(True, digits_from=10)).push(event)
    assert done.segment.words == (
        Word("It", 0, 8, 0.9),
        Word("costs,", 10, 28, 0.9 - 2 / 100),
        Word("21%.", 30, 58, 0.9 - 5 / 100),
        Word("Well-known", 60, 88, 0.9 - 8 / 100),
    )
    assert done.segment.alternatives == event.segment.alternatives


def test_words_that_do_not_fit_the_text_are_taken_as_near_as_they_are():
    segment = Segment(0, 0, 90, "one two three comma", words=placed("one two"))
    (done,) = Formatter(MARKS).push(SegmentClosed(segment))
    assert [(word.text, word.start_sample) for word in done.segment.words] == [("One", 0), ("two", 0), ("three,", 10)]


def test_what_may_still_become_something_else_is_shown_as_tentative():
    formatter = Formatter(TextRules(True, True, digits_from=10, replacements=(("york town", "Yorktown"),)))
    assert live(formatter, "Hello", "there") == ("Hello", "there")
    assert live(formatter, "Hello there,", "comma") == ("Hello there", ",")
    assert live(formatter, "Hello there, comma, full", "of") == ("Hello there,", "full of")
    assert live(formatter, "Hello there, comma, full of twenty", "one") == ("Hello there, full of", "21")
    assert live(formatter, "Hello there, comma, full of twenty one york", "is") == (
        "Hello there, full of",
        "21 york is",
    )
    assert live(formatter, "Hello there, comma, full of twenty one york is here", "") == (
        "Hello there, full of 21 york is here",
        "",
    )


def test_scratch_that_is_held_back_until_more_is_said():
    formatter = Formatter(MARKS)
    assert live(formatter, "Scratch that") == ("", "Scratch that")
    assert live(formatter, "Scratch that itch today") == ("Scratch that itch today", "")


def test_without_spoken_marks_nothing_waits_in_the_midst_of_a_sentence():
    formatter = Formatter(TextRules())
    assert live(formatter, "Hello there, period", "of") == ("Hello there, period", "of")


def test_what_never_closed_is_written_at_the_end():
    formatter = Formatter(MARKS)
    live(formatter, "Hello full")
    (event,) = formatter.finish()
    assert (event.segment.committed, event.segment.tentative) == ("Hello full", "")
    assert formatter.finish() == ()


def test_every_name_in_the_tables_writes_what_the_cheat_sheet_says():
    for spoken in SPOKEN_MARKS:
        for name in spoken.said:
            (text,) = written(f"x {name} y")
            assert text[1:-1].strip() == spoken.written
    assert len(CHEATS) > len(SPOKEN_MARKS) + len(COMMANDS)
    assert all(said and comes for said, comes in CHEATS)


def test_a_push_takes_far_less_than_a_millisecond():
    text = " ".join(["twenty one people came comma and the period of time was long."] * 5)
    rules = TextRules(True, True, True, 10, tuple((f"word{i} thing", f"W{i}") for i in range(500)))
    formatter, words = Formatter(rules), text.split()
    assert len(words) == 60
    times = []
    for count in range(1, len(words)):
        begun = time.perf_counter()
        live(formatter, " ".join(words[:count]), " ".join(words[count:]))
        times.append(time.perf_counter() - begun)
    assert sorted(times)[len(times) // 2] < 0.005  # a busy machine's; a fifth of a millisecond on a free one
