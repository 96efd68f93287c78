"""Sound that is kept lies where it was said, whatever ends the program, and a failing disk ends only the keeping."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.audio.recorder import Recorder
from s2t_core.types import AudioChunk

ROOT = Path(__file__).parent.parent.parent.parent


def tone(seconds, rate=16000):
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def record(path, chunks, said=None):
    recorder = Recorder(path, (said if said is not None else []).append)
    recorder.start()
    for chunk in chunks:
        recorder.put(chunk)
    recorder.close()
    recorder.join(20)


def loud(path):
    """Seconds at which the file is loud."""
    samples, rate = soundfile.read(path)
    blocks = samples[: len(samples) // 1600 * 1600].reshape(-1, 1600)
    return {at / 10 for at, block in enumerate(blocks) if rate == 16000 and np.abs(block).max() > 0.1}


@pytest.mark.parametrize("rate", [16000, 44100])
def test_sample_n_of_the_file_is_sample_n_of_the_recording(tmp_path, rate):
    sound = tone(1, rate)
    chunks = [AudioChunk(part, rate, i * len(sound) // 10) for i, part in enumerate(np.split(sound, 10))]
    chunks.append(AudioChunk(sound, rate, 3 * rate))  # two seconds never came
    record(tmp_path / "a.ogg", chunks)
    samples, _ = soundfile.read(tmp_path / "a.ogg")
    assert len(samples) == pytest.approx(4 * 16000, abs=200)
    assert loud(tmp_path / "a.ogg") >= {0.1, 0.8, 3.1, 3.8}
    assert not loud(tmp_path / "a.ogg") & {1.3, 2.0, 2.8}
    assert (tmp_path / "a.ogg").stat().st_mode & 0o077 == 0


def test_an_hour_of_sound_takes_little_room(tmp_path):
    record(tmp_path / "a.ogg", [AudioChunk(tone(20), 16000, 0)])
    assert (tmp_path / "a.ogg").stat().st_size < 20 * 10_000  # bytes a second


def test_a_folder_that_cannot_be_written_is_said_once_and_the_sound_goes_on(tmp_path):
    (tmp_path / "file").write_text("")
    said = []
    record(tmp_path / "file" / "a.ogg", [AudioChunk(tone(0.1), 16000, i * 1600) for i in range(5)], said)
    assert len(said) == 1 and "Dictation goes on" in said[0]


def test_what_was_kept_before_a_kill_can_be_heard(tmp_path):
    code = """
import sys, time, os, signal
sys.path[:0] = ["tests/unit/app"]
from test_recorder import *
recorder = Recorder(Path(sys.argv[1]), print)
recorder.start()
for i in range(30): recorder.put(AudioChunk(tone(1), 16000, i * 16000))
while recorder._written < 30 * 16000: time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.ogg")], cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{ROOT}/tests"}
    )
    samples, _ = soundfile.read(tmp_path / "a.ogg")
    assert len(samples) > 25 * 16000
