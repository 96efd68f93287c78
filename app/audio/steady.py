"""The microphone of a recording that goes on whatever becomes of the device: what could not be heard is a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.audio.channel import Back, Channel, Down, News
from app.audio.inbox import AudioInbox
from app.audio.microphone import Microphone
from app.audio.source import AudioSource
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk

_OWN_TRIES = 3  # after so many the default input is tried as well
_SLOW = "The microphone is still being opened: the sound server does not answer. Wait, or press Stop."


class SteadyMicrophone:
    """An AudioSource whose device is opened on a thread, and anew after every fault, on the clock of the recording.

    A device that was chosen and stays away is stood in for by the default one. What happens is said through `report`,
    on the thread that asks for `fault`, which alone is a fault when the very first opening fails.
    """

    def __init__(
        self,
        name: str | None,
        report: Callable[[str], None],
        make: Callable[[str | None], AudioSource] = Microphone,
    ) -> None:
        """name  a part of the device's name, or its number; None: the default device, whichever it is at the time"""
        self._name = name
        self._report = report
        self._make = make
        self._tries = 0  # since the chosen device was heard
        self._stands_in = False
        self._inbox = AudioInbox(SAMPLE_RATE_HZ)
        self._channel = Channel("", self._next, self._deliver)

    def start(self) -> Iterable[AudioChunk]:
        """Returns at once; what fails is said by `fault`."""
        self._channel.start()
        return self._inbox

    def stop(self) -> None:
        self._channel.stop()

    def received_s(self) -> float:
        return self._channel.received_s()

    def take_peak(self) -> float:
        return self._channel.take_peak()

    def fault(self) -> str:
        news = self._channel.take_news()
        if news is not None:
            self._report(self._sentence(news))
        return self._channel.refused

    def _sentence(self, news: News) -> str:
        if isinstance(news, Down):
            return f"{news.fault} The recording goes on as soon as sound is heard again."
        if isinstance(news, Back):
            lost = f"{news.lost_s:.1f} s are missing."
            if self._stands_in:
                return f"{self._name} is not there. The default input is heard instead until you start again; {lost}"
            return f"Sound is heard again; {lost}"
        return _SLOW

    def _next(self) -> AudioSource:
        """The chosen device; if it stays away by turns the default one."""
        self._tries += 1
        self._stands_in = self._name is not None and self._tries > _OWN_TRIES and self._tries % 2 == 0
        return self._make(None if self._stands_in else self._name)

    def _deliver(self, _: str, chunk: AudioChunk | None) -> None:
        if chunk is None:
            self._inbox.close()
        else:
            self._inbox.offer(chunk.samples, chunk.start - self._inbox.received)
