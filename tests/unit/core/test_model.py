"""The network's own behaviour: masks, lengths, positions, initialisation and the tools of training."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from support.peer import TINY, random_batch
from torch import nn
from transformers.models.speech_to_text.modeling_speech_to_text import Speech2TextSinusoidalPositionalEmbedding

from s2t_core.model.encoder import clamp_half
from s2t_core.model.positions import SinusoidalPositions, sinusoids
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration, shift_tokens_right
from s2t_core.model.subsampler import ConvSubsampler, frame_mask, output_lengths, settled_frames


def build(config=TINY):
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(config)
    model.init_weights()
    return model


def test_labels_shift_right_behind_the_start_token():
    labels = torch.tensor([[5, 6, 2], [7, -100, -100]])
    assert shift_tokens_right(labels, 1, 2).tolist() == [[2, 5, 6], [2, 7, 1]]
    assert labels.tolist() == [[5, 6, 2], [7, -100, -100]]


@pytest.mark.parametrize("kernels", [(9,), (5, 5), (3, 5, 7), (4, 2)])
@pytest.mark.parametrize("length", [1, 2, 9, 60, 61])
def test_output_lengths_are_those_of_the_convolutions(kernels, length):
    config = dataclasses.replace(TINY, num_conv_layers=len(kernels), conv_kernel_sizes=kernels)
    frames = ConvSubsampler(config)(torch.randn(1, length, 80)).shape[1]
    assert int(output_lengths(torch.tensor(length), config)) == frames


@torch.no_grad()
@pytest.mark.parametrize("kernels", [(9,), (5, 5), (3, 5, 7), (4, 2)])
def test_settled_frames_do_not_change_with_more_audio_and_the_next_one_does(kernels):
    config = dataclasses.replace(TINY, num_conv_layers=len(kernels), conv_kernel_sizes=kernels)
    subsampler = ConvSubsampler(config).double()
    features = torch.randn(1, 90, 80, dtype=torch.double)
    whole = subsampler(features)
    for heard in range(20, 80):
        part = subsampler(features[:, :heard])
        same = (part - whole[:, : part.shape[1]]).abs().amax(dim=(0, 2)) < 1e-12
        settled = settled_frames(heard, config)
        assert same[:settled].all()
        assert settled == part.shape[1] or not same[settled]


def test_frame_mask_keeps_the_frames_of_real_audio():
    mask = frame_mask(torch.tensor([61, 40, 1]), 16, TINY)
    assert mask.sum(1).tolist() == [16, 10, 1]


@pytest.mark.parametrize("dim", [32, 33])
def test_positions_equal_transformers_also_beyond_their_table_and_after_a_past(dim):
    ours, theirs = SinusoidalPositions(4, dim, 1), Speech2TextSinusoidalPositionalEmbedding(40, dim, 1)
    tokens = torch.tensor([[5, 6, 7, 1, 1], [5, 6, 7, 8, 9]])
    for past in (0, 13):
        assert torch.equal(ours(tokens != 1, past), theirs(tokens, past))


def test_the_padding_position_is_zero_and_position_zero_is_not():
    table = sinusoids(5, 8, padding_idx=1)
    assert not table[1].any()
    assert table[0].any()


def test_fresh_weights_have_the_spread_of_the_configuration():
    model = build()
    assert abs(float(model.model.encoder.layers[0].fc1.weight.detach().std()) - TINY.init_std) < 0.02
    assert not model.model.decoder.embed_tokens.weight[TINY.pad_token_id].any()
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            assert bool((module.weight == 1).all())
        elif isinstance(module, nn.Linear | nn.Conv1d) and module.bias is not None:
            assert not module.bias.any()


def test_the_head_is_the_embeddings_only_where_the_configuration_ties_them():
    tied, free = build(), build(dataclasses.replace(TINY, tie_word_embeddings=False))
    assert tied.lm_head.weight is tied.model.decoder.embed_tokens.weight
    assert free.lm_head.weight is not free.model.decoder.embed_tokens.weight


def test_the_bare_model_gives_the_hidden_states_under_the_logits():
    model = build().eval()
    features, lengths = random_batch(TINY, [61, 40])
    tokens = torch.tensor([[2, 5], [2, 6]])
    with torch.no_grad():
        hidden = model.model(features, tokens, lengths).hidden
        assert torch.allclose(model.lm_head(hidden), model(features, tokens, lengths).logits)


def test_float16_activations_stay_finite():
    wild = torch.tensor([float("inf"), -float("inf"), 65504.0, 1.0], dtype=torch.float16)
    assert clamp_half(wild).tolist() == [64512.0, -64512.0, 64512.0, 1.0]
    assert clamp_half(wild.float())[0] == float("inf")


@torch.no_grad()
def test_back_ends_agree_over_the_whole_network():
    model = build().eval()
    features, lengths = random_batch(TINY, [61, 40])
    tokens = torch.tensor([[2, 5, 6], [2, 6, 7]])
    outputs = []
    for backend in ("eager", "sdpa"):
        model.set_attention_backend(backend)
        outputs.append(model(features, tokens, lengths).logits)
    assert torch.allclose(*outputs, atol=1e-4)
    with pytest.raises(ValueError, match="flash"):
        model.set_attention_backend("flash")


@torch.no_grad()
@pytest.mark.parametrize("which", ["encoder_head_mask", "decoder_head_mask", "cross_head_mask"])
def test_head_masks_reach_their_layers(which):
    model = build().eval()
    features, _ = random_batch(TINY, [61])
    tokens = torch.tensor([[2, 5, 6]])
    mask = torch.ones(2, 4)
    plain = model(features, tokens).logits
    assert torch.allclose(model(features, tokens, **{which: mask}).logits, plain, atol=1e-5)
    mask[1, 2] = 0.0
    got = model(features, tokens, **{which: mask}).logits
    part = {"encoder_head_mask": "encoder.layers.1.self_attn", "decoder_head_mask": "decoder.layers.1.self_attn"}
    attention = model.get_submodule("model." + part.get(which, "decoder.layers.1.encoder_attn"))
    attention.out_proj.weight[:, 2 * attention.head_dim : 3 * attention.head_dim] = 0.0
    assert torch.allclose(got, model(features, tokens).logits, atol=1e-5)
    assert not torch.allclose(got, plain, atol=1e-3)


@torch.no_grad()
def test_a_token_mask_hides_positions_from_later_ones():
    model = build().eval()
    features, _ = random_batch(TINY, [61])
    tokens, other = torch.tensor([[2, 5, 6]]), torch.tensor([[2, 9, 6]])
    mask = torch.tensor([[True, False, True]])
    one, two = (model(features, ids, token_mask=mask).logits for ids in (tokens, other))
    assert torch.allclose(one[:, 2], two[:, 2], atol=1e-5)


def gradients(model, checkpointing):
    model.set_gradient_checkpointing(checkpointing)
    model.zero_grad()
    features, lengths = random_batch(TINY, [61, 40])
    model(features, lengths=lengths, labels=torch.tensor([[5, 6, 2], [7, 2, -100]])).loss.backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def test_gradient_checkpointing_changes_no_gradient():
    model = build(dataclasses.replace(TINY, dropout=0.0)).train()
    plain, checkpointed = gradients(model, False), gradients(model, True)
    for name, gradient in plain.items():
        assert torch.allclose(gradient, checkpointed[name], atol=1e-5), name


def test_layerdrop_skips_layers_while_training_only():
    model = build(dataclasses.replace(TINY, encoder_layerdrop=1.0, decoder_layerdrop=1.0, dropout=0.0))
    features, _ = random_batch(TINY, [61])
    tokens = torch.tensor([[2, 5]])
    recorded = {"output_hidden_states": True}
    trained = model.train()(features, tokens, **recorded)
    assert len(trained.encoder.hidden_states) == len(trained.decoder.hidden_states) == 1
    tested = model.eval()(features, tokens, **recorded)
    assert len(tested.encoder.hidden_states) == len(tested.decoder.hidden_states) == 3
