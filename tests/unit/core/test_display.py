"""What is shown of drafts: early where they are sure, late where they are not, and steady against their changes."""

from __future__ import annotations

import pytest

from s2t_core.decoding.draft import Draft
from s2t_core.decoding.draft_words import DraftWord, draft_words
from s2t_core.streaming.display import Display, ShowRule

RULE = ShowRule(sure_ms=100, sure=0.8, doubtful_ms=500, agreeing_passes=2)


def words(text, passes=9, certainty=1.0, heard_ms=0.0):
    """The words of a draft, all heard at once."""
    return [DraftWord(word, heard_ms, heard_ms, certainty, passes) for word in text.split()]


def shown(*drafts, committed="", display=None):
    """What is shown after each of the drafts, a second after their words."""
    display = display or Display(RULE)
    return [display.show(committed, draft, 1000.0) for draft in drafts]


@pytest.mark.parametrize(("age_ms", "certainty", "expected"), [
    (50, 1.0, ""), (150, 0.9, "yes"), (150, 0.5, ""), (450, 0.5, ""), (550, 0.1, "yes"),
])  # fmt: skip
def test_a_new_word_is_shown_when_it_is_sure_or_old(age_ms, certainty, expected):
    draft = words("yes", certainty=certainty, heard_ms=1000.0 - age_ms)
    assert Display(RULE).show("", draft, 1000.0) == expected


def test_no_word_is_shown_before_the_one_in_front_of_it():
    assert shown([*words("I can", certainty=0.1, heard_ms=900), *words("see", heard_ms=800)]) == [""]


def test_what_is_shown_stays_until_drafts_in_a_row_contradict_it():
    once, twice = words("I can", passes=9) + words("sea it", passes=1), words("I can") + words("sea it", passes=2)
    assert shown(words("I can see"), once, twice) == ["I can see", "I can see", "I can sea it"]


def test_a_word_that_comes_back_was_never_away():
    long, short = words("I can see"), words("I can")
    assert shown(long, short, words("I can see it")) == ["I can see", "I can see", "I can see it"]
    assert shown(long, short, short)[-1] == "I can"


def test_where_other_words_are_committed_than_were_shown_nothing_of_those_stays():
    display = Display(RULE)
    display.show("", words("I can see it"), 1000.0)
    assert display.show("I cannot", words("sea"), 1000.0) == "sea"


def test_a_last_word_that_was_shown_half_grows_at_once():
    assert shown(words("under"), words("understand", passes=1)) == ["under", "understand"]


def test_the_mark_behind_the_last_word_shows_with_the_next_word():
    assert shown(words("Yes."), words("Yes, I do.")) == ["Yes", "Yes, I do"]


def test_a_mark_or_a_capital_alone_changes_nothing_before_it_is_committed():
    display = Display(RULE)
    assert shown(words("Yes. I do it"), words("Yes, i do it now"), display=display)[-1] == "Yes. I do it now"
    assert shown(words("i do it now"), committed="Yes,", display=display) == ["I do it now"]


def test_final_text_replaces_what_is_shown_but_for_its_last_mark():
    display = Display(RULE)
    shown(words("I can sea"), display=display)
    assert display.replace("I", "I can see it.") == "can see it"
    assert shown(words("can see it and"), committed="I", display=display) == ["can see it and"]


class Letters:
    """Token n is the n-th letter; capitals begin words."""

    marks = frozenset({26})
    alphabet = "abcdefghijklmnopqrstuvwxyz."

    def decode(self, ids):
        return "".join(self.alphabet[i] for i in ids)

    def words(self, ids):
        cuts = [i for i, token in enumerate(ids) if i == 0 or token == 0]
        return list(zip(cuts, [*cuts[1:], len(ids)], strict=True)) if ids else []


def test_the_words_of_a_draft_are_as_sure_and_as_old_as_their_pieces_without_marks():
    draft = Draft((0, 1, 26, 0, 2), (5, 4, 1, 3, 2), (10, 12, 20, 30, 31), (0.5, 0.5, 1.0, 0.9, 1.0))
    first, second = draft_words(draft, 0, 20.0, Letters())
    assert first == DraftWord("ab.", 200.0, 240.0, 0.25, 4)
    assert second == DraftWord("ac", 600.0, 620.0, 0.9, 2)
    assert draft_words(draft, 3, 20.0, Letters()) == [second]
    assert draft_words(draft, 5, 20.0, Letters()) == []
