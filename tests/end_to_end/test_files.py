"""Films and damaged files through the command, with the checkpoint in the box."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import jiwer
import numpy as np
import pytest
import soundfile
from conftest import SAMPLE, SAMPLE_TEXT

from app.transcribe import transcribe_files

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def film(tmp_path, sample):
    """The bundled speech as the sound of a film, which begins two seconds after the pictures."""
    samples, rate = sample
    path = tmp_path / "talk.mp4"
    with av.open(str(path), "w") as out:
        pictures, sound = out.add_stream("mpeg4", rate=1), out.add_stream("aac", rate=rate)
        pictures.width = pictures.height = 64
        pictures.pix_fmt, sound.layout, sound.bit_rate = "yuv420p", "mono", 128_000
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            out.mux(pictures.encode(picture))
        out.mux(pictures.encode())
        for at in range(0, len(samples), 1024):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, 2 * rate + at
            out.mux(sound.encode(frame))
        out.mux(sound.encode())
    return path


def dictate(*words, closed=""):
    command = [sys.executable, "-m", "app", *map(str, words)]
    if closed:
        command = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_a_film_gives_its_text_and_the_times_of_the_film(film, tmp_path):
    done = dictate("transcribe", film, "-f", "json", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "talk.json").read_text())
    assert jiwer.wer(SAMPLE_TEXT.lower(), found["text"].lower()) < 0.05  # AAC leaves a doubtful word to chance
    assert found["segments"][0]["words"][0]["start_s"] == pytest.approx(2.2, abs=0.4)


# The command as if it ran on many cores: two processes cut speech out beside it.
MANY_CORES = "import sys, app.file_batches, app.cli; app.file_batches.cores = lambda: 16; sys.exit(app.cli.main())"


def test_many_files_that_other_processes_cut_have_the_same_texts(recognizer, tmp_path, sample, capsys):
    samples, rate = sample
    names = [tmp_path / name for name in ("a.wav", "b.wav", "missing.wav", "c.wav")]
    for number, name in enumerate(names):
        if "missing" not in name.name:
            soundfile.write(name, samples[number * 10_000 :][:40_000], rate)
    well = transcribe_files(lambda: recognizer, names, "json", tmp_path / "here")
    said = capsys.readouterr().err.replace("/here/", "/there/")
    command = [sys.executable, "-c", MANY_CORES, "transcribe", *names, "-f", "json", "-o", tmp_path / "there"]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (there.stderr, there.returncode, well) == (said, 1, False)
    for name in ("a.json", "b.json", "c.json"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_all_processes_that_cut_without_a_word(tmp_path, sample):
    samples, rate = sample
    names = [tmp_path / f"{number}.wav" for number in range(20)]
    soundfile.write(names[0], np.zeros(rate, np.int16), rate)
    for name in names[1:]:
        soundfile.write(name, np.tile(samples, 4), rate)
    with subprocess.Popen(
        [sys.executable, "-c", MANY_CORES, "transcribe", *names, "-o", tmp_path / "texts"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert "0.wav ->" in command.stderr.readline()  # the others are being cut or heard
        os.killpg(command.pid, signal.SIGINT)  # as a terminal does
        assert command.communicate(timeout=30) == ("", "")  # not before all have ended that could write there
    assert command.returncode == 1


def test_a_text_that_nobody_can_get_is_said():
    done = dictate("transcribe", SAMPLE, closed=">&-")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and "Give -o DIR" in done.stderr
