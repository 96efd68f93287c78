"""What a reader of live text saw of each segment and when, beside the words that were spoken in it.

Words are bare, in small letters without marks, where they are told apart from others, and as they are written where
changes are counted. All times are seconds since the audio began; whether they hold the time to compute is up to who
fed the session.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from s2t_core.events import AudioLost, SegmentClosed, TranscriptEvent
from s2t_core.metrics import align, plain
from s2t_core.transcript import text_of
from s2t_core.types import SAMPLE_RATE_HZ, Segment


@dataclass(frozen=True, slots=True)
class Timed:
    """An event, when it came, and until when the audio had been taken that made it."""

    time_s: float
    heard_s: float
    event: TranscriptEvent


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of the reference, where it lies in the audio, and which utterance it belongs to."""

    text: str
    start_s: float
    end_s: float
    utterance: int = 0

    @property
    def middle_s(self) -> float:
        """Where it is taken to lie when stretches of audio are compared: its edges are less certain."""
        return (self.start_s + self.end_s) / 2


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
    def first_s(self) -> float | None:
        """When its first word was shown."""
        shown = zip(self.times_s, self.states, strict=True)
        return next((time_s for time_s, state in shown if display(state)), None)

    @property
    def most_words(self) -> int:
        """The most words that it ever showed at once."""
        return max(len(display(state).split()) for state in self.states)

    def shown_at(self, time_s: float) -> list[str]:
        """The bare words of the display at a time."""
        count = bisect.bisect_right(self.times_s, time_s)
        return plain(display(self.states[count - 1])).split() if count else []

    def spoken_in(self, reference: Iterable[SpokenWord]) -> list[SpokenWord]:
        """The words of the reference whose middle lies in the segment."""
        return [word for word in reference if self.start_s <= word.middle_s < self.end_s]

    @property
    def start_s(self) -> float:
        """Where the segment begins in the audio."""
        return self.states[-1].start_sample / SAMPLE_RATE_HZ

    @property
    def end_s(self) -> float:
        """Where the audio was cut."""
        return self.states[-1].end_sample / SAMPLE_RATE_HZ

    @property
    def erased(self) -> int:
        """Shown words behind the first that was changed or taken back, marks and case included, counted each time."""
        return sum(itertools.starmap(_lost, itertools.pairwise(display(state) for state in self.states)))

    @property
    def unstable(self) -> int:
        """Shown words that were themselves changed or taken back, marks and case included, counted each time."""
        return sum(itertools.starmap(_changed, itertools.pairwise(display(state) for state in self.states)))

    @property
    def revised(self) -> int:
        """Committed words that were changed or taken back; never any, if the session keeps its promise."""
        texts = itertools.pairwise(state.committed for state in self.states)
        return sum(_lost(before, after) for before, after in texts if not after.startswith(before))


def display(state: Segment) -> str:
    """The text of a segment as a reader sees it."""
    return text_of(state)


def _lost(before: str, after: str) -> int:
    """Words of `before` behind those with which `after` begins as well; none where only something was added."""
    if after.startswith(before):
        return 0
    old = before.split()
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, after.split(), strict=False))
    return len(old) - sum(1 for _ in same)


def _changed(before: str, after: str) -> int:
    """Words of `before` that `after` does not hold where the two are aligned; none where only something was added."""
    if after.startswith(before):
        return 0
    old, new = before.split(), after.split()
    return sum(i is not None and (j is None or old[i] != new[j]) for i, j in align(old, new))


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
