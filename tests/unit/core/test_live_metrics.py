"""Delays, changes and errors of live text, on streams whose figures can be counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated
from s2t_core.live_history import SpokenWord, Timed, display, histories
from s2t_core.live_metrics import LiveFigures, live_figures
from s2t_core.metrics import Errors
from s2t_core.types import SAMPLE_RATE_HZ, Segment


def stream(*shown: tuple[float, str, str], final: tuple[float, str], number: int = 0, start_s: float = 0.0):
    """Events of one segment: (time, committed, tentative) and at last (time, text); audio is taken 0.1 s before."""
    events = []
    for time_s, committed, tentative in shown:
        segment = Segment(number, int(start_s * SAMPLE_RATE_HZ), int(time_s * SAMPLE_RATE_HZ), committed, tentative)
        events.append(Timed(time_s, time_s - 0.1, SegmentUpdated(segment)))
    time_s, text = final
    segment = Segment(number, int(start_s * SAMPLE_RATE_HZ), int(time_s * SAMPLE_RATE_HZ), text)
    return [*events, Timed(time_s, time_s - 0.1, SegmentClosed(segment))]


def spoken(*words: tuple[str, float]) -> list[SpokenWord]:
    return [SpokenWord(text, end_s - 0.3, end_s) for text, end_s in words]


def test_a_word_is_seen_from_when_it_stays():
    (one,) = histories(
        stream((1.0, "", "The cat"), (1.3, "", "The hat"), (1.6, "The", "cat sat"), final=(2.0, "The cat sat."))
    )
    assert one.words == ["the", "cat", "sat"]
    assert one.seen_s == [1.0, 1.6, 1.6]
    assert one.committed_s == [1.6, 2.0, 2.0]
    assert one.live_words == 1


def test_a_word_is_followed_when_words_before_it_change_in_number():
    (one,) = histories(stream((1.0, "", "I can not go"), final=(2.0, "I cannot go")))
    assert one.seen_s == [1.0, 2.0, 1.0]


def test_marks_and_capitals_change_what_is_erased_but_not_when_a_word_was_seen():
    (one,) = histories(stream((1.0, "", "yes"), (1.5, "", "Yes, it"), final=(2.0, "Yes, it is.")))
    assert one.seen_s == [1.0, 1.5, 2.0]
    assert one.erased == 1


@pytest.mark.parametrize(("tentative", "text"), [(", and", "so, and"), ("it", "so it"), ("", "so")])
def test_a_mark_is_shown_behind_the_committed_word_it_belongs_to(tentative, text):
    assert display(Segment(0, 0, 1, "so", tentative)) == text


def test_committed_words_that_change_are_counted():
    (one,) = histories(stream((1.0, "one two", ""), (1.5, "one too", "three"), final=(2.0, "one too three")))
    assert one.revised == 1
    assert one.erased == 1


def test_a_mark_behind_a_committed_word_revises_nothing():
    (one,) = histories(stream((1.0, "so", "be"), final=(2.0, "so, be it")))
    assert one.revised == 0
    assert one.erased == 2


def test_delays_are_those_of_words_that_are_right():
    events = stream((1.2, "", "good"), (1.8, "good", "mourning"), final=(2.5, "good morning all"))
    found = live_figures(spoken(("good", 1.0), ("morning", 1.5), ("everybody", 2.0)), histories(events), 3.0)
    assert found.seen_s == pytest.approx([0.2, 1.0])
    assert found.committed_s == pytest.approx([0.8])  # the others came with the end of the segment
    assert found.closed_s == pytest.approx([0.1])
    assert found.endpoint_s == pytest.approx([0.4])
    assert found.final == Errors(substitutions=1, reference=3)
    assert found.normalised_erasure == 1 / 3


def test_what_was_left_out_counts_against_the_committed_words_behind_it():
    events = stream((2.0, "a c d x", "e"), final=(3.0, "a c d x e"))
    words = spoken(("a", 0.5), ("b", 1.0), ("c", 1.5), ("d", 1.8), ("e", 2.0))
    found = live_figures(words, histories(events), 3.0)
    assert found.committed == Errors(deletions=1, insertions=1, reference=4)
    assert found.final == Errors(deletions=1, insertions=1, reference=5)


def test_segments_and_streams_add_up():
    first = stream((1.0, "", "one"), final=(1.5, "one"))
    second = stream((3.0, "", "to"), final=(3.5, "two"), number=1, start_s=2.0)
    gap = [Timed(1.6, 1.6, AudioLost(0, 1))]
    words = [SpokenWord("one", 0.6, 0.9, 0), SpokenWord("two", 2.5, 2.8, 1)]
    both = live_figures(words, histories([*first, *gap, *second]), 4.0)
    apart = live_figures(words[:1], histories(first), 2.0) + live_figures(words[1:], histories(second), 2.0)
    assert both == apart
    assert both.erased == 1 and both.words == 2


def test_a_stream_without_speech_has_no_errors_but_words_in_silence():
    events = stream((1.0, "", "hm"), (1.5, "", "oh no"), final=(2.0, "oh"))
    assert live_figures([], histories(events), 5.0) == LiveFigures(silent_words=2, silence_s=5.0)


def test_nothing_said_and_nothing_written_has_no_rates():
    assert live_figures([], [], 0.0) == LiveFigures()
    nothing = LiveFigures()
    assert (nothing.normalised_erasure, nothing.upwr, nothing.early_share) == (None, None, None)


def test_words_that_change_are_counted_with_and_without_those_behind_them():
    events = stream((1.0, "", "I can see it"), (1.5, "", "I can't see it"), final=(2.0, "I can't see"))
    found = live_figures(spoken(("i", 1.0)), histories(events), 2.0)
    assert found.upwr == 2 / 3  # "can", then "it"
    assert found.normalised_erasure == 4 / 3  # "can see it", then "it"


def test_the_first_word_is_waited_for_from_the_beginning_of_speech():
    events = stream((0.8, "", ""), (1.0, "", "yes"), final=(2.0, "yes sir"))
    found = live_figures([SpokenWord("yes", 0.3, 0.6), SpokenWord("sir", 0.7, 1.0)], histories(events), 2.0)
    assert found.first_s == pytest.approx([0.7])


def test_the_display_is_judged_a_second_after_each_word():
    words = spoken(("a", 1.0), ("b", 2.0), ("c", 3.5), ("d", 9.0))
    events = stream(
        (1.5, "", "a"),  # a: right at 2.0
        (2.9, "a", "x p"),  # b: at 3.0 x stands before it and p in its place
        (4.6, "a", "x b c"),  # c: at 4.5 p stood in its place
        final=(5.0, "a b c"),
    )
    found = live_figures(words, histories(events), 10.0)  # d is in no segment
    assert found.shown == Errors(substitutions=2, deletions=1, insertions=1, reference=4)
    assert found.final == Errors(deletions=1, reference=4)


def test_what_stands_behind_the_last_word_of_a_segment_counts_as_well():
    events = stream((1.5, "", "a b c"), final=(3.0, "a"))
    assert live_figures(spoken(("a", 1.0)), histories(events), 3.0).shown == Errors(insertions=2, reference=1)


def test_a_segment_that_ends_inside_an_utterance_or_its_last_word_is_early():
    words = [SpokenWord(text, end_s - 0.3, end_s, number) for text, end_s, number in
             (("a", 1.0, 0), ("b", 2.5, 0), ("c", 4.2, 1), ("d", 6.0, 2))]  # fmt: skip
    first = stream(final=(2.0, "a"))  # before b of the same utterance
    second = stream(final=(3.0, "b"), number=1, start_s=2.0)
    third = stream(final=(4.1, "c"), number=2, start_s=3.5)  # decided while c was still spoken
    fourth = stream(final=(7.0, "d"), number=3, start_s=5.0)
    found = live_figures(words, histories([*first, *second, *third, *fourth]), 8.0)
    assert found.early == 2 and found.early_share == 0.5


def test_words_in_silence_are_counted_even_if_they_are_taken_back():
    words = [SpokenWord("a", 0.5, 1.0, 0), SpokenWord("b", 1.5, 2.0, 0), SpokenWord("c", 9.0, 9.5, 1)]
    speech = stream(final=(2.5, "a b"))
    silence = stream((4.0, "", "thank you"), final=(5.0, ""), number=1, start_s=3.0)
    found = live_figures(words, histories([*speech, *silence]), 10.0)
    assert found.silent_words == 2
    assert found.silence_s == pytest.approx(10.0 - 1.5 - 0.5)
    assert len(found.endpoint_s) == 1


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=5).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_words_are_never_seen_before_they_are_shown_nor_after_the_end(texts):
    times = [float(index) for index in range(1, len(texts) + 1)]
    shown = [(time_s, "", text) for time_s, text in zip(times, texts[:-1], strict=False)]
    (one,) = histories(stream(*shown, final=(times[-1], texts[-1])))
    assert len(one.seen_s) == len(one.committed_s) == len(texts[-1].split())
    for word, since in zip(one.words, one.seen_s, strict=True):
        assert all(word in text.split() for time_s, text in zip(times, texts, strict=True) if time_s >= since)
    assert one.revised == 0
