"""How live text comes to its reader: when a word is first seen, when it is settled, what is taken back, and how right
it is meanwhile. One definition of each figure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from s2t_core.calibration import Judged, calibration_error, judged_words
from s2t_core.live_history import History, SpokenWord
from s2t_core.metrics import Errors, Pair, align, errors_of

PARTIAL_AFTER_S = 1.0  # the display is judged word by word, so long after each word's end
_NONE = Errors()


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """What a stream of segments was like for its reader; figures of several streams add up.

    seen_s, committed_s  from the end of each rightly written word to when it was seen for good, and committed
    closed_s             from the audio that ended a segment to its final text
    endpoint_s           from the end of a segment's last word to the decision that it was the last
    first_s              from the beginning of a segment's first word to the first word shown
    committed            errors of the words that were committed live, and what was left out between them
    shown                errors of the display: see `_shown_errors`
    erased, revised      words taken back, of the display and of the committed text
    unstable             words of the display that were themselves changed or taken back
    early                segments with words that ended before their utterance did: in front of one of its words, or
                         inside its last
    words                of the final text
    silent_words         most words ever shown of each segment in which nothing is spoken, and
    silence_s            the audio before, between and after utterances
    judged               of each final word its confidence and whether it is right
    """

    seen_s: tuple[float, ...] = ()
    committed_s: tuple[float, ...] = ()
    closed_s: tuple[float, ...] = ()
    endpoint_s: tuple[float, ...] = ()
    first_s: tuple[float, ...] = ()
    final: Errors = _NONE
    committed: Errors = _NONE
    shown: Errors = _NONE
    erased: int = 0
    revised: int = 0
    unstable: int = 0
    early: int = 0
    words: int = 0
    silent_words: int = 0
    silence_s: float = 0.0
    judged: tuple[Judged, ...] = ()

    def __add__(self, other: LiveFigures) -> LiveFigures:
        return LiveFigures(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def normalised_erasure(self) -> float | None:
        """Words erased a word of the final text (Arivazhagan et al. 2020, arXiv 1912.03393, section 3.2)."""
        return self.erased / self.words if self.words else None

    @property
    def upwr(self) -> float | None:
        """Unstable partial word ratio (Shangguan et al. 2020, arXiv 2006.01416): unstable words of the partial texts a
        word of the final text. The erasure above counts all that follows such a word as well."""
        return self.unstable / self.words if self.words else None

    @property
    def live_share(self) -> float | None:
        """Share of the rightly written words that were committed before their segment was closed."""
        return len(self.committed_s) / len(self.seen_s) if self.seen_s else None

    @property
    def confidence_error(self) -> float | None:
        """See `calibration_error`."""
        return calibration_error(self.judged)

    @property
    def early_share(self) -> float | None:
        """Share of the segments with words that ended early."""
        return self.early / len(self.endpoint_s) if self.endpoint_s else None


def live_figures(reference: Sequence[SpokenWord], segments: Sequence[History], length_s: float) -> LiveFigures:
    """How one stream of `length_s` was shown, against what was spoken when. Words of the reference are bare.

    Of a stream in which nothing is spoken only what is written there counts, and no delays or errors.
    """
    silent_words = sum(one.most_words for one in segments if not _is_spoken(one, reference))
    revised = sum(one.revised for one in segments)
    if not reference:
        return LiveFigures(revised=revised, silent_words=silent_words, silence_s=length_s)
    spoken = [word.text for word in reference]
    written = [word for one in segments for word in one.words]
    seen_s = [time_s for one in segments for time_s in one.seen_s]
    committed_s = [time_s for one in segments for time_s in one.committed_s]
    live = [index < one.live_words for one in segments for index in range(len(one.words))]
    pairs = align(spoken, written)
    right = [(reference[i].end_s, j) for i, j in pairs if i is not None and j is not None and spoken[i] == written[j]]
    heard = [(one, words) for one in segments if (words := one.spoken_in(reference))]
    return LiveFigures(
        seen_s=tuple(seen_s[j] - end_s for end_s, j in right),
        committed_s=tuple(committed_s[j] - end_s for end_s, j in right if live[j]),
        closed_s=tuple(one.times_s[-1] - one.heard_s for one in segments),
        endpoint_s=tuple(one.heard_s - max(word.end_s for word in words) for one, words in heard),
        first_s=tuple(one.first_s - words[0].start_s for one, words in heard if one.first_s is not None),
        final=errors_of(pairs, spoken, written),
        committed=_committed_errors(pairs, spoken, written, live),
        shown=_shown_errors(reference, heard),
        erased=sum(one.erased for one in segments),
        revised=revised,
        unstable=sum(one.unstable for one in segments),
        early=sum(_is_early(one, words[-1].utterance, reference) for one, words in heard),
        words=len(written),
        silent_words=silent_words,
        silence_s=length_s - _spoken_s(reference),
        judged=tuple(judged_words(spoken, _stated(segments))),
    )


def _stated(segments: Iterable[History]) -> list[tuple[str, float]]:
    """The final words and their confidences."""
    return [(word.text, word.confidence) for one in segments for word in one.states[-1].words]


def _is_early(one: History, utterance: int, reference: Sequence[SpokenWord]) -> bool:
    """Whether a segment ended before an utterance did."""
    words = [word for word in reference if word.utterance == utterance]
    return any(word.middle_s >= one.end_s or word.end_s > one.heard_s for word in words)


def _is_spoken(one: History, reference: Iterable[SpokenWord]) -> bool:
    return any(word.start_s < one.end_s and word.end_s > one.start_s for word in reference)


def _spoken_s(reference: Sequence[SpokenWord]) -> float:
    """Seconds from the first word of each utterance to its last."""
    utterances = (list(words) for _, words in itertools.groupby(reference, key=lambda word: word.utterance))
    return sum(max(word.end_s for word in words) - words[0].start_s for words in utterances)


def _shown_errors(reference: Sequence[SpokenWord], heard: Iterable[tuple[History, Sequence[SpokenWord]]]) -> Errors:
    """Errors of what the display shows of each word PARTIAL_AFTER_S after its end.

    Every word is judged once. The display of its segment at that time is aligned with the words that have begun in
    the segment by then; of that alignment count the word's own place, what is inserted before it, and behind the
    last word of a segment what is inserted there. A word in no segment is left out.
    """
    total, missed = _NONE, len(reference)
    for one, words in heard:
        missed -= len(words)
        for place, word in enumerate(words):
            time_s = word.end_s + PARTIAL_AFTER_S
            begun = [other.text for other in words if other.start_s <= time_s]
            shown = one.shown_at(time_s)
            pairs = align(begun, shown)
            first = 1 + max((at for at, (i, _) in enumerate(pairs) if i is not None and i < place), default=-1)
            own = next(at for at, (i, _) in enumerate(pairs) if i == place)
            end = len(pairs) if place == len(words) - 1 else own + 1
            total += replace(errors_of(pairs[first:end], begun, shown), reference=1)
    return total + Errors(deletions=missed, reference=missed)


def _committed_errors(
    pairs: Sequence[Pair], spoken: Sequence[str], written: Sequence[str], live: Sequence[bool]
) -> Errors:
    """Of an alignment the part that was committed live: with each such word what was left out before it."""
    substituted = deleted = inserted = known = waiting = 0
    for i, j in pairs:
        if j is None:
            waiting += 1
            continue
        if live[j]:
            deleted += waiting
            known += waiting + (i is not None)
            inserted += i is None
            substituted += i is not None and spoken[i] != written[j]
        waiting = 0
    return Errors(substituted, deleted, inserted, known)
