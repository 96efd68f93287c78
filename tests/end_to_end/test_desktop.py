"""Real speech into a real microphone of PulseAudio, real PortAudio, the real window on a real X server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
import soundfile
from conftest import SAMPLE_TEXT
from support.desktop import at_most, missing_tools, no_sound, screen
from support.program import ROOT, desktop, opened
from support.texts import alike

pytestmark = [
    pytest.mark.desktop,
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]


@pytest.fixture
def place(tmp_path):
    with desktop(tmp_path) as found:
        yield found


@pytest.fixture
def wav(tmp_path, sample):
    path = tmp_path / "speech.wav"
    soundfile.write(path, sample[0], sample[1])
    return path


def test_speech_into_the_microphone_appears_in_the_window_while_it_is_spoken(place, tmp_path, wav):
    microphone, env = place
    with opened(env, tmp_path) as (program, process):
        program.wait(lambda seen: "Model:" in seen["status"], what="loaded model")
        program.do("click")
        program.state("listening")
        player = threading.Thread(target=microphone.play, args=(wav,))
        player.start()
        live = program.wait(lambda seen: seen["tentative"] and seen["settled"], what="live text")
        assert live["shown"] == live["settled"] + live["tentative"]
        assert program.do("shot live")["saved"]
        player.join()
        program.wait(lambda seen: "passage" in seen["shown"], what="last words")
        assert program.do("click")["state"] == "draining"
        done = program.state("idle")
        text = done["settled"]
        assert done["shown"] == text and alike(text, SAMPLE_TEXT)
        assert text.startswith(live["settled"])
        assert done["notice"] == ""
        assert program.do("copy")["clipboard"] == text
        assert program.do(f"export txt {tmp_path}/saved.txt")["exists"]
        assert (tmp_path / "saved.txt").read_text() == text + "\n"
        assert program.do("shot done")["saved"]
        program.do("close")
        assert process.wait(10) == 0
    assert (tmp_path / "stderr.log").read_text() == ""
    kept = subprocess.run(
        [sys.executable, "-m", "app", "sessions", "show", "1"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert kept.stdout == text + "\n"


def test_a_microphone_that_is_pulled_out_and_plugged_in_again_leaves_a_mark_in_a_recording_that_goes_on(
    place, tmp_path, wav
):
    microphone, env = place
    with opened(env, tmp_path) as (program, _):
        program.do("click")  # before the model is loaded: nothing said meanwhile is lost
        program.state("listening")
        player = threading.Thread(target=microphone.play, args=(wav,))
        player.start()
        program.wait(lambda seen: "metal" in seen["shown"], what="words")
        microphone.unplug()
        player.join()
        waits = program.state("arming")
        assert "disconnected" in waits["notice"] or "stopped sending" in waits["notice"]
        assert program.do("shot unplugged")["saved"]
        microphone.plug()
        heard = program.state("listening")
        assert "Sound is heard again" in heard["notice"]
        marked = program.wait(lambda seen: "s of sound lost]" in seen["shown"], 5, "mark of the gap")
        assert program.do("shot again")["saved"]
        program.do("click")
        done = program.state("idle")
        assert done["settled"].startswith("The invention of movable metal")
        assert marked["shown"].count("s of sound lost]") == 1


def test_a_sound_server_that_hangs_never_holds_the_window_up(place, tmp_path):
    microphone, env = place
    with opened(env, tmp_path) as (program, process):
        program.wait(lambda seen: "Model:" in seen["status"], what="loaded model")
        program.do("click")
        program.state("listening")
        program.do("stall")
        microphone.hang()
        program.state("arming")
        program.do("click")
        program.state("idle")
        for _ in range(2):  # start and stop again, while nobody answers
            assert program.do("click")["state"] == "arming"
            program.do("do inputs")
            program.wait(lambda seen: seen["state"] != "listening")
            program.do("click")
            program.state("idle")
        assert program.do("stall")["stall"] < 0.3  # a few milliseconds, on a machine that does nothing else
        microphone.go_on()
        program.do("click")
        program.state("listening")
        microphone.hang()
        program.do("close")
        assert process.wait(15) == 0


def test_the_sample_can_be_heard_without_a_microphone(tmp_path):
    with screen(tmp_path) as display:
        env = os.environ | display | no_sound(tmp_path)
        with opened(env, tmp_path) as (program, _):
            seen = program.wait(lambda seen: seen["inputs"])
            assert "No microphone was found" in seen["notice"]
            assert seen["inputs"] == ["Sample recording (no microphone needed)"]
            program.do("click")
            done = program.wait(lambda seen: seen["state"] == "idle" and seen["settled"], timeout_s=120)
            assert done["settled"] == SAMPLE_TEXT


def test_the_listener_hears_the_microphone_in_the_terminal_also_after_the_sound_server_broke_down(place, wav):
    microphone, env = place
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "listen", "--events"],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        with at_most(300, process):
            assert json.loads(process.stdout.readline())["type"] == "ready"
            microphone.play(wav)
            texts = []
            while len(texts) < 2:
                event = json.loads(process.stdout.readline())
                texts += [event["text"]] if event["type"] == "final" else []
            assert alike(" ".join(texts), SAMPLE_TEXT)
            microphone.kill()
            microphone.restart()
            while (event := json.loads(process.stdout.readline()))["type"] != "gap":
                pass
            process.terminate()
            end = [json.loads(line) for line in process.stdout][-1]
            assert end["type"] == "end" and end["dropped_s"] == pytest.approx(event["end_s"] - event["start_s"])
            assert process.wait(10) == 0
            assert "Sound is heard again" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
