"""When speech begins and when a segment of it is over, from speech probabilities alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from s2t_core.streaming.vad import FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class EndpointRule:
    """A segment of at least `min_length_ms` ends after `min_silence_ms` without speech."""

    min_length_ms: int
    min_silence_ms: int


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Thresholds as Silero recommends them (start 0.5, end 0.15 below), times as research on dictation has them.

    onset_frames  frames of speech in a row that begin a segment
    rules         the longer a segment, the shorter the pause that ends it
    longest_ms    a segment without any pause is cut here
    """

    start_probability: float = 0.5
    end_probability: float = 0.35
    onset_frames: int = 2
    rules: tuple[EndpointRule, ...] = (EndpointRule(0, 600), EndpointRule(12_000, 448))
    longest_ms: int = 20_000


class Boundary(Enum):
    """What a frame of sound means for the segments."""

    NONE = "none"
    START = "start"  # speech began `onset_frames` ago
    PAUSE_END = "pause end"  # the segment is over, with a pause behind it
    FORCED_END = "forced end"  # the segment is too long and must be cut somewhere


class Endpointer:
    """Follows one stream; `silence_frames` says how long the pause at the end of what was heard is."""

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config
        self._speaking = False
        self._length = 0  # frames of the open segment
        self._onset = 0  # frames of speech in a row while nothing is open
        self.silence_frames = 0

    def push(self, probability: float) -> Boundary:
        """Take the next frame's probability of speech."""
        if not self._speaking:
            return self._wait(probability)
        self.go_on(probability)
        if any(self._over(rule) for rule in self._config.rules):
            self._speaking = False
            return Boundary.PAUSE_END
        if _ms(self._length) >= self._config.longest_ms:
            return Boundary.FORCED_END
        return Boundary.NONE

    def go_on(self, probability: float) -> None:
        """Take a frame of a segment that is known not to end with it."""
        self._speaking = True
        self._length += 1
        speech = probability >= self._config.end_probability
        self.silence_frames = 0 if speech else self.silence_frames + 1

    def restart(self, length_frames: int) -> None:
        """Go on speaking in a new segment that already has so many frames, after a forced end."""
        self._length = length_frames

    def _wait(self, probability: float) -> Boundary:
        self._onset = self._onset + 1 if probability >= self._config.start_probability else 0
        if self._onset < self._config.onset_frames:
            return Boundary.NONE
        self._speaking, self._length, self._onset, self.silence_frames = True, self._onset, 0, 0
        return Boundary.START

    def _over(self, rule: EndpointRule) -> bool:
        return _ms(self._length) >= rule.min_length_ms and _ms(self.silence_frames) >= rule.min_silence_ms


def _ms(frames: int) -> int:
    return frames * FRAME_SAMPLES // 16
