"""When cues come and go: with the speech, long enough to be read, never two at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from app.export.options import ExportOptions

LINGER_MS = 1500  # a subtitle should not stay longer after the speech (BBC Subtitle Guidelines, 5.2)
_JERKY_MS = 1000  # an empty screen of less than that is jerky to look at (BBC Subtitle Guidelines, 4.5)


@dataclass(frozen=True, slots=True)
class Spoken:
    """From when to when the words of a cue are spoken, and how many characters there are to read."""

    start_ms: int
    end_ms: int
    letters: int


def reading_ms(letters: int, options: ExportOptions) -> int:
    """How long so many characters should be on the screen."""
    wanted_s = min(max(letters / options.chars_per_second, options.min_cue_s), options.max_cue_s)
    return ceil(wanted_s * 1000)


def time_cues(spoken: Sequence[Spoken], options: ExportOptions) -> list[tuple[int, int]]:
    """Start and end in ms of every cue; `spoken` is in the order of the starts.

    A cue begins with its speech and ends with it, or where the reader needs longer up to LINGER_MS later; a short
    silence before the next cue is closed. None is shorter or longer than the options say: where speech leaves less
    time, or two speak at once, the next cue comes late.
    """
    least_ms, gap_ms = ceil(options.min_cue_s * 1000), round(options.gap_s * 1000)
    most_ms = max(least_ms, int(options.max_cue_s * 1000))
    placed: list[tuple[int, int]] = []
    free_ms = 0
    for index, one in enumerate(spoken):
        start_ms = max(one.start_ms, free_ms)
        end_ms = max(one.end_ms, min(start_ms + reading_ms(one.letters, options), one.end_ms + LINGER_MS))
        if index + 1 < len(spoken):
            end_ms = _before_the_next(end_ms, one, spoken[index + 1], gap_ms)
        end_ms = min(max(end_ms, start_ms + least_ms), start_ms + most_ms)
        placed.append((start_ms, end_ms))
        free_ms = end_ms + gap_ms
    return placed


def _before_the_next(end_ms: int, one: Spoken, following: Spoken, gap_ms: int) -> int:
    """Where a cue that should end at `end_ms` does end for the sake of the next one."""
    if following.start_ms < one.end_ms:  # two speak at once: the second waits a little
        return min(end_ms, following.start_ms + LINGER_MS - gap_ms)
    if following.start_ms - gap_ms - end_ms < _JERKY_MS:
        return following.start_ms - gap_ms
    return end_ms
