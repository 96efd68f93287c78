"""Buffers of fixed size give what searches of the very size give: alone, in batches, in half precision."""

from __future__ import annotations

import copy
import dataclasses
from itertools import chain

import pytest
import torch
from support.peer import TINY

from s2t_core.decoding.hypotheses import best_of
from s2t_core.decoding.lanes import Lanes
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.errors import StaleCacheError
from s2t_core.model.cache import StaticCache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

SHAPES = {
    "two convolutions": TINY,
    "one convolution": dataclasses.replace(TINY, num_conv_layers=1, conv_kernel_sizes=(9,)),
}
LENGTHS = [61, 40, 300, 8, 251]


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES.keys())
def model(request):
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(request.param)
    model.init_weights()
    return model.eval().requires_grad_(False)


def clips(model):
    torch.manual_seed(1)
    return [torch.randn(length, model.config.input_feat_per_channel) for length in LENGTHS]


def alone(model, features, options, limit):
    options = dataclasses.replace(options, max_new_tokens=limit)
    return search(model, model.encode(features.unsqueeze(0).to(model.dtype)), options)[0]


@pytest.mark.parametrize("beams", [1, 4])
@pytest.mark.parametrize("prefix", [(), (7, 9, 4)], ids=["no prefix", "prefix"])
def test_a_batch_of_several_lengths_is_decoded_as_each_utterance_alone(model, beams, prefix):
    options, limits = SearchOptions(beams, prefix=prefix), [12, 3, 20, 5, 9]
    lanes = Lanes(model)
    features = torch.nn.utils.rnn.pad_sequence(clips(model), batch_first=True)
    for _ in range(2):  # nothing of the first time is left in the buffers
        got, _ = lanes.hear(features, LENGTHS, limits, options)
        wanted = [alone(model, *one) for one in zip(clips(model), [options] * 5, limits, strict=True)]
        assert [[one.tokens for one in beams] for beams in got] == [[one.tokens for one in beams] for beams in wanted]
        for ours, theirs in zip(chain(*got), chain(*wanted), strict=True):
            assert ours.score == pytest.approx(theirs.score, abs=1e-4)


def test_what_pads_a_row_does_not_change_its_encoding(model):
    one = clips(model)[0]
    padded = torch.cat([one, torch.randn(40, one.shape[1])]).unsqueeze(0)
    got = model.model.encoder(padded, torch.tensor([len(one)]), isolated=True).encoded
    wanted = model.encode(one.unsqueeze(0)).values
    torch.testing.assert_close(got.values[:, : wanted.shape[1]], wanted, atol=1e-5, rtol=0)


def test_half_precision_gives_the_same_lane_results_as_the_growing_cache(model):
    half = copy.deepcopy(model).to(torch.bfloat16)
    options = SearchOptions(4)
    features = clips(model)[2]
    (got,), _ = Lanes(half).hear(features.unsqueeze(0), [len(features)], [10], options)
    wanted = alone(half, features, options, 10)
    assert got[0].tokens == wanted[0].tokens


def test_a_static_cache_refuses_another_encoding_too(model):
    encoded = model.encode(clips(model)[0].unsqueeze(0))
    cache = StaticCache(model.model.decoder.sources(encoded.values), rows=1, capacity=8)
    cache.begin(encoded)
    model.decode(torch.tensor([[2]]), encoded, cache)
    with pytest.raises(StaleCacheError):
        model.decode(torch.tensor([[2]]), EncodedFrames(encoded.values), cache)


@pytest.mark.parametrize("cuts", [[1] * 7, [7], [3, 1, 3]])
def test_pieces_through_a_static_cache_give_the_logits_of_the_whole(model, cuts):
    encoded = model.encode(clips(model)[0].unsqueeze(0))
    cache = StaticCache(model.model.decoder.sources(encoded.values), rows=1, capacity=16)
    cache.begin(encoded)
    tokens = torch.tensor([[2, 7, 9, 11, 4, 30, 8]])
    pieces = [model.decode(part, encoded, cache) for part in tokens.split(cuts, dim=1)]
    torch.testing.assert_close(torch.cat(pieces, 1), model.decode(tokens, encoded), atol=1e-5, rtol=0)


def test_joined_projections_change_nothing(model):
    joined = copy.deepcopy(model)
    joined.join_projections()
    encoded = model.encode(clips(model)[0].unsqueeze(0))
    tokens = torch.tensor([[2, 7, 9]])
    got = joined.decode(tokens, joined.encode(clips(model)[0].unsqueeze(0)))
    torch.testing.assert_close(got, model.decode(tokens, encoded), atol=1e-5, rtol=0)


def test_greedy_text_needs_no_scores_and_joined_projections_write_the_same(model):
    joined = copy.deepcopy(model)
    joined.join_projections()
    features = torch.nn.utils.rnn.pad_sequence(clips(model), batch_first=True)
    limits = [12, 3, 20, 5, 9]
    wanted, _ = Lanes(model).hear(features, LENGTHS, limits, SearchOptions())
    got, encoded = Lanes(joined).hear(features, LENGTHS, limits, SearchOptions(scored=False))
    assert [row[0].tokens for row in got] == [row[0].tokens for row in wanted]
    assert encoded.mask is not None and encoded.mask.sum(dim=1).tolist() == [
        model.encode(one.unsqueeze(0)).values.shape[1] for one in clips(model)
    ]


def test_an_encoding_stays_what_it_is_when_the_lane_goes_on(model):
    lanes = Lanes(model)
    first, second = clips(model)[:2]
    _, kept = lanes.hear(first.unsqueeze(0), [len(first)], [2], SearchOptions())
    lanes.hear(second.unsqueeze(0), [len(second)], [2], SearchOptions())
    torch.testing.assert_close(kept.values, model.encode(first.unsqueeze(0)).values, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [28, 97, 1000])
def test_the_best_of_pieces_are_the_best_of_all(size):
    scores = torch.randn(2, 3, size)
    for got, wanted in zip(best_of(scores, 6), scores.topk(6, dim=-1), strict=True):
        assert torch.equal(got, wanted)
