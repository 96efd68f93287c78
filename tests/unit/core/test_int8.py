"""Parts of the network in eight bits: near the same numbers, and each vector the same whatever comes beside it."""

from __future__ import annotations

import copy
import dataclasses

import numba
import numpy as np
import pytest
import torch
from conftest import MODEL
from support.peer import SMALL
from torch import nn
from torch.nn import functional

from s2t_core.errors import CheckpointError
from s2t_core.kernels import products
from s2t_core.kernels.attention import arranged_sources, attend
from s2t_core.model.attention import KeysValuesBuffer, additive
from s2t_core.model.cache import causal_mask
from s2t_core.model.encoder import EncoderLayer
from s2t_core.model.int8 import is_int8, make_int8
from s2t_core.model.int8_layers import NOT_RECORDED, Int8Conv, Int8EncoderLayer, Int8Linear, int8_weights
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.recognizer import load, picks_int8


@pytest.fixture(autouse=True)
def inference():
    with torch.inference_mode():
        yield


@pytest.fixture(params=["relu", "gelu"])
def layers(request):
    """A layer of the encoder in float32, and the same in eight bits."""
    torch.manual_seed(0)
    layer = EncoderLayer(dataclasses.replace(SMALL, activation_function=request.param)).eval()
    layer.self_attn.join(own=True)
    return layer, Int8EncoderLayer(copy.deepcopy(layer))


def off(got: torch.Tensor, want: torch.Tensor) -> float:
    assert got.shape == want.shape
    return float((got - want).std() / want.std())


def attended(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, frames: list[int]) -> torch.Tensor:
    """(rows, heads, n, dim) each"""
    rows, heads, count, dim = query.shape
    got = torch.empty(rows * count, heads * dim)
    queries = query.transpose(1, 2).reshape(got.shape)
    sources = arranged_sources(torch.stack([keys, values]).numpy(), np.array(frames))
    attend(queries.numpy(), sources, np.array(frames), count, got.numpy(), NOT_RECORDED)
    return got.view(rows, count, heads, dim).transpose(1, 2)


@pytest.mark.parametrize(("inputs", "outputs"), [(64, 64), (100, 30), (7, 129), (256, 64)])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 11, 70])
@pytest.mark.parametrize("add", [False, True])
def test_a_product_is_that_of_the_rounded_weights_with_inputs_of_eight_bits(inputs, outputs, count, add):
    torch.manual_seed(0)
    weight, bias, vectors = torch.randn(outputs, inputs), torch.randn(outputs), torch.randn(count, inputs)
    got = torch.ones(count, outputs)
    products.multiply(vectors.numpy(), int8_weights(weight, bias), got.numpy(), add)
    low, high = vectors.amin(1, keepdim=True), vectors.amax(1, keepdim=True)
    step = (high - low) / 255
    scale = weight.abs().amax(1, keepdim=True) / 127
    want = (low + step * ((vectors - low) / step).round()) @ ((weight / scale).round() * scale).T + bias + add
    # Where a number lies in the middle between two steps the two may round differently: one step then.
    assert float((got - want).abs().max()) <= float(step.max() * weight.abs().max()) + 1e-4


def test_the_largest_products_do_not_overflow():
    weight, vector = torch.full((64, 4096), 127.0), torch.full((1, 4096), 1.0)
    vector[0, 0] = 0.0
    torch.testing.assert_close(Int8Linear(weight)(vector), vector @ weight.T)


def test_other_processors_come_to_the_same_sums(monkeypatch):
    """The way without VNNI, on any processor: compiled anew beside the one that is used."""
    monkeypatch.setattr(products, "_LANES", 0)
    plain = products._dots(2)
    run = numba.njit(lambda *places: plain(*places))
    random = np.random.default_rng(0)
    codes = random.integers(-127, 128, (products._TOGETHER, 100), np.int8)
    codes[:, 0] = 127  # so that the scale of every row is one
    values, sums = random.integers(0, 256, (2, 100), np.uint8), np.empty((2, products._TOGETHER), np.int32)
    weights = products.arranged(codes.astype(np.float32)).codes
    run(weights.ctypes.data, values.ctypes.data, 100, sums.ctypes.data, 4 * products._TOGETHER)
    assert (sums == values @ codes.T.astype(int)).all()


def test_outputs_are_those_of_the_layer_within_a_hundredth():
    torch.manual_seed(0)
    linear, inputs = nn.Linear(64, 48), torch.randn(3, 5, 64)
    assert off(Int8Linear(linear.weight, linear.bias)(inputs), linear(inputs)) < 0.01


def test_a_loud_vector_does_not_blur_the_others():
    torch.manual_seed(0)
    linear, quiet = Int8Linear(torch.randn(48, 64)), torch.randn(5, 64)
    assert torch.equal(linear(torch.cat([quiet, 1000 * torch.randn(1, 64)]))[:5], linear(quiet))


def test_zeros_give_the_bias():
    bias = torch.randn(48)
    torch.testing.assert_close(Int8Linear(torch.randn(48, 64), bias)(torch.zeros(2, 64)), bias.expand(2, -1))


@pytest.mark.parametrize(("queries", "positions"), [(3, 5), (150, 150), (40, 301)])
def test_attention_in_eight_bits_is_near_that_in_float32(queries, positions):
    torch.manual_seed(0)
    query, keys, values = (torch.randn(2, 4, count, 64) for count in (queries, positions, positions))
    got = attended(query, keys, values, [positions, positions])
    assert off(got, functional.scaled_dot_product_attention(query, keys, values)) < 0.03


def test_frames_that_do_not_count_change_nothing():
    torch.manual_seed(0)
    query, keys, values = (torch.randn(2, 4, count, 64) for count in (5, 50, 50))
    keys[1, :, 30:], values[1, :, 30:] = 1000.0, 0.1
    got = attended(query, keys, values, [50, 30])
    want = functional.scaled_dot_product_attention(query[1], keys[1, :, :30], values[1, :, :30])
    assert off(got[1], want) < 0.03


def test_attention_that_looks_at_one_place_alone_gives_what_is_there():
    keys, values = torch.zeros(1, 1, 40, 16), torch.randn(1, 1, 40, 16)
    keys[0, 0, 7] = 100.0
    got = attended(torch.ones(1, 1, 1, 16), keys, values, [40])
    torch.testing.assert_close(got[0, 0, 0], values[0, 0, 7], atol=0.02, rtol=0)


@pytest.mark.parametrize("frames", [7, 200])
def test_an_encoder_layer_is_near_the_one_in_float32_and_leaves_its_input_alone(layers, frames):
    layer, eight = layers
    hidden = torch.randn(2, frames, SMALL.d_model)
    before = hidden.clone()
    assert off(eight(hidden)[0], layer(hidden)[0]) < 0.03
    assert torch.equal(hidden, before)


def test_an_encoder_layer_keeps_to_its_mask(layers):
    layer, eight = layers
    hidden = torch.randn(1, 140, SMALL.d_model)
    mask = additive(causal_mask(140, 0, 140, hidden.device), hidden.dtype)
    assert off(eight(hidden, mask)[0], layer(hidden, mask)[0]) < 0.03


def test_an_encoder_layer_goes_on_behind_what_it_has_heard(layers):
    _, eight = layers
    hidden, past = torch.randn(1, 60, SMALL.d_model), KeysValuesBuffer()
    eight.extend(hidden[:, :40], past)
    past.keep(40)
    mask = torch.ones(60, 60, dtype=torch.bool)
    mask[:40, 40:] = False
    want = eight(hidden, additive(mask, hidden.dtype))[0][:, 40:]
    torch.testing.assert_close(eight.extend(hidden[:, 40:], past), want, atol=1e-3, rtol=1e-3)


def test_a_convolution_is_near_the_one_in_float32():
    torch.manual_seed(0)
    conv, hidden = nn.Conv1d(16, 24, kernel_size=5, stride=2, padding=2), torch.randn(2, 16, 31)
    assert off(Int8Conv(conv)(hidden), conv(hidden)) < 0.02


@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_a_whole_network_hears_features_in_float32_and_the_rest_in_eight_bits(name):
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(dataclasses.replace(SMALL, encoder_layers=2, activation_function=name))
    model.init_weights()
    features = torch.randn(1, 200, 80)
    want = model.eval().encode(features).values
    model.join_projections()
    make_int8(model)
    assert is_int8(model)
    assert off(model.encode(features).values, want) < 0.03
    assert [type(conv) for conv in model.model.encoder.conv.conv_layers] == [nn.Conv1d, Int8Conv]


def test_a_network_with_an_activation_that_has_no_kernel_stays_as_it_is():
    model = Speech2TextForConditionalGeneration(dataclasses.replace(SMALL, activation_function="silu"))
    model.join_projections()
    make_int8(model)
    assert not is_int8(model)


def test_a_gpu_has_no_int8():
    assert not picks_int8("auto", "cuda")
    with pytest.raises(CheckpointError, match="CPU only"):
        picks_int8("int8", "cuda")


@pytest.mark.parametrize(("precision", "found"), [("auto", "int8"), ("float32", "float32")])
def test_a_cpu_takes_eight_bits_unless_float32_is_asked_for(precision, found):
    assert load(MODEL, "cpu", precision=precision).precision == found
