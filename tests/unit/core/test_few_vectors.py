"""Few vectors are multiplied by a kernel, many by torch: with the same result."""

from __future__ import annotations

import pytest
import torch
from support.peer import TINY
from torch import nn

from s2t_core.model.few_vectors import FewVectorsLinear, hasten
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


@pytest.mark.parametrize("shape", [(1, 12), (5, 1, 12), (2, 4, 12), (9, 12), (0, 12)])
@pytest.mark.parametrize("bias", [True, False])
@torch.no_grad()
def test_products_are_those_of_torch(shape: tuple[int, ...], bias: bool):
    plain = nn.Linear(12, 7, bias=bias)
    inputs = torch.randn(shape)
    found = FewVectorsLinear(plain)(inputs)
    assert found.shape == plain(inputs).shape
    torch.testing.assert_close(found, plain(inputs), atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_inputs_may_lie_in_any_order():
    plain, inputs = nn.Linear(6, 3), torch.randn(6, 5).t()
    torch.testing.assert_close(FewVectorsLinear(plain)(inputs), plain(inputs), atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_a_model_says_the_same_and_keeps_names_and_tie():
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(TINY).eval()
    model.init_weights()
    features, tokens = torch.randn(1, 40, 80), torch.randint(3, TINY.vocab_size, (1, 5))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    want = model(features, tokens).logits
    hasten(model)
    assert isinstance(model.lm_head, FewVectorsLinear)
    torch.testing.assert_close(model(features, tokens).logits, want, atol=1e-5, rtol=1e-4)
    assert model.lm_head.weight is model.model.decoder.embed_tokens.weight
    assert model.state_dict().keys() == before.keys()
    assert all(bool((before[name] == weight).all()) for name, weight in model.state_dict().items())
