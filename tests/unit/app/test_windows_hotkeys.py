"""Global keys on Windows, with a system that does what Windows' documentation says."""

from __future__ import annotations

import queue
import sys
import time

import pytest

from app.hotkey.windows import WindowsHotkeys, virtual_key


class FakeWindows:
    """Keys that a test presses."""

    def __init__(self) -> None:
        self.taken: dict[int, tuple[int, int]] = {}
        self.by_others: dict[int, int] = {}
        self.down: set[int] = set()
        self._pressed: queue.SimpleQueue[int] = queue.SimpleQueue()

    def register(self, number, modifiers, key):
        if key in self.by_others:
            return self.by_others[key]
        self.taken[number] = (modifiers, key)
        return 0

    def unregister(self, number):
        del self.taken[number]

    def pressed(self, wait_s):
        try:
            return self._pressed.get(timeout=wait_s)
        except queue.Empty:
            return None

    def is_down(self, key):
        return key in self.down

    def press(self, key):
        self.down.add(key)
        for number, (_, one) in self.taken.items():
            if one == key:
                self._pressed.put(number)


@pytest.fixture
def windows():
    return FakeWindows()


@pytest.fixture
def hotkeys(windows):
    hotkeys = WindowsHotkeys(lambda: windows)
    yield hotkeys
    hotkeys.close()
    assert windows.taken == {}


def said(heard) -> tuple[str, str]:
    change = heard.get(timeout=5)
    assert abs(change.time_s - time.monotonic()) < 2
    return change.name, change.change


def test_a_key_is_heard_going_down_and_up_and_others_while_it_is_down(windows, hotkeys):
    heard = queue.SimpleQueue()
    windows.down |= {0x11, 0x43}  # Control, and a key that is down already
    assert hotkeys.bind({"dictate": "Ctrl+Alt+Space"}, heard.put) == {}
    assert windows.taken == {1: (0x4003, 0x20)}
    windows.press(0x20)
    assert said(heard) == ("dictate", "down")
    windows.down.add(0xA0)  # a modifier is no other key
    windows.down.add(0x41)
    assert said(heard) == ("", "other")
    windows.down.discard(0x20)
    assert said(heard) == ("dictate", "up")
    windows.down.add(0x42)
    time.sleep(0.1)
    assert heard.empty(), "without a key of ours down, nobody listens"


def test_a_key_that_is_held_is_let_go_of_with_its_binding(windows, hotkeys):
    heard = queue.SimpleQueue()
    hotkeys.bind({"dictate": "F1"}, heard.put)
    windows.press(0x70)
    assert said(heard) == ("dictate", "down")
    hotkeys.close()
    assert said(heard) == ("dictate", "up")


def test_what_could_not_be_had_is_said_key_by_key_and_the_others_are(windows, hotkeys):
    windows.by_others = {0x70: 1409, 0x71: 5}
    keys = {"one": "F1", "two": "F2", "three": "Hyper+X", "four": "Meta+PgUp"}
    unbound = hotkeys.bind(keys, print)
    assert "another program" in unbound["one"]
    assert "error 5" in unbound["two"]
    assert "no key" in unbound["three"]
    assert list(windows.taken.values()) == [(0x4008, 0x21)]


def test_keys_are_bound_in_the_place_of_those_before(windows, hotkeys):
    hotkeys.bind({"dictate": "F1"}, print)
    hotkeys.bind({"dictate": "F2"}, print)
    assert [key for _, key in windows.taken.values()] == [0x71]


@pytest.mark.parametrize(
    ("combination", "key"),
    [
        ("Ctrl+Shift+D", (6, 0x44)), ("F24", (0, 0x87)), ("Escape", (0, 0x1B)), ("Alt+1", (1, 0x31)),
        ("F25", None), ("Ctrl+\u00e4", None), ("", None),
    ],
)  # fmt: skip
def test_combinations_are_virtual_keys(combination, key):
    assert virtual_key(combination) == key


@pytest.mark.skipif(sys.platform == "win32", reason="this is Windows")
def test_another_system_says_that_it_is_none():
    hotkeys = WindowsHotkeys()
    assert "not Windows" in hotkeys.fault()
    assert "not Windows" in hotkeys.bind({"dictate": "F1"}, print)["dictate"]
    hotkeys.close()
