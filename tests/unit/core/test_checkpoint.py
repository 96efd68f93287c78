"""Checkpoint folders: what transformers wrote loads here, what we write loads there, and broken ones are refused."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest
import torch
from conftest import MODEL
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from support.peer import TINY, make_pair, make_peer, random_batch
from transformers import Speech2TextForConditionalGeneration as Peer
from transformers import Speech2TextProcessor

from s2t_core.errors import CheckpointError, ConfigError
from s2t_core.model.checkpoint import HEAD, export_folder, load_model, read_weights, save_model, weights_file
from s2t_core.model.packing import SCALE, pack, unpack

TOKENS = torch.tensor([[2, 5, 6, 7]])


@torch.no_grad()
def logits(model):
    features, _ = random_batch(TINY, [61])
    if isinstance(model, Peer):
        return model(input_features=features, decoder_input_ids=TOKENS).logits
    return model(features, TOKENS).logits


def test_a_pickle_folder_of_transformers_loads(tmp_path):
    peer = make_peer(TINY)
    peer.config.save_pretrained(tmp_path)
    state = peer.state_dict() | {"model.encoder.embed_positions.weights": torch.zeros(3, 3)}  # as old versions wrote
    torch.save(state, tmp_path / "pytorch_model.bin")
    assert torch.allclose(logits(load_model(tmp_path)), logits(peer), atol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_our_folder_loads_in_transformers(tmp_path, tied):
    config = dataclasses.replace(TINY, tie_word_embeddings=tied)
    ours, _ = make_pair(config, tmp_path / "theirs")
    save_model(ours, tmp_path / "ours")
    theirs, report = Peer.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert torch.allclose(logits(ours), logits(theirs.eval()), atol=1e-4)


def test_a_packed_folder_is_near_the_plain_one_and_a_fourth_of_its_size(tmp_path):
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, d_model=64, encoder_ffn_dim=128, decoder_ffn_dim=128, vocab_size=400)
    ours, _ = make_pair(config, tmp_path / "plain")
    save_model(ours, tmp_path / "packed", packed=True)
    packed = load_model(tmp_path / "packed").state_dict()
    for name, weight in ours.state_dict().items():
        error = float((packed[name] - weight).norm() / weight.norm().clamp(min=1e-9))
        kind = "embeddings" if "embed" in name or name == HEAD else "matrix" if weight.dim() == 2 else "half"
        assert error < {"embeddings": 0.01, "matrix": 0.03, "half": 0.0005}[kind], name
    assert weights_file(tmp_path / "packed").stat().st_size < 0.27 * weights_file(tmp_path / "plain").stat().st_size


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**31))
def test_six_bits_are_never_worse_than_plain_rounding(rows, groups, seed):
    weight = torch.randn(rows, 64 * groups, generator=torch.Generator().manual_seed(seed))
    packed = dict(pack([("w", weight)]))
    assert packed["w"].shape == (rows, 48 * groups) and packed["w"].dtype == torch.uint8
    grouped = weight.unflatten(1, (groups, 64))
    step = grouped.abs().amax(2, keepdim=True) / 31
    plain = ((grouped / step).round() * step - grouped).square().sum(2)
    ours = (unpack(packed["w"], packed["w.scale"]).unflatten(1, (groups, 64)) - grouped).square().sum(2)
    assert bool((ours <= 1.1 * plain).all())  # scales are rounded to float16


def test_packing_survives_rows_of_zeros():
    packed = dict(pack([("w", torch.zeros(3, 4)), ("v", torch.zeros(3, 128))]))
    for name in "wv":
        assert not unpack(packed[name], packed[name + SCALE]).any()


def test_packed_twice_is_packed_once():
    once = dict(pack([("w", torch.randn(8, 128))]))
    weight = unpack(once["w"], once["w.scale"])
    again = dict(pack([("w", weight)]))
    torch.testing.assert_close(unpack(again["w"], again["w.scale"]), weight, rtol=0.002, atol=1e-4)


@torch.no_grad()
def test_the_exported_embedded_model_gives_transformers_the_same_logits(tmp_path, plain):
    export_folder(MODEL, tmp_path)
    theirs = Peer.from_pretrained(tmp_path).eval()
    features = torch.randn(1, 120, 80) * 3
    tokens = torch.tensor([[2, 50, 600, 7000]])
    ours = plain.decoder.model(features, tokens).logits
    want = theirs(input_features=features, decoder_input_ids=tokens).logits
    assert float((ours - want).abs().max()) < 1e-3  # logits of up to 30


@torch.no_grad()
def test_transformers_writes_the_same_text_from_the_exported_embedded_model(tmp_path, plain, sample):
    export_folder(MODEL, tmp_path)
    theirs, processor = Peer.from_pretrained(tmp_path).eval(), Speech2TextProcessor.from_pretrained(tmp_path)
    heard = processor(sample[0], sampling_rate=16000, return_tensors="pt")
    ids = theirs.generate(heard.input_features, attention_mask=heard.attention_mask)
    ours = plain.decoder.hear(sample[0]).text
    assert processor.batch_decode(ids, skip_special_tokens=True) == [ours]


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle ran code')",)


@pytest.fixture
def folder(tmp_path):
    """A good checkpoint, to be spoilt."""
    make_peer(TINY).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def assert_refused(folder, said):
    with pytest.raises((CheckpointError, ConfigError), match=said) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "whisper"}, "whisper"),
        ({"encoder_attention_heads": 5}, "cannot be divided"),
        ({"d_model": "big"}, "d_model"),
        ({"d_model": 64}, "does not fit"),
        ({"encoder_layers": 10**6}, "encoder_layers"),
        ({"activation_function": "sinc"}, "sinc"),
        ({"conv_kernel_sizes": [5]}, "kernels"),
        ({"pad_token_id": 60}, "outside the vocabulary"),
        ({"dropout": 5.0}, "no probability"),
        ({"init_std": -1.0}, "no spread"),
    ],
)
def test_a_configuration_that_no_network_or_not_this_one_has_is_refused(folder, change, said):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert_refused(folder, said)


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_configuration_that_is_no_json_object_is_refused(folder, content):
    (folder / "config.json").write_bytes(content)
    assert_refused(folder, "JSON")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert_refused(folder, name)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    assert_refused(tmp_path / "nowhere", "is not a folder")


@pytest.mark.parametrize("kept", [0, 7, 100, 5000])
def test_truncated_weights_are_refused(folder, kept):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert_refused(folder, "cannot be read")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda state: state.pop("model.encoder.layer_norm.bias"), "missing model.encoder.layer_norm.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "unknown extra"),
        (lambda state: state["model.encoder.layer_norm.bias"].fill_(float("nan")), "not a finite number"),
        (lambda state: state.update({"lm_head.weight": torch.zeros(2, dtype=torch.int8)}), "no scale"),
    ],
)
def test_tensors_that_are_not_the_models_are_refused(folder, spoil, said):
    state = load_file(folder / "model.safetensors")
    spoil(state)
    save_file(state, folder / "model.safetensors")
    assert_refused(folder, said)


@pytest.mark.parametrize(
    ("shape", "scales"), [((48,), (1,)), ((2, 48), (2,)), ((2, 47), (2, 1)), ((2, 2), (2, 1)), ((2, 48), (3, 1))]
)
def test_packed_tensors_whose_scales_do_not_fit_are_refused(folder, shape, scales):
    state = load_file(folder / "model.safetensors")
    state |= {"lm_head.weight": torch.zeros(shape, dtype=torch.uint8), "lm_head.weight.scale": torch.ones(scales)}
    save_file(state, folder / "model.safetensors")
    assert_refused(folder, "cannot be read|does not fit")


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    torch.save({"weight": Bomb()}, path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)


def test_a_pickle_whose_damage_calls_the_wrong_thing_is_refused(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    torch.save({"x": torch.zeros(2)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes().replace(b"_rebuild_tensor_v2", b"_rebuild_tensor_v3"))
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_weights(path)


def test_weights_that_promise_more_than_there_is_cost_nothing(tmp_path):
    """A header of terabytes, and a length of it that no file has."""
    import resource

    head = json.dumps({"x": {"dtype": "F32", "shape": [1 << 20, 1 << 20], "data_offsets": [0, 1 << 42]}}).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for content in (len(head).to_bytes(8, "little") + head, (1 << 62).to_bytes(8, "little") + head, b"\xff" * 20):
        (tmp_path / "model.safetensors").write_bytes(content)
        with pytest.raises(CheckpointError, match="cannot be read"):
            read_weights(tmp_path / "model.safetensors")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.parametrize(
    ("dtype", "shape", "scale"),
    [
        (torch.int8, (1, 9000), (9000,)),
        (torch.uint8, (1, 48), (2000,)),
        (torch.uint8, (1, 9000), (1, 1, 12000)),
        (torch.uint8, (1, 12000), (1, 250)),
        (torch.int8, (), (1,)),
    ],
)
def test_small_tensors_are_not_stretched_to_fill_the_memory(tmp_path, dtype, shape, scale):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(shape, dtype=dtype), "a" + SCALE: torch.ones(scale, dtype=torch.float16)}, path)
    if scale == (1, 250):  # this one fits: 16000 weights in 250 groups
        assert read_weights(path)["a"].shape == (1, 16000)
        return
    with pytest.raises(CheckpointError, match="does not fit|cannot be read"):
        read_weights(path)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"a": torch.zeros(1, dtype=torch.float16).expand(1 << 20, 1 << 20)}, "promises more"),
        ({"a": torch.zeros(3).to_sparse()}, "no plain tensor"),
        ({"a": torch.zeros(3, device="meta")}, "no plain tensor"),
        ({"a": {"b": torch.zeros(3)}}, "no plain tensor"),
        ({("a",): torch.zeros(3)}, "no state dict"),
        ([torch.zeros(3)], "no state dict"),
    ],
)
def test_a_pickle_holds_plain_tensors_or_is_refused(tmp_path, state, said):
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=said):
        read_weights(tmp_path / "pytorch_model.bin")


@pytest.mark.parametrize("name", ["model_type", "conv_kernel_sizes", "vocab_size", "d_model", "pad_token_id"])
@pytest.mark.parametrize("value", [10**4000, [[[[[1]]]]] * 5000, "x" * 100_000])
def test_a_value_of_any_size_is_refused_in_a_short_line(folder, name, value):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    assert_refused(folder, name if name != "model_type" else "describes a")
    with pytest.raises(ConfigError) as caught:
        load_model(folder)
    assert len(str(caught.value)) < 400 + len(str(path))
