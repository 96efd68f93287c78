"""Our network gives what transformers' own gives, with the same weights, to 1e-4 in float32."""

from __future__ import annotations

import pytest
import torch
from support.peer import LARGE, MEDIUM, ODD, SMALL, TINY, attention_mask, make_pair, random_batch

from s2t_core.config import ModelConfig
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.model.activations import ACTIVATIONS, activation

TOLERANCE = 1e-4
SHAPES = {"small": SMALL, "medium": MEDIUM, "large": LARGE, "tiny": TINY, **ODD}


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max())


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES.keys())
def case(request, tmp_path_factory):
    config: ModelConfig = request.param
    ours, theirs = make_pair(config, tmp_path_factory.mktemp("checkpoint"))
    return config, ours, theirs


@torch.no_grad()
@pytest.mark.parametrize("lengths", [[61], [61, 40, 8]], ids=["alone", "padded batch"])
def test_encoder_output_logits_and_loss_equal_transformers(case, lengths):
    config, ours, theirs = case
    features, real = random_batch(config, lengths)
    labels = torch.randint(3, config.vocab_size, (len(lengths), 7))
    labels[-1, 4:] = -100
    got = ours(features, lengths=real, labels=labels)
    want = theirs(input_features=features, attention_mask=attention_mask(real), labels=labels)
    kept = got.encoder.encoded.mask
    assert kept is not None
    assert difference(got.encoder.encoded.values[kept], want.encoder_last_hidden_state[kept]) < TOLERANCE
    assert difference(got.logits, want.logits) < TOLERANCE
    assert abs(float(got.loss) - float(want.loss)) < TOLERANCE


@torch.no_grad()
@pytest.mark.parametrize("beams", [1, 5], ids=["greedy", "beam 5"])
@pytest.mark.parametrize("lengths", [[61], [61, 40, 8]], ids=["alone", "padded batch"])
def test_generated_ids_equal_transformers(case, lengths, beams):
    config, ours, theirs = case
    features, real = random_batch(config, lengths)
    want = theirs.generate(
        input_features=features,
        attention_mask=attention_mask(real),
        num_beams=beams,
        max_new_tokens=12,
        do_sample=False,
        use_cache=config.max_target_positions > 12,  # transformers' cached step does not grow its positions
    )
    encoded = ours.encode(features, real)
    options = SearchOptions(beams=beams, max_new_tokens=12, early_stopping=beams == 1)
    got = [hypotheses[0].tokens for hypotheses in search(ours, encoded, options)]
    ended = [[token for token in row[1:].tolist() if token != config.pad_token_id] for row in want]
    assert [list(tokens) for tokens in got] == ended


@torch.no_grad()
def test_recorded_states_and_attentions_equal_transformers(tmp_path):
    ours, theirs = make_pair(TINY, tmp_path)
    theirs.set_attn_implementation("eager")
    features, real = random_batch(TINY, [61, 40])
    tokens = torch.randint(3, TINY.vocab_size, (2, 6))
    got = ours(features, tokens, real, output_hidden_states=True, output_attentions=True)
    want = theirs(
        input_features=features,
        attention_mask=attention_mask(real),
        decoder_input_ids=tokens,
        output_hidden_states=True,
        output_attentions=True,
    )
    pairs = [
        (got.encoder.attentions, want.encoder_attentions),
        (got.decoder.hidden_states, want.decoder_hidden_states),
        (got.decoder.attentions, want.decoder_attentions),
        (got.decoder.cross_attentions, want.cross_attentions),
    ]
    for ours_recorded, theirs_recorded in pairs:
        assert len(ours_recorded) == len(theirs_recorded)
        for mine, their in zip(ours_recorded, theirs_recorded, strict=True):
            assert difference(mine[:1], their[:1]) < TOLERANCE  # row 0 has no padding, where values mean nothing
    assert len(got.encoder.hidden_states) == len(want.encoder_hidden_states)
    assert difference(got.encoder.hidden_states[0][:1], want.encoder_hidden_states[0][:1]) < TOLERANCE


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activation_equals_the_one_of_this_name_in_transformers(name):
    from transformers.activations import ACT2FN

    x = torch.linspace(-12, 12, 200)
    assert difference(activation(name)(x), ACT2FN[name](x)) < 1e-5


def test_padded_and_training_gradients_equal_transformers(tmp_path):
    ours, theirs = make_pair(TINY, tmp_path)
    features, real = random_batch(TINY, [61, 40])
    labels = torch.randint(3, TINY.vocab_size, (2, 6))
    ours(features, lengths=real, labels=labels).loss.backward()
    theirs(input_features=features, attention_mask=attention_mask(real), labels=labels).loss.backward()
    wanted = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        assert difference(parameter.grad, wanted[name].grad) < TOLERANCE, name
