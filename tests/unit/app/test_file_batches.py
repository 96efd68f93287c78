"""Files whose segments are heard in batches have the transcripts that they have one after the other."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from app import file_batches
from app.transcribe import transcribe_files
from s2t_core.decoding.lanes import Lanes


@pytest.fixture(scope="module")
def batched(plain):
    return replace(plain, decoder=replace(plain.decoder, lanes=Lanes(plain.decoder.model)))


@pytest.fixture
def files(tmp_path, sample):
    """Speech with a pause, no speech, no file, damage behind the first words, and speech at another rate."""
    samples, rate = sample
    pause = np.zeros(rate, np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([pause, samples[:40_000], pause, samples[60_000:110_000]]), rate)
    soundfile.write(tmp_path / "b.wav", pause, rate)
    soundfile.write(tmp_path / "d.flac", samples[:100_000], rate)
    whole = (tmp_path / "d.flac").read_bytes()
    (tmp_path / "d.flac").write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 4))
    soundfile.write(tmp_path / "e.wav", samples[120_000:160_000:2], rate // 2)
    return [tmp_path / name for name in ("a.wav", "b.wav", "c.wav", "d.flac", "e.wav")]


def transcripts(recognizer, files, folder):
    folder.mkdir()
    well = transcribe_files(lambda: recognizer, files, "json", folder)
    return well, {path.name: json.loads(path.read_text()) for path in sorted(folder.iterdir())}


def rounded(content):
    """Without the last digits of confidences, in which sums of another order differ."""
    if isinstance(content, dict):
        return {name: round(value, 2) if name == "confidence" else rounded(value) for name, value in content.items()}
    return [rounded(one) for one in content] if isinstance(content, list) else content


@pytest.mark.parametrize(
    ("pool_s", "at_once", "processes"),
    [(3600.0, 1, 0), (1.0, 1, 0), (1.0, 3, 2)],
    ids=["all at once", "as they come", "in turn, cut by others"],
)
def test_files_in_batches_have_the_transcripts_of_files_one_by_one(
    plain, batched, files, tmp_path, capsys, monkeypatch, pool_s, at_once, processes
):
    monkeypatch.setattr(file_batches, "_POOL_S", {"cpu": pool_s})
    monkeypatch.setattr(file_batches, "_AT_ONCE", {"cpu": at_once})
    monkeypatch.setattr(file_batches, "_processes", lambda device: processes)
    wanted = transcripts(plain, files, tmp_path / "wanted")
    said = capsys.readouterr().err.replace("/wanted/", "/got/")
    monkeypatch.setattr("app.transcribe.hear_file", None)  # no other way is taken
    got = transcripts(batched, files, tmp_path / "got")
    assert rounded(got[1]) == rounded(wanted[1]) and got[0] is wanted[0] is False
    assert capsys.readouterr().err == said
    assert [one["text"] != "" for one in got[1].values()].count(True) == 3


def test_texts_that_a_gpu_does_not_give_are_a_fault_of_their_files(batched, files, capsys, monkeypatch):
    def broken(decoder, sounds, frames):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("s2t_core.recognizer.hear_many", broken)
    assert not transcribe_files(lambda: batched, files[:2], "txt", None)
    captured = capsys.readouterr()
    assert "out of memory" in captured.err and "b.wav" in captured.out


def test_a_fault_of_the_gpu_is_told_though_the_file_goes_on(batched, tmp_path, sample, capsys, monkeypatch):
    def broken(decoder, sounds, frames):
        raise RuntimeError("out of memory")

    samples, rate = sample
    soundfile.write(tmp_path / "a.wav", np.concatenate([samples, np.zeros(rate, np.float32), samples]), rate)
    monkeypatch.setattr(file_batches, "_POOL_S", {"cpu": 1.0})
    monkeypatch.setattr("s2t_core.recognizer.hear_many", broken)
    assert not transcribe_files(lambda: batched, [tmp_path / "a.wav"], "txt", None)
    assert "out of memory" in capsys.readouterr().err


@pytest.mark.parametrize(("cores", "beside_a_gpu", "on_a_cpu"), [(1, 0, 0), (2, 1, 0), (16, 15, 2), (96, 16, 12)])
def test_processes_that_cut_are_as_many_as_pay(monkeypatch, cores, beside_a_gpu, on_a_cpu):
    monkeypatch.setattr(file_batches, "cores", lambda: cores)
    assert (file_batches._processes("cuda"), file_batches._processes("cpu")) == (beside_a_gpu, on_a_cpu)
