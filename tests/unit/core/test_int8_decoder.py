"""The decoder in compiled eight bits: near what it stands for, and the same whatever is computed beside it."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from conftest import MODEL
from support.peer import SMALL, TINY

from s2t_core.decoding.search import SearchOptions, search
from s2t_core.errors import StaleCacheError
from s2t_core.model.checkpoint import load_model
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.int8 import make_int8
from s2t_core.model.int8_decoder import Int8Decoder
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

TOKENS = torch.tensor([[2, 7, 12, 9, 30, 11, 4]])


SHAPES = {
    "relu": SMALL,
    "gelu": dataclasses.replace(SMALL, activation_function="gelu"),
    "untied": dataclasses.replace(SMALL, tie_word_embeddings=False),
    "nothing a multiple of four": dataclasses.replace(
        TINY, vocab_size=61, d_model=42, decoder_attention_heads=3, decoder_ffn_dim=67, init_std=0.05
    ),
}


@pytest.fixture(scope="module", params=SHAPES)
def models(request):
    """One in float32, and the same in eight bits."""
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(SHAPES[request.param]).eval().requires_grad_(False)
    model.init_weights()
    model.join_projections()
    eight = copy.deepcopy(model)
    make_int8(eight)
    assert isinstance(eight.model.decoder, Int8Decoder)
    return model, eight


@pytest.fixture
def encoded(models):
    torch.manual_seed(1)
    return EncodedFrames(torch.randn(1, 37, models[0].config.d_model))


def test_logits_are_near_those_in_float32(models, encoded):
    model, eight = models
    want, got = model.decode(TOKENS, encoded), eight.decode(TOKENS, encoded)
    assert got.shape == want.shape
    assert float((got - want).std() / want.std()) < 0.03


def test_the_embedded_checkpoint_says_the_same():
    torch.manual_seed(0)
    model = load_model(MODEL).requires_grad_(False)
    model.join_projections()
    eight = copy.deepcopy(model)
    make_int8(eight)
    encoded = model.encode(torch.randn(1, 300, 80))
    tokens = torch.randint(5, model.config.vocab_size, (1, 12))
    want, got = (one.decode(tokens, encoded).log_softmax(-1) for one in (model, eight))
    assert float((want.exp() * (want - got)).sum(-1).mean()) < 0.01


@pytest.mark.parametrize("cuts", [1, 3, [4, 2, 1]])
def test_in_pieces_it_is_the_same_to_the_bit_and_room_grows_on_the_way(models, encoded, cuts):
    _, eight = models
    cache = eight.model.decoder.new_cache(encoded, capacity=2)
    pieces = [eight.decode(part, encoded, cache) for part in TOKENS.split(cuts, dim=1)]
    assert torch.equal(torch.cat(pieces, 1), eight.decode(TOKENS, encoded))


def test_hypotheses_that_change_places_take_their_past_along(models, encoded):
    _, eight = models
    cache = eight.model.decoder.new_cache(encoded, beams=3, capacity=2)
    lines = [[2, 5, 6], [2, 7, 8], [2, 9, 10]]
    for column in torch.tensor(lines).split(1, dim=1):
        eight.decode(column, encoded, cache)
    for parents, tokens in (([2, 0, 0], [11, 12, 13]), ([1, 1, 2], [14, 15, 16])):
        cache.reorder(torch.tensor(parents))
        got = eight.decode(torch.tensor(tokens).unsqueeze(1), encoded, cache)
        lines = [[*lines[parent], token] for parent, token in zip(parents, tokens, strict=True)]
        want = torch.cat([eight.decode(torch.tensor([line]), encoded)[:, -1:] for line in lines])
        assert torch.equal(got, want)


def test_what_is_taken_back_leaves_no_trace(models, encoded):
    _, eight = models
    cache = eight.model.decoder.new_cache(encoded)
    eight.decode(TOKENS, encoded, cache)
    cache.truncate(3)
    other = torch.tensor([[20, 21]])
    whole = torch.cat([TOKENS[:, :3], other], dim=1)
    assert torch.equal(eight.decode(other, encoded, cache), eight.decode(whole, encoded)[:, 3:])
    with pytest.raises(ValueError, match="cannot keep 9 of 5"):
        cache.truncate(9)


def test_caches_of_one_encoding_share_what_is_made_of_it_and_nothing_else(models, encoded):
    decoder = models[1].model.decoder
    first, second = decoder.new_cache(encoded), decoder.new_cache(encoded, beams=2)
    assert second.sources is first.sources
    assert second.keys.shape[1] == 2 * first.keys.shape[1]
    assert decoder.new_cache(EncodedFrames(encoded.values)).sources is not first.sources


def test_a_cache_of_another_encoding_is_refused(models, encoded):
    _, eight = models
    cache = eight.model.decoder.new_cache(encoded)
    with pytest.raises(StaleCacheError):
        eight.decode(TOKENS, EncodedFrames(encoded.values), cache)


def test_cross_attention_of_the_layers_that_are_asked_for(models, encoded):
    model, eight = models
    want, got = (one.model.decoder(TOKENS, encoded, cross_attentions_of=(1,)) for one in (model, eight))
    assert [one.shape for one in got.cross_attentions] == [one.shape for one in want.cross_attentions]
    torch.testing.assert_close(got.cross_attentions[0], want.cross_attentions[0], atol=0.01, rtol=0)


def test_utterances_of_a_batch_come_out_as_if_alone(models):
    _, eight = models
    torch.manual_seed(2)
    values, mask = torch.randn(2, 20, eight.config.d_model), torch.ones(2, 20, dtype=torch.bool)
    mask[1, 13:] = False
    pad = eight.config.pad_token_id
    tokens = torch.tensor([[2, 7, 9, 5], [2, 8, pad, pad]])
    together = eight.decode(tokens, EncodedFrames(values, mask))
    first = eight.decode(tokens[:1], EncodedFrames(values[:1]))
    second = eight.decode(tokens[1:, :2], EncodedFrames(values[1:, :13]))
    torch.testing.assert_close(together[:1], first)
    torch.testing.assert_close(together[1:, :2], second)


def test_a_growing_encoding_gives_what_it_gives_at_once(models, encoded):
    _, eight = models
    decoder = eight.model.decoder
    sources = decoder.new_sources()
    for end, settled in ((9, 5), (20, 16), (37, 30)):
        part = EncodedFrames(encoded.values[:, :end], settled=settled)
        grown = eight.decode(TOKENS, part, decoder.next_cache(part, sources, 8))
        torch.testing.assert_close(grown, eight.decode(TOKENS, EncodedFrames(encoded.values[:, :end])))


@pytest.mark.parametrize("beams", [1, 4])
def test_a_search_finds_what_the_scores_of_its_own_decoder_say(models, encoded, beams):
    _, eight = models
    best = search(eight, encoded, SearchOptions(beams=beams, max_new_tokens=8))[0][0]
    log_probs = eight.decode(torch.tensor([[2, *best.tokens[:-1]]]), encoded)[0].log_softmax(-1)
    total = sum(float(row[token]) for row, token in zip(log_probs, best.tokens, strict=True))
    assert best.score == pytest.approx(total / len(best.tokens), abs=1e-4)
