"""Every state of the program and every failure, with fakes for source and session."""

from __future__ import annotations

import pytest
from support.fakes import FakeRecognizer, FakeSource, ScriptedSession, Unshaped

from app.controller import DictationController
from app.errors import AudioError
from app.state import State
from s2t_core.errors import CheckpointError
from s2t_core.events import AudioLost
from s2t_core.types import DecodingOptions, Phrase


@pytest.fixture
def make(qtbot):
    made = []

    def build(*sessions, source=None, load=None, phrases=()):
        sources = source if isinstance(source, list) else [source or FakeSource()]
        load = load or (lambda: FakeRecognizer(*sessions))
        controller = DictationController(load, lambda name: sources.pop(0), Unshaped, lambda: DecodingOptions(phrases))
        controller.states, controller.notices = [], []
        controller.state_changed.connect(controller.states.append)
        controller.noticed.connect(controller.notices.append)
        made.append(controller)
        return controller

    yield build
    for controller in made:
        controller.shut_down(5)


def reaches(qtbot, controller, state):
    qtbot.waitUntil(lambda: controller.state is state, timeout=30000)


def test_a_dictation_goes_from_arming_to_listening_to_draining_to_idle(qtbot, make):
    controller = make(ScriptedSession(["one", "two"]))
    controller.load()
    controller.start("")
    reaches(qtbot, controller, State.LISTENING)
    qtbot.waitUntil(lambda: controller.document.text == "one two")
    controller.stop()
    reaches(qtbot, controller, State.IDLE)
    assert controller.states == [State.ARMING, State.LISTENING, State.DRAINING, State.IDLE]
    assert controller.document.settled_text == "one two"
    assert controller.notices == [""]


def test_sound_that_is_not_transcribed_yet_is_the_lag(qtbot, make):
    source = FakeSource()
    controller = make(ScriptedSession(["one", "two", "three"]), source=source)
    lags = []
    controller.lag_changed.connect(lags.append)
    source.received_s = lambda: 5.0  # far more than the three chunks it gives
    controller.start("")
    qtbot.waitUntil(lambda: lags == [5])
    controller.load()
    qtbot.waitUntil(lambda: controller.document.text == "one two three")
    controller.stop()
    reaches(qtbot, controller, State.IDLE)
    assert lags[-1] == 0


def test_what_is_said_before_the_model_is_loaded_is_transcribed_afterwards(qtbot, make):
    controller = make(ScriptedSession(["early"]))
    controller.start("")
    assert controller.state is State.ARMING
    controller.load()
    qtbot.waitUntil(lambda: controller.document.text == "early")


def test_a_model_that_cannot_be_woken_up_is_said_and_the_next_recording_is_heard(qtbot, make, monkeypatch):
    monkeypatch.setattr("app.engine._LOOK_S", 0.01)
    loads = []

    def load():
        loads.append(1)
        if len(loads) == 2:
            raise CheckpointError("No memory.", "Close something.")
        return FakeRecognizer(ScriptedSession(["late"]))

    controller = make(source=[FakeSource(), FakeSource()], load=load)
    controller._engine._rest_s = lambda: 0.01
    controller.load()
    qtbot.waitUntil(lambda: controller.model_state() == "asleep")
    controller.start("")
    reaches(qtbot, controller, State.IDLE)
    assert controller.notices[-1] == "No memory. Close something."
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "late")


def test_a_second_dictation_goes_on_in_the_same_document(qtbot, make):
    controller = make(ScriptedSession(["one"]), ScriptedSession(["two"]), source=[FakeSource(), FakeSource()])
    controller.load()
    for text in ("one", "one\n\ntwo"):
        controller.start("")
        qtbot.waitUntil(lambda text=text: controller.document.text == text)
        controller.stop()
        reaches(qtbot, controller, State.IDLE)


def test_a_paused_recording_goes_on_with_its_time_and_without_a_paragraph(qtbot, make):
    sessions = ScriptedSession(["one"]), ScriptedSession(["two"])
    controller = make(*sessions, source=[FakeSource(), FakeSource()])
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "one")
    controller.pause()
    assert controller.state is State.PAUSING
    reaches(qtbot, controller, State.PAUSED)
    assert controller.document.open == ()
    controller.resume("")
    qtbot.waitUntil(lambda: controller.document.text == "one two")
    assert sessions[1].heard[0].start == 300
    controller.stop()
    reaches(qtbot, controller, State.IDLE)
    assert controller.document.session_starts == (0,)


def test_a_paused_recording_can_be_stopped_and_a_pausing_one_too(qtbot, make):
    controller = make(ScriptedSession(["one"]), ScriptedSession(["two"]), source=[FakeSource(), FakeSource()])
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "one")
    controller.pause()
    controller.stop()
    assert controller.state is State.DRAINING
    reaches(qtbot, controller, State.IDLE)
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text.endswith("two"))
    controller.pause()
    reaches(qtbot, controller, State.PAUSED)
    controller.stop()
    assert controller.state is State.IDLE


def test_an_input_that_cannot_be_opened_again_leaves_the_recording_paused(qtbot, make):
    broken = FakeSource(error=AudioError("No microphone.", "Plug one in."))
    controller = make(ScriptedSession(["one"]), source=[FakeSource(), broken])
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "one")
    controller.pause()
    reaches(qtbot, controller, State.PAUSED)
    controller.resume("")
    assert controller.state is State.PAUSED
    assert controller.notices[-1] == "No microphone. Plug one in."


def test_a_phrase_that_cannot_be_spelt_is_said_and_speech_is_heard_without_it(qtbot, make):
    controller = make(ScriptedSession(["heard"]), phrases=(Phrase("unspellable"),))
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "heard")
    assert controller.notices[-1] == "A phrase cannot be spelt. Leave it out."


def test_a_session_that_breaks_off_keeps_what_was_shown_and_the_recording_can_go_on(qtbot, make):
    broken, again, pieces = ScriptedSession(["one", "two"]), ScriptedSession([]), ScriptedSession([])

    def fail():
        raise CheckpointError("Out of memory.", "Close something.")

    broken.finish = again.finish = pieces.finish = fail
    sessions = broken, again, pieces, ScriptedSession([]), ScriptedSession(["three"])
    controller = make(*sessions, source=[FakeSource(), FakeSource()])
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "one two")
    controller.pause()
    reaches(qtbot, controller, State.PAUSED)
    assert controller.document.text == "one two [0.0 s of sound lost]" and controller.document.open == ()
    controller.resume("")
    qtbot.waitUntil(lambda: controller.document.text.endswith("three"))


def test_sound_that_never_arrived_is_counted(qtbot, make):
    session = ScriptedSession([])
    session.finish = lambda: (AudioLost(16000, 24000),)
    controller = make(session)
    lost = []
    controller.lost_changed.connect(lost.append)
    controller.load()
    controller.start("")
    controller.stop()
    reaches(qtbot, controller, State.IDLE)
    assert lost == [0.0, 0.5]


def test_a_source_that_does_not_open_is_said_and_leaves_the_program_idle(qtbot, make):
    controller = make(source=FakeSource(error=AudioError("No microphone.", "Plug one in.")))
    controller.load()
    controller.start("")
    assert controller.state is State.IDLE
    assert controller.notices[-1] == "No microphone. Plug one in."


def test_a_source_that_breaks_is_said_and_the_recording_waits(qtbot, make):
    source = FakeSource()
    controller = make(ScriptedSession(["kept"]), source=source)
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text == "kept")
    source.broken = "The microphone was disconnected."
    reaches(qtbot, controller, State.PAUSED)
    assert controller.notices[-1] == "The microphone was disconnected."
    assert controller.document.settled_text == "kept"


def test_a_source_that_cannot_be_opened_is_said_and_ends_the_recording(qtbot, make):
    source = FakeSource(silent=True)
    source.broken = "No microphone was found."
    controller = make(ScriptedSession([]), source=source)
    controller.load()
    controller.start("")
    assert controller.state is State.ARMING
    qtbot.waitUntil(lambda: controller.notices[-1] == "No microphone was found.")
    reaches(qtbot, controller, State.IDLE)
    assert State.PAUSING not in controller.states


def test_a_recording_waits_while_sound_stays_away_and_listens_again(qtbot, make, monkeypatch):
    monkeypatch.setattr("app.controller._SILENT_LOOKS", 2)
    source, received_s = FakeSource(), [1.0]
    source.received_s = lambda: received_s[0]
    controller = make(ScriptedSession(["one"]), source=source)
    controller.load()
    controller.start("")
    reaches(qtbot, controller, State.LISTENING)
    reaches(qtbot, controller, State.ARMING)
    received_s[0] = 9.0
    reaches(qtbot, controller, State.LISTENING)
    assert controller.states == [State.ARMING, State.LISTENING] * 2


def test_a_source_that_sends_nothing_stays_arming(qtbot, make):
    controller = make(ScriptedSession([]), source=FakeSource(silent=True))
    controller.load()
    controller.start("")
    qtbot.wait(400)
    assert controller.state is State.ARMING


def test_a_session_that_breaks_is_said_and_the_next_dictation_works(qtbot, make):
    sessions = [ScriptedSession(["a"], fails_at=0) for _ in range(3)]
    controller = make(*sessions, ScriptedSession([]), ScriptedSession(["b"]), source=[FakeSource(), FakeSource()])
    controller.load()
    controller.start("")
    qtbot.waitUntil(lambda: "sound lost" in controller.document.text)
    assert "(The session broke. Try again.)" in controller.notices[-1]
    controller.stop()
    reaches(qtbot, controller, State.IDLE)
    controller.start("")
    qtbot.waitUntil(lambda: controller.document.text.endswith("b"))


def test_a_model_that_does_not_load_ends_in_failed_and_is_said(qtbot, make):
    def load():
        raise CheckpointError("No weights.", "Get some.")

    controller = make(load=load)
    controller.start("")
    controller.load()
    reaches(qtbot, controller, State.FAILED)
    assert controller.notices[-1] == "No weights. Get some."


def test_start_and_stop_at_the_wrong_time_do_nothing(qtbot, make):
    controller = make(ScriptedSession(["one"]))
    controller.load()
    controller.stop()
    assert controller.state is State.IDLE
    controller.start("")
    controller.start("")
    controller.stop()
    controller.stop()
    reaches(qtbot, controller, State.IDLE)
    assert controller.states.count(State.DRAINING) == 1
