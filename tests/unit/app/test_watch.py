"""Inputs that come and go are noticed, and one that gives no sound is."""

from __future__ import annotations

import queue
from functools import partial
from types import SimpleNamespace

import pytest

from app.audio import devices, watch
from app.audio.devices import OPEN_RECORDINGS, InputDevice
from app.audio.pulse import PulseSource
from app.audio.silence import SilentInput
from app.audio.watch import InputSignature, InputWatch
from app.errors import AudioError

MICROPHONE = InputDevice(1, "Yeti", 48000, True)


class ChangingSignature:
    """Says what the test says."""

    def __init__(self):
        self.now = ("a",)
        self.asked = queue.SimpleQueue()
        self.closed = False

    def take(self):
        self.asked.put(self.now)
        return self.now

    def close(self):
        self.closed = True


@pytest.fixture
def inputs(monkeypatch):
    state = SimpleNamespace(devices=(MICROPHONE,), looks=0)

    def look():
        state.looks += 1

    monkeypatch.setattr(watch, "look_again", look)
    monkeypatch.setattr(watch, "list_inputs", lambda: state.devices)
    return state


class TestWatch:
    def watched(self, signature):
        reported: queue.SimpleQueue = queue.SimpleQueue()
        watcher = InputWatch(reported.put, signature, pause_s=0.005)
        watcher.start()
        signature.asked.get(timeout=10)
        return watcher, reported

    def test_a_device_that_is_plugged_in_is_reported(self, inputs):
        signature = ChangingSignature()
        watcher, reported = self.watched(signature)
        signature.now = ("a", "b")
        assert reported.get(timeout=10) == (MICROPHONE,)
        watcher.stop()
        assert signature.closed and inputs.looks == 1

    def test_while_something_records_portaudio_is_left_alone(self, inputs):
        signature = ChangingSignature()
        watcher, reported = self.watched(signature)
        recording = object()
        OPEN_RECORDINGS.add(recording)
        try:
            signature.now = ("b",)
            for _ in range(5):
                signature.asked.get(timeout=10)
            assert inputs.looks == 0
        finally:
            OPEN_RECORDINGS.discard(recording)
        assert reported.get(timeout=10) == (MICROPHONE,)
        watcher.stop()

    def test_a_list_that_cannot_be_read_is_tried_again(self, inputs, monkeypatch):
        failures = [AudioError("PortAudio does not start.", "Wait.")]

        def look():
            if failures:
                raise failures.pop()

        monkeypatch.setattr(watch, "look_again", look)
        signature = ChangingSignature()
        watcher, reported = self.watched(signature)
        signature.now = ("b",)
        assert reported.get(timeout=10) == (MICROPHONE,)
        watcher.stop()

    def test_portaudio_is_not_restarted_under_a_recording(self, monkeypatch):
        monkeypatch.setattr(devices, "portaudio", lambda: None)
        recording = object()
        OPEN_RECORDINGS.add(recording)
        try:
            with pytest.raises(AudioError, match="A recording is running"):
                devices.look_again()
        finally:
            OPEN_RECORDINGS.discard(recording)


class TestSignature:
    def server(self, *sources):
        return SimpleNamespace(
            wait=lambda wait_s: None, take_changed=lambda: True, sources=lambda: sources, close=lambda: None
        )

    def test_sources_cards_and_the_default_count_and_monitors_do_not(self, tmp_path):
        cards = tmp_path / "cards"
        cards.write_text("0 [PCH]")
        monitor = PulseSource("out.monitor", "", is_monitor=True, is_default=False)
        usb = PulseSource("usb", "", is_monitor=False, is_default=False)
        seen = {
            InputSignature(partial(self.server, *sources), cards).take()
            for sources in ((), (monitor,), (usb,), (usb, monitor))
        }
        assert len(seen) == 2

    def test_without_a_server_the_cards_are_looked_at(self, tmp_path):
        def connect():
            raise AudioError("No server.", "Start one.")

        signature = InputSignature(connect, tmp_path / "cards")
        before = signature.take()
        (tmp_path / "cards").write_text("1 [USB]")
        assert signature.take() != before


class TestSilence:
    def test_five_seconds_of_nothing_are_said_and_sound_takes_it_back(self):
        silent = SilentInput()
        assert [silent.hint(0.0, at) for at in (1, 3, 4.9)] == ["", "", ""]
        assert "muted" in silent.hint(0.0, 5.0)
        assert silent.hint(0.2, 6.0) == ""
        assert silent.hint(0.0, 10.9) == ""
        assert silent.hint(0.0, 11.0)

    def test_a_faint_input_is_not_called_muted(self):
        silent = SilentInput()
        silent.hint(5e-4, 1.0)
        assert "level" in silent.hint(0.0, 6.0)

    def test_what_was_dismissed_is_not_said_again(self):
        silent = SilentInput()
        silent.dismiss()
        assert silent.hint(0.0, 60.0) == ""
