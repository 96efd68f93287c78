"""The engine loads once, runs streams in their order, and outlives a session that breaks."""

from __future__ import annotations

import itertools
import queue
import threading

import numpy as np
import pytest
from support.fakes import FakeRecognizer, ScriptedSession

from app.engine import Engine, ModelFailed, ModelReady, SessionEnded, Transcribed
from s2t_core.errors import CheckpointError
from s2t_core.types import AudioChunk


def chunks(count=3, start=0):
    for index in range(count):
        yield AudioChunk(np.zeros(1600, np.float32), 16000, start + index * 1600)


def run(load, *streams):
    messages: queue.SimpleQueue = queue.SimpleQueue()
    engine = Engine(load, messages.put)
    engine.start()
    for stream in streams:
        engine.listen(stream)
    engine.shut_down()
    engine.join(10)
    assert not engine.is_alive()
    return [messages.get() for _ in range(messages.qsize())]


def test_messages_come_in_order_and_the_clock_follows_the_audio():
    session = ScriptedSession(["one", "two", "three"])
    messages = run(lambda: FakeRecognizer(session), chunks())
    assert isinstance(messages[0], ModelReady)
    transcribed = [message for message in messages if isinstance(message, Transcribed)]
    assert [round(message.clock.audio_s, 1) for message in transcribed] == [0.1, 0.2, 0.3, 0.3]
    assert all(a.clock.wall_s <= b.clock.wall_s for a, b in itertools.pairwise(transcribed))
    assert transcribed[-1].events[0].segment.committed == "one two three"
    assert isinstance(messages[-1], SessionEnded) and messages[-1].error is None


def test_the_model_is_used_on_the_engines_thread_alone_and_warmed_before_the_first_word():
    threads = []
    before = FakeRecognizer.decoder.warmed

    def load():
        threads.append(threading.current_thread().name)
        return FakeRecognizer(ScriptedSession([]))

    run(load, chunks())
    assert threads == ["engine"]
    assert FakeRecognizer.decoder.warmed == before + 1


def test_a_model_that_does_not_load_is_reported_and_ends_the_engine():
    def load():
        raise CheckpointError("No weights.", "Get some.")

    (message,) = run(load, chunks())
    assert isinstance(message, ModelFailed)
    assert str(message.error) == "No weights. Get some."


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_session_that_breaks_is_reported_and_the_next_one_runs():
    messages = run(
        lambda: FakeRecognizer(ScriptedSession(["a", "b"], fails_at=1), ScriptedSession(["c"])), chunks(), chunks()
    )
    first, second = (message for message in messages if isinstance(message, SessionEnded))
    assert "The session broke" in str(first.error)
    assert second.error is None


def test_what_was_heard_before_a_failure_is_still_written():
    messages = run(lambda: FakeRecognizer(ScriptedSession(["a", "b"], fails_at=1)), chunks())
    last = [message for message in messages if isinstance(message, Transcribed)][-1]
    assert last.events[0].segment.committed == "a"


def test_lost_audio_is_summed_up():
    from s2t_core.events import AudioLost

    class LossySession(ScriptedSession):
        def push(self, chunk):
            return (AudioLost(0, 8000),) if chunk.start == 1600 else ()

    messages = run(lambda: FakeRecognizer(LossySession([])), chunks())
    assert messages[-1].lost_s == 0.5


def test_every_speaker_has_a_session_and_the_events_say_whose_they_are():
    from s2t_core.events import AudioLost

    class LossySession(ScriptedSession):
        def push(self, chunk):
            return (AudioLost(0, 8000), *super().push(chunk))

    def meeting():
        for index, name in enumerate(["Ann", "Bob", "Ann"]):
            yield AudioChunk(np.zeros(1600, np.float32), 16000, index * 1600, name)

    ann, bob = LossySession(["hello", "there"]), ScriptedSession(["hi"])
    messages = run(lambda: FakeRecognizer(ann, bob), meeting())
    events = [event for message in messages if isinstance(message, Transcribed) for event in message.events]
    said = [
        (e.speaker, "lost") if isinstance(e, AudioLost) else (e.segment.speaker, e.segment.committed) for e in events
    ]
    assert said[-2:] == [("Ann", "hello there"), ("Bob", "hi")]
    assert said[0] == ("Ann", "lost") and ("Bob", "") in said
    assert [len(session.heard) for session in (ann, bob)] == [2, 1]
    assert messages[-1].error is None and messages[-1].clock.audio_s == pytest.approx(0.3)


def test_a_stream_without_a_chunk_ends_well():
    messages = run(lambda: FakeRecognizer(ScriptedSession([])), iter(()))
    assert isinstance(messages[-1], SessionEnded) and messages[-1].error is None
