"""How far recognised text is from the reference: errors of words and characters, punctuation, capitals, and the doubt.

One definition of each figure, for the command and for the benchmarks alike. Rates are fractions, not per cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2t_core.types import MARKS

_DASHES = str.maketrans(dict.fromkeys("-\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", " "))
_APOSTROPHES = str.maketrans(dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"))

Pair = tuple[int | None, int | None]  # places in the reference and in the hypothesis; None: nothing stands there


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits that turn a reference into a hypothesis, and the length of the reference; counts of several add up."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference: int = 0

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference + other.reference,
        )

    @property
    def total(self) -> int:
        """All edits."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits per item of the reference, 0 or more and possibly above 1; None without a reference."""
        return self.total / self.reference if self.reference else None


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found, missed and made up of something that a reference holds; counts of several add up."""

    found: int = 0
    missed: int = 0
    invented: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.found + other.found, self.missed + other.missed, self.invented + other.invented)

    @property
    def precision(self) -> float | None:
        """Share of the hypothesis's that is right; None if it has none."""
        return self.found / (self.found + self.invented) if self.found + self.invented else None

    @property
    def recall(self) -> float | None:
        """Share of the reference's that was found; None if it has none."""
        return self.found / (self.found + self.missed) if self.found + self.missed else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall (van Rijsbergen 1979, ch. 7); None if neither side has any."""
        count = 2 * self.found + self.missed + self.invented
        return 2 * self.found / count if count else None


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Pair]:
    """An alignment of two lists with the fewest edits (Levenshtein 1966; found as in Wagner & Fischer 1974), in order.

    A pair of two places is a match or a substitution.
    """
    costs = _costs(reference, hypothesis)
    pairs: list[Pair] = []
    i, j = len(reference), len(hypothesis)
    while i or j:
        here = costs[i, j]
        if i and j and costs[i - 1, j - 1] + (reference[i - 1] != hypothesis[j - 1]) == here:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and costs[i - 1, j] + 1 == here:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _costs(reference: Sequence[str], hypothesis: Sequence[str]) -> NDArray[np.int32]:
    """(n + 1, m + 1): the fewest edits between the first i items of the one and the first j of the other."""
    numbers: dict[str, int] = {}
    first, second = (
        np.array([numbers.setdefault(item, len(numbers)) for item in items], np.int32)
        for items in (reference, hypothesis)
    )
    steps = np.arange(len(second) + 1, dtype=np.int32)
    costs = np.empty((len(first) + 1, len(second) + 1), np.int32)
    costs[0] = steps
    for i, item in enumerate(first, 1):
        before = costs[i - 1]
        best = before + 1
        best[1:] = np.minimum(best[1:], before[:-1] + (second != item))
        # An insertion costs one more than its left neighbour: a running minimum once that slope is taken out.
        costs[i] = np.minimum.accumulate(best - steps) + steps
    return costs


def errors(reference: Sequence[str], hypothesis: Sequence[str]) -> Errors:
    """The edits between two lists of items, be they words or characters."""
    return errors_of(align(reference, hypothesis), reference, hypothesis)


def errors_of(pairs: Sequence[Pair], reference: Sequence[str], hypothesis: Sequence[str]) -> Errors:
    """The edits of an alignment of two lists, as `align` gives it."""
    return Errors(
        substitutions=sum(i is not None and j is not None and reference[i] != hypothesis[j] for i, j in pairs),
        deletions=sum(j is None for _, j in pairs),
        insertions=sum(i is None for i, _ in pairs),
        reference=len(reference),
    )


def word_errors(reference: str, hypothesis: str) -> Errors:
    """Edits of words, which blanks separate; `.rate` is the word error rate (WER). Nothing is normalised here."""
    return errors(reference.split(), hypothesis.split())


def character_errors(reference: str, hypothesis: str) -> Errors:
    """Edits of characters, one blank between words counted; `.rate` is the character error rate (CER)."""
    return errors(" ".join(reference.split()), " ".join(hypothesis.split()))


def plain(text: str) -> str:
    """`text` in lower case without punctuation: letters, digits, apostrophes inside words; a hyphen parts words."""
    return " ".join(word for word in map(_bare, _written(text)) if word)


def punctuation_and_capitals(reference: str, hypothesis: str) -> tuple[Tally, Tally]:
    """The marks . , ? ! ; : behind words and the capitals at their beginning, against a cased, punctuated reference.

    Words are aligned blind to case and punctuation. Where two stand in one place, right or misheard, their last marks
    and their first letters are compared, those at the start of a sentence too; what a word without partner has, is
    missed in the reference and invented in the hypothesis. A wrong mark is both, as for LibriSpeech-PC
    (Meister et al. 2023, arXiv 2310.02943).
    """
    wanted, written = ([word for word in _written(text) if _bare(word)] for text in (reference, hypothesis))
    marks, capitals = Tally(), Tally()
    for i, j in align([_bare(word) for word in wanted], [_bare(word) for word in written]):
        right = "" if i is None else wanted[i]
        said = "" if j is None else written[j]
        marks += _compare(_mark(right), _mark(said))
        capitals += _compare(_capital(right), _capital(said))
    return marks, capitals


def bootstrap_interval(
    edits: Sequence[int], references: Sequence[int], level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Where the rate sum(edits) / sum(references) lies if other utterances of the kind had been drawn: (low, high).

    Percentile bootstrap over utterances (Bisani & Ney 2004, "Bootstrap estimates for confidence intervals in ASR
    performance evaluation"): utterances are drawn again, with replacement, by a generator that `seed` fixes.

    edits, references  of each utterance
    Raises ValueError if there is no reference at all.
    """
    if len(edits) != len(references) or sum(references) <= 0:
        raise ValueError("an interval needs as many edits as references, and a reference that is not empty")
    wrong, length = np.asarray(edits, np.float64), np.asarray(references, np.float64)
    draw = np.random.default_rng(seed)
    rates = []
    for _ in range(resamples):
        picked = draw.integers(len(wrong), size=len(wrong))
        rates.append(wrong[picked].sum() / max(length[picked].sum(), 1.0))
    low, high = np.percentile(rates, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def _written(text: str) -> list[str]:
    return text.translate(_APOSTROPHES).translate(_DASHES).split()


def _bare(word: str) -> str:
    return "".join(sign for sign in word.lower() if sign.isalnum() or sign == "'").strip("'")


def _mark(word: str) -> str:
    """The mark at the end of a word, quotes and brackets behind it left aside."""
    last = word.rstrip("\"')]}\N{RIGHT DOUBLE QUOTATION MARK}\N{HORIZONTAL ELLIPSIS}")[-1:]
    return last if last and last in MARKS else ""


def _capital(word: str) -> str:
    first = next((sign for sign in word if sign.isalnum()), "")
    return "capital" if first.isupper() else ""


def _compare(wanted: str, written: str) -> Tally:
    right = wanted == written
    return Tally(int(right and wanted != ""), int(not right and wanted != ""), int(not right and written != ""))
