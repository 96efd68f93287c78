"""A recording whose device hangs, vanishes, comes back or stays away: it goes on, and what is missing has a length."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

from app.audio.inbox import AudioInbox
from app.audio.steady import SteadyMicrophone
from app.errors import AudioError
from s2t_core.types import AudioChunk

RATE = 16000
ABSENT = AudioError("No microphone was found.", "Plug one in.")


class PlayedMicrophone:
    """A microphone that the test plays into."""

    def __init__(self, error=None, hangs=None):
        self._inbox = AudioInbox(RATE)
        self._error, self._hangs = error, hangs
        self.broken = ""
        self.stopped = threading.Event()

    def start(self):
        if self._hangs is not None:
            assert self._hangs.wait(20)
        if self._error is not None:
            raise self._error
        return self._inbox

    def play(self, length=160):
        self._inbox.offer(np.full(length, 0.1, np.float32))

    def stop(self):
        if not self.stopped.is_set():
            self.stopped.set()
            self._inbox.close()

    def received_s(self):
        return self._inbox.received / RATE

    def take_peak(self):
        return self._inbox.take_peak()

    def fault(self):
        return "" if self.stopped.is_set() else self.broken


class Room:
    """A steady microphone, the devices that it will find one after the other, and what is said and heard."""

    def __init__(self, *devices, name=None):
        self.devices, self.asked, self.said, self.got = list(devices), [], [], []
        self.source = SteadyMicrophone(name, self.said.append, self._make)

    def _make(self, name):
        self.asked.append(name)
        return self.devices.pop(0) if self.devices else PlayedMicrophone(ABSENT)

    def begin(self):
        chunks = self.source.start()
        self.thread = threading.Thread(target=lambda: self.got.extend(chunks))
        self.thread.start()

    def end(self):
        self.source.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.got

    def until(self, condition):
        deadline = time.monotonic() + 20
        while not (self.source.fault() or condition()):
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def hear(self, microphone, count):
        """Sound until `count` things have been said."""
        self.until(lambda: microphone.play(16) or len(self.said) >= count)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("app.audio.channel._AGAIN_S", 0.01)


def test_a_device_that_comes_back_leaves_a_gap_of_its_length():
    first, second = PlayedMicrophone(), PlayedMicrophone()
    room = Room(first, PlayedMicrophone(ABSENT), second)
    room.begin()
    first.play(3200)
    room.until(lambda: room.source.received_s() == 0.2)
    first.broken = "The Yeti was disconnected."
    room.until(lambda: room.said)
    assert room.said == ["The Yeti was disconnected. The recording goes on as soon as sound is heard again."]
    time.sleep(0.3)
    room.hear(second, 2)
    assert room.said[1].startswith("Sound is heard again; ") and room.said[1].endswith(" s are missing.")
    chunks = [chunk for chunk in room.end() if len(chunk.samples)]
    assert sum(len(chunk.samples) for chunk in chunks) == 3200 + second.received_s() * RATE
    gaps = [b.start - a.start - len(a.samples) for a, b in itertools.pairwise(chunks)]
    (gap,) = filter(None, gaps)
    assert gap / RATE == pytest.approx(float(room.said[1].split()[4]), abs=0.06)
    assert gap / RATE >= 0.3


def test_what_is_missing_when_the_device_stays_away_is_a_gap_at_the_end():
    first = PlayedMicrophone()
    room = Room(first)
    room.begin()
    first.play(3200)
    room.until(lambda: room.source.received_s() == 0.2)
    first.broken = "The Yeti was disconnected."
    room.until(lambda: room.said)
    time.sleep(0.2)
    last = room.end()[-1]
    assert len(last.samples) == 0 and last.start > 3200 + 0.15 * RATE


def test_a_device_that_opens_and_never_sends_is_a_gap_from_the_beginning():
    first, second = PlayedMicrophone(), PlayedMicrophone()
    first.broken = "The Yeti has stopped sending sound."
    room = Room(first, second)
    room.begin()
    room.until(lambda: room.said)
    time.sleep(0.2)
    room.hear(second, 2)
    got = room.end()
    assert (got[0].start, len(got[0].samples)) == (0, 0)
    assert next(chunk.start for chunk in got if len(chunk.samples)) > 0.15 * RATE


def test_a_first_opening_that_fails_is_the_only_fault():
    room = Room()
    room.begin()
    room.until(lambda: False)
    assert room.source.fault() == "No microphone was found. Plug one in." and room.said == []
    assert room.end() == [] or all(len(chunk.samples) == 0 for chunk in room.got)


def test_a_sound_server_that_hangs_holds_up_neither_the_start_nor_the_stop(monkeypatch):
    monkeypatch.setattr("app.audio.channel._SLOW_S", 0.05)
    server = threading.Event()
    late = PlayedMicrophone(hangs=server)
    room = Room(late)
    began = time.monotonic()
    room.begin()
    room.until(lambda: room.said)
    assert room.said == ["The microphone is still being opened: the sound server does not answer. Wait, or press Stop."]
    assert [len(chunk.samples) for chunk in room.end()] == [0]
    assert time.monotonic() - began < 5
    server.set()
    assert late.stopped.wait(20)  # what opens after all is closed again


def test_a_chosen_device_that_stays_away_is_stood_in_for_by_the_default_one():
    first, other = PlayedMicrophone(), PlayedMicrophone()
    room = Room(first, PlayedMicrophone(ABSENT), PlayedMicrophone(ABSENT), other, name="Yeti")
    room.begin()
    first.play()
    room.until(lambda: room.source.received_s() > 0)
    first.broken = "Yeti was disconnected."
    room.until(lambda: room.said)
    room.hear(other, 2)
    assert room.asked == ["Yeti", "Yeti", "Yeti", None]
    assert room.said[1].startswith("Yeti is not there. The default input is heard instead until you start again;")
    other.broken = "The default microphone was disconnected."
    back = PlayedMicrophone()
    room.devices = [back]
    room.until(lambda: len(room.said) > 2)
    room.hear(back, 4)
    assert room.asked[-1] == "Yeti" and room.said[3].startswith("Sound is heard again;")
    room.end()


def test_what_nobody_foresaw_is_said_and_the_device_is_opened_anew():
    odd, second = PlayedMicrophone(), PlayedMicrophone()
    odd.start = lambda: iter([AudioChunk(np.zeros(10, np.float32), 1, 0)])  # at a rate that no device has
    room = Room(PlayedMicrophone(RuntimeError("odd")), odd, second)
    room.begin()
    room.until(lambda: room.said)
    assert "A sampling rate of 1 Hz" in room.said[0]
    room.hear(second, 2)
    assert room.end()[-1].start > 0


def test_a_chosen_device_that_is_not_there_at_the_start_is_said():
    room = Room(name="Yeti")
    room.begin()
    room.until(lambda: False)
    assert room.source.fault() == str(ABSENT)
    room.end()
