"""The command as a user runs it: a process of its own, real files, the checkpoint in the box."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soundfile
import soxr
from conftest import SAMPLE, SAMPLE_TEXT
from support.desktop import no_sound

ROOT = Path(__file__).parent.parent.parent
RECIPE_TEXT = (
    "A store of pickled eggs will be found very useful and ornamental in serving with many first and second course "
    "dishes."
)


def dictate(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def test_the_bundled_samples_give_the_right_words():
    done = dictate("transcribe", SAMPLE, SAMPLE.with_name("recipe.ogg"))
    assert done.returncode == 0, done.stderr
    assert SAMPLE_TEXT in done.stdout and RECIPE_TEXT in done.stdout
    assert done.stderr == ""


def test_forms_rates_and_channels_give_the_same_words(tmp_path, sample):
    samples, rate = sample
    samples = samples[: 9 * rate]
    made = []
    for name, to, channels in (("a.wav", 44100, 2), ("b.flac", 8000, 1), ("c.ogg", 48000, 2), ("d.mp3", 22050, 1)):
        tones = soxr.resample(samples, rate, to)
        soundfile.write(tmp_path / name, np.stack([tones] * channels, 1), to)
        made.append(tmp_path / name)
    done = dictate("transcribe", *made, "-f", "json", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    wanted = SAMPLE_TEXT.split(". ")[0].lower()
    for path in made:
        found = json.loads((tmp_path / "out" / f"{path.stem}.json").read_text())
        said = found["text"].lower().rstrip(".")
        # 8 kHz has lost everything above 4 kHz; the others must be right to the word.
        assert jiwer.wer(wanted, said) <= (0.2 if path.name == "b.flac" else 0.0), said
        assert found["duration_s"] == pytest.approx(9, abs=0.2)


def test_a_bad_file_among_good_ones_is_said_and_the_good_ones_are_written(tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    done = dictate("transcribe", tmp_path / "bad.wav", SAMPLE.with_name("recipe.ogg"))
    assert done.returncode == 1
    assert RECIPE_TEXT in done.stdout
    (line,) = done.stderr.splitlines()
    assert "bad.wav is not audio" in line


def test_a_file_that_breaks_off_gives_the_text_up_to_there(tmp_path):
    whole = SAMPLE.read_bytes()
    (tmp_path / "half.flac").write_bytes(whole[: len(whole) // 2])
    done = dictate("transcribe", tmp_path / "half.flac")
    assert done.returncode == 1
    assert "The invention of movable metal letters" in done.stdout
    (line,) = done.stderr.splitlines()
    assert "half.flac is damaged" in line


def test_a_recording_is_never_overwritten_by_its_text(tmp_path):
    (tmp_path / "speech.txt").write_bytes(SAMPLE.with_name("recipe.ogg").read_bytes())
    assert dictate("transcribe", tmp_path / "speech.txt", "-o", tmp_path).returncode == 0
    assert (tmp_path / "speech.txt").read_bytes() == SAMPLE.with_name("recipe.ogg").read_bytes()
    assert (tmp_path / "speech.txt.txt").read_text().strip() == RECIPE_TEXT


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = dictate("transcribe", tmp_path / "pipe")
    assert done.returncode == 1 and "no ordinary file" in done.stderr


def test_listening_at_the_pace_of_speech_shows_partials_while_it_runs_and_the_final_soon_after():
    began = time.monotonic()
    done = dictate("listen", "--file", SAMPLE, "--pace", 1, "--events")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "ready" and kinds[-1] == "end"
    finals = [event for event in events if event["type"] == "final"]
    assert " ".join(final["text"] for final in finals) == SAMPLE_TEXT
    partials = [event for event in events if event["type"] == "partial"]
    # a machine that is busy with other things takes more audio in one pass and shows fewer partials
    assert partials[0]["audio_s"] < events[-1]["audio_s"] / 2 and len(partials) >= 3
    for final in finals:
        committed = ""
        for partial in (event for event in partials if event["segment"] == final["segment"]):
            assert partial["committed"].startswith(committed)
            committed = partial["committed"]
        assert committed and final["text"].startswith(committed)
    duration_s = soundfile.info(SAMPLE).duration
    assert events[-1]["audio_s"] == pytest.approx(duration_s, abs=0.01)
    assert events[-1]["dropped_s"] == 0
    assert events[-1]["wall_s"] >= duration_s - 0.1
    assert time.monotonic() - began >= duration_s


def test_listening_flat_out_gives_the_same_finals():
    done = dictate("listen", "--file", SAMPLE, "--pace", 0)
    assert done.returncode == 0
    assert " ".join(done.stdout.split()) == SAMPLE_TEXT


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_listener_still_writes_its_last_words(stop):
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "listen", "--file", str(SAMPLE), "--events"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["type"] == "partial" and events[-1]["audio_s"] > 4 and process.poll() is None and stop:
            process.send_signal(stop)
            stop = None
    assert process.wait(20) == 0, process.stderr.read()
    assert [event["type"] for event in events[-2:]] == ["final", "end"]
    assert events[-2]["text"].lower().startswith("the invention of movable")
    process.stdout.close()
    process.stderr.close()


def test_a_reader_that_leaves_ends_the_listener_quietly():
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "listen", "--file", str(SAMPLE), "--events"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def silent(folder):
    return {"env": os.environ | no_sound(folder)}


def test_without_a_microphone_the_remedy_is_said_and_the_list_is_empty(tmp_path):
    done = dictate("listen", **silent(tmp_path))
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "No microphone was found" in line and "--file" in line
    assert json.loads(dictate("devices", "--json", **silent(tmp_path)).stdout) == []


def test_a_meeting_without_any_sound_says_each_reason_once_and_does_not_listen(tmp_path):
    done = dictate("listen", "--meeting", **silent(tmp_path))
    assert done.returncode == 1 and done.stdout == ""
    own, other = done.stderr.splitlines()
    assert "No microphone was found" in own and "sound server does not answer" in other


def test_a_display_that_is_not_there_is_said():
    env = {
        key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    for display in ({}, {"DISPLAY": ":9876"}):
        done = dictate(env=env | display)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "display" in line


def test_the_demonstration_shows_the_live_path_in_the_terminal_where_there_is_no_microphone(tmp_path):
    done = dictate("demo", **silent(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "No microphone was found" in done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 10
    assert " ".join(line for line in lines if not line.startswith("  ")) == SAMPLE_TEXT


def test_the_exported_model_transcribes_the_same(tmp_path):
    assert dictate("model", "export-hf", tmp_path / "plain").returncode == 0
    done = dictate("transcribe", SAMPLE.with_name("recipe.ogg"), "--model", tmp_path / "plain")
    assert done.stdout.strip() == RECIPE_TEXT, done.stderr


def test_a_folder_without_write_permission_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = dictate("transcribe", SAMPLE, "-o", tmp_path / "file" / "out")
    assert done.returncode == 1
    assert "cannot be made" in done.stderr and len(done.stderr.splitlines()) == 1
