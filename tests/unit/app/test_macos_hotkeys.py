"""Global keys on macOS, with a system that does what Apple's documentation says."""

from __future__ import annotations

import queue
import sys

import pytest

from app.hotkey.macos import MacHotkeys, virtual_key


class FakeMac:
    """Keys that a test presses."""

    def __init__(self) -> None:
        self.taken: dict[int, tuple[int, int]] = {}
        self.errors: dict[int, int] = {}

    def listen(self, told):
        self.told = told

    def register(self, number, modifiers, key):
        if key in self.errors:
            return self.errors[key]
        self.taken[number] = (modifiers, key)
        return 0

    def unregister(self, number):
        del self.taken[number]


@pytest.fixture
def mac():
    return FakeMac()


@pytest.fixture
def hotkeys(mac):
    hotkeys = MacHotkeys(lambda: mac)
    yield hotkeys
    hotkeys.close()
    assert mac.taken == {}


def test_a_key_is_heard_going_down_and_up_and_not_after_it_was_unbound(mac, hotkeys):
    heard = queue.SimpleQueue()
    assert hotkeys.fault() == ""
    assert hotkeys.bind({"dictate": "Ctrl+Alt+Space", "cancel": "F9"}, heard.put) == {}
    assert mac.taken == {1: (0x1800, 49), 2: (0, 101)}
    mac.told(1, True)
    mac.told(1, False)
    mac.told(3, True)
    changes = [heard.get(timeout=5) for _ in range(2)]
    assert [(change.name, change.change) for change in changes] == [("dictate", "down"), ("dictate", "up")]
    mac.told(1, True)
    hotkeys.bind({"dictate": "F10"}, heard.put)
    assert [heard.get(timeout=5).change for _ in range(2)] == ["down", "up"], "it is let go of with the binding"
    mac.told(2, True)
    hotkeys.close()
    assert heard.empty()


def test_what_could_not_be_had_is_said_key_by_key_and_the_others_are(mac, hotkeys):
    mac.errors = {122: -9878, 120: -50}
    unbound = hotkeys.bind({"one": "F1", "two": "F2", "three": "Pause", "four": "Meta+D"}, print)
    assert "another program" in unbound["one"]
    assert "error -50" in unbound["two"]
    assert "no key" in unbound["three"]
    assert list(mac.taken.values()) == [(0x100, 2)]


def test_combinations_are_virtual_keys():
    assert [virtual_key(one) for one in ("Ctrl+Shift+V", "Alt+0", "Hyper+A", "")] == [
        (0x1200, 9),
        (0x800, 29),
        None,
        None,
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="this is macOS")
def test_another_system_says_that_it_is_none():
    hotkeys = MacHotkeys()
    assert "not macOS" in hotkeys.fault()
    assert "not macOS" in hotkeys.bind({"dictate": "F1"}, print)["dictate"]
