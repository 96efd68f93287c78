"""Linear layers in eight bits: near the same numbers, vector by vector, where the processor sums them right."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from conftest import MODEL
from support.peer import SMALL
from torch import nn

from s2t_core.errors import CheckpointError
from s2t_core.model.int8 import Int8Conv, Int8Linear, int8_is_exact, make_linears_int8
from s2t_core.model.int8_decoder import Int8Decoder, make_int8
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.recognizer import load, picks_int8

needs_int8 = pytest.mark.skipif(not int8_is_exact(), reason="this processor does not sum int8 exactly")


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return nn.Linear(64, 48)


@needs_int8
@torch.no_grad()
def test_outputs_are_those_of_the_layer_within_a_hundredth(linear):
    inputs = torch.randn(3, 5, 64)
    want, got = linear(inputs), Int8Linear(linear)(inputs)
    assert got.shape == want.shape
    assert float((got - want).std() / want.std()) < 0.01


@needs_int8
@torch.no_grad()
def test_a_loud_vector_does_not_blur_the_others(linear):
    quiet = torch.randn(5, 64)
    beside = torch.cat([quiet, 1000 * torch.randn(1, 64)])
    got = Int8Linear(linear)(beside)[:5]
    assert float((got - linear(quiet)).std() / linear(quiet).std()) < 0.02


@needs_int8
@torch.no_grad()
def test_zeros_give_the_bias(linear):
    torch.testing.assert_close(Int8Linear(linear)(torch.zeros(2, 64)), linear.bias.expand(2, -1))


@needs_int8
def test_every_linear_layer_is_replaced_and_nothing_else():
    network = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Sequential(nn.Linear(4, 2, bias=False)))
    make_linears_int8(network)
    assert [type(module) for module in network] == [Int8Linear, nn.LayerNorm, nn.Sequential]
    assert isinstance(network[2][0], Int8Linear)


@pytest.mark.parametrize("name", ["relu", "silu"])
def test_where_torch_cannot_only_our_own_kernels_are_used(monkeypatch, name):
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False, raising=False)
    assert not int8_is_exact()
    model = Speech2TextForConditionalGeneration(dataclasses.replace(SMALL, activation_function=name))
    model.join_projections()
    make_int8(model)
    assert not any(isinstance(module, Int8Linear) for module in model.modules())
    assert isinstance(model.model.decoder, Int8Decoder) == (name == "relu")


def test_a_gpu_has_no_int8():
    assert not picks_int8("auto", "cuda")
    with pytest.raises(CheckpointError, match="CPU only"):
        picks_int8("int8", "cuda")


def test_float32_on_request():
    assert load(MODEL, "cpu", precision="float32").precision == "float32"


@needs_int8
@torch.no_grad()
def test_a_convolution_is_near_the_one_in_float32():
    torch.manual_seed(0)
    conv, hidden = nn.Conv1d(16, 24, kernel_size=5, stride=2, padding=2), torch.randn(2, 16, 31)
    got, want = Int8Conv(conv)(hidden.clone()), conv(hidden)
    assert got.shape == want.shape
    assert float((got - want).std() / want.std()) < 0.02


@needs_int8
@torch.no_grad()
@pytest.mark.parametrize("name", ["relu", "gelu"])
def test_a_whole_network_keeps_its_activation_and_hears_features_in_float32(name):
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(dataclasses.replace(SMALL, encoder_layers=2, activation_function=name))
    model.init_weights()
    features = torch.randn(1, 200, 80)
    want = model.eval().encode(features).values
    model.join_projections()
    make_int8(model)
    got = model.encode(features).values
    assert float((got - want).std() / want.std()) < 0.03
    assert [type(conv) for conv in model.model.encoder.conv.conv_layers] == [nn.Conv1d, Int8Conv]
