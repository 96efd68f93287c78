"""How live text comes to its reader: when a word is first seen, when it is settled, and what is taken back.

Words are compared in small letters without marks where delays are measured, and as they are written where changes are
counted. All times are seconds since the audio began; whether they hold the time to compute is up to who fed the
session.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from s2t_core.events import AudioLost, SegmentClosed, TranscriptEvent
from s2t_core.metrics import Errors, Pair, align, errors_of, plain
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ, Segment

_NONE = Errors()


@dataclass(frozen=True, slots=True)
class Timed:
    """An event, when it came, and until when the audio had been taken that made it."""

    time_s: float
    heard_s: float
    event: TranscriptEvent


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of the reference and where it lies in the audio."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class History:
    """The states of one segment as they were shown, the final one last."""

    times_s: tuple[float, ...]
    states: tuple[Segment, ...]
    heard_s: float  # audio taken when it was closed

    @property
    def words(self) -> list[str]:
        """Of the final text, bare."""
        return plain(self.states[-1].committed).split()

    @property
    def seen_s(self) -> list[float]:
        """For each final word since when it has stood in the display without a break (Shangguan et al. 2020's
        stability, arXiv 2006.01416, seen from the word)."""
        final = self.words
        since = [self.times_s[-1]] * len(final)
        standing = set(range(len(final)))
        for time_s, state in zip(reversed(self.times_s), reversed(self.states), strict=True):
            shown = plain(display(state)).split()
            standing &= {i for i, j in align(final, shown) if i is not None and j is not None and final[i] == shown[j]}
            for index in standing:
                since[index] = time_s
        return since

    @property
    def committed_s(self) -> list[float]:
        """For each final word when it was committed."""
        times: list[float] = []
        for time_s, state in zip(self.times_s, self.states, strict=True):
            count = len(plain(state.committed).split())
            times += [time_s] * (count - len(times))
        return times[: len(self.words)]

    @property
    def live_words(self) -> int:
        """How many of the final words were committed before the segment was closed."""
        return len(plain(self.states[-2].committed).split()) if len(self.states) > 1 else 0

    @property
    def erased(self) -> int:
        """Shown words that were changed or taken back, marks and case included, counted each time."""
        return sum(itertools.starmap(_lost, itertools.pairwise(display(state) for state in self.states)))

    @property
    def revised(self) -> int:
        """Committed words that were changed or taken back; never any, if the session keeps its promise."""
        texts = itertools.pairwise(state.committed for state in self.states)
        return sum(_lost(before, after) for before, after in texts if not after.startswith(before))


def display(state: Segment) -> str:
    """The text of a segment as a reader sees it."""
    return TranscriptDocument(open=state).text


def _lost(before: str, after: str) -> int:
    """Words of `before` behind those with which `after` begins as well."""
    old = before.split()
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, after.split(), strict=False))
    return len(old) - sum(1 for _ in same)


def histories(events: Iterable[Timed]) -> list[History]:
    """The closed segments of a stream, in their order."""
    found: list[History] = []
    times: list[float] = []
    states: list[Segment] = []
    for one in events:
        if isinstance(one.event, AudioLost):
            continue
        times.append(one.time_s)
        states.append(one.event.segment)
        if isinstance(one.event, SegmentClosed):
            found.append(History(tuple(times), tuple(states), one.heard_s))
            times, states = [], []
    return found


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """What a stream of segments was like for its reader; figures of several streams add up.

    seen_s, committed_s  from the end of each rightly written word to when it was seen for good, and committed
    closed_s             from the audio that ended a segment to its final text
    endpoint_s           from the end of a segment's last word to the decision that it was the last
    committed            errors of the words that were committed live, and what was left out between them
    erased, revised      words taken back, of the display and of the committed text
    words                of the final text
    """

    seen_s: tuple[float, ...] = ()
    committed_s: tuple[float, ...] = ()
    closed_s: tuple[float, ...] = ()
    endpoint_s: tuple[float, ...] = ()
    final: Errors = _NONE
    committed: Errors = _NONE
    erased: int = 0
    revised: int = 0
    words: int = 0

    def __add__(self, other: LiveFigures) -> LiveFigures:
        return LiveFigures(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def normalised_erasure(self) -> float | None:
        """Words erased a word of the final text (Arivazhagan et al. 2020, arXiv 1912.03393, section 3.2)."""
        return self.erased / self.words if self.words else None


def live_figures(reference: Sequence[SpokenWord], segments: Sequence[History]) -> LiveFigures:
    """How one stream's segments were shown, against what was spoken when. Words of the reference are bare."""
    spoken = [word.text for word in reference]
    written = [word for one in segments for word in one.words]
    seen_s = [time_s for one in segments for time_s in one.seen_s]
    committed_s = [time_s for one in segments for time_s in one.committed_s]
    live = [index < one.live_words for one in segments for index in range(len(one.words))]
    pairs = align(spoken, written)
    right = [(reference[i].end_s, j) for i, j in pairs if i is not None and j is not None and spoken[i] == written[j]]
    return LiveFigures(
        seen_s=tuple(seen_s[j] - end_s for end_s, j in right),
        committed_s=tuple(committed_s[j] - end_s for end_s, j in right if live[j]),
        closed_s=tuple(one.times_s[-1] - one.heard_s for one in segments),
        endpoint_s=tuple(one.heard_s - end_s for one in segments if (end_s := _last_end_s(reference, one)) is not None),
        final=errors_of(pairs, spoken, written),
        committed=_committed_errors(pairs, spoken, written, live),
        erased=sum(one.erased for one in segments),
        revised=sum(one.revised for one in segments),
        words=len(written),
    )


def _last_end_s(reference: Sequence[SpokenWord], one: History) -> float | None:
    """The end of the last word that began in the segment."""
    first, last = (sample / SAMPLE_RATE_HZ for sample in (one.states[-1].start_sample, one.states[-1].end_sample))
    return max((word.end_s for word in reference if first <= word.start_s < last), default=None)


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
