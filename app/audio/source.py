"""What gives sound, and how one asks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from s2t_core.types import AudioChunk


class AudioSource(Protocol):
    """A microphone, or something that behaves like one."""

    def start(self) -> Iterable[AudioChunk]:
        """Begin; the chunks end after `stop`. Raises AudioError when there is nothing to hear."""
        ...

    def stop(self) -> None:
        """End the chunks soon. Returns at once and never fails."""
        ...

    def received_s(self) -> float:
        """Seconds of sound that have arrived."""
        ...

    def take_peak(self) -> float:
        """The loudest sample (0..1) since the last call."""
        ...

    def fault(self) -> str:
        """What went wrong since `start`, with a remedy; empty while all is well."""
        ...


def moved(chunks: Iterable[AudioChunk], by_s: float) -> Iterator[AudioChunk]:
    """The chunks as a stream that began so much earlier: a recording goes on where it was paused."""
    for chunk in chunks:
        yield replace(chunk, start=chunk.start + round(by_s * chunk.rate))
