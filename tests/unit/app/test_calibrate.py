"""`dictate train calibrate`: what a checkpoint is told about itself, and when it is better told nothing."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import MODEL, SAMPLE, SAMPLE_TEXT

from app import cli
from s2t_core.model.checkpoint import PACKED
from s2t_core.recognizer import load


@pytest.fixture
def folder(tmp_path):
    """The embedded checkpoint with the heavy file linked, told nothing yet."""
    target = tmp_path / "copy"
    target.mkdir()
    for path in MODEL.iterdir():
        if path.name == PACKED:
            (target / path.name).symlink_to(path)
        else:
            shutil.copy(path, target)
    heads = json.loads((target / "alignment.json").read_text())["heads"]
    (target / "alignment.json").write_text(json.dumps({"heads": heads}))
    return target


def manifest(tmp_path, *texts):
    path = tmp_path / "manifest.tsv"
    path.write_text("path\ttranscript\n" + "".join(f"{SAMPLE}\t{text}\n" for text in texts))
    return path


def test_live_words_reach_from_where_they_are_attended_to_to_where_they_lie(folder, tmp_path, capsys):
    heads = load(folder, "cpu").decoder.alignment.heads
    assert cli.main(["train", "calibrate", str(folder), str(manifest(tmp_path, SAMPLE_TEXT, SAMPLE_TEXT))]) == cli.DONE
    told = load(folder, "cpu").decoder.alignment
    assert told.heads == heads
    assert -160 <= told.word_start_ms <= 50 < told.word_end_ms <= 300
    assert "scaled" in capsys.readouterr().out


def test_a_scaling_is_written_where_confidence_is_wrong_and_only_there(folder, tmp_path):
    wrong = " ".join("never" if i % 2 else word for i, word in enumerate(SAMPLE_TEXT.split()))
    assert cli.main(["train", "calibrate", str(folder), str(manifest(tmp_path, wrong, wrong))]) == cli.DONE
    scaled = load(folder, "cpu").decoder.confidence
    assert scaled.apply(0.99) < 0.8
    assert cli.main(["train", "calibrate", str(folder), str(manifest(tmp_path, SAMPLE_TEXT, SAMPLE_TEXT))]) == cli.DONE
    assert not (folder / "confidence.json").exists()


def test_one_recording_is_too_little(folder, tmp_path, capsys):
    assert cli.main(["train", "calibrate", str(folder), str(manifest(tmp_path, SAMPLE_TEXT))]) == cli.FAILED
    assert "two recordings" in capsys.readouterr().err
