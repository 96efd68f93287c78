"""A meeting with a real sound server: what the computer plays, and what a microphone in the same room hears."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import SAMPLE, SAMPLE_TEXT
from support.desktop import VirtualMicrophone, at_most, missing_tools
from support.texts import alike

from app.audio.devices import OPEN_RECORDINGS, list_inputs, look_again
from app.audio.loopback import SystemSound, loopback_fault
from app.audio.watch import InputSignature

ROOT = Path(__file__).parent.parent.parent
RECIPE_TEXT = (
    "A store of pickled eggs will be found very useful and ornamental in serving with many first and second course "
    "dishes."
)

pytestmark = [
    pytest.mark.desktop,
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]


@pytest.fixture
def microphone(tmp_path, monkeypatch):
    """A sound server of our own, which this process finds as well."""
    with VirtualMicrophone(tmp_path / "sound").serve() as microphone:
        for name, value in microphone.env.items():
            monkeypatch.setenv(name, value)
        yield microphone


def wav(path, samples, rate):
    soundfile.write(path, samples, rate)
    return path


def loud_s(chunks, wanted_s, timeout_s=20.0):
    """Take chunks until so many seconds of them were loud; where the last one ends."""
    loud, deadline = 0.0, time.monotonic() + timeout_s
    for chunk in chunks:
        loud += np.count_nonzero(np.abs(chunk.samples) > 0.05) / chunk.rate
        if loud >= wanted_s:
            return (chunk.start + len(chunk.samples)) / chunk.rate
        assert time.monotonic() < deadline, "no sound"
    raise AssertionError("the source has ended")


def test_the_computers_sound_is_heard_and_followed_to_another_loudspeaker(microphone, tmp_path):
    tone = np.sign(np.sin(np.arange(48000) / 48000 * 2 * np.pi * 440)) * 0.3
    path = wav(tmp_path / "tone.wav", tone, 48000)
    microphone.add_loudspeaker("speakers")
    assert loopback_fault() == ""
    source = SystemSound()
    began = time.monotonic()
    chunks = iter(source.start())
    microphone.play(path, "speakers")
    loud_s(chunks, 0.8)
    microphone.add_loudspeaker("headphones")
    microphone.play(path, "headphones")
    end_s = loud_s(chunks, 0.8)
    assert end_s == pytest.approx(time.monotonic() - began, abs=1.5)
    assert source.fault() == ""
    source.stop()
    list(chunks)


def test_the_sound_of_a_silent_computer_is_silence(microphone):
    microphone.add_loudspeaker("speakers")
    source = SystemSound()
    for chunk in source.start():
        assert not chunk.samples.any()
        if source.received_s() > 1:
            source.stop()
    assert source.fault() == ""


def test_without_a_sound_server_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    assert "sound server does not answer" in loopback_fault()


def test_inputs_that_come_and_go_change_what_is_watched(microphone, tmp_path):
    signature = InputSignature(cards=tmp_path / "none")
    try:
        before = signature.take()
        assert signature.take() == before
        microphone.unplug()
        time.sleep(0.3)
        without = signature.take()
        assert without != before
        microphone.plug()
        time.sleep(0.3)
        assert signature.take() != without
    finally:
        signature.close()
    look_again()
    assert list_inputs() and not OPEN_RECORDINGS


def test_both_sides_of_a_meeting_are_written_under_their_names(microphone, tmp_path, sample):
    far = wav(tmp_path / "far.wav", 0.5 * sample[0], sample[1])
    near = wav(tmp_path / "near.wav", *soundfile.read(SAMPLE.with_name("recipe.ogg")))
    microphone.add_loudspeaker("speakers", heard=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "listen", "--meeting", "--names", "Ann", "Bob", "--events"],
        cwd=ROOT, env=os.environ | microphone.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    said: dict[str, list[str]] = {"Ann": [], "Bob": []}
    try:
        with at_most(300, process):
            assert json.loads(process.stdout.readline())["type"] == "ready"
            microphone.play(far, "speakers")
            time.sleep(1)
            microphone.play(near)
            time.sleep(2)
            process.terminate()
            for line in process.stdout:
                event = json.loads(line)
                if event["type"] == "final":
                    said[event["speaker"]].append(event["text"])
            assert event["type"] == "end" and event["dropped_s"] == 0
            assert process.wait(10) == 0
            assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert alike(" ".join(said["Bob"]), SAMPLE_TEXT), said
    # On a busy machine PulseAudio stretches the way from loudspeaker to microphone, and some echo may come before this;
    # that none is written where the way is steady, `test_echo.py` and `tests/benchmarks/echo.py` say.
    own = " ".join(said["Ann"]).split()[-len(RECIPE_TEXT.split()) :]
    assert alike(" ".join(own), RECIPE_TEXT), said
