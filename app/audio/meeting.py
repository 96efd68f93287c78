"""A meeting: the microphone and what the computer plays, each a channel of its own speaker, on one clock."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator

from app.audio.channel import Channel
from app.audio.near import NearChannel
from app.audio.source import AudioSource
from app.errors import AudioError
from s2t_core.types import AudioChunk, neighbours_joined

NAMES = ("Me", "Others")


class MeetingSource:
    """An AudioSource whose chunks say whose they are. The echo of one channel in the other is taken out.

    A channel that fails is said through `report`, on the thread that asks for `fault`; the other goes on, and the lost
    one is opened again as soon as that works. Only when both have failed is the meeting over.
    """

    def __init__(
        self,
        make_microphone: Callable[[], AudioSource],
        make_system: Callable[[], AudioSource],
        report: Callable[[str], None],
        names: tuple[str, str] = NAMES,
    ) -> None:
        """names  of who sits here, and of those who are heard out of the loudspeakers; two different ones

        Raises AudioError for names that nobody could tell apart.
        """
        own, other = (name.strip() for name in names)
        if not own or not other or own == other:
            raise AudioError("The two sides of a meeting need two names.", "For example: --names Me Others")
        self._report = report
        self._arrived: queue.SimpleQueue[tuple[str, AudioChunk | None]] = queue.SimpleQueue()
        self._near = Channel(own, make_microphone, self._deliver)
        self._far = Channel(other, make_system, self._deliver)
        self._down: set[str] = set()  # channels whose failure has been said

    def start(self) -> Iterator[AudioChunk]:
        """Raises AudioError when neither channel can be opened."""
        began = time.monotonic()
        faults = [fault for channel in (self._near, self._far) if (fault := self._start(channel, began))]
        if len(faults) == 2:
            self.stop()
            raise AudioError(*faults)
        for fault in faults:
            self._report(fault)
        return self._chunks()

    def stop(self) -> None:
        self._near.stop()
        self._far.stop()

    def received_s(self) -> float:
        return max(self._near.received_s(), self._far.received_s())

    def take_peak(self) -> float:
        """Of the microphone."""
        return self._near.take_peak()

    def fault(self) -> str:
        said = ""
        for channel in (self._near, self._far):
            fault = channel.take_fault()
            if fault:
                said = fault
                self._down.add(channel.speaker)
                self._report(f"{channel.speaker}: {fault} The recording goes on.")
            elif channel.speaker in self._down and not channel.is_down:
                self._down.remove(channel.speaker)
                self._report(f"{channel.speaker}: sound is heard again.")
        return said if self._near.is_down and self._far.is_down else ""

    def _start(self, channel: Channel, began: float) -> str:
        fault = channel.start(began)
        if fault:
            self._down.add(channel.speaker)
        return fault

    def _deliver(self, speaker: str, chunk: AudioChunk | None) -> None:
        self._arrived.put((speaker, chunk))

    def _chunks(self) -> Iterator[AudioChunk]:
        near, over = NearChannel(), 0
        while over < 2:
            heard: list[AudioChunk] = []
            played: list[AudioChunk] = []
            for speaker, chunk in self._all_that_waits():
                if chunk is None:
                    over += 1
                else:
                    (heard if speaker == self._near.speaker else played).append(chunk)
            for chunk in neighbours_joined(played):
                near.play(chunk)
                yield chunk
            for chunk in neighbours_joined(heard):
                yield from neighbours_joined(near.hear(chunk))
            yield from neighbours_joined(near.take())
        yield from neighbours_joined(near.finish())

    def _all_that_waits(self) -> Iterator[tuple[str, AudioChunk | None]]:
        yield self._arrived.get()
        while not self._arrived.empty():
            yield self._arrived.get()
