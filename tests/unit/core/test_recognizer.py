"""A recogniser is refused as a whole when its parts do not belong together."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import MODEL

from s2t_core.decoding.phrases import make_bias
from s2t_core.decoding.segment import Chunks
from s2t_core.errors import S2TError
from s2t_core.features.fbank import fbank
from s2t_core.model.checkpoint import PACKED
from s2t_core.model.ctc import CtcHead, save_ctc
from s2t_core.recognizer import load, pick_device
from s2t_core.types import DEFAULT_BOOST, DecodingOptions, Phrase


@pytest.fixture
def folder(tmp_path):
    """The embedded checkpoint with the heavy file linked."""
    target = tmp_path / "copy"
    target.mkdir()
    for path in MODEL.iterdir():
        if path.name == PACKED:
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
        ("vocab.json", {f"extra{i}": 28000 + i for i in range(5)}, "28005 tokens"),
        ("generation_config.json", {"length_penalty": float("nan")}, "out of range"),
        ("generation_config.json", {"num_beams": 9000}, "out of range"),
        ("preprocessor_config.json", {"dither": float("nan")}, "dither"),
        ("preprocessor_config.json", {"num_mel_bins": 40}, "40"),
        ("preprocessor_config.json", {"sampling_rate": 8000}, "8000 Hz"),
        ("generation_config.json", {"num_beams": 0}, "num_beams"),
        ("preprocessor_config.json", {"num_mel_bins": 10**30}, "bins"),
        ("alignment.json", {"word_start_ms": 10**30}, "away from their sound"),
        ("alignment.json", {"word_end_ms": -20_000}, "away from their sound"),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(folder, name, changes, said):
    edit(folder / name, **changes)
    with pytest.raises(S2TError, match=said) as caught:
        load(folder, "cpu")
    assert caught.value.remedy


@pytest.mark.parametrize("changes", [{"slope": float("nan")}, {"offset": float("inf")}, {"slope": 1e308}])
def test_a_scaling_of_confidences_that_gives_no_number_is_refused(folder, changes):
    (folder / "confidence.json").write_text(json.dumps(changes))
    with pytest.raises(S2TError, match="slope or offset"):
        load(folder, "cpu")


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


def test_in_chunks_a_frame_does_not_know_what_comes_later(recognizer):
    chunked = recognizer.in_chunks(640)
    assert chunked.decoder.chunks == Chunks(32, 0) and recognizer.decoder.chunks is None
    frames = np.random.default_rng(0).normal(10, 2, (300, 80)).astype(np.float32)
    longer, shorter = (chunked.decoder.encode(part).values[0] for part in (frames, frames[:200]))
    torch.testing.assert_close(longer[:64], shorter[:64], rtol=1e-3, atol=1e-3)
    whole = recognizer.decoder.encode(frames).values[0]
    assert not torch.allclose(whole[:64], longer[:64], atol=0.05)


def test_words_are_placed_by_a_ctc_head_where_the_folder_has_one(folder, sample):
    torch.manual_seed(0)
    save_ctc(CtcHead(512), folder)
    decoder = load(folder, "cpu").decoder
    frames = fbank(sample[0][:48000], decoder.features)
    with_head = decoder.finish(frames)
    without = replace(decoder, ctc=None).finish(frames)
    assert with_head.text == without.text
    assert [word.text for word in with_head.words] == [word.text for word in without.words]
    assert [word.first_frame for word in with_head.words] != [word.first_frame for word in without.words]
    assert all(a.end_frame <= b.first_frame for a, b in itertools.pairwise(with_head.words))


def test_a_look_ahead_over_everything_is_full_context(recognizer):
    frames = np.random.default_rng(0).normal(10, 2, (300, 80)).astype(np.float32)
    whole = recognizer.decoder.encode(frames).values[0]
    ahead = recognizer.in_chunks(640, look_ahead_ms=10_000).decoder.encode(frames).values[0]
    assert len(whole) - len(ahead) == 2  # frames that see beyond the end
    assert float((ahead - whole[: len(ahead)]).abs().mean()) < 0.1 * float(whole.std())


def test_wishes_reach_the_decoder_and_widen_the_search():
    wished = load(MODEL, "cpu", wishes=DecodingOptions((Phrase("Uncas"),), n_best=4)).decoder
    assert (wished.search.num_beams, wished.n_best) == (4, 4)
    tokens = wished.tokenizer.encode("Uncas")[:-1]
    assert wished.bias is not None and wished.bias.total(tokens) == pytest.approx(DEFAULT_BOOST)


def test_signs_that_are_no_piece_are_spelt_in_bytes(recognizer):
    tokenizer = recognizer.decoder.tokenizer
    bias = make_bias(DecodingOptions((Phrase("Müller", 4.0), Phrase("uncas", 2.0))), tokenizer)
    assert bias is not None
    assert bias.total(tokenizer.encode("Müller")[:-1]) == pytest.approx(4.0)
    assert bias.total(tokenizer.encode("Uncas")[:-1]) == pytest.approx(2.0)  # as it begins a sentence


def test_the_shipped_head_places_words_near_where_attention_does(recognizer, sample):
    by_head = recognizer.decoder.hear(sample[0]).words
    by_attention = replace(recognizer.decoder, ctc=None).hear(sample[0]).words
    apart = [abs(a.end_frame - b.end_frame) for a, b in zip(by_head, by_attention, strict=True)]
    assert np.median(apart) <= 5 and max(apart) <= 30  # frames of 20 ms


def test_live_words_lie_near_the_final_ones(recognizer, sample):
    final = recognizer.decoder.hear(sample[0])
    live = recognizer.decoder.live_words(final.draft)
    assert [word.text for word in live] == [word.text for word in final.words]
    apart = [abs(a.first_frame - b.first_frame) for a, b in zip(live, final.words, strict=True)]
    assert np.median(apart) <= 6 and max(apart) <= 20
    assert all(a.end_frame <= b.first_frame for a, b in itertools.pairwise(live))
