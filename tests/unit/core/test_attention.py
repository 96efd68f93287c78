"""Multi-head attention: two back ends, head masks, and beams that share their keys."""

from __future__ import annotations

import pytest
import torch

from s2t_core.model.attention import KeysValues, MultiHeadAttention, additive


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return MultiHeadAttention(24, 4).eval()


def both(attention, *arguments):
    outputs = []
    for attention.backend in ("eager", "sdpa"):
        outputs.append(attention(*arguments)[0])
    return outputs


@torch.no_grad()
def test_eager_and_sdpa_agree_with_and_without_mask(attention):
    hidden = torch.randn(2, 5, 24)
    source = attention.project(torch.randn(2, 7, 24))
    mask = torch.rand(2, 1, 5, 7) > 0.3
    mask[..., 0] = True
    for given in (None, additive(mask, torch.float32)):
        eager, sdpa = both(attention, attention.q_proj(hidden), source, given)
        assert torch.allclose(eager, sdpa, atol=1e-6)


@torch.no_grad()
def test_a_masked_position_has_no_influence(attention):
    hidden, values = torch.randn(1, 3, 24), torch.randn(1, 4, 24)
    mask = additive(torch.tensor([True, True, False, True]).view(1, 1, 1, 4), torch.float32)
    other = values.clone()
    other[:, 2] = 100.0
    for one, two in zip(
        both(attention, attention.q_proj(hidden), attention.project(values), mask),
        both(attention, attention.q_proj(hidden), attention.project(other), mask),
        strict=True,
    ):
        assert torch.equal(one, two)


@torch.no_grad()
def test_head_mask_of_zero_is_the_same_as_a_head_that_writes_nothing(attention):
    hidden = torch.randn(2, 5, 24)
    source = attention.project(hidden)
    head_mask = torch.tensor([1.0, 0.0, 1.0, 0.5])
    masked = both(attention, attention.q_proj(hidden), source, None, head_mask)
    scale = head_mask.repeat_interleave(attention.head_dim)
    attention.out_proj.weight.mul_(scale)
    wanted = attention(attention.q_proj(hidden), source)[0]
    for one in masked:
        assert torch.allclose(one, wanted, atol=1e-6)


@torch.no_grad()
def test_weights_sum_to_one_and_carry_the_head_mask(attention):
    hidden = torch.randn(2, 5, 24)
    source = attention.project(hidden)
    weights = attention(attention.q_proj(hidden), source, None, torch.tensor([1.0, 1.0, 0.0, 1.0]), True)[1]
    assert weights.shape == (2, 4, 5, 5)
    assert torch.allclose(weights[:, :2].sum(-1), torch.ones(2, 2, 5))
    assert not weights[:, 2].any()


@torch.no_grad()
def test_beams_that_share_keys_attend_as_if_each_had_its_own(attention):
    hidden = torch.randn(2 * 3, 1, 24)
    shared = attention.project(torch.randn(2, 7, 24))
    mask = torch.ones(2, 1, 1, 7, dtype=torch.bool)
    mask[1, ..., 5:] = False
    mask = additive(mask, torch.float32)
    own = KeysValues(shared.keys.repeat_interleave(3, 0), shared.values.repeat_interleave(3, 0))
    wanted, wanted_weights = attention(attention.q_proj(hidden), own, mask.repeat_interleave(3, 0), None, True)
    got, weights = attention(attention.q_proj(hidden), shared, mask, None, True)
    assert torch.allclose(got, wanted, atol=1e-6)
    assert torch.allclose(weights, wanted_weights, atol=1e-6)
