"""Inbox, files and devices: nothing lost without its place, and every fault said with a remedy."""

from __future__ import annotations

import contextlib
import resource
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from app.audio import devices
from app.audio.clock import now_s
from app.audio.file import FileSource, duration_s, read_chunks
from app.audio.inbox import AudioInbox
from app.audio.microphone import Microphone
from app.errors import AudioError
from s2t_core.types import AudioChunk


def block(value, length=10):
    return np.full(length, value, np.float32)


class TestInbox:
    def test_all_that_waits_comes_in_one_chunk_in_its_order(self):
        inbox = AudioInbox(16000)
        for value in (0.1, 0.2, 0.3):
            inbox.offer(block(value))
        inbox.close()
        (chunk,) = list(inbox)
        assert chunk.start == 0
        assert chunk.samples[::10].tolist() == pytest.approx([0.1, 0.2, 0.3])

    def test_a_reader_that_waits_gets_blocks_as_they_come(self):
        inbox = AudioInbox(16000)
        inbox.offer(block(0.1))
        reader = iter(inbox)
        assert len(next(reader).samples) == 10
        threading.Timer(0.02, inbox.offer, [block(0.2)]).start()
        assert next(reader).start == 10
        inbox.close()
        assert [len(chunk.samples) for chunk in reader] == [0]

    def test_lost_samples_divide_the_chunks_and_move_the_start(self):
        inbox = AudioInbox(16000)
        inbox.offer(block(0.1))
        inbox.offer(block(0.2), lost=5)
        inbox.close()
        assert [(chunk.start, len(chunk.samples)) for chunk in inbox] == [(0, 10), (15, 10)]

    def test_beyond_its_capacity_samples_are_lost_with_their_place(self):
        inbox = AudioInbox(1000, capacity_s=0.02)
        for _ in range(3):
            inbox.offer(block(0.1))
        inbox.close()
        chunks = list(inbox)
        assert [(chunk.start, len(chunk.samples)) for chunk in chunks] == [(0, 20), (30, 0)]

    def test_the_peak_is_the_loudest_since_the_last_look(self):
        inbox = AudioInbox(16000)
        inbox.offer(block(-0.7))
        inbox.offer(block(0.2))
        assert inbox.take_peak() == pytest.approx(0.7)
        assert inbox.take_peak() == 0

    def test_a_block_that_comes_after_the_end_does_not_keep_the_reader_waiting(self):
        inbox = AudioInbox(16000)
        inbox.offer(block(0.1))
        inbox.close()
        inbox.offer(block(0.2))
        assert sum(len(chunk.samples) for chunk in inbox) == 10

    def test_offering_never_waits_for_the_reader(self):
        inbox = AudioInbox(16000)
        device = threading.Thread(target=lambda: [inbox.offer(block(0.1, 320)) for _ in range(2000)])
        device.start()
        device.join(timeout=60)  # nobody reads: an inbox that waits would never let the device go
        assert not device.is_alive()
        assert inbox.received == 2000 * 320


class TestFiles:
    @pytest.mark.parametrize(("name", "options"), [
        ("a.wav", {"subtype": "PCM_16"}), ("a.wav", {"subtype": "FLOAT"}), ("a.flac", {}), ("a.ogg", {}), ("a.mp3", {}),
    ])  # fmt: skip
    @pytest.mark.parametrize("channels", [1, 2])
    @pytest.mark.parametrize("rate", [16000, 44100])
    def test_every_form_is_read_as_mono(self, tmp_path, name, options, channels, rate):
        tone = 0.3 * np.sin(np.arange(rate) / rate * 2 * np.pi * 440).astype(np.float32)
        soundfile.write(tmp_path / name, np.stack([tone] * channels, 1), rate, **options)
        chunks = list(read_chunks(tmp_path / name))
        samples = np.concatenate([chunk.samples for chunk in chunks])
        assert chunks[0].rate == rate
        assert [chunk.start for chunk in chunks] == list(np.cumsum([0, *(len(c.samples) for c in chunks[:-1])]))
        assert abs(len(samples) / rate - 1) < 0.1
        assert 0.2 < np.abs(samples[rate // 4 : rate // 2]).max() < 0.4

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "There is no file"),
            (b"", "is empty"),
            (b"not audio at all", "not audio or video that can be read"),
            (b"RIFF\x00\x00\x00\x00WAVE", "not audio or video that can be read|holds no audio"),
            (b"fLaC" + b"\x00" * 40, "not audio|damaged"),
        ],
    )
    def test_what_is_no_audio_is_said_in_one_line(self, tmp_path, content, said):
        path = tmp_path / "x.wav"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(AudioError, match=said) as caught:
            list(read_chunks(path))
        assert "\n" not in str(caught.value) and caught.value.remedy

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(AudioError, match="is a folder"):
            duration_s(tmp_path)

    def test_a_file_of_no_samples_is_refused(self, tmp_path):
        soundfile.write(tmp_path / "x.wav", np.zeros(0, np.float32), 16000)
        with pytest.raises(AudioError, match="holds no audio"):
            list(read_chunks(tmp_path / "x.wav"))

    @pytest.mark.parametrize("bits", [0x7FC00000, 0x7FA00000], ids=["quiet", "signalling"])
    def test_values_that_are_no_numbers_are_refused_without_a_warning(self, tmp_path, bits):
        samples = np.zeros(1000, np.float32)
        samples.view(np.uint32)[500] = bits
        soundfile.write(tmp_path / "x.wav", samples, 16000, subtype="FLOAT")
        with pytest.raises(AudioError, match="finite"):
            list(read_chunks(tmp_path / "x.wav"))

    def test_a_paced_file_gives_nothing_before_its_time_and_everything_after_a_pause(self, tmp_path):
        soundfile.write(tmp_path / "x.wav", block(0.5, 8000), 16000)
        source = FileSource(tmp_path / "x.wav")
        began = time.monotonic()
        chunks = iter(source.start())
        first = next(chunks)
        assert time.monotonic() - began >= len(first.samples) / 16000 - 0.001
        time.sleep(0.2)
        late = next(chunks)
        assert len(late.samples) / 16000 > 0.15
        rest = list(chunks)
        assert time.monotonic() - began >= 0.49
        assert rest[-1].start + len(rest[-1].samples) == 8000
        assert source.received_s() == 0.5
        assert source.take_peak() == pytest.approx(0.5, abs=1e-3)

    def test_a_late_listener_gets_both_sides_of_a_gap_apart(self, tmp_path, monkeypatch):
        blocks = [AudioChunk(block(0.5, 160), 16000, start) for start in (0, 160, 16000, 16160)]
        monkeypatch.setattr("app.audio.file.read_chunks", lambda *_: iter(blocks))
        soundfile.write(tmp_path / "x.wav", block(0.5, 160), 16000)
        times = iter([0.0])
        monkeypatch.setattr("app.audio.file.time.monotonic", lambda: next(times, 60.0))
        chunks = list(FileSource(tmp_path / "x.wav").start())
        assert [(chunk.start, len(chunk.samples)) for chunk in chunks] == [(0, 320), (16000, 320)]

    def test_a_stopped_file_ends_soon(self, tmp_path):
        soundfile.write(tmp_path / "x.wav", block(0.5, 160000), 16000)
        source = FileSource(tmp_path / "x.wav")
        chunks = iter(source.start())
        next(chunks)
        source.stop()
        rest = list(chunks)
        assert len(rest) <= 1 and sum(len(chunk.samples) for chunk in rest) < 80000

    def test_a_source_says_at_its_start_that_the_file_is_missing(self, tmp_path):
        with pytest.raises(AudioError, match="no file"):
            FileSource(tmp_path / "x.wav").start()


class FakePortAudioError(Exception):
    pass


class FakeStream:
    """Keeps the contract of sounddevice.InputStream; the test plays the device's thread."""

    def __init__(self, board, **options):
        self.board, self.options = board, options
        self.closed = self.started = False
        if options["samplerate"] in board.refused_rates:
            raise FakePortAudioError("Invalid sample rate")
        board.streams.append(self)

    def start(self):
        self.started = True

    def abort(self):
        self.board.abort()

    def close(self):
        self.closed = True

    def deliver(self, samples, adc=0.0, overflow=False):
        times, status = SimpleNamespace(inputBufferAdcTime=adc), SimpleNamespace(input_overflow=overflow)
        self.options["callback"](samples[:, None], len(samples), times, status)


class FakeBoard:
    """A sounddevice module with two microphones."""

    PortAudioError = FakePortAudioError

    def __init__(self):
        self.streams, self.refused_rates = [], set()
        self.abort = lambda: None
        self.default = SimpleNamespace(device=(1, 0))
        self.names = ["Webcam Mic", "Yeti X", "Speakers"]

    def query_devices(self):
        return [
            {"index": i, "name": name, "max_input_channels": int(name != "Speakers"), "default_samplerate": 48000.0}
            for i, name in enumerate(self.names)
        ]

    def InputStream(self, **options):
        return FakeStream(self, **options)

    def _terminate(self):
        pass

    def _initialize(self):
        pass


@pytest.fixture
def board(monkeypatch):
    board = FakeBoard()
    for module in ("app.audio.devices", "app.audio.microphone"):
        monkeypatch.setattr(f"{module}.portaudio", lambda: board)
    return board


class TestDevices:
    def test_only_inputs_are_listed_and_the_default_is_marked(self, board):
        assert [(d.name, d.is_default) for d in devices.list_inputs()] == [("Webcam Mic", False), ("Yeti X", True)]

    @pytest.mark.parametrize(
        ("name", "found"), [(None, "Yeti X"), ("yeti", "Yeti X"), ("webcam mic", "Webcam Mic"), ("0", "Webcam Mic")]
    )
    def test_a_device_is_found_by_part_of_its_name_or_number(self, board, name, found):
        assert devices.find_input(name).name == found

    def test_a_device_that_is_not_there_is_said_with_those_that_are(self, board):
        with pytest.raises(AudioError, match="'Blue'.*Webcam Mic, Yeti X"):
            devices.find_input("Blue")

    def test_no_device_at_all_is_said(self, board):
        board.names = ["Speakers"]
        with pytest.raises(AudioError, match="No microphone was found"):
            devices.find_input(None)

    def test_a_missing_portaudio_is_said_with_the_package(self, monkeypatch):
        import builtins

        real = builtins.__import__

        def fail(name, *rest):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")
            return real(name, *rest)

        monkeypatch.setattr(builtins, "__import__", fail)
        with pytest.raises(AudioError, match="PortAudio cannot be used.*Install"):
            devices.list_inputs()


class TestQuiet:
    def test_libraries_are_silenced_while_anybody_wants_it_and_python_is_still_heard(self):
        code = (
            "import os, sys\n"
            "from app.audio.quiet import quiet_stderr\n"
            "first, second = quiet_stderr(), quiet_stderr()\n"
            "first.__enter__(); second.__enter__()\n"
            "os.write(2, b'library '); print('own', file=sys.stderr)\n"
            "first.__exit__(None, None, None)\n"
            "os.write(2, b'library ')\n"
            "second.__exit__(None, None, None)\n"
            "os.write(2, b'after')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr == "own\nafter"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell the time since their start otherwise")
def test_the_clock_counts_from_the_start_of_the_machine_sleep_included():
    since_start_s = float(Path("/proc/uptime").read_text().split()[0])
    assert now_s() == pytest.approx(since_start_s, abs=5)


class TestMicrophone:
    def test_a_close_that_is_only_just_beginning_does_not_break_the_next_start(self, board, monkeypatch):
        beginning = threading.Thread(name=devices.CLOSING_THREAD)
        monkeypatch.setattr("app.audio.devices.threading.enumerate", lambda: [beginning])
        devices.look_again()

    def test_another_stream_that_is_open_or_still_being_closed_does_not_hold_up_a_recording(self, board):
        other = object()
        devices.OPEN_RECORDINGS.add(other)
        try:
            microphone = Microphone()
            chunks = microphone.start()
        finally:
            devices.OPEN_RECORDINGS.discard(other)
        assert board.streams[0].started
        microphone.stop()
        list(chunks)

    def test_what_the_device_delivers_arrives_whole(self, board):
        microphone = Microphone()
        chunks = microphone.start()
        (stream,) = board.streams
        assert stream.started and stream.options["device"] == 1 and stream.options["samplerate"] == 16000
        for value in (0.1, -0.4):
            stream.deliver(block(value, 320))
        microphone.stop()
        samples = np.concatenate([chunk.samples for chunk in chunks])
        assert samples[[0, 320]].tolist() == pytest.approx([0.1, -0.4])
        assert microphone.received_s() == 640 / 16000
        assert microphone.take_peak() == pytest.approx(0.4)

    def test_speech_up_to_the_click_on_stop_is_kept(self, board):
        microphone = Microphone()
        chunks = microphone.start()
        microphone.stop()
        board.streams[0].deliver(block(0.3, 320))  # the device is still delivering what was said
        assert sum(len(chunk.samples) for chunk in chunks) == 320

    def test_a_device_that_refuses_16_khz_is_opened_at_its_own_rate(self, board):
        board.refused_rates = {16000}
        microphone = Microphone("webcam")
        chunks = microphone.start()
        assert board.streams[0].options["samplerate"] == 48000
        microphone.stop()
        assert {chunk.rate for chunk in chunks} == {48000}

    def test_a_device_that_refuses_everything_is_said(self, board):
        board.refused_rates = {16000, 48000}
        with pytest.raises(
            AudioError,
            match=r"The default microphone \(Yeti X\) cannot be opened \(Invalid sample rate\).*choose another",
        ):
            Microphone().start()

    def test_samples_lost_by_the_device_leave_a_gap_of_their_length(self, board):
        microphone = Microphone()
        chunks = microphone.start()
        board.streams[0].deliver(block(0.1, 320), adc=10.0)
        board.streams[0].deliver(block(0.1, 320), adc=10.07, overflow=True)
        microphone.stop()
        starts = [chunk.start for chunk in chunks if len(chunk.samples)]
        assert starts == [0, 320 + round(0.05 * 16000)]

    def test_a_device_that_vanishes_or_goes_silent_is_noticed(self, board, monkeypatch):
        microphone = Microphone()
        chunks = microphone.start()
        board.streams[0].deliver(block(0.1, 320))
        assert microphone.fault() == ""
        now = time.monotonic()
        for later_s in range(4):
            monkeypatch.setattr("app.audio.microphone.time.monotonic", lambda later_s=later_s: now + later_s * 0.4)
            assert microphone.fault() == ""
        monkeypatch.setattr("app.audio.microphone.time.monotonic", lambda: now + 100)
        assert microphone.fault() == ""  # nobody looked meanwhile: the program itself was stopped
        for later_s in range(1, 3):
            monkeypatch.setattr("app.audio.microphone.time.monotonic", lambda later_s=later_s: now + 100 + later_s)
            said = microphone.fault()
        assert "has stopped sending" in said
        board.streams[0].options["finished_callback"]()
        assert "was disconnected" in microphone.fault()
        microphone.stop()
        assert microphone.fault() == ""
        list(chunks)

    def test_stopping_does_not_wait_for_a_sound_server_that_hangs(self, board):
        server = threading.Event()
        answered = threading.Event()

        def hang():
            server.wait(60)
            answered.set()

        board.abort = hang
        microphone = Microphone()
        chunks = microphone.start()
        microphone.stop()
        list(chunks)
        assert not answered.is_set()
        server.set()


def wav_head(rate, channels, bits=8, promised=2**31):
    block = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block % 2**32, block, bits)
    return b"RIFF" + struct.pack("<I", promised) + b"WAVE" + form + b"data" + struct.pack("<I", promised)


@pytest.mark.parametrize(("rate", "channels"), [(2**31 - 1, 1), (1_000_000, 1024), (3, 1), (768_000, 1024)])
def test_a_head_that_names_any_rate_and_channels_costs_no_memory(tmp_path, rate, channels):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_head(rate, channels) + bytes(4096))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    with contextlib.suppress(AudioError):
        for chunk in read_chunks(path, block_s=10.0):
            assert len(chunk.samples) * channels <= 1 << 22
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
