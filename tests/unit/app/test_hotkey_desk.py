"""The desk of the global keys: what presses ask for, which keys are held when, what the sign says."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from app.desk.hotkey_desk import HotkeyDesk
from app.hotkey.contract import KeyChange
from app.hotkey.platform import desktop
from app.output.contract import Target
from app.settings import InsertionSettings, KeySettings, Settings
from app.state import State

KEYS = {"toggle": "Ctrl+Alt+Space", "insert_last": "Ctrl+Alt+V", "take_back": "Ctrl+Alt+Backspace"}


class FakeHotkeys:
    name = "fake"
    asks = False

    def __init__(self):
        self.bound, self.faults, self.closed = [], {}, False

    def fault(self):
        return ""

    def bind(self, keys, changed):
        self.bound.append(dict(keys))
        self.changed = changed
        return {name: fault for name, fault in self.faults.items() if name in keys}

    def close(self):
        self.closed = True

    def press(self, name, change="down", at_s=None):
        self.changed(KeyChange(name, change, time.monotonic() if at_s is None else at_s))


@pytest.fixture
def keys():
    return FakeHotkeys()


@pytest.fixture
def desk(qtbot, keys):
    made = HotkeyDesk(Settings(), keys)
    qtbot.addWidget(made.pill)
    made.told = []
    made.begin.connect(lambda held: made.told.append(("begin", held)))
    made.taken.connect(lambda held: made.told.append(("taken", held)))
    for name in ("end", "cancel", "insert_last", "take_back"):
        getattr(made, name).connect(lambda name=name: made.told.append(name))
    made.noticed.connect(lambda line: made.told.append(("noticed", line)))
    made.open()
    yield made
    made.close()
    assert keys.closed


def test_a_tap_begins_and_the_next_ends(desk, keys):
    keys.press("toggle")
    assert desk.told == [("begin", True)] and desk.pill.text == "Waiting for sound"
    desk.show(State.ARMING)
    keys.press("toggle", "up")
    desk.show(State.LISTENING)
    keys.press("toggle")
    keys.press("toggle", "up")
    assert desk.told == [("begin", True), ("taken", False), "end"]


def test_a_hold_is_told_as_soon_as_it_is_one(desk, keys, qtbot):
    keys.press("toggle")
    desk.show(State.ARMING)
    qtbot.waitUntil(lambda: ("taken", True) in desk.told)
    keys.press("toggle", "up")
    assert desk.told == [("begin", True), ("taken", True), "end"]


def test_esc_is_held_only_while_a_dictation_runs_that_was_begun_here(desk, keys):
    assert keys.bound == [KEYS]
    keys.press("toggle")
    assert keys.bound[-1] == KEYS | {"cancel": "Esc"}
    keys.press("toggle", "up")
    desk.show(State.LISTENING)
    keys.press("cancel")
    assert desk.told[-1] == "cancel" and keys.bound[-1] == KEYS and len(keys.bound) == 3
    keys.press("cancel")
    assert desk.told.count("cancel") == 1
    desk.show(State.IDLE)
    desk.show(State.LISTENING)  # begun in the window: Esc is that of other programs
    assert keys.bound[-1] == KEYS and len(keys.bound) == 3
    keys.press("toggle")
    assert desk.told[-1] == "end"


def test_a_dictation_that_ends_by_itself_is_over_for_the_keys_too(desk, keys):
    keys.press("toggle")
    desk.show(State.ARMING)
    keys.press("toggle", "up")
    desk.show(State.DRAINING)
    desk.show(State.IDLE)
    assert keys.bound[-1] == KEYS
    keys.press("toggle")
    assert desk.told[-1] == ("begin", True)


def test_one_that_is_asked_for_while_another_ends_is_waited_for(desk, keys):
    desk.show(State.LISTENING)
    keys.press("toggle")
    keys.press("toggle", "up")
    desk.show(State.DRAINING)
    keys.press("toggle")
    desk.show(State.IDLE)  # of the one before
    desk.show(State.ARMING)
    time.sleep(0.45)
    keys.press("toggle", "up")
    assert desk.told == ["end", ("begin", True), ("taken", True), "end"]


def test_one_that_cannot_begin_says_so_and_the_key_begins_again(desk, keys):
    keys.press("toggle")
    desk.fail("No microphone was found. Plug one in.")
    assert desk.pill.text.startswith("No microphone") and desk.pill.look == "fault"
    keys.press("toggle", "up")
    keys.press("toggle")
    assert desk.told == [("begin", True), ("begin", True)]


def test_without_a_key_it_begins_and_ends_as_well(desk):
    desk.toggle()
    desk.show(State.ARMING)
    desk.toggle()
    assert desk.told == [("begin", False), "end"]


def test_the_other_keys_ask_once_a_press(desk, keys):
    keys.press("insert_last", at_s=1.0)
    keys.press("insert_last", at_s=1.5)
    keys.press("insert_last", "up", at_s=1.6)
    keys.press("insert_last", at_s=1.7)
    keys.press("take_back", at_s=2.0)
    keys.press("insert_last", at_s=9.0)  # its release was lost
    assert desk.told == ["insert_last", "insert_last", "take_back", "insert_last"]


@pytest.mark.parametrize(("text", "said"), [("", "Nothing was heard"), ("one", "1 word"), ("two\nwords", "2 words")])
def test_the_sign_says_how_much_arrived(desk, text, said):
    desk.toggle()
    desk.done(text)
    assert desk.pill.text == said
    desk.wait("Copied.")
    assert desk.pill.text == "Copied." and desk.pill.look == "waiting"
    desk.drop()
    assert desk.pill.look == "cancelled"


def test_the_sign_is_not_for_dictations_of_the_window_nor_for_who_switched_it_off(desk, keys):
    desk.show(State.LISTENING)
    assert not desk.pill.isVisible()
    desk.show(State.IDLE)
    desk.toggle()
    assert desk.pill.isVisible()
    desk.use(replace(Settings(), insertion=InsertionSettings(pill=False)))
    assert not desk.pill.isVisible()
    desk.show(State.LISTENING)
    assert not desk.pill.isVisible()


def test_settings_hold_at_once(desk, keys):
    desk.use(replace(Settings(), keys=KeySettings(toggle="F9", insert_last="", hold_ms=150)))
    assert keys.bound[-1] == {"toggle": "F9", "take_back": "Ctrl+Alt+Backspace"}
    keys.press("toggle", at_s=1.0)
    keys.press("toggle", "up", at_s=1.2)
    assert desk.told[-1] == "end"
    desk.use(replace(Settings(), keys=KeySettings(on=False)))
    assert keys.bound[-1] == {}


def test_while_keys_are_chosen_none_is_held(desk, keys):
    desk.rest(True)
    assert keys.bound[-1] == {}
    desk.rest(False)
    assert keys.bound[-1] == KEYS


def test_what_cannot_be_had_is_noticed_once(desk, keys):
    keys.faults = {"toggle": "It is taken. Choose another."}
    desk.use(replace(Settings(), keys=KeySettings(insert_last="Ctrl+C", take_back="F5")))
    ((_, line),) = desk.told
    assert "It is taken. Choose another." in line and "Ctrl+C is needed by every program." in line
    assert desk.faults.keys() == {"toggle", "insert_last"} and "insert_last" not in keys.bound[-1]
    keys.press("toggle")
    keys.press("toggle", "up")
    assert [told for told in desk.told if told[0] == "noticed"] == [("noticed", line)]
    keys.faults = {}
    desk.use(Settings())
    assert desk.told[-1] == ("noticed", "")


def test_the_sign_is_on_the_monitor_that_is_dictated_to(desk):
    desk.place(Target("7", area=(10, 10, 300, 200)))
    assert desk.pill._area == (10, 10, 300, 200)
    desk.place(None)
    assert desk.pill._area is None


def test_every_platform_has_its_own_way():
    assert desktop("linux", {"DISPLAY": ":0"}) == "x11" and desktop("linux", {}) == "x11"
    assert desktop("linux", {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}) == "wayland"
    assert desktop("win32", {}) == "win32" and desktop("darwin", {"DISPLAY": ":0"}) == "darwin"
