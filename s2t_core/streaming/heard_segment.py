"""The segment that is being spoken, as sound alone: nothing here needs the model, or torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.features.cmvn import Statistics
from s2t_core.streaming.mark import OpenMark
from s2t_core.streaming.vad import FRAME_SAMPLES
from s2t_core.types import Samples, Segment

PutOff = Callable[[int, Samples], None]  # takes a segment's id and its sound (n,) at 16 kHz


class HeardSegment:
    """Heard frame by frame and closed without its text, whose sound `put_off` takes: it is to be found later."""

    def __init__(self, number: int, start: int, put_off: PutOff | None = None) -> None:
        """number: the segment's id; start: sample of the stream, at 16 kHz."""
        self.start = start
        self.length = 0  # samples
        self.probabilities: list[float] = []  # of speech, of the last frames heard
        self._number = number
        self._put_off = put_off
        self._audio: list[Samples] = []

    @property
    def mark(self) -> OpenMark:
        """What of it could not be heard again."""
        return OpenMark(self._number, self.start, self.start, self.end, (), 0, "")

    @property
    def end(self) -> int:
        """Sample of the stream up to which the segment has been heard."""
        return self.start + self.length

    @property
    def is_settled(self) -> bool:
        """Whether its final text is known, if nothing more is said."""
        return False

    @property
    def statistics(self) -> Statistics | None:
        """Of its feature frames; None where there are none."""
        return None

    def hear(self, samples: Samples, probability: float | None = None) -> None:
        """Take more audio, frame by frame with its probability of speech once the segment is open."""
        self._audio.append(samples)
        self.length += len(samples)
        if probability is not None:
            self.probabilities.append(probability)

    def audio_from(self, sample: int) -> Samples:
        """What was heard after a sample of the stream."""
        return np.concatenate(self._audio)[sample - self.start :]

    def draft(self) -> SegmentUpdated | None:
        """Draft what has been heard anew and commit what has become stable."""
        return None

    def settle(self, end: int) -> SegmentUpdated | None:
        """Decode what was heard up to sample `end` as if nothing followed."""
        return None

    def go_on(self) -> None:
        """Speech goes on after a pause: what was settled is a draft again."""

    def close(self, end: int) -> SegmentClosed | None:
        """The final text of what was heard up to sample `end`; None where nothing was ever said."""
        if self._put_off is not None:
            self._put_off(self._number, np.concatenate(self._audio)[: end - self.start])
        return SegmentClosed(Segment(self._number, self.start, end, ""))

    def give_up(self) -> SegmentClosed:
        """Close it with what is committed: it was taken up, but its sound is not all there any more."""
        return SegmentClosed(Segment(self._number, self.start, self.end, ""))

    def cut(self) -> tuple[SegmentClosed | None, HeardSegment]:
        """Close it in the midst of speech, where that is least likely, and open the next one with the rest."""
        end = self._quiet(0)
        closed = self.close(end)
        following = HeardSegment(self._number + 1, end, self._put_off)
        self._hand_on(following)
        return closed, following

    def _quiet(self, after: int) -> int:
        """The sample of the stream, `after` so many of the segment, where speech is least likely.

        The later half is searched at most, so that segments stay long.
        """
        preroll = self.length - len(self.probabilities) * FRAME_SAMPLES
        first = max(0, after - preroll) // FRAME_SAMPLES + 1
        first = min(max(first, len(self.probabilities) // 2), len(self.probabilities) - 2)
        place = first + int(np.argmin(self.probabilities[first:-1]))  # a whole frame is left for the next segment
        return self.start + preroll + place * FRAME_SAMPLES + FRAME_SAMPLES // 2

    def _hand_on(self, following: HeardSegment) -> None:
        """What was heard behind its start belongs to the next segment."""
        following.hear(self.audio_from(following.start))
        count = following.length // FRAME_SAMPLES
        following.probabilities = self.probabilities[max(0, len(self.probabilities) - count) :]
