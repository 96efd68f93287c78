"""The sound of the loudspeakers on systems that are not at hand, with a stand-in for the package that reads it."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import app.audio.loopback as loopback
from app.audio.loopback import SoundcardTap, loopback_fault, open_tap
from app.errors import AudioError


class FakeSoundcard(types.ModuleType):
    """One loudspeaker at a time, whose loopback gives a constant."""

    def __init__(self, speaker="one"):
        super().__init__("soundcard")
        self.speaker, self.open, self.broken = speaker, [], False

    def default_speaker(self):
        if self.speaker is None:
            raise RuntimeError("no speaker")
        return types.SimpleNamespace(id=self.speaker)

    def get_microphone(self, speaker, include_loopback):
        assert include_loopback
        return types.SimpleNamespace(recorder=lambda rate, channels: FakeRecorder(self, speaker))


class FakeRecorder:
    def __init__(self, module, speaker):
        self.module, self.speaker = module, speaker

    def __enter__(self):
        self.module.open.append(self.speaker)

    def __exit__(self, *_):
        self.module.open.remove(self.speaker)

    def record(self, count):
        if self.module.broken:
            raise RuntimeError("gone")
        return np.full((count, 1), len(self.speaker) / 10)


@pytest.fixture
def soundcard(monkeypatch):
    module = FakeSoundcard()
    monkeypatch.setitem(sys.modules, "soundcard", module)
    return module


def test_what_windows_plays_is_read_and_followed_to_another_loudspeaker(soundcard, monkeypatch):
    tap = SoundcardTap()
    assert tap.read(0.01).tolist() == pytest.approx([0.3] * 160)
    soundcard.speaker = "headphones"
    monkeypatch.setattr(loopback, "_AGAIN_S", -1.0)
    block = tap.read(0.01)
    assert block.dtype == np.float32 and block[0] == pytest.approx(1.0)
    assert soundcard.open == ["headphones"]
    tap.close()
    assert soundcard.open == []


def test_a_loudspeaker_that_goes_or_is_not_there_is_said(soundcard):
    tap = SoundcardTap()
    soundcard.broken = True
    with pytest.raises(AudioError, match="has ended"):
        tap.read(0.01)
    soundcard.speaker = None
    with pytest.raises(AudioError, match="cannot be opened"):
        SoundcardTap()


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "soundcard", None)
    with pytest.raises(AudioError, match="pip install soundcard"):
        SoundcardTap()


def test_each_system_has_its_way_or_a_plain_word_that_there_is_none(soundcard, monkeypatch):
    monkeypatch.setattr(loopback.sys, "platform", "win32")
    assert isinstance(open_tap(), SoundcardTap)
    assert loopback_fault() == ""
    monkeypatch.setattr(loopback.sys, "platform", "darwin")
    assert "BlackHole" in loopback_fault()
