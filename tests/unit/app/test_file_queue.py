"""Files are transcribed one after the other; one that fails, waits or is cancelled keeps no other back."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.fakes import Unshaped

from app.audio.file import Sound
from app.file_queue import FileQueue, TaskState, found_in
from s2t_core.errors import S2TError
from s2t_core.events import SegmentClosed
from s2t_core.types import AudioChunk, Segment

SECONDS = 5


class Session:
    """Closes a segment for every chunk, once `gate` lets it."""

    def __init__(self, gate):
        self.gate, self.count = gate, 0

    def push(self, chunk):
        assert self.gate.wait(10)
        self.count += 1
        return (SegmentClosed(Segment(self.count, self.count * 16000, self.count * 16000 + 9, f"w{self.count}")),)

    def finish(self):
        return ()


class Recognizer:
    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()

    def open_session(self, config=None, *, partials=True):
        assert not partials
        return Session(self.gate)


@pytest.fixture
def recognizer():
    return Recognizer()


@pytest.fixture
def seen():
    return {}


@pytest.fixture
def queue(recognizer, seen):
    def report(task):
        seen[task.id] = task

    queue = FileQueue(lambda: recognizer, Unshaped, report)
    queue.start()
    yield queue
    recognizer.gate.set()
    assert queue.shut_down(10)


@pytest.fixture
def wav(tmp_path):
    def make(name):
        soundfile.write(tmp_path / name, np.full(SECONDS * 8000, 0.5, np.float32), 8000)
        return tmp_path / name

    return make


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def states(seen):
    return [seen[id].state.value for id in sorted(seen)]


def test_files_are_done_in_their_order_with_their_text(queue, seen, wav):
    queue.add([wav("a.wav"), wav("b.wav")])
    until(lambda: states(seen) == ["done", "done"])
    assert seen[1].document.text == "w1 w2 w3 w4 w5"
    assert (seen[1].progress, seen[1].length_s, seen[1].left_s) == (1.0, SECONDS, None)


def test_a_bad_file_says_why_and_the_next_one_is_done(queue, seen, wav, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")
    queue.add([tmp_path / "bad.wav", tmp_path / "gone.wav", wav("a.wav")])
    until(lambda: states(seen) == ["failed", "failed", "done"])
    assert "Convert it" in seen[1].error and "no file" in seen[2].error


def test_a_running_file_is_cancelled_at_once_with_its_text_so_far_and_can_be_tried_again(queue, seen, wav, recognizer):
    recognizer.gate.clear()
    queue.add([wav("a.wav"), wav("b.wav")])
    until(lambda: states(seen) == ["running", "waiting"])
    queue.cancel([1, 2])
    recognizer.gate.set()
    assert states(seen) == ["cancelled", "cancelled"]
    queue.retry([2, 1])
    until(lambda: states(seen) == ["done", "done"])


def test_dictation_goes_first(queue, seen, wav):
    queue.pause(True)
    queue.add([wav("a.wav")])
    time.sleep(0.1)
    assert states(seen) == ["waiting"]
    queue.pause(False)
    until(lambda: states(seen) == ["done"])


def test_a_running_file_waits_too_and_goes_on(queue, seen, wav, recognizer):
    recognizer.gate.clear()
    queue.add([wav("a.wav")])
    until(lambda: states(seen) == ["running"])
    queue.pause(True)
    recognizer.gate.set()
    time.sleep(0.1)
    assert seen[1].progress < 1
    queue.pause(False)
    until(lambda: states(seen) == ["done"])


def test_a_model_that_does_not_load_fails_the_files_that_need_it(seen, wav):
    def load():
        raise S2TError("No model.", "Install it.")

    queue = FileQueue(load, Unshaped, lambda task: seen.update({task.id: task}))
    queue.start()
    queue.add([wav("a.wav")])
    until(lambda: states(seen) == ["failed"])
    assert seen[1].error == "No model. Install it."
    assert queue.shut_down(10)


def test_the_end_of_the_program_does_not_wait_for_files(seen, wav, recognizer):
    recognizer.gate.clear()
    queue = FileQueue(lambda: recognizer, Unshaped, lambda task: seen.update({task.id: task}))
    queue.start()
    queue.add([wav("a.wav")])
    until(lambda: states(seen) == ["running"])
    threading.Timer(0.05, recognizer.gate.set).start()
    assert queue.shut_down(10)
    assert seen[1].state is TaskState.RUNNING


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread can be nice")
def test_the_queue_gives_way_to_others(queue):
    until(lambda: queue.native_id and os.getpriority(os.PRIO_PROCESS, queue.native_id) == 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < 10


def test_a_file_that_does_not_say_how_long_it_is_tells_how_much_is_done(queue, seen, wav, monkeypatch):
    chunks = (AudioChunk(np.zeros(8000, np.float32), 8000, second * 8000) for second in range(3))
    monkeypatch.setattr("app.file_queue.open_sound", lambda path, _: Sound(path, 0.0, chunks, lambda: None))
    queue.add([wav("a.wav")])
    until(lambda: states(seen) == ["done"])
    assert (seen[1].progress, seen[1].done_s, seen[1].length_s) == (1.0, 3.0, 3.0)


def test_a_folder_that_nobody_may_look_into_is_no_reason_to_leave_out_the_others(queue, seen, wav, monkeypatch):
    is_dir = Path.is_dir

    def refuse(path):
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    queue.add(found_in([wav("a.wav").with_name("secret"), wav("a.wav")]))
    until(lambda: states(seen) == ["failed", "done"])


def test_a_folder_gives_the_sound_and_films_in_it(tmp_path):
    for name in ("b.MP4", "a.wav", "notes.txt", "deep/c.m4a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in found_in([tmp_path, tmp_path / "notes.txt"])] == [
        "a.wav",
        "b.MP4",
        "c.m4a",
        "notes.txt",
    ]
