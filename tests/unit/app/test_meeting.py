"""Two channels on one clock: what sleeps, fails, comes back or is heard twice."""

from __future__ import annotations

import itertools
import queue
import threading
import time

import numpy as np
import pytest

from app.audio.channel import Channel
from app.audio.clock import now_s
from app.audio.inbox import AudioInbox
from app.audio.loopback import PulseTap, SystemSound, TimeAxis, loopback_fault, open_tap
from app.audio.meeting import MeetingSource
from app.audio.near import NearChannel
from app.errors import AudioError
from s2t_core.types import AudioChunk

RATE = 16000


def sound(length, value=0.1):
    return np.full(length, value, np.float32)


class PlayedSource:
    """A source that the test plays into."""

    def __init__(self, rate=RATE, error=None):
        self._inbox = AudioInbox(rate)
        self._error = error
        self.broken = ""
        self.stopped = threading.Event()

    def start(self):
        if self._error:
            raise self._error
        return self._inbox

    def play(self, samples, lost=0):
        self._inbox.offer(samples, lost)

    def stop(self):
        if not self.stopped.is_set():
            self.stopped.set()
            self._inbox.close()

    def received_s(self):
        return self._inbox.received / self._inbox.rate

    def take_peak(self):
        return self._inbox.take_peak()

    def fault(self):
        return "" if self.stopped.is_set() else self.broken


@pytest.fixture
def quick(monkeypatch):
    """Sources are tried again without the usual pause."""
    monkeypatch.setattr("app.audio.channel._AGAIN_S", 0.01)


class TestTimeAxis:
    def axis(self):
        axis = TimeAxis()
        assert len(axis.begin()) == 1
        return axis

    def test_a_source_that_sleeps_is_silent_and_time_runs_on(self):
        axis = self.axis()
        assert len(axis.place(sound(0), RATE // 10)) == 0  # it may only be late
        filled = axis.place(sound(0), RATE)
        assert not filled.any() and 0.8 * RATE < len(filled) < 0.9 * RATE

    def test_what_wakes_up_lies_at_its_own_time(self):
        axis = self.axis()
        axis.place(sound(0), RATE)
        placed = axis.place(sound(320), 2 * RATE)
        assert placed[-320:].all() and not placed[:-320].any()
        position = 1 + int(0.85 * RATE) - 1 + len(placed)
        assert position == pytest.approx(2 * RATE, abs=0.05 * RATE)

    def test_blocks_that_follow_each_other_are_not_touched(self):
        axis = self.axis()
        axis.place(sound(320), 400)
        for number in range(1, 20):
            jitter = 200 if number % 3 else 0
            assert len(axis.place(sound(320), 400 + 320 * number + jitter)) == 320

    def test_of_time_sent_twice_only_silence_is_left_out(self):
        axis = self.axis()
        axis.place(sound(0), 2 * RATE)
        late = np.concatenate([np.zeros(RATE, np.float32), sound(RATE)])
        placed = axis.place(late, 2 * RATE + 100)
        assert np.count_nonzero(placed) == RATE and len(placed) < 1.2 * RATE

    def test_time_in_which_nobody_listened_is_no_silence(self):
        axis = self.axis()
        axis.place(sound(320), 400)
        assert len(axis.follow(sound(RATE))) == RATE  # came at once, however late
        lost = axis.skip(6 * RATE)
        assert 4.5 * RATE < lost < 5 * RATE
        assert len(axis.place(sound(320), 6 * RATE + 320)) == 320


class FakeServer:
    """A sound server with one loudspeaker, whose sound the test gives."""

    def __init__(self):
        self.sink, self.recorded, self.changed, self.is_recording, self.closed = "speakers", [], False, False, False
        self.gone = False

    def wait(self, wait_s):
        if self.gone:
            raise AudioError("The sound server does not answer.", "Start it.")

    def take_changed(self):
        changed, self.changed = self.changed, False
        return changed

    def defaults(self):
        return self.sink, "mic"

    def record(self, source):
        self.recorded.append(self.sink)
        self.is_recording = True

    def read(self):
        return sound(320)

    def close(self):
        self.closed = True


class TestLoopback:
    def test_another_default_loudspeaker_is_followed(self):
        server = FakeServer()
        tap = PulseTap(lambda: server)
        tap.read(0)
        server.sink, server.changed = "headphones", True
        tap.read(0)
        server.changed = True  # as when the volume changes
        tap.read(0)
        assert server.recorded == ["speakers", "headphones"]

    def test_a_moment_without_a_loudspeaker_is_no_fault(self):
        server = FakeServer()
        tap = PulseTap(lambda: server)
        server.sink, server.changed = "", True
        assert len(tap.read(0)) == 320
        server.sink, server.changed = "headphones", True
        tap.read(0)
        assert server.recorded[-1] == "headphones"

    def test_without_a_loudspeaker_nothing_begins_and_the_server_is_left(self):
        server = FakeServer()
        server.sink = ""
        with pytest.raises(AudioError, match="no loudspeaker"):
            PulseTap(lambda: server)
        assert server.closed

    def test_a_server_that_goes_is_a_fault_and_the_chunks_end(self):
        server = FakeServer()
        source = SystemSound(lambda: PulseTap(lambda: server))
        chunks = iter(source.start())
        assert next(chunks).start == 0
        assert source.fault() == ""
        server.gone = True
        list(chunks)
        assert "does not answer" in source.fault() and server.closed

    def test_a_server_that_sends_nothing_and_does_not_answer_is_a_fault_and_no_silence(self, monkeypatch):
        server, asked = FakeServer(), []
        tap = PulseTap(lambda: server)
        server.read = lambda: sound(0)

        def hang():
            asked.append(1)
            raise AudioError("The sound server does not answer in time.", "Look.")

        server.defaults = hang
        monkeypatch.setattr("app.audio.loopback._SILENT_S", 0.05)
        with pytest.raises(AudioError, match="in time"):
            while not asked:
                tap.read(0)

    def test_the_time_that_the_server_or_the_program_stood_still_is_lost_and_not_silent(self, monkeypatch):
        class Stumbling:
            def __init__(self):
                self.reads = 0

            def read(self, wait_s):
                self.reads += 1
                time.sleep(0.5 if self.reads == 3 else 0.01)
                return sound(0)

            def close(self):
                pass

        monkeypatch.setattr("app.audio.loopback._STOOD_STILL_S", 0.3)
        source = SystemSound(Stumbling)
        chunks, heard, end = iter(source.start()), 0, 0
        while source.received_s() < 1.2:
            chunk = next(chunks)
            heard, end = heard + len(chunk.samples), chunk.start + len(chunk.samples)
        source.stop()
        list(chunks)
        assert 0.4 * RATE < end - heard < 0.95 * RATE

    def test_its_time_runs_while_nothing_plays(self):
        class Asleep:
            def read(self, wait_s):
                time.sleep(0.01)
                return sound(0)

            def close(self):
                pass

        source = SystemSound(Asleep)
        chunks = iter(source.start())
        while source.received_s() < 0.1:
            assert not next(chunks).samples.any()
        source.stop()
        list(chunks)
        assert source.take_peak() == 0 and source.fault() == ""

    def test_where_a_system_has_none_the_remedy_is_said(self, monkeypatch):
        monkeypatch.setattr("app.audio.loopback.sys.platform", "darwin")
        with pytest.raises(AudioError, match="BlackHole"):
            open_tap()
        assert "BlackHole" in loopback_fault()


class TestNear:
    def chunk(self, start, length, value=0.1, speaker="Me"):
        return AudioChunk(sound(length, value), RATE, start, speaker)

    def test_all_that_is_heard_comes_back_in_its_place(self):
        near, out = NearChannel(), []
        for start in range(0, RATE, 320):
            near.play(AudioChunk(np.zeros(320, np.float32), RATE, start, "Others"))
            out += near.hear(self.chunk(start, 320)) + near.take()
        out += near.finish()
        assert out[0].start == 0 and sum(len(one.samples) for one in out) == RATE
        assert all(a.start + len(a.samples) == b.start for a, b in itertools.pairwise(out))
        assert {one.speaker for one in out} == {"Me"}
        whole = np.concatenate([one.samples for one in out])
        assert np.allclose(whole, 0.1, atol=0.01)

    def test_a_gap_stays_a_gap(self):
        near = NearChannel()
        out = near.hear(self.chunk(0, 1000)) + near.hear(self.chunk(5000, 1000)) + near.finish()
        covered = [(one.start, one.start + len(one.samples)) for one in out]
        assert (
            covered[0][0] == 0 and (1000 in {end for _, end in covered}) and (5000 in {start for start, _ in covered})
        )
        assert covered[-1][1] == 6000

    def test_a_loss_at_the_end_shows_its_place(self):
        near = NearChannel()
        near.hear(self.chunk(0, 1000))
        near.hear(self.chunk(9000, 0))
        (last,) = near.finish()
        assert (last.start, len(last.samples)) == (9000, 0)

    def test_a_night_asleep_between_two_sounds_takes_no_memory(self):
        near = NearChannel()
        near.play(self.chunk(0, RATE, speaker="Others"))
        near.play(self.chunk(RATE * 3600 * 1000, RATE, speaker="Others"))  # silence between them: 230 GB
        near.hear(self.chunk(RATE * 3600 * 1000, RATE))
        assert near.take()

    def test_the_other_channel_is_waited_for_but_not_for_ever(self):
        near = NearChannel()
        near.hear(self.chunk(0, RATE // 2))
        assert near.take() == []
        near.hear(self.chunk(RATE // 2, RATE))
        assert sum(len(one.samples) for one in near.take()) > RATE


def collected(source):
    """The chunks of a source on a thread, as the engine takes them."""
    got = []
    thread = threading.Thread(target=lambda: got.extend(source))
    thread.start()
    return got, thread


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class TestChannel:
    def test_any_rate_comes_out_at_16_khz_on_the_clock(self):
        source, got = PlayedSource(rate=48000), queue.SimpleQueue()
        channel = Channel("Me", lambda: source, lambda _, chunk: got.put(chunk))
        channel.start(now_s() - 1.0)
        source.play(sound(48000))
        until(lambda: channel.received_s() > 0.9)
        channel.stop()
        chunks = list(iter(got.get, None))
        assert sum(len(chunk.samples) for chunk in chunks) == pytest.approx(RATE, abs=2)
        assert {chunk.rate for chunk in chunks} == {RATE}

    def test_samples_lost_by_the_device_are_a_jump(self):
        source, got = PlayedSource(), queue.SimpleQueue()
        channel = Channel("Me", lambda: source, lambda _, chunk: got.put(chunk))
        channel.start(now_s())
        source.play(sound(320))
        source.play(sound(320), lost=800)
        until(lambda: channel.received_s() > 0.06)
        channel.stop()
        chunks = [chunk for chunk in iter(got.get, None) if len(chunk.samples)]
        assert chunks[-1].start - chunks[0].start == 320 + 800


class TestMeeting:
    def meeting(self, microphones, systems, said):
        return MeetingSource(lambda: microphones.pop(0), lambda: systems.pop(0), said.append, ("Ann", "Bob"))

    def test_chunks_say_whose_they_are_and_all_of_both_arrives(self):
        said = []
        microphone, system = PlayedSource(), PlayedSource()
        meeting = self.meeting([microphone], [system], said)
        got, thread = collected(meeting.start())
        for _ in range(100):
            microphone.play(sound(320, 0.2))
            system.play(sound(320, 0.0))
        assert meeting.take_peak() == pytest.approx(0.2)
        meeting.stop()
        thread.join(20)
        heard = {name: sum(len(chunk.samples) for chunk in got if chunk.speaker == name) for name in ("Ann", "Bob")}
        assert heard == {"Ann": 32000, "Bob": 32000}
        assert meeting.received_s() >= 2 and meeting.fault() == "" and said == []

    def test_a_microphone_that_is_pulled_out_is_said_and_its_return_leaves_a_gap(self, quick):
        said, first, second, system = [], PlayedSource(), PlayedSource(), PlayedSource()
        microphones = [first, PlayedSource(error=AudioError("No microphone was found.", "Plug one in.")), second]
        meeting = self.meeting(microphones, [system], said)
        got, thread = collected(meeting.start())
        first.play(sound(3200))
        until(lambda: meeting.received_s() > 0)
        first.broken = "Yeti was disconnected."
        assert meeting.fault() == ""
        assert first.stopped.is_set() and said == ["Ann: Yeti was disconnected. The recording goes on."]
        until(lambda: not microphones)
        time.sleep(0.7)  # the gap has a length
        until(lambda: second.play(sound(32)) or meeting.fault() or len(said) == 2)  # at most as fast as time
        assert 0.6 < float(said[1].split("heard again; ")[1].split()[0]) < 2
        meeting.stop()
        thread.join(20)
        ann = [chunk for chunk in got if chunk.speaker == "Ann" and len(chunk.samples)]
        heard = sum(len(chunk.samples) for chunk in ann)
        assert heard == 3200 + second.received_s() * RATE
        assert ann[-1].start + len(ann[-1].samples) - ann[0].start > heard + 1000

    def test_a_microphone_that_stays_away_is_a_gap_up_to_the_end(self, quick):
        said, first = [], PlayedSource()
        error = AudioError("No microphone was found.", "Plug one in.")
        meeting = MeetingSource(
            lambda: first if not first.broken else PlayedSource(error=error), PlayedSource, said.append
        )
        got, thread = collected(meeting.start())
        first.play(sound(3200))
        until(lambda: meeting.received_s() > 0)
        first.broken = "It was disconnected."
        meeting.fault()
        time.sleep(0.3)
        meeting.stop()
        thread.join(20)
        last = [chunk for chunk in got if chunk.speaker == "Me"][-1]
        assert len(last.samples) == 0 and last.start > 3200 + 1000

    def test_without_the_computers_sound_the_microphone_goes_on(self, quick):
        said, microphone = [], PlayedSource()
        error = AudioError("There is no loudspeaker.", "Connect one.")
        meeting = MeetingSource(lambda: microphone, lambda: PlayedSource(error=error), said.append)
        got, thread = collected(meeting.start())
        until(lambda: meeting.fault() == "" and said)
        assert said == ["There is no loudspeaker. Connect one."]
        for _ in range(10):
            microphone.play(sound(3200))
        until(lambda: meeting.received_s() >= 2)
        assert meeting.fault() == ""
        meeting.stop()
        thread.join(20)
        assert sum(len(chunk.samples) for chunk in got) == 32000

    def test_where_neither_side_can_be_opened_that_is_a_fault(self, quick):
        error = AudioError("Nothing there.", "Plug something in.")
        meeting = MeetingSource(lambda: PlayedSource(error=error), lambda: PlayedSource(error=error), print)
        chunks = meeting.start()
        until(meeting.fault)
        assert meeting.fault() == "Nothing there. Plug something in."
        meeting.stop()
        assert list(chunks) == []

    def test_of_two_sides_that_cannot_be_opened_each_is_said_once(self, quick):
        said: list[str] = []
        tries = itertools.count()

        def slow_system():
            if next(tries) == 0:
                time.sleep(0.3)  # the microphone is refused meanwhile
            return PlayedSource(error=AudioError("The server is gone.", "Start it."))

        microphone = PlayedSource(error=AudioError("No microphone was found.", "Plug one in."))
        meeting = MeetingSource(lambda: microphone, slow_system, said.append)
        chunks = meeting.start()
        until(meeting.fault)
        assert meeting.fault().splitlines() == [
            "No microphone was found. Plug one in.",
            "The server is gone. Start it.",
        ]
        assert said == []
        meeting.stop()
        assert list(chunks) == []

    @pytest.mark.parametrize("names", [("Me", "Me "), ("", "Others")])
    def test_two_sides_need_two_names(self, names):
        with pytest.raises(AudioError, match="two names"):
            MeetingSource(PlayedSource, PlayedSource, print, names)
