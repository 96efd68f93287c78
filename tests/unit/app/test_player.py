"""A stretch of a recording is played off the window's thread, and a fault is said."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile

import app.audio.player
from app.audio.player import Player


class FakeSounddevice:
    class PortAudioError(Exception):
        pass

    def __init__(self, fault=""):
        self.played, self.fault = [], fault

    def OutputStream(self, **_):
        if self.fault:
            raise self.PortAudioError(self.fault)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, samples):
        self.played.append(samples)


@pytest.fixture
def wav(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.arange(16000, dtype=np.float32) / 16000, 16000, subtype="FLOAT")
    return tmp_path / "a.wav"


@pytest.fixture
def play(monkeypatch):
    def play(path, start_s, end_s, device):
        monkeypatch.setattr(app.audio.player, "portaudio", lambda: device)
        ended, said, times = threading.Event(), [], []

        def moved(time_s):
            ended.set() if time_s is None else times.append(time_s)

        player = Player(moved, said.append)
        player.play(path, start_s, end_s)
        assert ended.wait(20)
        player.join(5)
        return times, said

    return play


def test_just_the_stretch_is_played_and_its_times_are_told(play, wav):
    device = FakeSounddevice()
    times, said = play(wav, 0.25, 0.5, device)
    samples = np.concatenate(device.played)[:, 0]
    assert (samples[0], len(samples)) == (pytest.approx(0.25), 4000)
    assert times[-1] == pytest.approx(0.5)
    assert said == []


def test_the_end_of_the_file_ends_it(play, wav):
    device = FakeSounddevice()
    play(wav, 0.9, 5.0, device)
    assert len(np.concatenate(device.played)) == 1600


@pytest.mark.parametrize(("name", "device", "words"), [
    ("gone.wav", FakeSounddevice(), "cannot be played"),
    ("a.wav", FakeSounddevice("no device"), "Check the loudspeakers"),
])  # fmt: skip
def test_what_cannot_be_played_is_said(play, wav, name, device, words):
    _, said = play(wav.with_name(name), 0, 1, device)
    assert len(said) == 1 and words in said[0]
