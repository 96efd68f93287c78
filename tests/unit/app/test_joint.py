"""How dictated text joins what stands before it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.output.joint import joined, settles


@pytest.mark.parametrize(
    ("before", "text", "inserted"),
    [
        ("", "Hello.", "Hello."),
        ("Hello.", "How are you?", " How are you?"),
        ("I think", "The dog barks.", " the dog barks."),
        ("I think,", "A dog barks.", " a dog barks."),
        ("I think", "I'm right.", " I'm right."),
        ("I think", "I am.", " I am."),
        ("we meet on", "Monday.", " Monday."),
        ("made by", "NASA.", " NASA."),
        ("made by", "McDonald.", " McDonald."),
        ("I know Dr.", "Smith.", " Smith."),
        ("I think ", "The dog.", "the dog."),
        ("One.\n", "The dog.", "The dog."),
        ("one line\n", "The dog.", "The dog."),
        ("as said (", "See above)", "see above)"),
        ("I think", ", he said.", ", he said."),
        ("I think", ")", ")"),
        ("I think", "\nThe dog", "\nThe dog"),
        ("well-", "Known", "known"),
        ("one -", "Two", " two"),
        ("the dog", "'s bone", "'s bone"),
        ('He said "', "Go", "Go"),
        ('He said "go', '" and went', '" and went'),
        ('He said "go"', "And went", " And went"),
        ("He said", '"Go."', ' "Go."'),
        ("and so\u2026", "The end", " The end"),
        ("Note:", "The end", " The end"),
        ("costs", "$5", " $5"),
        ("costs $", "5", "5"),
        ("I think", "", ""),
        ("I think", "(The dog)", " (the dog)"),
    ],
)
def test_text_joins_what_was_inserted_last(before, text, inserted):
    assert joined(before, text) == inserted


def test_a_name_that_is_known_keeps_its_capital():
    assert joined("we went to", "Berlin.", names={"Berlin"}) == " Berlin."


def test_in_a_terminal_no_line_is_run():
    assert joined("ls", "-l\nrm x\r\ny", in_terminal=True, continues=True) == "-l rm x y"


_WORDS = st.text(st.sampled_from("aIT'-.,?\n \"(é"), max_size=30)


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # few beginnings say enough to be joined
@given(_WORDS, _WORDS, st.lists(st.integers(0, 30), max_size=4), st.booleans())
def test_a_dictation_in_pieces_is_the_dictation_as_a_whole(before, whole, cuts, in_terminal):
    ends = [0, *sorted(min(end, len(whole)) for end in cuts), len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(ends)]
    assume(settles(pieces[0]))
    inserted = joined(before, pieces[0], in_terminal=in_terminal)
    for piece in pieces[1:]:
        inserted += joined(before + inserted, piece, continues=True, in_terminal=in_terminal)
    assert inserted == joined(before, whole, in_terminal=in_terminal)


@given(_WORDS, _WORDS)
def test_only_a_first_space_and_a_first_letter_are_ever_changed(before, text):
    inserted = joined(before, text).lstrip(" ")
    assert inserted.lower() == text.lstrip(" ").lower() or not text.strip()
    assert sum(a != b for a, b in zip(inserted, text.lstrip(" "), strict=True)) <= 1 or not text.strip()
