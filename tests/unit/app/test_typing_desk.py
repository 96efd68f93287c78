"""From the key to the words in another window: the real desks and typist, with windows that are strings."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from support.fakes import FakeRecognizer, FakeSource
from support.strings import Clipboard, Desk, Keys, Quiet

import app.desk.desktop as desktop_module
from app.desk.desktop import Desktop
from app.desk.hotkey_desk import HotkeyDesk
from app.desk.typing_desk import TypingDesk, left_over
from app.engine import Engine
from app.errors import AudioError
from app.hotkey.contract import KeyChange
from app.output.contract import Target
from app.output.typist import Inserted
from app.paths import settings_file
from app.settings import InsertionSettings, Settings
from app.state import State
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.streaming.mark import SessionMark
from s2t_core.types import DecodingOptions, Segment


class Fingers:
    """Global keys that a test presses."""

    name, asks = "fingers", False

    def __init__(self):
        self.keys, self._changed = {}, None

    def fault(self):
        return ""

    def bind(self, keys, changed):
        self.keys, self._changed = dict(keys), changed
        return {}

    def press(self, name):
        self._changed(KeyChange(name, "down", time.monotonic()))

    def let_go(self, name):
        self._changed(KeyChange(name, "up", time.monotonic()))

    def tap(self, name="toggle"):
        self.press(name)
        self.let_go(name)

    def close(self):
        self.keys = {}


class Saying:
    """Settles these words with the first chunk; they end when the source does."""

    mark = SessionMark(0, 0)

    def __init__(self, text):
        self.text, self._said = text, False

    def push(self, chunk):
        if self._said or not self.text:
            return ()
        self._said = True
        return (SegmentUpdated(Segment(0, 0, 100, self.text, "and")),)

    def finish(self):
        return (SegmentClosed(Segment(0, 0, 200, f"{self.text} end.")),) if self.text else ()


@pytest.fixture
def begin(qtbot, monkeypatch):
    """A desktop whose dictations say these texts."""
    made = []

    def build(*texts, settings=None, source=FakeSource):
        monkeypatch.setattr(desktop_module, "make_source", lambda _, sound, say: sources.append(sound) or source())
        monkeypatch.setattr(desktop_module, "find_inputs", lambda again: ([("System default", "")], ""))
        monkeypatch.setattr(desktop_module.InputWatch, "start", lambda self: None)
        recognizer, sources = FakeRecognizer(*map(Saying, texts)), []
        desktop = Desktop(lambda: recognizer, settings_file(), DecodingOptions())
        qtbot.addWidget(desktop.window)
        if settings is not None:
            desktop.use(settings)
        desktop.place, desktop.fingers, desktop.sources = Desk(), Fingers(), sources
        desktop.clipboard = Clipboard(desktop.place)
        ways = [Keys(desktop.place), desktop.clipboard]
        desktop.keys = HotkeyDesk(desktop.settings, desktop.fingers)
        desktop.typing = TypingDesk(desktop, desktop.keys, lambda: (desktop.place, Quiet(), ways))
        desktop.open()
        desktop.typing.open()
        qtbot.waitUntil(lambda: desktop.controller.model_state() == "ready")
        made.append(desktop)
        return desktop

    yield build
    for desktop in made:
        desktop.shut_down(10)
        assert desktop.typing.shut_down()


@pytest.fixture
def dictate(qtbot):
    """Tap, speak, tap; ends with the words inserted or left over."""

    def speak(desktop):
        desktop.fingers.tap()
        qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
        desktop.fingers.tap()
        qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
        qtbot.waitUntil(lambda: desktop.keys.pill.look in ("done", "waiting", "fault"))

    return speak


def holds(desktop, text, window="a"):
    return lambda: desktop.place.windows[window] == text


def test_words_are_inserted_as_they_are_settled(qtbot, begin):
    desktop = begin("One two")
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two"))
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two end."))
    qtbot.waitUntil(lambda: desktop.keys.pill.text == "3 words")
    assert desktop.controller.document.text == "One two end."


@pytest.mark.parametrize("how", ["held", "set"])
def test_at_the_end_only_where_the_key_is_held_or_the_user_wishes_it(qtbot, begin, how):
    when = "stop" if how == "set" else "live"
    desktop = begin("One two", settings=Settings(insertion=InsertionSettings(when=when)))
    desktop.fingers.press("toggle")
    if how == "set":
        desktop.fingers.let_go("toggle")
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    qtbot.wait(450)  # by now it is a hold
    assert desktop.place.windows["a"] == ""
    if how == "set":
        desktop.fingers.press("toggle")
    desktop.fingers.let_go("toggle")
    qtbot.waitUntil(holds(desktop, "One two end."))


def test_what_is_cancelled_is_not_inserted_but_can_be(qtbot, begin):
    desktop = begin("One two", settings=Settings(insertion=InsertionSettings(when="stop")))
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    assert "cancel" in desktop.fingers.keys
    desktop.fingers.tap("cancel")
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert desktop.keys.pill.look == "cancelled" and "cancel" not in desktop.fingers.keys
    assert desktop.place.windows["a"] == ""
    desktop.fingers.tap("insert_last")
    qtbot.waitUntil(holds(desktop, "One two end."))


def test_the_last_dictation_is_inserted_again_and_taken_back(qtbot, begin, dictate):
    desktop = begin("One two")
    dictate(desktop)
    desktop.place.now = Target("b")
    desktop.fingers.tap("insert_last")
    qtbot.waitUntil(holds(desktop, "One two end.", "b"))
    desktop.fingers.tap("take_back")
    qtbot.waitUntil(holds(desktop, "", "b"))
    qtbot.waitUntil(lambda: desktop.keys.pill.text == "Taken back")
    assert desktop.place.windows["a"] == "One two end."


def test_what_waits_is_said_with_the_key_that_inserts_it(qtbot, begin):
    desktop = begin("One two")
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two"))
    desktop.place.now = Target("b")
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.keys.pill.look == "waiting")
    assert "1 word waits. Ctrl+Alt+V inserts" in desktop.keys.pill.text
    assert desktop.window.notice.text == desktop.keys.pill.text
    desktop.fingers.tap("insert_last")
    qtbot.waitUntil(holds(desktop, "end.", "b"))


def test_a_password_field_ends_the_recording_at_once(qtbot, begin):
    desktop = begin("Secret")
    desktop.place.now = Target("a", is_secret=True)
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.keys.pill.look == "fault")
    assert "password" in desktop.keys.pill.text
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert desktop.place.windows["a"] == ""


def test_where_windows_are_not_told_the_text_is_copied_and_said_to_be(qtbot, begin, dictate):
    desktop = begin("One two")
    desktop.place.now = None
    dictate(desktop)
    assert desktop.clipboard.text == "One two end."
    assert "copied" in desktop.keys.pill.text and desktop.place.windows["a"] == ""


def test_a_recording_of_the_window_stays_there_and_the_key_ends_it(qtbot, begin):
    desktop = begin("One two")
    desktop.window.start_requested.emit("")
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert desktop.controller.document.text == "One two end." and desktop.place.windows["a"] == ""
    assert not desktop.keys.pill.isVisible()


def test_a_microphone_that_cannot_be_opened_is_said_over_the_other_window(qtbot, begin):
    desktop = begin(source=lambda: FakeSource(error=AudioError("No microphone.", "Plug one in.")))
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.keys.pill.look == "fault")
    assert desktop.keys.pill.text == "No microphone. Plug one in."
    assert not desktop.typing.runs


def test_a_dictation_that_is_asked_for_while_the_last_one_ends_follows_it(qtbot, begin):
    desktop = begin("One two", "Three", settings=Settings(insertion=InsertionSettings(when="stop")))
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.fingers.tap()
    desktop.fingers.tap()  # at once, before its last words are there
    qtbot.waitUntil(holds(desktop, "One two end."))
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two end. Three end."))


def test_an_input_that_is_lost_ends_the_dictation_and_its_words_are_inserted(qtbot, begin):
    source = FakeSource()
    desktop = begin("One two", source=lambda: source)
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two"))
    source.broken = "It is gone."
    qtbot.waitUntil(holds(desktop, "One two end."))
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)


def test_a_dictation_hears_the_microphone_alone_though_meetings_are_on(qtbot, begin):
    desktop = begin("One two", "Three")
    desktop.window.actions_by_name["meeting"].setChecked(True)
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two"))
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    desktop.window.start_requested.emit("")
    assert [sound.meeting for sound in desktop.sources] == [False, True]


def test_a_desktop_that_asks_its_user_for_keys_holds_nothing_up(qtbot):
    asked = threading.Event()

    class Slow(Fingers):
        asks = True

        def bind(self, keys, changed):
            assert asked.wait(20)
            return {"toggle": "The desktop does not give this key."}

    desk = HotkeyDesk(Settings(), Slow())
    began = time.monotonic()
    desk.open()
    assert time.monotonic() - began < 5 and desk.faults == {}
    with qtbot.waitSignal(desk.noticed) as told:
        asked.set()
    assert told.args == ["The desktop does not give this key."]
    desk.close()


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (Inserted("One two."), ""),
        (Inserted(""), ""),
        (Inserted("", why="Broken."), "Broken."),
        (Inserted("One", "two three", "It moved."), "It moved. 2 words wait. F9 inserts them where the cursor is."),
        (Inserted("", is_copied=True), "The text is copied: paste it where you want it."),
    ],
)
def test_what_is_said_of_a_dictation(done, said):
    assert left_over(done, "F9") == said


AT_THE_END = Settings(insertion=InsertionSettings(when="stop"))


@pytest.mark.parametrize("asked", ["take_back", "insert_last"])
def test_what_cannot_be_done_meanwhile_leaves_the_dictation_to_its_keys(qtbot, begin, asked):
    desktop = begin("One two", settings=AT_THE_END)
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.fingers.tap(asked)
    qtbot.waitUntil(lambda: desktop.keys.pill.look == "fault")
    assert "cancel" in desktop.fingers.keys
    qtbot.waitUntil(lambda: desktop.keys.pill.look in ("arming", "listening"), timeout=9000)
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two end."))


def test_settings_that_change_during_a_hold_do_not_leave_it_without_an_end(qtbot, begin):
    desktop = begin("One two")
    desktop.fingers.press("toggle")
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.use(replace(desktop.settings, view=replace(desktop.settings.view, text_scale=2.0)))
    qtbot.wait(450)
    desktop.fingers.let_go("toggle")
    qtbot.waitUntil(holds(desktop, "One two end."))


@pytest.fixture
def draining(begin, monkeypatch, qtbot):
    """A dictation whose last words do not come until they are let."""

    def build(*texts, window=False):
        said = threading.Event()
        finish = Saying.finish
        monkeypatch.setattr(Saying, "finish", lambda self: (said.wait(20), finish(self))[1])
        desktop = begin(*texts, settings=AT_THE_END)
        desktop.window.start_requested.emit("") if window else desktop.fingers.tap()
        qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
        desktop.controller.stop()
        return desktop, said

    return build


@pytest.mark.parametrize("how", ["cancel", "end"])
@pytest.mark.parametrize("window", [False, True])
def test_one_that_was_asked_for_and_is_no_longer_wanted_leaves_nothing_behind(qtbot, draining, how, window):
    desktop, said = draining("One two", "Three", window=window)
    desktop.fingers.tap()
    assert "cancel" in desktop.fingers.keys
    getattr(desktop.typing, how)()  # as `dictate ctl` does
    assert desktop.keys.pill.look == "cancelled" and "cancel" not in desktop.fingers.keys
    said.set()
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    assert not desktop.typing.runs and "cancel" not in desktop.fingers.keys
    desktop.fingers.tap()
    assert desktop.typing.runs
    desktop.fingers.tap()


def test_one_that_follows_goes_where_the_keyboard_was_when_it_was_asked_for(qtbot, draining):
    desktop, said = draining("One two", "Three")
    desktop.place.now = Target("b")
    desktop.fingers.tap()
    qtbot.wait(100)
    desktop.place.now = Target("c")
    said.set()
    qtbot.waitUntil(lambda: desktop.controller.state in (State.ARMING, State.LISTENING))
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.place.now = Target("b")
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "Three end.", "b"))


def test_a_password_field_ends_no_recording_that_has_nothing_to_do_with_it(qtbot, begin, dictate):
    desktop = begin("One two", "A meeting")
    dictate(desktop)
    desktop.window.start_requested.emit("")
    qtbot.waitUntil(lambda: desktop.controller.state is State.LISTENING)
    desktop.place.now = Target("b", is_secret=True)
    desktop.fingers.tap("insert_last")
    qtbot.waitUntil(lambda: "password" in desktop.window.notice.text)
    assert desktop.controller.state is State.LISTENING and desktop.place.windows["b"] == ""


def test_what_waits_outlives_a_dictation_in_which_nothing_is_said(qtbot, begin, dictate):
    desktop = begin("One two", "")
    desktop.fingers.tap()
    qtbot.waitUntil(holds(desktop, "One two"))
    desktop.place.now = Target("b")
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.keys.pill.look == "waiting")
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.controller.state is State.LISTENING)
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.keys.pill.text == "Nothing was heard")
    desktop.fingers.tap("insert_last")
    qtbot.waitUntil(holds(desktop, "end.", "b"))


def test_what_is_still_being_inserted_is_not_inserted_once_more(qtbot, begin, monkeypatch):
    desktop, go_on = begin("One two", settings=AT_THE_END), threading.Event()
    insert = Keys.insert
    monkeypatch.setattr(Keys, "insert", lambda *words: (go_on.wait(20), insert(*words))[1])
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    desktop.fingers.tap("insert_last")
    go_on.set()
    qtbot.waitUntil(lambda: desktop.keys.pill.text == "3 words")
    qtbot.wait(100)
    assert desktop.place.windows["a"] == "One two end."


def test_words_that_a_slow_window_has_not_got_yet_do_not_come_after_they_are_cancelled(qtbot, begin, monkeypatch):
    desktop, go_on = begin("One two"), threading.Event()
    monkeypatch.setattr(desktop.place, "target", lambda: (go_on.wait(20), desktop.place.now)[1])
    desktop.fingers.tap()
    qtbot.waitUntil(lambda: bool(desktop.controller.document.open))
    desktop.fingers.tap("cancel")
    go_on.set()
    qtbot.waitUntil(lambda: desktop.controller.state is State.IDLE)
    qtbot.wait(100)
    assert desktop.place.windows["a"] == ""


def test_in_our_own_window_nothing_is_inserted_and_nobody_says_that_nothing_was_heard(qtbot, begin, dictate):
    desktop = begin("One two")
    desktop.place.now = Target("a", is_own=True)
    dictate(desktop)
    assert desktop.keys.pill.text == "3 words" and desktop.place.windows["a"] == ""


def test_a_model_that_cannot_be_loaded_is_said_where_the_dictation_was_begun(qtbot, begin):
    desktop, go_on = begin(), threading.Event()

    def load():
        go_on.wait(20)
        raise OSError("No model.")

    desktop.controller.shut_down(10)
    desktop.controller._engine = Engine(load, desktop.controller._reported.emit)
    desktop.controller._engine.start()
    desktop.fingers.tap()
    go_on.set()
    qtbot.waitUntil(lambda: desktop.controller.state is State.FAILED)
    qtbot.wait(50)
    assert "could not be loaded" in desktop.keys.pill.text
