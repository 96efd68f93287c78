"""Numbers in words, in digits."""

from __future__ import annotations

import pytest

from s2t_core.events import SegmentClosed
from s2t_core.text.formatter import format_all
from s2t_core.text.rules import TextRules
from s2t_core.types import Segment


def written(text: str, least: int = 10) -> str:
    rules = TextRules(capitals=False, digits_from=least)
    (done,) = format_all([SegmentClosed(Segment(0, 0, 1, text))], rules)
    return done.segment.committed


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("ten", "10"),
        ("nine", "nine"),
        ("Twenty one people, twenty-two more.", "21 people, 22 more."),
        ("one hundred and twenty", "120"),
        ("a hundred and fifty thousand", "150,000"),
        ("a hundred people in a thousand", "a hundred people in a thousand"),
        ("two thousand twenty six", "2026"),
        ("two thousand and five hundred", "2000 and 500"),
        ("nine hundred ninety nine thousand nine hundred ninety nine", "999,999"),
        ("fifteen hundred", "1500"),
        ("nineteen eighty four", "1984"),
        ("in nineteen eighty-four, twenty ten", "in 1984, 2010"),
        ("nineteen oh five and the nineteen eighties", "1905 and the 1980s"),
        ("three point one four", "3.14"),
        ("two point fifteen and at this point nine", "2.15 and at this point nine"),
        ("three point five million", "3.5 million"),
        ("five million people", "5 million people"),
        ("two million three hundred thousand", "2,300,000"),
        ("minus five", "-5"),
        ("twenty minus five", "20 minus five"),
        ("five percent", "5%"),
        ("five per cent, 20 percent, 7 people", "5%, 20%, 7 people"),
        ("a few percent", "a few percent"),
        ("twenty first century", "21st century"),
        ("the twenty-second, twelfth, one hundred third", "the 22nd, 12th, 103rd"),
        ("a twenty second delay", "a 20 second delay"),
        ("a second of all first", "a second of all first"),
        ("a twenty-one-year-old", "a 21-year-old"),
        ("may twenty first two thousand ten", "may 21st 2010"),
        ("one hundred, twenty", "100, 20"),
    ],
)
def test_numbers_from_the_least_value_on_are_written_in_digits(said, text):
    assert written(said) == text


@pytest.mark.parametrize(
    "text",
    ["at ten thirty", "one tenth", "two thirds", "five five five one two", "no one, one of them", "thirteen fourteen"],
)
def test_times_fractions_telephones_and_pronouns_stay_in_words(text):
    assert written(text, least=0) == text


def test_below_ten_one_is_a_pronoun_and_the_second_a_while():
    assert written("one of the two, wait a second, the fourth", least=0) == "one of the 2, wait a second, the 4th"


def test_a_number_below_the_least_stays_whole():
    assert written("twenty one", least=50) == "twenty one"
