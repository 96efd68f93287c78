"""What of a draft is shown: certain words early, half-heard ones later, changes only where drafts insist on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from s2t_core.decoding.draft import Draft
from s2t_core.tokenizer import Tokenizer
from s2t_core.types import MARKS


@dataclass(frozen=True, slots=True)
class DraftWord:
    """A word of a draft, the marks behind it included; what follows is said of its other pieces.

    age_ms     since the last of them was heard
    certainty  the product of their certainties
    passes     for so many drafts in a row all of them have stood there
    """

    text: str
    age_ms: float
    certainty: float
    passes: int


def draft_words(draft: Draft, first: int, heard_ms: float, frame_ms: float, tokenizer: Tokenizer) -> list[DraftWord]:
    """The words of a draft from the token `first` on, `heard_ms` of its segment having been heard."""
    found = []
    for begin, end in tokenizer.words(draft.tokens[first:]):
        inside = range(first + begin, first + end)
        text = tokenizer.decode([draft.tokens[i] for i in inside]).strip()
        if not text:
            continue
        pieces = [i for i in inside if draft.tokens[i] not in tokenizer.marks] or [first + begin]
        found.append(
            DraftWord(
                text,
                heard_ms - draft.attended[pieces[-1]] * frame_ms,
                prod(draft.certainties[i] for i in pieces),
                min(draft.passes[i] for i in pieces),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class ShowRule:
    """When a word is shown that was not there before, and when one that was is changed.

    sure_ms, sure    it was heard so long ago and is at least so certain,
    doubtful_ms      or it was heard so long ago
    agreeing_passes  drafts in a row that must contradict what is shown; a mark or a capital alone changes nothing
                     before the word is committed
    """

    sure_ms: int = 100
    sure: float = 0.8
    doubtful_ms: int = 500
    agreeing_passes: int = 2

    def is_shown(self, word: DraftWord) -> bool:
        """Whether a new word is shown."""
        return word.age_ms >= self.doubtful_ms or (word.age_ms >= self.sure_ms and word.certainty >= self.sure)


class Display:
    """The shown words of one segment."""

    def __init__(self, rule: ShowRule) -> None:
        self._rule = rule
        self._words: list[str] = []
        self._missing = 0  # drafts in a row that ended before what is shown did

    def show(self, committed: str, words: Sequence[DraftWord]) -> str:
        """The tentative text to show behind `committed`, of a draft with these further words."""
        before = committed.split()
        old = self._words[len(before) :]
        self._words = before + self._merged(old, list(self._known(old, words)))
        return _tentative(self._words[len(before) :])

    def replace(self, committed: str, text: str) -> str:
        """The tentative text to show where all of it, `text`, has been decoded as if it were final."""
        self._words, self._missing = text.split(), 0
        return _tentative(self._words[len(committed.split()) :])

    def _known(self, old: Sequence[str], words: Sequence[DraftWord]) -> Iterator[DraftWord]:
        """The words up to the first that is neither shown already nor ready to be."""
        for place, word in enumerate(words):
            stands = place < len(old) and _is_same(old[place], word.text)
            if not stands and not self._rule.is_shown(word):
                return
            yield word

    def _merged(self, old: list[str], new: list[DraftWord]) -> list[str]:
        same = 0
        while same < min(len(old), len(new)) and _is_same(old[same], new[same].text):
            same += 1
        if same == len(new):  # nothing contradicts what else is shown; it may come back
            self._missing = self._missing + 1 if len(old) > same else 0
            keeps = self._missing < self._rule.agreeing_passes
        else:
            self._missing = 0
            keeps = same < len(old) and new[same].passes < self._rule.agreeing_passes
            # A last word that was shown half is no contradiction.
            keeps = keeps and not (same == len(old) - 1 and _letters(new[same].text).startswith(_letters(old[same])))
        return old if keeps else old[:same] + [word.text for word in new[same:]]


def _tentative(words: Sequence[str]) -> str:
    """The words as one text. Which mark comes behind the last one shows only in what follows it."""
    return " ".join([*words[:-1], words[-1].rstrip(MARKS) or words[-1]]) if words else ""


def _is_same(one: str, other: str) -> bool:
    """But for marks and capitals."""
    return _letters(one) == _letters(other)


def _letters(word: str) -> str:
    return (word.rstrip(MARKS) or word).lower()
