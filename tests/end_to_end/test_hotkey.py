"""Global keys on a real X server: pressed while a window of another program has the keyboard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.desktop import missing_tools, running, screen, wait_for

from app.hotkey.gesture import Gesture, hear

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(bool(missing_tools()), reason="needs a screen of its own"),
]
ROOT = Path(__file__).parent.parent.parent
KEYS = {"toggle": "Ctrl+Alt+Space", "insert_last": "Ctrl+Alt+V", "talk": "F9"}


class Other:
    """The window of another program, and a hand on the keyboard."""

    def __init__(self, env, log):
        self.env, self.log = os.environ | env | {"PYTHONPATH": str(ROOT)}, log

    def lines(self, kind):
        return [line.removeprefix(f"{kind} ") for line in self.log.read_text().splitlines() if line.startswith(kind)]

    def hand(self, *words):
        subprocess.run(["xdotool", *words], env=self.env, check=True, timeout=20)

    @property
    def text(self):
        return (self.lines("text") or ["''"])[-1]


class Heard(list):
    """What global keys told."""

    def __call__(self, change):
        self.append(change)

    @property
    def said(self):
        return [(change.name, change.change) for change in self]

    def wait(self, *said):
        wait_for(lambda: self.said == list(said), 5, f"{list(said)}; there is {self.said}")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screen")
    with screen(folder) as env:
        whole = os.environ | env
        with running([sys.executable, str(ROOT / "tests/support/drive_keys.py")], whole, folder / "keys.log"):
            log = folder / "keys.log"
            found = Other(env, log)
            wait_for(lambda: "focus True" in log.read_text(), what="window of another program")
            yield found


@pytest.fixture
def keys(other, monkeypatch):
    monkeypatch.setenv("DISPLAY", other.env["DISPLAY"])
    from app.hotkey.x11 import X11Hotkeys

    made = X11Hotkeys()
    yield made
    made.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "global keys"]
    other.hand("keyup", "ctrl", "keyup", "alt", "keyup", "space", "keyup", "F9")


@pytest.fixture
def heard(keys):
    heard = Heard()
    assert keys.fault() == "" and keys.bind(KEYS, heard) == {}
    return heard


def test_a_tap_and_a_hold_are_told_and_reach_no_other_window(other, heard):
    before = other.lines("key")
    other.hand("key", "ctrl+alt+space")
    heard.wait(("toggle", "down"), ("toggle", "up"))
    other.hand("keydown", "ctrl", "keydown", "alt", "keydown", "space")
    time.sleep(1.2)  # it repeats itself by now
    assert heard.said[2:] == [("toggle", "down")]
    other.hand("keyup", "space", "keyup", "alt", "keyup", "ctrl")
    heard.wait(*[("toggle", "down"), ("toggle", "up")] * 2)
    time.sleep(0.2)
    heard.wait(*[("toggle", "down"), ("toggle", "up")] * 2)
    assert heard[3].time_s - heard[2].time_s > 1
    assert [line for line in other.lines("key")[len(before) :] if "Space" in line] == [] and other.text == "''"


@pytest.mark.parametrize("pause_s", [0, 0.4, 1.2])
def test_a_key_that_outlives_its_modifiers_is_not_typed(other, heard, pause_s):
    other.hand("keydown", "ctrl", "keydown", "alt", "keydown", "space")
    time.sleep(pause_s)
    other.hand("keyup", "ctrl", "keyup", "alt")
    heard.wait(("toggle", "down"), ("toggle", "up"))
    time.sleep(1.2)
    other.hand("keyup", "space")
    time.sleep(0.2)
    assert other.text == "''" and len(heard) == 2
    other.hand("key", "x")
    wait_for(lambda: other.text == "'x'", 5, "letter")
    other.hand("key", "BackSpace")
    wait_for(lambda: other.text == "''", 5, "empty window")


def test_another_key_during_a_press_is_told_and_not_swallowed(other, heard):
    other.hand("keydown", "F9", "key", "y", "keyup", "F9")
    heard.wait(("talk", "down"), ("", "other"), ("talk", "up"))
    wait_for(lambda: other.text == "'y'", 5, "letter")
    other.hand("key", "BackSpace")
    other.hand("keydown", "ctrl", "keydown", "alt", "keydown", "space", "key", "k", "keyup", "space")
    other.hand("keyup", "alt", "keyup", "ctrl")
    wait_for(lambda: "Ctrl+Alt+K" in other.lines("key"), 5, "shortcut")
    assert heard.said[3:] == [("toggle", "down"), ("", "other"), ("toggle", "up")]


def test_what_is_typed_during_a_long_hold_of_a_lone_key_arrives(other, heard):
    other.hand("keydown", "F9")
    time.sleep(1.2)
    other.hand("type", "--delay", "12", "abcdefghijklmnop" * 4)
    wait_for(lambda: other.text == repr("abcdefghijklmnop" * 4), 10, "text")
    other.hand("keyup", "F9")
    wait_for(lambda: heard.said[-1] == ("talk", "up"), 5, "release")
    assert [said for said in heard.said if said[0]] == [("talk", "down"), ("talk", "up")]
    other.hand("key", "ctrl+a", "key", "BackSpace")
    wait_for(lambda: other.text == "''", 5, "empty window")


def test_esc_is_taken_only_while_it_is_bound(other, keys, heard):
    other.hand("key", "Escape")
    wait_for(lambda: other.lines("key").count("Esc") == 1, 5, "Esc in the window")
    assert keys.bind(KEYS | {"cancel": "Esc"}, heard) == {}
    other.hand("key", "Escape")
    heard.wait(("cancel", "down"), ("cancel", "up"))
    assert keys.bind(KEYS, heard) == {}
    other.hand("key", "Escape")
    wait_for(lambda: other.lines("key").count("Esc") == 2, 5, "Esc in the window")
    assert len(heard) == 2


def test_a_key_that_is_held_stays_held_while_others_are_bound(other, keys, heard):
    other.hand("keydown", "ctrl", "keydown", "alt", "keydown", "space")
    heard.wait(("toggle", "down"))
    assert keys.bind(KEYS | {"cancel": "Esc"}, heard) == {}
    time.sleep(1)
    assert keys.bind(KEYS, heard) == {}
    other.hand("keyup", "space", "keyup", "alt", "keyup", "ctrl")
    heard.wait(("toggle", "down"), ("toggle", "up"))
    assert other.text == "''"


@pytest.mark.parametrize("lock", ["Caps_Lock", "Num_Lock"])
def test_locks_do_not_matter(other, heard, lock):
    other.hand("key", lock)
    try:
        other.hand("key", "ctrl+alt+space")
        heard.wait(("toggle", "down"), ("toggle", "up"))
    finally:
        other.hand("key", lock)


def test_a_hold_that_ends_just_as_the_key_repeats_itself_ends_once(other, heard):
    for count in range(1, 9):
        other.hand("keydown", "ctrl", "keydown", "alt", "keydown", "space")
        time.sleep(0.62 + 0.01 * count)  # the first repeat is due
        other.hand("keyup", "space", "keyup", "alt", "keyup", "ctrl")
        time.sleep(0.1)
        heard.wait(*[("toggle", "down"), ("toggle", "up")] * count)


def test_fifty_taps_are_fifty_toggles(other, heard):
    for _ in range(5):
        other.hand("key", "--delay", "20", *["ctrl+alt+space"] * 10)
    heard.wait(*[("toggle", "down"), ("toggle", "up")] * 50)
    gesture, acts = Gesture(), []
    for change in heard:
        gesture, done = hear(gesture, change.change, change.time_s)
        acts += [act.value for act in done if act.value != "tap"]
    assert acts == ["begin", "end"] * 25


def test_a_key_that_another_program_has_is_said_and_the_others_work(other, heard):
    from app.hotkey.x11 import X11Hotkeys

    second, told = X11Hotkeys(), Heard()
    try:
        faults = second.bind({"toggle": "ctrl+alt+space", "free": "Ctrl+Alt+F", "again": "Ctrl+Alt+F", "x": "?"}, told)
        assert set(faults) == {"toggle", "again", "x"}
        assert "taken by another program" in faults["toggle"] and "twice" in faults["again"]
        other.hand("key", "ctrl+alt+f")
        told.wait(("free", "down"), ("free", "up"))
        assert heard == []
    finally:
        second.close()


def test_another_layout_of_the_keyboard_keeps_the_keys(other, keys, heard):
    try:
        subprocess.run(["setxkbmap", "fr"], env=other.env, check=True)
        time.sleep(0.5)
        other.hand("key", "ctrl+alt+v")
        heard.wait(("insert_last", "down"), ("insert_last", "up"))
        subprocess.run(["setxkbmap", "ru"], env=other.env, check=True)
        time.sleep(0.5)
        other.hand("keydown", "ctrl", "keydown", "alt", "key", "55", "keyup", "alt", "keyup", "ctrl")
        heard.wait(*[("insert_last", "down"), ("insert_last", "up")] * 2)
    finally:
        subprocess.run(["setxkbmap", "us"], env=other.env, check=True)


def test_a_closed_one_leaves_every_key_to_others(other, keys, heard):
    keys.close()
    count = other.lines("key").count("F9")
    other.hand("key", "F9")
    wait_for(lambda: other.lines("key").count("F9") == count + 1, 5, "F9 in the window")
    assert heard == []


def test_without_its_server_it_ends_quietly_and_says_so(tmp_path, monkeypatch):
    from app.hotkey.x11 import X11Hotkeys

    with screen(tmp_path) as env:
        monkeypatch.setenv("DISPLAY", env["DISPLAY"])
        keys = X11Hotkeys()
        # A server without any other client yet starts anew when the first has left.
        wait_for(lambda: keys.bind(KEYS, Heard()) == {}, 10, "keys")
    wait_for(lambda: not [one for one in threading.enumerate() if one.name == "global keys"], 5, "end of the thread")
    assert "does not answer" in keys.fault()
    assert all("does not answer" in line for line in keys.bind(KEYS, Heard()).values())
    began = time.monotonic()
    keys.close()
    keys.close()
    assert time.monotonic() - began < 1


@pytest.fixture
def desk(other, tmp_path):
    log = tmp_path / "desk.log"
    with running([sys.executable, str(ROOT / "tests/support/drive_hotkeys.py")], other.env, log):
        told = Other(other.env, log)
        told.signals = lambda: [line for line in log.read_text().splitlines() if not line.startswith(("pill", "ready"))]
        wait_for(lambda: "ready" in log.read_text(), timeout_s=20, what="desk")
        yield told


def test_the_sign_appears_and_the_keyboard_stays_with_the_other_window(other, desk):
    focus = len(other.lines("focus"))
    other.hand("key", "ctrl+alt+space")
    wait_for(lambda: any(line.startswith("True listening") for line in desk.lines("pill")), 5, "sign")
    time.sleep(0.3)
    other.hand("type", "--delay", "30", "still here")
    wait_for(lambda: other.text == "'still here'", 5, "text in the other window")
    active = subprocess.run(["xdotool", "getactivewindow", "getwindowname"], env=other.env, capture_output=True)
    assert active.stdout.strip() == b"another program"
    x, y, width, height = (int(word) for word in desk.lines("pill")[-1].split()[2:])
    assert abs(x + width / 2 - 640) < 3 and y > 600 and y + height < 800
    other.hand("key", "ctrl+alt+space")
    wait_for(lambda: any(line.startswith("True done") for line in desk.lines("pill")), 5, "end")
    wait_for(lambda: desk.lines("pill")[-1].startswith("False done"), 5, "nothing on the screen")
    assert desk.signals() == ["begin True", "taken False", "end"]
    assert len(other.lines("focus")) == focus
    other.hand("key", "ctrl+a", "key", "BackSpace")
    wait_for(lambda: other.text == "''", 5, "empty window")


def test_taps_holds_and_esc_mean_what_they_should(other, desk):
    escapes = other.lines("key").count("Esc")
    other.hand("keydown", "ctrl", "keydown", "alt", "keydown", "space", "sleep", "0.9")
    other.hand("keyup", "space", "keyup", "alt", "keyup", "ctrl")
    wait_for(lambda: desk.signals() == ["begin True", "taken True", "end"], 5, "hold")
    other.hand("key", "Escape")
    wait_for(lambda: other.lines("key").count("Esc") == escapes + 1, 5, "Esc in the other window")
    other.hand("key", "ctrl+alt+space", "sleep", "0.3", "key", "Escape")
    wait_for(lambda: desk.signals()[3:] == ["begin True", "taken False", "cancel"], 5, "Esc here")
    time.sleep(0.2)
    other.hand("key", "Escape")
    wait_for(lambda: other.lines("key").count("Esc") == escapes + 2, 5, "Esc in the other window")
    other.hand("key", "ctrl+alt+v", "key", "ctrl+alt+BackSpace")
    wait_for(lambda: desk.signals()[6:] == ["insert_last", "take_back"], 5, "the other keys")
    assert other.text == "''"


def test_fifty_taps_reach_the_desk_as_fifty(other, desk):
    for _ in range(50):
        other.hand("key", "ctrl+alt+space")
        time.sleep(0.05)
    wait_for(lambda: desk.signals().count("end") == 25, 10, "taps")
    time.sleep(0.2)
    assert desk.signals() == ["begin True", "taken False", "end"] * 25


def test_a_key_that_is_taken_is_noticed_with_a_remedy(other, desk, keys, tmp_path):
    log = tmp_path / "second.log"
    with running([sys.executable, str(ROOT / "tests/support/drive_hotkeys.py")], other.env, log):
        wait_for(lambda: "noticed" in log.read_text(), 10, "notice")
    line = next(line for line in log.read_text().splitlines() if line.startswith("noticed"))
    assert "Ctrl+Alt+Space is taken by another program. Choose another key in Settings, Keys." in line


def test_a_server_that_hangs_holds_nobody_up_for_long(tmp_path, monkeypatch):
    from app.hotkey.x11 import X11Hotkeys

    with screen(tmp_path) as env:
        monkeypatch.setenv("DISPLAY", env["DISPLAY"])
        keys = X11Hotkeys()
        wait_for(lambda: keys.bind(KEYS, Heard()) == {}, 10, "keys")
        newest = ["pgrep", "-n", "-P", str(os.getpid()), "Xvfb"]
        server = int(subprocess.run(newest, capture_output=True, text=True, check=True).stdout)
        os.kill(server, signal.SIGSTOP)
        began = time.monotonic()
        assert "does not answer" in keys.bind({"talk": "F9"}, Heard())["talk"]
        keys.close()
        assert time.monotonic() - began < 6
        os.kill(server, signal.SIGCONT)
    wait_for(lambda: not [one for one in threading.enumerate() if one.name == "global keys"], 5, "end of the thread")
