"""The decoder's cache: incremental equals whole, whatever is done to it, and never over another encoding."""

from __future__ import annotations

import pytest
import torch
from support.peer import TINY, random_batch

from s2t_core.errors import StaleCacheError
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

TOKENS = [[2, 7, 9, 11, 4, 30, 8], [2, 5, 6, 12, 40, 3, 9]]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = Speech2TextForConditionalGeneration(TINY)
    model.init_weights()
    return model.eval()


@pytest.fixture
def encoded(model):
    features, lengths = random_batch(TINY, [61, 40])
    with torch.no_grad():
        return model.encode(features, lengths)


@torch.no_grad()
@pytest.mark.parametrize("cuts", [[1] * 7, [7], [3, 1, 3]])
def test_pieces_through_the_cache_give_the_logits_of_the_whole(model, encoded, cuts):
    tokens = torch.tensor(TOKENS)
    cache = model.model.decoder.new_cache(encoded, capacity=2)  # grows on the way
    pieces = [model.decode(part, encoded, cache) for part in tokens.split(cuts, dim=1)]
    assert torch.allclose(torch.cat(pieces, 1), model.decode(tokens, encoded), atol=1e-5)


@torch.no_grad()
def test_reordered_rows_go_on_as_if_they_had_always_been_so(model, encoded):
    one = EncodedFrames(encoded.values[:1])
    rows = torch.tensor([[2, 7, 9], [2, 5, 6], [2, 8, 8]])
    cache = model.model.decoder.new_cache(one, beams=3)
    model.decode(rows, one, cache)
    order = torch.tensor([2, 0, 0])
    cache.reorder(order)
    added = torch.tensor([[4], [5], [6]])
    got = model.decode(added, one, cache)
    whole = torch.cat([rows[order], added], 1)
    repeated = EncodedFrames(one.values.repeat(3, 1, 1))
    assert torch.allclose(got[:, -1], model.decode(whole, repeated)[:, -1], atol=1e-5)


@torch.no_grad()
def test_a_truncated_cache_forgets_the_rest(model, encoded):
    cache = model.model.decoder.new_cache(encoded)
    model.decode(torch.tensor(TOKENS), encoded, cache)
    cache.truncate(3)
    other = torch.tensor([[20, 21], [22, 23]])
    got = model.decode(other, encoded, cache)
    whole = torch.cat([torch.tensor(TOKENS)[:, :3], other], 1)
    assert torch.allclose(got, model.decode(whole, encoded)[:, 3:], atol=1e-5)
    with pytest.raises(ValueError, match="cannot keep 6 of 5"):
        cache.truncate(6)


@torch.no_grad()
def test_another_encoding_of_the_same_shape_is_refused(model, encoded):
    cache = model.model.decoder.new_cache(encoded)
    model.decode(torch.tensor(TOKENS), encoded, cache)
    again = EncodedFrames(encoded.values, encoded.mask)
    with pytest.raises(StaleCacheError, match="new cache for every encoding"):
        model.decode(torch.tensor([[4], [5]]), again, cache)


@torch.no_grad()
def test_cross_keys_are_computed_once_for_an_encoding(model, encoded, monkeypatch):
    calls = []
    for layer in model.model.decoder.layers:
        project = layer.encoder_attn.project
        monkeypatch.setattr(
            layer.encoder_attn, "project", lambda source, project=project: (calls.append(1), project(source))[1]
        )
    cache = model.model.decoder.new_cache(encoded)
    for column in torch.tensor(TOKENS).split(1, dim=1):
        model.decode(column, encoded, cache)
    assert len(calls) == TINY.decoder_layers
