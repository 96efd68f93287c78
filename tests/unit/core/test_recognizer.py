"""A recogniser is refused as a whole when its parts do not belong together."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import MODEL

from s2t_core.errors import S2TError
from s2t_core.recognizer import load, pick_device


@pytest.fixture
def folder(tmp_path):
    """The embedded checkpoint with the heavy file linked."""
    target = tmp_path / "copy"
    target.mkdir()
    for path in MODEL.iterdir():
        if path.suffix == ".safetensors":
            (target / path.name).symlink_to(path)
        else:
            shutil.copy(path, target)
    return target


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_embedded_folder_names_its_recognizer_after_itself(recognizer):
    assert recognizer.name == "s2t-base-en"
    assert recognizer.device == "cpu"


def test_settings_of_the_folder_are_taken_and_a_width_overrides_them(folder):
    edit(folder / "generation_config.json", num_beams=3, length_penalty=0.5)
    assert load(folder, "cpu").decoder.search.num_beams == 3
    assert load(folder, "cpu", beams=2).decoder.search.num_beams == 2


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("vocab.json", {f"extra{i}": 8000 + i for i in range(5)}, "8005 tokens"),
        ("generation_config.json", {"length_penalty": float("nan")}, "out of range"),
        ("generation_config.json", {"num_beams": 9000}, "out of range"),
        ("preprocessor_config.json", {"dither": float("nan")}, "dither"),
        ("preprocessor_config.json", {"num_mel_bins": 40}, "40"),
        ("preprocessor_config.json", {"sampling_rate": 8000}, "8000 Hz"),
        ("generation_config.json", {"num_beams": 0}, "num_beams"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(folder, name, changes, said):
    edit(folder / name, **changes)
    with pytest.raises(S2TError, match=said) as caught:
        load(folder, "cpu")
    assert caught.value.remedy


def test_alignment_heads_that_are_not_there_are_refused(folder):
    (folder / "alignment.json").write_text('{"heads": [[9, 0]]}')
    with pytest.raises(S2TError, match="does not have"):
        load(folder, "cpu")
    (folder / "alignment.json").write_text('{"heads": [9]}')
    with pytest.raises(S2TError, match="pairs"):
        load(folder, "cpu")


def test_a_gpu_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert pick_device("auto") == "cpu"
    with pytest.raises(S2TError, match="CUDA"):
        pick_device("cuda")
