"""Where a stream can be taken up again, after a fault or by another process, without losing a committed word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenMark:
    """A segment that is open. Sound is counted in samples of the stream at 16 kHz.

    start      where its sound begins, and `own_start` where its own text does
    heard      up to where it has been heard
    tokens     the committed ones; the first `hidden` of them are words of the segment before
    text       what the tokens say, for a checkpoint that numbers them in another way
    """

    number: int
    start: int
    own_start: int
    heard: int
    tokens: tuple[int, ...]
    hidden: int
    text: str


@dataclass(frozen=True, slots=True)
class SessionMark:
    """What a session knows that cannot be heard again.

    position  sample of the stream at 16 kHz from which on the sound must be pushed again
    next_id   of the segment that follows the open one, or of the next one
    """

    position: int
    next_id: int
    open: OpenMark | None = None
