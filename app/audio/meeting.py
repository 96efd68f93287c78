"""A meeting: the microphone and what the computer plays, each a channel of its own speaker, on one clock."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from app.audio.channel import Back, Channel, Down, News
from app.audio.clock import now_s
from app.audio.near import NearChannel
from app.audio.source import AudioSource
from app.errors import AudioError
from s2t_core.types import AudioChunk, neighbours_joined

NAMES = ("Me", "Others")


class MeetingSource:
    """An AudioSource whose chunks say whose they are. The echo of one channel in the other is taken out.

    Both are opened on threads of their own. A channel that fails is said through `report`, on the thread that asks for
    `fault`; the other goes on, and the lost one is opened again as soon as that works. Only when neither could be
    opened at all is that a fault.
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
        self._refused: set[str] = set()  # channels whose first failure has been said

    def start(self) -> Iterator[AudioChunk]:
        """Returns at once; what fails is said by `fault`."""
        began_s = now_s()
        self._near.start(began_s)
        self._far.start(began_s)
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
        """Where neither side could be opened, why: a line for each reason."""
        both = (self._near, self._far)
        for channel in both:
            news = channel.take_news()
            if news is not None:
                self._report(f"{channel.speaker}: {_sentence(news)}")
        refused = list(dict.fromkeys(channel.refused for channel in both))
        if all(refused):
            return "\n".join(refused)
        for channel, other in ((self._near, self._far), (self._far, self._near)):
            # While the other side may be refused as well, this is perhaps half of a fault.
            if channel.refused and channel.speaker not in self._refused and not other.is_undecided:
                self._refused.add(channel.speaker)
                self._report(channel.refused)
        return ""

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


def _sentence(news: News) -> str:
    if isinstance(news, Down):
        return f"{news.fault} The recording goes on."
    if isinstance(news, Back):
        return f"sound is heard again; {news.lost_s:.1f} s are missing."
    return "the device is still being opened: the sound server does not answer."
