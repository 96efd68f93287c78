"""`dictate train`: from Whisper to a checkpoint that hears, taught and adapted, and what is said when it cannot."""

from __future__ import annotations

import functools
import json
import re
import shutil
import stat
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from conftest import SAMPLE, SAMPLE_TEXT
from support.tiny_whisper import make_whisper
from transformers import Speech2TextForConditionalGeneration as Peer
from transformers import Speech2TextProcessor

import app.paths
import app.personal
import app.train
import s2t_core.training.distil_ctc
import s2t_core.training.distil_decoder
import s2t_core.training.distil_encoder
import s2t_core.training.distil_jointly
import s2t_core.training.finetune
from app import cli
from app.paths import model_in_use, personal_model
from app.personal import FEWEST
from app.train import counted, progress, read_recording
from s2t_core.decoding.segment import DecodedText
from s2t_core.model.checkpoint import load_model, weights_file
from s2t_core.recognizer import load
from s2t_core.streaming.config import SessionConfig
from s2t_core.training.examples import Example
from s2t_core.types import AudioChunk

RATE = 16000
LAYERS = "model.decoder.layers.{}.fc1.weight"


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    make_whisper(folder)
    return folder


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """A manifest of the sample's two sentences, cased, without durations."""
    folder = tmp_path_factory.mktemp("speech")
    samples, _ = soundfile.read(SAMPLE, dtype="float32")
    cut = len(samples) * 2 // 3
    first, _, second = SAMPLE_TEXT.partition(". ")
    rows = [("1.wav", samples[:cut], first + "."), ("2.wav", samples[cut:], second)]
    return manifest_of(folder, rows)


def manifest_of(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples, _ in rows:
        soundfile.write(folder / name, samples, RATE)
    lines = ["path\ttranscript\tspeaker", *(f"{name}\t{text}\tme" for name, _, text in rows)]
    (folder / "list.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "list.tsv"


def dictate(*words) -> int:
    return cli.main([str(word) for word in words])


def warm_start(whisper, speech, out, *more) -> int:
    return dictate("train", "warm-start", whisper, "--speech", speech, "--pieces", 500, "--out", out, *more)


@pytest.fixture(scope="module")
def checkpoint(whisper, speech, tmp_path_factory):
    """A warm-started checkpoint, to begin with."""
    folder = tmp_path_factory.mktemp("start") / "tiny"
    assert warm_start(whisper, speech, folder) == cli.DONE
    return folder


@pytest.fixture
def few_steps(monkeypatch):
    """Stages end after two steps, however slow the machine is."""
    for module, name in (
        (s2t_core.training.distil_encoder, "EncoderStage"),
        (s2t_core.training.distil_decoder, "DecoderStage"),
        (s2t_core.training.distil_jointly, "JointStage"),
        (s2t_core.training.distil_ctc, "CtcStage"),
        (s2t_core.training.finetune, "FinetuneStage"),
    ):
        monkeypatch.setattr(module, name, functools.partial(getattr(module, name), most_steps=2))


def state_of(folder) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in load_model(folder).state_dict().items()}


# -- warm-start


def test_a_warm_started_checkpoint_opens_and_hears(checkpoint, sample):
    recognizer = load(checkpoint, "cpu")
    assert 355 < recognizer.decoder.tokenizer.size <= 500
    assert not recognizer.decoder.features.do_ceptral_normalize
    session = recognizer.open_session(SessionConfig(partials=False))
    session.push(AudioChunk(sample[0][: 2 * RATE], RATE, 0))
    session.finish()


@torch.no_grad()
def test_a_warm_started_checkpoint_is_one_of_transformers(checkpoint, sample):
    processor = Speech2TextProcessor.from_pretrained(checkpoint)
    theirs, ours = Peer.from_pretrained(checkpoint).eval(), load(checkpoint, "cpu", precision="float32").decoder
    assert ours.tokenizer.encode("The art") == processor.tokenizer("The art").input_ids
    features = torch.randn(1, 50, 80)
    tokens = torch.tensor([[2, 300]])
    want = theirs(input_features=features, decoder_input_ids=tokens).logits
    assert float((ours.model(features, tokens).logits - want).abs().max()) < 1e-3
    assert not processor.feature_extractor.do_ceptral_normalize


def test_layers_and_texts_can_be_chosen(whisper, speech, checkpoint, tmp_path, capsys):
    texts = tmp_path / "texts.txt"
    texts.write_text("sleepers sleepers\t5\nplain line\n", encoding="utf-8")
    out = tmp_path / "out"
    assert warm_start(whisper, speech, out, "--layers", "1", "--text", texts, "--packed") == cli.DONE
    assert weights_file(out).name == "model.packed.safetensors"
    small, whole = state_of(out), state_of(checkpoint)
    assert LAYERS.format(1) not in small
    kept, was = small[LAYERS.format(0)], whole[LAYERS.format(1)]
    assert float((kept - was).norm() / was.norm()) < 0.03
    said = capsys.readouterr().err
    assert "pieces of" in said and "The front end explains" in said and said.endswith(f"{whisper} -> {out}\n")


def test_heads_keep_following_the_audio_in_the_layers_that_are_left(whisper, speech, tmp_path):
    folder, out = tmp_path / "whisper", tmp_path / "out"
    shutil.copytree(whisper, folder)
    (folder / "generation_config.json").write_text('{"alignment_heads": [[0, 1], [1, 0], [1, 1]]}')
    assert warm_start(folder, speech, out, "--layers", "1") == cli.DONE
    assert load(out, "cpu").decoder.alignment.heads == ((0, 0), (0, 1))


def test_what_was_learnt_is_kept_for_another_vocabulary(whisper, speech, checkpoint, tmp_path):
    out = tmp_path / "out"
    words = ("train", "warm-start", whisper, "--speech", speech, "--pieces", 380, "--from", checkpoint, "--out", out)
    assert dictate(*words) == cli.DONE
    old, new = (load(folder, "cpu", precision="float32").decoder for folder in (checkpoint, out))
    assert new.tokenizer.size <= 380 < old.tokenizer.size
    assert (out / "preprocessor_config.json").read_bytes() == (checkpoint / "preprocessor_config.json").read_bytes()
    rows, ids = old.model.lm_head.weight, {piece: number for number, piece in old.tokenizer.pieces().items()}
    for number, piece in new.tokenizer.pieces().items():
        assert torch.equal(new.model.lm_head.weight[number], rows[ids[piece]])
    encoder = old.model.model.encoder.state_dict()
    assert all(torch.equal(weight, encoder[name]) for name, weight in new.model.model.encoder.state_dict().items())


# -- distil


def test_a_teacher_is_heard_once_and_what_it_says_is_learnt(
    whisper, speech, checkpoint, tmp_path, few_steps, capsys, monkeypatch
):
    work, out = tmp_path / "work", tmp_path / "taught"
    words = ["train", "distil", checkpoint, "--work", work]
    minutes = [f"--{stage}-minutes" for stage in ("encoder", "decoder", "joint", "ctc")]
    sixty = [word for name in minutes for word in (name, 60)]
    before = state_of(checkpoint)
    assert dictate(*words, *sixty, "--teacher", whisper, "--speech", speech, "--out", out) == cli.DONE
    assert load(out, "cpu").decoder.ctc is not None
    after = state_of(out)
    assert before.keys() == after.keys()
    for part in ("model.encoder.layers.0.fc1.weight", LAYERS.format(0)):
        assert not torch.equal(before[part], after[part])
    assert torch.equal(before["lm_head.weight"], after["lm_head.weight"])  # Whisper's words stay as they are
    said = capsys.readouterr().err
    assert "listening: 1 of 1 windows" in said and "encoder: frame error" in said
    assert all(re.search(rf"^{stage}: loss [0-9.]+ after 2 steps$", said, re.M) for stage in ("decoder", "both", "ctc"))

    again = tmp_path / "again"
    monkeypatch.setattr("s2t_core.training.whisper.read_whisper", None)  # the lessons are on disk
    only_decoder = [word for name in minutes for word in (name, 60 * (name == "--decoder-minutes"))]
    assert dictate(*words, *only_decoder, "--out", again) == cli.DONE
    assert load(again, "cpu").decoder.ctc is None
    assert torch.equal(
        state_of(again)["model.encoder.layers.0.fc1.weight"], before["model.encoder.layers.0.fc1.weight"]
    )
    assert not torch.equal(state_of(again)[LAYERS.format(0)], before[LAYERS.format(0)])


def test_speech_is_learnt_without_a_teacher_amid_noise_and_rooms(speech, checkpoint, tmp_path, few_steps):
    hiss = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    noise = manifest_of(tmp_path / "noise", [("hiss.wav", hiss, "")])
    rooms = manifest_of(tmp_path / "rooms", [("click.wav", np.array([1.0, 0.5, 0.2] * 200, np.float32) / 2, "")])
    out = tmp_path / "out"
    words = ["train", "distil", checkpoint, "--work", tmp_path / "work", "--out", out, "--packed"]
    more = ["--more", speech, "--noise", noise, "--rooms", rooms, "--encoder-minutes", 60, "--joint-minutes", 60]
    assert dictate(*words, *more) == cli.DONE
    assert weights_file(out).name == "model.packed.safetensors"
    assert load(out, "cpu").decoder.tokenizer.size == load(checkpoint, "cpu").decoder.tokenizer.size


# -- what can go wrong


def refused(capsys, *words) -> str:
    assert dictate(*words) == cli.FAILED
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("dictate: ") and "Something went wrong" not in said
    return said


def test_a_folder_that_is_not_empty_is_not_written_to(whisper, speech, checkpoint, tmp_path, capsys):
    (tmp_path / "kept.txt").write_text("kept")
    for words in (
        ("warm-start", whisper, "--speech", speech),
        ("distil", checkpoint, "--more", speech, "--work", tmp_path / "work"),
    ):
        said = refused(capsys, "train", *words, "--out", tmp_path)
        assert "is not an empty folder. Name a new folder with --out." in said
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_out_that_is_a_file_is_refused(whisper, speech, tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    said = refused(capsys, "train", "warm-start", whisper, "--speech", speech, "--out", tmp_path / "file")
    assert "is not an empty folder. Name a new folder with --out." in said
    assert (tmp_path / "file").read_text() == "kept"


def test_missing_manifests_recordings_and_texts_are_named(whisper, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("train", "warm-start", whisper, "--out", out)
    assert "nothing.tsv cannot be read" in refused(capsys, *words, "--speech", tmp_path / "nothing.tsv")
    listed = tmp_path / "list.tsv"
    listed.write_text("path\ttranscript\ngone.wav\tA\n")
    assert "There is no file" in refused(capsys, *words, "--speech", listed)
    soundfile.write(tmp_path / "gone.wav", np.zeros(RATE, dtype=np.float32), RATE)
    assert "gone.txt cannot be read" in refused(capsys, *words, "--speech", listed, "--text", tmp_path / "gone.txt")
    (tmp_path / "odd.txt").write_text("a line\tno number\n")
    assert "a tab and a weight" in refused(capsys, *words, "--speech", listed, "--text", tmp_path / "odd.txt")
    assert not out.exists()


def test_what_cannot_be_made_of_whisper_is_refused(whisper, speech, tmp_path, capsys):
    words = ("train", "warm-start", whisper, "--speech", speech, "--out", tmp_path / "out")
    assert "100 pieces are too few. Ask for 355 at least." in refused(capsys, *words, "--pieces", 100)
    assert "no decoder layer 7. It has 0 to 1." in refused(capsys, *words, "--layers", "0,7", "--pieces", 500)
    words = ("train", "warm-start", tmp_path, "--speech", speech, "--out", tmp_path / "out")
    assert "holds no weights" in refused(capsys, *words)


def test_a_list_of_layers_is_numbers(whisper, speech, tmp_path, capsys):
    with pytest.raises(SystemExit):
        warm_start(whisper, speech, tmp_path / "out", "--layers", "first")
    assert "'first' is no list of numbers like 0,1,2" in capsys.readouterr().err


@pytest.mark.parametrize("texts", [[], ["LONG " * 20]], ids=["no manifests", "texts that were not heard"])
def test_nothing_to_learn_is_said(checkpoint, tmp_path, few_steps, capsys, monkeypatch, texts):
    monkeypatch.setattr(app.train, "_write", lambda recognizer, samples: "something else")
    more = [manifest_of(tmp_path / "more", [("1.wav", np.zeros(RATE, np.float32), text)]) for text in texts]
    words = ["train", "distil", checkpoint, "--work", tmp_path / "work", "--out", tmp_path / "out"]
    assert dictate(*words, *(["--more", *more] if more else [])) == cli.FAILED
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith("dictate: There is nothing to learn from. Name manifests")
    assert not (tmp_path / "out").exists()


# -- progress


def test_a_stage_says_at_its_end_how_it_went(capsys):
    with progress("listening") as report:
        report(0.5, "half")
        report(1.0, "all")
    with progress("encoder"):
        pass
    assert capsys.readouterr().err == "listening: all\nencoder: nothing to do\n"


def test_what_is_made_is_counted():
    reports = []
    assert list(counted("abc", 4, lambda done, text: reports.append((done, text)))) == ["a", "b", "c"]
    assert reports == [(0.25, "1 of 4"), (0.5, "2 of 4"), (0.75, "3 of 4")]


def test_recordings_are_read_at_16_khz(tmp_path):
    soundfile.write(tmp_path / "high.wav", np.zeros((44_100, 2), dtype=np.float32), 44_100)
    samples = read_recording(tmp_path / "high.wav")
    assert samples.dtype == np.float32 and len(samples) == pytest.approx(RATE, abs=2)


# -- finetune


@pytest.fixture
def box(checkpoint, tmp_path, monkeypatch):
    """The tiny checkpoint in the place of the one in the box."""
    folder = tmp_path / "box"
    shutil.copytree(checkpoint, folder)
    for module in (app.paths, app.personal):
        monkeypatch.setattr(module, "embedded_model", lambda: folder)
    return folder


@pytest.fixture
def recordings(tmp_path, sample):
    rows = [(f"{k}.wav", sample[0][k * RATE : (k + 2) * RATE], "The art of printing") for k in range(FEWEST)]
    return manifest_of(tmp_path / "mine", rows)


def judged_as(monkeypatch, *rates: float) -> None:
    monkeypatch.setattr(app.personal, "error_rate", lambda *_: next(left), raising=True)
    left = iter(rates)


def files_of(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_adaptation_that_does_not_help_leaves_nothing_behind(box, recordings, few_steps, monkeypatch, capsys):
    kept = files_of(box)
    judged_as(monkeypatch, 0.3, 0.4, 0.5)
    assert dictate("train", "finetune", recordings, "--minutes", 60) == 1
    said = capsys.readouterr()
    assert "Nothing was changed" in said.err and "30.0% before, 40.0% after" in said.err
    assert said.out == ""
    assert not personal_model().parent.exists()
    assert model_in_use() == box
    assert files_of(box) == kept


def test_an_adaptation_that_helps_is_used_until_it_is_undone(box, recordings, few_steps, monkeypatch, capsys):
    kept = files_of(box)
    judged_as(monkeypatch, 0.5, 0.2, 0.3)
    assert dictate("train", "finetune", recordings, "--minutes", 60) == cli.DONE
    assert "50.0% before, 20.0% after" in capsys.readouterr().out
    folder = personal_model()
    assert model_in_use() == folder
    assert not folder.with_name("personal.new").exists()
    made = [personal_model().parent, *personal_model().parent.rglob("*")]
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    origin = json.loads((folder / "personal.json").read_text())
    assert origin == {"before": 0.5, "after": 0.2, "recordings": FEWEST, "kept": 1.0}
    changed, original = state_of(folder), state_of(box)
    assert not torch.equal(changed[LAYERS.format(0)], original[LAYERS.format(0)])
    assert load(model_in_use(), "cpu").decoder.tokenizer.size == load(box, "cpu").decoder.tokenizer.size
    assert files_of(box) == kept  # the weights are read from a mapped file, which training must not write to

    judged_as(monkeypatch, 0.5, 0.1, 0.3)  # a second one takes the place of the first
    assert dictate("train", "finetune", recordings, "--minutes", 60) == cli.DONE
    assert json.loads((folder / "personal.json").read_text())["after"] == 0.1

    assert dictate("train", "finetune", "--undo") == cli.DONE
    assert not folder.exists()
    assert model_in_use() == box
    assert "in the box is in use again" in capsys.readouterr().out
    assert dictate("train", "finetune", "--undo") == cli.DONE
    assert "There is no personal checkpoint" in capsys.readouterr().err


def test_too_few_recordings_are_refused(box, recordings, capsys):
    lines = recordings.read_text().splitlines()
    long = np.zeros(31 * RATE, dtype=np.float32)
    soundfile.write(recordings.parent / "long.wav", long, RATE)
    soundfile.write(recordings.parent / "silent.wav", long[:RATE], RATE)
    unfit = ["long.wav\tToo long to be learnt\tme", "silent.wav\t\tme"]
    recordings.write_text("\n".join([*lines[:-1], *unfit]) + "\n")
    said = refused(capsys, "train", "finetune", recordings)
    assert f"{FEWEST - 1} recordings of at most 30 s with a text; {FEWEST} are needed. Add more." in said
    assert not personal_model().parent.exists()


def test_recordings_that_are_elsewhere_are_said_and_found(box, recordings, few_steps, monkeypatch, capsys, tmp_path):
    moved = shutil.move(recordings, tmp_path / "list.tsv")
    assert "--audio DIR" in refused(capsys, "train", "finetune", moved)
    judged_as(monkeypatch, 0.5, 0.2, 0.3)
    found = ["--audio", recordings.parent]
    assert dictate("train", "finetune", moved, *found, "--minutes", 60) == cli.DONE


def test_a_manifest_or_undo_is_needed(capsys):
    with pytest.raises(SystemExit):
        dictate("train", "finetune")
    assert "MANIFEST" in capsys.readouterr().err


def test_the_error_rate_counts_words_without_case_or_marks():
    written = iter(["one, Two", "Four"])
    decoder = SimpleNamespace(hear=lambda samples: DecodedText(next(written)))
    clips = [Example(np.zeros(RATE, dtype=np.float32), ())] * 2
    rate = app.personal.error_rate(SimpleNamespace(decoder=decoder), clips, ["ONE TWO THREE", "Four."])
    assert rate == 1 / 4
