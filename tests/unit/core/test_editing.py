"""Edits by hand: text changes, times stay where they can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2t_core.editing import rewritten, with_text
from s2t_core.events import AudioLost
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment, Word


def segment(text, start=0, number=0):
    words = tuple(Word(one, start + i * 100, start + i * 100 + 80, 0.5) for i, one in enumerate(text.split()))
    return Segment(number, start, start + 100 * max(1, len(words)), text, words=words)


def test_words_that_stay_keep_their_times_and_a_changed_one_takes_its_predecessor_s():
    new = with_text(segment("the cat sat down"), "The cat sits down")
    assert [(word.text, word.start_sample, word.confidence) for word in new.words] == [
        ("The", 0, 1.0), ("cat", 100, 0.5), ("sits", 200, 1.0), ("down", 300, 0.5),
    ]  # fmt: skip


def test_words_that_are_added_lie_between_their_neighbours():
    new = with_text(segment("one two"), "one and a half two")
    added = new.words[1:4]
    assert [word.text for word in added] == ["and", "a", "half"]
    assert added[0].start_sample == 80
    assert added[-1].end_sample == 100


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.text("abcd \n", max_size=20))
def test_words_follow_the_text_and_time_never_runs_backwards(old, text):
    new = with_text(segment(" ".join(old)), text)
    assert [word.text for word in new.words] == text.split()
    times = [time for word in new.words for time in (word.start_sample, word.end_sample)]
    assert times == sorted(times)


def test_several_items_become_one_segment_and_recordings_begin_where_they_did():
    items = (segment("one"), AudioLost(100, 200), segment("two", 300, 1), segment("new", 0), segment("end", 200, 1))
    document = TranscriptDocument(items, session_starts=(0, 3))
    merged = rewritten(document, 0, 2, "one or two")
    assert merged.closed[0].committed == "one or two"
    assert (merged.closed[0].start_sample, merged.closed[0].end_sample) == (0, 400)
    assert merged.session_starts == (0, 1)
    assert merged.closed[1:] == items[3:]


def test_a_segment_made_of_two_recordings_belongs_to_the_first():
    document = TranscriptDocument((segment("one"), segment("two"), segment("three", 200)), session_starts=(0, 1))
    merged = rewritten(document, 0, 1, "one two")
    assert merged.session_starts == (0, 1)
    assert merged.text == "one two\n\nthree"


def test_an_emptied_segment_is_gone():
    document = TranscriptDocument((segment("one"), segment("two", 300, 1), segment("x")), session_starts=(0, 2))
    left = rewritten(document, 1, 1, " ")
    assert [item.committed for item in left.closed] == ["one", "x"]
    assert left.session_starts == (0, 1)


def test_items_that_are_not_there_are_refused():
    with pytest.raises(IndexError, match="no closed items"):
        rewritten(TranscriptDocument(), 0, 0, "text")
