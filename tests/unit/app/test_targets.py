"""Which files are transcribed, and where their transcripts go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.errors import AudioError
from app.targets import Found, find_files, plan_targets

OUT = Path("out")


def named(*names):
    return [Found(Path(name)) for name in names]


def test_a_folder_gives_what_is_audio_or_video_in_it_and_how_deep_it_lies(tmp_path):
    for name in ("b/y.WAV", "a.mp3", "b/c/x.mkv", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = find_files([Path("odd.bin"), tmp_path])
    assert [(str(one.path.name), str(one.below)) for one in found] == [
        ("odd.bin", "."), ("a.mp3", "."), ("x.mkv", "b/c"), ("y.WAV", "b"),
    ]  # fmt: skip
    assert [str(one) for one in plan_targets(found[1:], "txt", OUT)] == ["out/a.txt", "out/b/c/x.txt", "out/b/y.txt"]


def test_a_folder_without_any_is_said(tmp_path):
    with pytest.raises(AudioError, match="holds no audio or video"):
        find_files([tmp_path])


def test_files_of_one_name_keep_apart_however_many_they_are():
    files = [*named("x.wav", "x.mp3"), *(Found(Path(str(number), "x.wav")) for number in range(1200))]
    targets = plan_targets(files, "txt", OUT)
    assert [path.name for path in targets[:5]] == ["x.txt", "x.mp3.txt", "x.wav.txt", "x.wav-2.txt", "x.wav-3.txt"]
    assert len(set(targets)) == len(files)


def test_a_text_that_is_known_keeps_its_place_and_no_other_takes_it():
    known = {Path("x.mp3"): OUT / "x.txt"}
    assert [path.name for path in plan_targets(named("x.flac", "x.mp3"), "txt", OUT, known)] == ["x.flac.txt", "x.txt"]


def test_a_recording_that_is_named_like_a_text_is_not_overwritten(tmp_path):
    (tmp_path / "talk.txt").write_bytes(b"sound")
    (target,) = plan_targets([Found(tmp_path / "talk.txt")], "txt", tmp_path)
    assert target.name == "talk.txt.txt"


def test_names_that_are_too_long_or_no_text_have_a_target():
    odd = Path(os.fsdecode(b"\xff" + b"n" * 250 + b".wav"))
    (target,) = plan_targets([Found(odd)], "json", OUT)
    assert len(os.fsencode(target.name)) <= 255
