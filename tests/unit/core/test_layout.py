"""Weights that lie otherwise are the same weights."""

from __future__ import annotations

import torch
from support.peer import TINY

from s2t_core.model.layout import lay_out
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


@torch.no_grad()
def test_values_names_and_the_tie_stay_and_wide_weights_lie_by_inputs():
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(TINY)
    model.init_weights()
    model.eval()
    features, tokens = torch.randn(1, 40, 80), torch.randint(3, TINY.vocab_size, (1, 5))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    want = model(features, tokens).logits
    lay_out(model)
    assert float((model(features, tokens).logits - want).abs().max()) < 1e-5
    assert model.lm_head.weight is model.model.decoder.embed_tokens.weight
    assert model.lm_head.weight.stride() == (1, TINY.vocab_size)
    assert all(bool((before[name] == weight).all()) for name, weight in model.state_dict().items())
