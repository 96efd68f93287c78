"""What of a draft is shown: certain words early, half-heard ones later, changes only where drafts insist on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s2t_core.types import MARKS

if TYPE_CHECKING:  # settings are read, and speech is cut out, without torch
    from s2t_core.decoding.draft_words import DraftWord


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

    def is_shown(self, word: DraftWord, heard_ms: float) -> bool:
        """Whether a new word is shown, `heard_ms` of the audio having been heard."""
        age_ms = heard_ms - word.last_ms
        return age_ms >= self.doubtful_ms or (age_ms >= self.sure_ms and word.certainty >= self.sure)


class Display:
    """The shown words of one segment."""

    def __init__(self, rule: ShowRule, words: Sequence[str] = ()) -> None:
        """words: shown already, by the segment before."""
        self._rule = rule
        self._words = list(words)
        self._missing = 0  # drafts in a row that ended before what is shown did

    def show(self, committed: str, words: Sequence[DraftWord], heard_ms: float) -> str:
        """The tentative text to show behind `committed`, of a draft of `heard_ms` with these further words."""
        old = self.behind(committed)
        return self._set(committed, self._merged(old, list(self._known(old, words, heard_ms))))

    def replace(self, committed: str, text: str) -> str:
        """The tentative text to show where all of it, `text`, has been decoded as if it were final."""
        self._missing = 0
        return self._set(committed, text.split()[len(committed.split()) :])

    def behind(self, committed: str) -> list[str]:
        """The tentative words that are shown behind the committed ones; none where others were committed than shown."""
        words = committed.split()
        same = all(_is_same(shown, word) for shown, word in zip(self._words, words, strict=False))
        return self._words[len(words) :] if same else []

    def _set(self, committed: str, tentative: list[str]) -> str:
        # Which mark stands behind the last word depends on what follows; it is not shown before that.
        shown = [*tentative[:-1], _bare(tentative[-1])] if tentative else []
        self._words = [*committed.split(), *shown]
        return " ".join(shown)

    def _known(self, old: Sequence[str], words: Sequence[DraftWord], heard_ms: float) -> Iterator[DraftWord]:
        """The words up to the first that is neither shown already nor ready to be."""
        for place, word in enumerate(words):
            stands = place < len(old) and _is_same(old[place], word.text)
            if not stands and not self._rule.is_shown(word, heard_ms):
                return
            yield word

    def _merged(self, old: list[str], new: list[DraftWord]) -> list[str]:
        pairs = itertools.takewhile(lambda pair: _is_same(pair[0], pair[1].text), zip(old, new, strict=False))
        same = sum(1 for _ in pairs)
        kept = old[:same]
        if kept and same == len(old):
            kept[-1] = new[same - 1].text  # with its mark, now that something may follow
        if same == len(new):  # nothing contradicts what else is shown; it may come back
            self._missing = self._missing + 1 if len(old) > same else 0
            keeps = self._missing < self._rule.agreeing_passes
        else:
            self._missing = 0
            # A last word that was shown half is no contradiction.
            grows = same == len(old) - 1 and _letters(new[same].text).startswith(_letters(old[same]))
            keeps = same < len(old) and new[same].passes < self._rule.agreeing_passes and not grows
        return kept + (old[same:] if keeps else [word.text for word in new[same:]])


def _is_same(one: str, other: str) -> bool:
    """But for marks and capitals."""
    return _letters(one) == _letters(other)


def _letters(word: str) -> str:
    return _bare(word).lower()


def _bare(word: str) -> str:
    """Without the marks behind it, unless it is nothing else."""
    return word.rstrip(MARKS) or word
