"""The figures of recognition: against jiwer where it has them, against worked examples where it does not."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2t_core.metrics import (
    Errors,
    Tally,
    align,
    bootstrap_interval,
    character_errors,
    errors,
    plain,
    punctuation_and_capitals,
    word_errors,
)

# Few words, so that chance gives many matches.
texts = st.lists(st.sampled_from(["a", "b", "ab", "abc", "b'c"]), max_size=12).map(" ".join)
spoken = texts.filter(bool)
written = st.lists(st.sampled_from(["a", "B.", "ab,", "Abc?", "b", '"a"', "-", "A-b!"]), max_size=10).map(" ".join)


@given(spoken, texts)
def test_rates_are_those_of_jiwer(reference, hypothesis):
    assert word_errors(reference, hypothesis).rate == pytest.approx(jiwer.wer(reference, hypothesis))
    assert character_errors(reference, hypothesis).rate == pytest.approx(jiwer.cer(reference, hypothesis))


@given(st.lists(st.tuples(spoken, texts), min_size=1, max_size=5))
def test_the_rate_of_a_corpus_is_that_of_all_its_words(pairs):
    total = sum((word_errors(*pair) for pair in pairs), Errors())
    assert total.rate == pytest.approx(jiwer.wer([a for a, _ in pairs], [b for _, b in pairs]))


@given(texts, texts)
def test_an_alignment_names_every_item_once_and_in_order(reference, hypothesis):
    first, second = reference.split(), hypothesis.split()
    pairs = align(first, second)
    assert [i for i, _ in pairs if i is not None] == list(range(len(first)))
    assert [j for _, j in pairs if j is not None] == list(range(len(second)))
    assert (None, None) not in pairs


@given(texts, texts)
def test_edits_lead_from_one_length_to_the_other_and_back(reference, hypothesis):
    there, back = word_errors(reference, hypothesis), word_errors(hypothesis, reference)
    assert there.reference + there.insertions - there.deletions == back.reference
    assert there.total == back.total >= abs(there.reference - back.reference)
    assert (there.total == 0) == (reference == hypothesis)


def test_the_kinds_of_errors_are_told_apart():
    assert word_errors("one two three", "one too three") == Errors(1, 0, 0, 3)
    assert word_errors("one two three", "one three") == Errors(0, 1, 0, 3)
    assert word_errors("one two three", "one two and three") == Errors(0, 0, 1, 3)
    assert errors([], ["a"]) == Errors(0, 0, 1, 0)
    assert errors([], ["a"]).rate is None
    assert word_errors("a", "b c d").rate == 3.0


def test_plain_words_have_no_case_marks_or_hyphens():
    assert plain('"Well-known," he said: DON\u2019T -- it is 1,599!') == "well known he said don't it is 1599"
    assert plain(" ?! ") == ""


@pytest.mark.parametrize(
    ("reference", "hypothesis", "marks", "capitals"),
    [
        ("Hello, World.", "Hello, World.", Tally(2, 0, 0), Tally(2, 0, 0)),
        ("Hello, World.", "hello world", Tally(0, 2, 0), Tally(0, 2, 0)),
        ("hello world", "Hello, World.", Tally(0, 0, 2), Tally(0, 0, 2)),
        ("Is it? Yes.", "Is it. yes.", Tally(1, 1, 1), Tally(1, 1, 0)),  # a wrong mark is missed and invented
        ("Go home, Tom.", "Go, Tom.", Tally(1, 1, 1), Tally(2, 0, 0)),  # a lost word takes its mark along
        ("Go.", "Go. Away!", Tally(1, 0, 1), Tally(1, 0, 1)),
        ("Mary came.", "Marry came.", Tally(1, 0, 0), Tally(1, 0, 0)),  # misheard, in its place all the same
        ('He said "Yes."', 'He said "Yes".', Tally(1, 0, 0), Tally(2, 0, 0)),
        ("Well-known.", "Well known.", Tally(1, 0, 0), Tally(1, 0, 0)),
        ("So he went -- home.", "So he went home.", Tally(1, 0, 0), Tally(1, 0, 0)),
        ("I won't.", "I won\u2019t.", Tally(1, 0, 0), Tally(1, 0, 0)),
    ],
)
def test_marks_and_capitals_are_compared_word_by_word(reference, hypothesis, marks, capitals):
    assert punctuation_and_capitals(reference, hypothesis) == (marks, capitals)


@given(written, written)
def test_to_miss_is_to_invent_seen_from_the_other_side(first, second):
    there, back = punctuation_and_capitals(first, second), punctuation_and_capitals(second, first)
    total = [(tally.found + tally.missed, tally.found + tally.invented) for tally in there]
    assert total == [(tally.found + tally.invented, tally.found + tally.missed) for tally in back]
    assert all(tally.missed == tally.invented == 0 for tally in punctuation_and_capitals(first, first))


def test_precision_recall_and_f1_come_from_the_counts():
    tally = Tally(6, 2, 4) + Tally(0, 1, 0)
    assert (tally.precision, tally.recall) == (0.6, 6 / 9)
    assert tally.f1 == pytest.approx(2 * 0.6 * (6 / 9) / (0.6 + 6 / 9))
    assert Tally().f1 is None and Tally().precision is None and Tally().recall is None
    assert Tally(0, 1, 0).f1 == 0.0


def test_an_interval_holds_the_rate_and_narrows_with_more_utterances():
    low, high = bootstrap_interval([1, 0, 2, 1], [10, 10, 10, 10])
    assert 0 <= low < 0.1 < high <= 0.2
    narrow = bootstrap_interval([1, 0, 2, 1] * 25, [10, 10, 10, 10] * 25)
    assert low < narrow[0] < 0.1 < narrow[1] < high


def test_an_interval_is_the_same_each_time_and_covers_what_theory_says():
    # 400 utterances of one word, a quarter of them wrong: 0.25 +- 1.96 * sqrt(0.25 * 0.75 / 400)
    edits = [1] * 100 + [0] * 300
    low, high = bootstrap_interval(edits, [1] * 400)
    assert (low, high) == bootstrap_interval(edits, [1] * 400)
    assert (low, high) == (pytest.approx(0.2076, abs=0.006), pytest.approx(0.2924, abs=0.006))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 3))
def test_an_even_share_of_errors_leaves_no_doubt(lengths, share):
    interval = bootstrap_interval([share * length for length in lengths], lengths, resamples=20)
    assert interval == pytest.approx((share, share))


@pytest.mark.parametrize(("edits", "references"), [([], []), ([1], [0]), ([1, 2], [3])])
def test_without_a_reference_there_is_no_interval(edits, references):
    with pytest.raises(ValueError, match="an interval needs"):
        bootstrap_interval(edits, references)
