"""The engine loads once, runs streams in their order, and outlives a session that breaks."""

from __future__ import annotations

import itertools
import queue
import threading
import time
import weakref

import numpy as np
import pytest
from support.fakes import ClockDecoder, FakeRecognizer, LoudnessDetector, ScriptedSession

from app.engine import Engine
from app.errors import AudioError
from app.messages import ModelFailed, ModelReady, Noticed, SessionEnded, Stream, Transcribed
from s2t_core.errors import CheckpointError, S2TError
from s2t_core.events import AudioLost
from s2t_core.session import StreamSession
from s2t_core.streaming.config import SessionConfig
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import AudioChunk


def chunks(count=3, start=0):
    for index in range(count):
        yield AudioChunk(np.zeros(1600, np.float32), 16000, start + index * 1600)


def run(load, *streams, load_on_cpu=None):
    messages: queue.SimpleQueue = queue.SimpleQueue()
    engine = Engine(load, messages.put, load_on_cpu)
    engine.start()
    for stream in streams:
        engine.listen(stream if isinstance(stream, Stream) else Stream(stream))
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


class Hearing(FakeRecognizer):
    """Real sessions; `faults` of them, of the GPU's at first, break at their drafts."""

    def __init__(self, device, faults):
        super().__init__()
        self.device, self._faults = device, faults

    def open_session(self, config=None, *, mark=None):
        return StreamSession(Fragile(self._faults), LoudnessDetector(), SessionConfig(), mark)


class Fragile(ClockDecoder):
    """Breaks at the draft behind each of these lengths, in frames, and then no more."""

    def __init__(self, faults):
        super().__init__()
        self._faults = faults

    def draft(self, frames, *rest):
        if self._faults and len(frames) >= self._faults[0][0]:
            raise self._faults.pop(0)[1]
        return super().draft(frames, *rest)


def loud(seconds):
    for start in range(0, round(seconds * 16000), 1600):
        yield AudioChunk(np.full(1600, 0.5, np.float32), 16000, start)


def document_of(messages):
    document = TranscriptDocument()
    for message in messages:
        for event in message.events if isinstance(message, Transcribed) else ():
            document = document.apply(event)
    return document


def said(seconds):
    """What is heard where nothing breaks."""
    return document_of(run(lambda: Hearing("cpu", []), loud(seconds))).text


def test_an_exception_in_a_pass_loses_no_sound():
    faults = [(300, RuntimeError("once")), (500, ValueError("and again"))]
    messages = run(lambda: Hearing("cpu", faults), loud(7))
    assert document_of(messages).text == said(7)
    assert not faults and not [one for one in messages if isinstance(one, Noticed)]
    assert messages[-1].error is None and messages[-1].lost_s == 0


def test_where_the_gpu_fails_the_same_sound_is_heard_on_the_cpu_and_so_is_all_that_follows():
    on_cpu = []

    def load_on_cpu():
        on_cpu.append(Hearing("cpu", []))
        return on_cpu[0]

    gpu = Hearing("cuda", [(300, RuntimeError("CUDA error: out of memory"))] * 9)
    messages = run(lambda: gpu, loud(6), loud(3), load_on_cpu=load_on_cpu)
    ended = next(place for place, one in enumerate(messages) if isinstance(one, SessionEnded))
    assert document_of(messages[: ended + 1]).text == said(6) and document_of(messages[ended + 1 :]).text == said(3)
    (noticed,) = (one for one in messages if isinstance(one, Noticed))
    assert "graphics processor" in noticed.text and "out of memory" in noticed.text
    assert len(on_cpu) == 1


def test_a_model_that_the_gpu_does_not_take_is_loaded_on_the_cpu():
    def load():
        raise RuntimeError("CUDA driver version is insufficient")

    messages = run(load, loud(1), load_on_cpu=lambda: Hearing("cpu", []))
    assert [type(one) for one in messages[:2]] == [Noticed, ModelReady]
    assert messages[1].device == "cpu"


def test_sound_that_breaks_every_session_is_left_out_and_marked_and_what_was_shown_of_it_stays():
    class Poisoned(ClockDecoder):
        """Cannot decode a segment of more than three seconds."""

        def draft(self, frames, *rest):
            if len(frames) > 300:
                raise RuntimeError("this sound is poison")
            return super().draft(frames, *rest)

    class Recognizer(FakeRecognizer):
        def open_session(self, config=None, *, mark=None):
            return StreamSession(Poisoned(), LoudnessDetector(), SessionConfig(), mark)

    messages = run(lambda: Recognizer(), loud(5))
    document = document_of(messages)
    first, gap, last = document.closed
    assert first.committed.split()[:3] == ["w0", "w1", "w2"] and isinstance(gap, AudioLost)
    assert first.end_sample == gap.start_sample and gap.end_sample <= last.start_sample
    assert 0 < messages[-1].lost_s < 1
    assert any("could not be transcribed" in one.text for one in messages if isinstance(one, Noticed))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_cannot_go_on_at_all_is_reported_and_the_next_stream_runs():
    breaking = [ScriptedSession([], fails_at=0), ScriptedSession([], fails_at=0)]
    messages = run(lambda: FakeRecognizer(*breaking), chunks(), chunks())
    first, second = (message for message in messages if isinstance(message, SessionEnded))
    assert first.error is not None and second.error is not None
    assert isinstance(messages[0], ModelReady)


def test_what_was_heard_before_a_source_fails_is_still_written():
    def breaking():
        yield from loud(2)
        raise AudioError("The file ends.", "Get the rest.")

    messages = run(lambda: Hearing("cpu", []), breaking())
    assert document_of(messages).text == said(2)
    assert "The file ends." in str(messages[-1].error)


def test_the_journal_is_told_before_the_user_is():
    told = []

    class Telling:
        def text(self, speaker, events, mark, ends):
            told.append((speaker, events, mark.position))

    shown = []
    engine = Engine(lambda: Hearing("cpu", []), lambda one: shown.append((len(told), one)))
    engine.start()
    engine.listen(Stream(loud(3), journal=Telling()))
    engine.shut_down()
    engine.join(10)
    transcribed = [(count, one.events) for count, one in shown if isinstance(one, Transcribed)]
    assert [count for count, _ in transcribed] == list(range(1, len(told) + 1))
    assert [events for _, events in transcribed] == [events for _, events, _ in told]
    assert told[-1][2] == 3 * 16000


def test_a_stream_goes_on_where_its_marks_say():
    session = StreamSession(ClockDecoder(), LoudnessDetector(), SessionConfig())
    document = TranscriptDocument()
    for chunk in itertools.islice(loud(9), 40):
        for event in session.push(chunk):
            document = document.apply(event)
    mark = session.mark
    rest = (chunk for chunk in loud(9) if chunk.start >= mark.position)
    messages = run(lambda: Hearing("cpu", []), Stream(rest, marks={"": mark}))
    for message in messages:
        for event in message.events if isinstance(message, Transcribed) else ():
            document = document.apply(event)
    assert document.text == said(9)


def test_lost_audio_is_summed_up():
    class LossySession(ScriptedSession):
        def push(self, chunk):
            return (AudioLost(0, 8000),) if chunk.start == 1600 else ()

    messages = run(lambda: FakeRecognizer(LossySession([])), chunks())
    assert messages[-1].lost_s == 0.5


def test_every_speaker_has_a_session_and_the_events_say_whose_they_are():
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


class Loading:
    """Loads a new recogniser each time it is asked, with one session that says a word."""

    def __init__(self, fails_at=None):
        self.times, self._fails_at = 0, fails_at

    def __call__(self):
        self.times += 1
        if self.times == self._fails_at:
            raise CheckpointError("No weights.", "Get some.")
        return FakeRecognizer(ScriptedSession([f"word{self.times}"]))


@pytest.fixture
def sleepy(monkeypatch):
    """Starts an engine that sleeps as soon as it has nothing to do; gives it with its messages."""
    monkeypatch.setattr("app.engine._LOOK_S", 0.01)
    engines = []

    def start(load, rest_s=0.02):
        messages: queue.SimpleQueue = queue.SimpleQueue()
        engine = Engine(load, messages.put, rest_s=lambda: rest_s)
        engines.append(engine)
        engine.start()
        assert isinstance(messages.get(timeout=20), ModelReady)
        return engine, messages

    yield start
    for engine in engines:
        engine.shut_down()
        engine.join(10)
        assert not engine.is_alive()


def asleep(engine):
    deadline = time.monotonic() + 20
    while not engine._is_asleep and time.monotonic() < deadline:
        time.sleep(0.01)
    return engine._is_asleep


def words(messages):
    """Of the next stream."""
    said = ""
    while not isinstance(message := messages.get(timeout=20), SessionEnded):
        if isinstance(message, Transcribed) and message.events:
            said = message.events[-1].segment.committed
    return said


def test_a_model_that_nobody_uses_is_given_up_and_loaded_again_for_the_next_stream(sleepy):
    load = Loading()
    engine, messages = sleepy(load)
    for number in (2, 3):
        gone = weakref.ref(engine._recognizer)
        assert asleep(engine) and gone() is None and engine.model_state() == "asleep"
        engine.listen(Stream(chunks()))
        assert words(messages) == f"word{number}"
    assert load.times == 3


def test_what_the_model_does_is_told():
    going, messages = threading.Event(), queue.SimpleQueue()

    def load():
        going.wait(20)
        return Loading(fails_at=1)()

    engine = Engine(load, messages.put)
    assert engine.model_state() == "loading"
    engine.start()
    assert engine.model_state() == "loading"
    going.set()
    assert isinstance(messages.get(timeout=20), ModelFailed) and engine.model_state() == "failed"
    engine = Engine(Loading(), messages.put)
    engine.start()
    assert isinstance(messages.get(timeout=20), ModelReady) and engine.model_state() == "ready"
    engine.shut_down()
    engine.join(10)


def test_a_model_sleeps_only_if_it_may(sleepy):
    engine, _ = sleepy(Loading(), rest_s=0.0)
    time.sleep(0.1)
    assert not engine._is_asleep


def test_others_that_transcribe_wake_the_model(sleepy):
    load = Loading()
    engine, _ = sleepy(load)
    first = engine.recognizer().result(20)
    assert asleep(engine)
    assert engine.recognizer().result(20) is not first
    assert asleep(engine) and load.times == 2


def test_a_stream_for_which_the_model_cannot_be_loaded_again_is_over_and_the_next_one_is_heard(sleepy):
    load = Loading(fails_at=2)
    engine, messages = sleepy(load)
    assert asleep(engine)
    engine.listen(Stream(chunks()))
    ended = messages.get(timeout=20)
    assert isinstance(ended, SessionEnded) and isinstance(ended.error, CheckpointError)
    assert engine.model_state() == "asleep"
    engine.listen(Stream(chunks()))
    assert words(messages) == "word3"


def test_others_for_whom_the_model_cannot_be_loaded_again_are_told_and_may_ask_again(sleepy):
    engine, messages = sleepy(Loading(fails_at=2))
    assert asleep(engine)
    waiting = engine.recognizer()
    told = messages.get(timeout=20)
    assert isinstance(told, Noticed) and "No weights." in told.text
    assert isinstance(waiting.exception(20), CheckpointError)
    assert isinstance(engine.recognizer().result(20), FakeRecognizer)


def test_nobody_waits_for_an_engine_that_has_ended(sleepy):
    engine, _ = sleepy(Loading())
    assert asleep(engine)
    engine.shut_down()
    early = engine.recognizer()  # behind the end, or after it
    engine.join(10)
    for waiting in (early, engine.recognizer()):
        assert isinstance(waiting.exception(10), S2TError)
