"""Text into real windows under X11: whole, once, where the cursor is, and the clipboard as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from support.desktop import running, screen, wait_for
from support.text_fields import (
    MARKS,
    SUPPORT,
    TEXT,
    FileField,
    clipboard_holds,
    clipboard_program,
    give_keyboard,
    qt_window,
    xterm,
)

TOOLS = ("Xvfb", "openbox", "xdotool", "xterm", "setxkbmap")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(sys.platform != "linux", reason="X11"),
    # In CI a missing tool must not turn into a skipped test that looks green.
    pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=f"not installed: {MISSING}"),
]
LONG = "The quick brown fox jumps over the lazy dog: 0123456789. " * 8
RESTORED_S = 2.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("windows")


@pytest.fixture(scope="module")
def env(folder):
    with screen(folder) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", found["DISPLAY"])
        # One home for all windows: in each new one the fonts are looked through again, for seconds.
        yield found | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}


@pytest.fixture(scope="module")
def shared_window(env, folder):
    with qt_window(env, folder, "shared") as field:
        yield field


@pytest.fixture
def window(env, shared_window):
    give_keyboard(env, "--name", "^shared$")
    shared_window.clear()
    return shared_window


@pytest.fixture(scope="module")
def terminal(env, folder):
    with xterm(env, folder) as field:
        yield field


@pytest.fixture
def focus(env):
    from app.output.x11 import focus

    found = focus()
    yield found
    found.close()


@pytest.fixture
def ways(env):
    from app.output.x11 import ways

    found = {way.name: way for way in ways()}
    yield found
    for way in found.values():
        way.close()


@pytest.fixture(params=["paste", "keys"])
def way(request, ways):
    assert ways[request.param].fault() == ""
    return ways[request.param]


def locks_and_layout():
    from app.output.x11.connection import connect
    from app.output.x11.xkb import Xkb

    display = connect()
    rows = display.get_keyboard_mapping(8, 248)
    locks = Xkb(display).locks()
    display.close()
    return locks, [tuple(row) for row in rows]


def test_text_arrives_in_a_terminal_and_is_taken_back(terminal, focus, way):
    give_keyboard(terminal.env, "--class", "xterm")
    target = focus.target()
    assert target.program == "xterm" and target.is_terminal
    terminal.clear()
    way.insert(TEXT, target)
    way.insert(" again", target)
    terminal.expect(TEXT + " again")
    assert way.take_back(" again", target)
    terminal.expect(TEXT)
    terminal.keys("y")
    terminal.expect(TEXT + "y")
    assert not way.take_back(TEXT, target), "the user has typed"
    terminal.expect(TEXT + "y")


def test_text_arrives_whole_and_in_order(window, focus, way):
    target = focus.target()
    for number in range(2):
        way.insert(f"{TEXT} {number}\n{MARKS}\n", target)
    window.expect("".join(f"{TEXT} {number}\n{MARKS}\n" for number in range(2)))


@pytest.mark.parametrize("text", [TEXT, MARKS, "two\nlines"], ids=["text", "marks", "lines"])
def test_the_last_insertion_is_taken_back_if_it_still_stands_before_the_cursor(window, focus, way, text):
    target = focus.target()
    way.insert("Stays. ", target)
    way.insert(text, target)
    window.expect("Stays. " + text)
    assert way.take_back(text, target)
    window.expect("Stays. ")
    way.insert(text, target)
    window.keys("y")
    window.expect(f"Stays. {text}y")
    assert not way.take_back(text, target)
    way.insert("!", target)  # the cursor is where it was
    window.expect(f"Stays. {text}y!")


def test_nothing_is_inserted_where_another_window_has_the_keyboard(env, folder, window, focus, way):
    from app.output.contract import NotInserted

    target = focus.target()
    with qt_window(env, folder, "other") as other:
        assert focus.target().id != target.id
        with pytest.raises(NotInserted) as error:
            way.insert(TEXT, target)
        assert error.value.left == TEXT
        assert not way.take_back(TEXT, target)
        other.expect("")
    window.expect("")


def test_a_window_that_comes_between_gets_nothing_and_what_is_left_is_told(env, folder, window, focus, ways):
    from app.output.contract import NotInserted

    with qt_window(env, folder, "between") as other:
        give_keyboard(env, "--name", "^shared$")
        target = focus.target()
        mover = threading.Timer(0.15, give_keyboard, (env, "--name", "^between$"))
        mover.start()
        with pytest.raises(NotInserted) as error:
            for _ in range(40):
                text = LONG
                ways["keys"].insert(text, target)
        mover.join()
        other.expect("")
        left = error.value.left
        assert LONG.endswith(left)
        wait_for(lambda: (window.seen() + left).replace(LONG, "") == "", 10, "whole texts up to what is left")


def test_text_in_the_clipboard_is_given_back(env, folder, window, focus, ways):
    with clipboard_program(env, folder, "text", "what the user had"):
        for _ in range(3):
            ways["paste"].insert("dictated ", focus.target())
        window.expect("dictated " * 3)
        time.sleep(RESTORED_S)
        assert clipboard_holds(env)["text"] == "what the user had"


def test_an_image_in_the_clipboard_is_given_back_bit_for_bit(env, folder, window, focus, ways):
    with clipboard_program(env, folder, "image"):
        before = clipboard_holds(env)
        assert before["size"] == 700
        ways["paste"].insert(TEXT, focus.target())
        window.expect(TEXT)
        wait_for(lambda: clipboard_holds(env) == before, 20, "image in the clipboard again")
    assert clipboard_holds(env) == before, "even when its program has ended"


def test_an_empty_clipboard_stays_empty(env, window, focus, ways):
    from app.output.x11.hands import Hands

    with contextlib.closing(Hands()) as hands:
        ways["paste"].insert("first ", focus.target())
        ways["paste"].close()
        assert hands.reader.owner("CLIPBOARD") == 0
        ways["paste"].insert("second", focus.target())
        time.sleep(RESTORED_S)
        assert hands.reader.owner("CLIPBOARD") == 0
    window.expect("first second")


def test_what_is_copied_meanwhile_is_not_overwritten(env, folder, window, focus, ways):
    with clipboard_program(env, folder, "text", "old"):
        ways["paste"].insert("dictated", focus.target())
        with clipboard_program(env, folder, "text", "new"):
            time.sleep(RESTORED_S)
            assert clipboard_holds(env)["text"] == "new"


def test_a_program_that_hangs_with_the_clipboard_costs_half_a_second(env, folder, window, focus, ways):
    with clipboard_program(env, folder, "text", "never to be seen") as owner:
        owner.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        ways["paste"].insert(TEXT, focus.target())
        assert time.monotonic() - began < 1.5
        window.expect(TEXT)
        owner.send_signal(signal.SIGCONT)


def test_a_clipboard_history_neither_keeps_the_text_nor_passes_for_the_window(env, folder, ways, focus):
    from app.output.contract import NotInserted

    history = folder / "history.txt"
    with clipboard_program(env, folder, "watch", str(history)), clipboard_program(env, folder, "text", "had before"):
        with qt_window(env, folder, "deaf", "--deaf"):
            with pytest.raises(NotInserted) as error:
                ways["paste"].insert("dictated", focus.target())
            assert error.value.left == "dictated"
        with qt_window(env, folder, "hears") as field:
            ways["paste"].insert("dictated", focus.target())
            field.expect("dictated")
            time.sleep(RESTORED_S)
        assert set(history.read_text().split("\n")) == {"had before", ""}
        assert clipboard_holds(env)["text"] == "had before"


def test_a_held_key_is_waited_for_and_in_the_end_refused(window, focus, way):
    from app.output.contract import NotInserted

    target = focus.target()

    def hold(change):
        subprocess.run(["xdotool", change, "ctrl"], env=window.env, check=True)

    hold("keydown")
    threading.Timer(0.4, hold, ("keyup",)).start()
    way.insert("after", target)
    window.expect("after")
    hold("keydown")
    try:
        with pytest.raises(NotInserted) as error:
            way.insert(TEXT, target)
    finally:
        hold("keyup")
    assert error.value.left == TEXT
    window.expect("after")


@pytest.mark.parametrize("layout", ["de", "us,ru", "ru"])
def test_layouts_and_caps_lock_change_no_letter_and_stay_as_they_were(window, focus, way, layout):
    subprocess.run(["setxkbmap", layout], env=window.env, check=True)
    subprocess.run(["xdotool", "key", "Caps_Lock"], env=window.env, check=True)
    time.sleep(0.3)
    try:
        before = locks_and_layout()
        assert before[0].modifiers == 2
        way.insert("@ä{z}Y^ " + TEXT, focus.target())
        window.expect("@ä{z}Y^ " + TEXT)
        assert locks_and_layout() == before
    finally:
        subprocess.run(["xdotool", "key", "Caps_Lock"], env=window.env, check=True)
        subprocess.run(["setxkbmap", "us"], env=window.env, check=True)
        time.sleep(0.3)


def test_what_a_window_would_obey_is_left_out(window, focus, way):
    way.insert("a\x1b[31mb\x03\x00c\r\nd", focus.target())
    window.expect("a[31mbc\nd")


def test_the_last_resort_leaves_the_text_in_the_clipboard(env, window, ways):
    assert ways["copy"].fault() == ""
    ways["copy"].insert(TEXT, None)
    assert clipboard_holds(env)["text"] == TEXT
    assert not ways["copy"].take_back(TEXT, None)
    window.expect("")


def test_the_window_with_the_keyboard_is_told(env, folder, window, focus):
    target = focus.target()
    assert target.program == "text_window.py"
    assert not (target.is_terminal or target.is_secret or target.is_own)
    x, y, width, height = target.area
    assert 0 <= x < 1280 and 0 <= y < 800 and 600 <= width < 700 and 300 <= height < 400
    with qt_window(env, folder, "vanishing"):
        for _ in range(50):
            assert focus.target() is not None
    for _ in range(200):  # whatever happens meanwhile
        focus.target()


def test_without_a_server_each_way_says_so(monkeypatch):
    from app.output.contract import NotInserted
    from app.output.x11 import ways

    monkeypatch.setenv("DISPLAY", ":4711")
    for way in ways():
        assert ":4711" in way.fault()
        with pytest.raises(NotInserted):
            way.insert("text", None)
        way.close()


@pytest.fixture
def hung_window(env, folder):
    """A window that hangs, with the keyboard."""
    path, log = folder / "hung.txt", folder / "hung.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, str(SUPPORT / "text_window.py"), str(path)]
    with running(command, os.environ | env, log) as process:
        wait_for(lambda: log.exists() and "ready" in log.read_text(), what="window")
        give_keyboard(env, "--name", "^hung$")
        process.send_signal(signal.SIGSTOP)
        yield FileField(env, path), process


def test_a_window_that_hangs_is_refused_and_gets_nothing_once_it_goes_on(env, folder, hung_window, focus, way):
    from app.output.contract import NotInserted

    field, process = hung_window
    with clipboard_program(env, folder, "text", "what the user had"):
        with pytest.raises(NotInserted) as error:
            way.insert(TEXT, focus.target())
        assert error.value.left == TEXT
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        assert field.seen() == ""


def test_keys_that_another_program_has_grabbed_are_not_pressed(window, focus, way):
    from Xlib import X

    from app.output.contract import NotInserted
    from app.output.x11.connection import connect

    target = focus.target()
    locker = connect()
    try:
        root = locker.screen().root
        assert root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime) == X.GrabSuccess
        with pytest.raises(NotInserted) as error:
            way.insert("secret words", target)
        assert error.value.left == "secret words"
        assert not way.take_back("secret words", target)
        locker.sync()
        assert not locker.pending_events(), "keys for the screen that is locked"
    finally:
        locker.close()
    window.expect("")


def test_a_window_of_another_program_is_another_place_though_it_has_the_same_number(env, folder, focus):
    with qt_window(env, folder, "first"):
        first = focus.target()
    time.sleep(0.3)
    with qt_window(env, folder, "second"):
        second = focus.target()
    assert first.id.split(":")[1] == second.id.split(":")[1], "the server gives the number again"
    assert first.id != second.id
