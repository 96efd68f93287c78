"""A global key, real speech, and its words in the window of another program: nothing of the way is a stand-in."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading

import pytest
import soundfile
from support.desktop import missing_tools, wait_for
from support.program import ROOT, desktop, opened
from support.text_fields import give_keyboard, qt_window

pytestmark = [
    pytest.mark.desktop,
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(missing_tools()) and "CI" not in os.environ, reason=f"not installed: {missing_tools()}"),
]

KEY, LAST, BACK = "ctrl+alt+space", "ctrl+alt+v", "ctrl+alt+BackSpace"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A screen, a microphone, and the program with its model loaded."""
    folder = tmp_path_factory.mktemp("program")
    with desktop(folder) as (microphone, env), opened(env, folder) as (program, _):
        program.wait(lambda seen: "Model:" in seen["status"], what="loaded model")
        yield microphone, program, env


@pytest.fixture
def place(running, tmp_path):
    """The same, and a text field of another program that has the keyboard."""
    microphone, program, env = running
    program.do("do new")
    with qt_window(env, tmp_path) as field:
        give_keyboard(env, "text_window")
        yield microphone, program, field, env


@pytest.fixture
def speech(tmp_path, sample):
    """Speaks so many seconds of the sample into a microphone; the block ends when they are over."""

    @contextlib.contextmanager
    def speaking(microphone, seconds=9.2):
        samples, rate = sample
        soundfile.write(tmp_path / "speech.wav", samples[: round(seconds * rate)], rate)
        player = threading.Thread(target=microphone.play, args=(tmp_path / "speech.wav",))
        player.start()
        yield
        player.join()

    return speaking


def dictated(program):
    return program.state("idle")["settled"]


def test_words_arrive_while_they_are_spoken_where_the_cursor_is(place, speech):
    microphone, program, field, _ = place
    field.keys(KEY)
    program.state("listening")
    with speech(microphone):
        wait_for(lambda: len(field.seen().split()) >= 3, 60, "words in the other window")
        assert program.look()["state"] == "listening"
    program.wait(lambda seen: "printing" in seen["shown"], what="last words")
    field.keys(KEY)
    text = dictated(program)
    assert "the art of printing" in text
    field.expect(text)
    field.keys(BACK)
    field.expect("")
    field.keys(LAST)
    field.expect(text)


def test_while_the_key_is_held_nothing_is_typed_and_all_of_it_when_it_is_let_go(place, speech):
    microphone, program, field, env = place
    press = ["xdotool", "keydown", "ctrl", "keydown", "alt", "keydown", "space"]
    subprocess.run(press, env=env, check=True)
    program.state("listening")
    with speech(microphone, 5.0):
        program.wait(lambda seen: len(seen["settled"].split()) >= 3, what="settled words")
        assert field.seen() == ""
    release = ["xdotool", "keyup", "space", "keyup", "alt", "keyup", "ctrl"]
    subprocess.run(release, env=env, check=True)
    text = dictated(program)
    assert "The invention of movable" in text
    field.expect(text)


def test_words_never_follow_the_keyboard_into_another_window_and_wait_for_the_key_there(place, speech, tmp_path):
    microphone, program, field, env = place
    field.keys(KEY)
    program.state("listening")
    with speech(microphone):
        wait_for(lambda: len(field.seen().split()) >= 3, 60, "words in the other window")
        with qt_window(env, tmp_path, "other") as other:
            program.wait(lambda seen: "printing" in seen["shown"], what="last words")
            field.keys(KEY)
            text = dictated(program)
            said = program.wait(lambda seen: "wait" in seen["notice"], what="notice")["notice"]
            assert "Ctrl+Alt+V" in said
            assert other.seen() == ""
            arrived = field.seen()
            assert text.startswith(arrived) and len(arrived) < len(text)
            field.keys(LAST)
            other.expect(text[len(arrived) :].strip())
            assert field.seen() == arrived


def test_a_cancelled_dictation_goes_nowhere_and_stays_in_the_window_of_the_program(place, speech):
    microphone, program, field, _ = place
    subprocess.run(["xdotool", "keydown", "ctrl", "keydown", "alt", "keydown", "space"], env=field.env, check=True)
    program.state("listening")
    with speech(microphone, 5.0):
        program.wait(lambda seen: len(seen["settled"].split()) >= 3, what="settled words")
        field.keys("Escape")
        subprocess.run(["xdotool", "keyup", "space", "keyup", "alt", "keyup", "ctrl"], env=field.env, check=True)
        assert dictated(program)
    assert field.seen() == ""


def test_the_command_does_what_the_key_does(place, speech):
    microphone, program, field, env = place

    def ctl(*words):
        command = [sys.executable, "-m", "app", "ctl", *words]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)

    assert ctl("start").returncode == 0
    program.state("listening")
    assert json.loads(ctl("status", "--json").stdout)["state"] == "listening"
    with speech(microphone, 5.0):
        wait_for(lambda: len(field.seen().split()) >= 3, 60, "words in the other window")
    assert ctl("toggle").returncode == 0
    field.expect(dictated(program))
