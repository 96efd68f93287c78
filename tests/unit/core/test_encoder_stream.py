"""Encoding while the utterance grows: the same as all at once, as far as the look-ahead reaches."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.peer import ODD, TINY

from s2t_core.model.attention import KeysValuesBuffer
from s2t_core.model.decoder import Decoder
from s2t_core.model.encoder import Encoder
from s2t_core.model.encoder_stream import EncoderStream
from s2t_core.model.subsampler import settled_frames

NO_VIEW = dataclasses.replace(TINY, conv_kernel_sizes=(1, 1))  # a frame sees none beyond its own features


def encoder_of(config) -> Encoder:
    torch.manual_seed(0)
    return Encoder(config).eval()


def streamed(encoder: Encoder, features: torch.Tensor, look_ahead: int, steps: list[int]) -> torch.Tensor:
    stream, encoded = EncoderStream(encoder, look_ahead), None
    for piece in features.split(steps):
        encoded = stream.push(piece)
    return encoded.values


@pytest.mark.parametrize("shape", ODD)
@torch.no_grad()
def test_with_a_long_look_ahead_pieces_give_what_one_piece_gives(shape):
    encoder = encoder_of(ODD[shape])
    features = torch.randn(61, 80)
    alone = EncoderStream(encoder, 1000).push(features).values
    assert alone.shape[1] == settled_frames(61, encoder.config)
    torch.testing.assert_close(streamed(encoder, features, 1000, [7, 1, 20, 33]), alone, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_with_a_long_look_ahead_it_is_full_context():
    encoder = encoder_of(NO_VIEW)
    features = torch.randn(61, 80)
    whole = encoder(features.unsqueeze(0)).encoded.values
    torch.testing.assert_close(streamed(encoder, features, 1000, [7, 1, 20, 33]), whole, rtol=1e-4, atol=1e-5)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
@settings(deadline=None, max_examples=30)
def test_however_it_is_cut_every_frame_comes_once(steps):
    encoder = encoder_of(TINY)
    stream = EncoderStream(encoder, 4)
    features = torch.randn(sum(steps), 80)
    before = 0
    for piece, heard in zip(features.split(steps), torch.tensor(steps).cumsum(0).tolist(), strict=True):
        encoded = stream.push(piece).values
        assert encoded.shape[1] == settled_frames(heard, TINY)
        assert before <= stream.settled <= encoded.shape[1]
        before = stream.settled


@torch.no_grad()
def test_without_look_ahead_it_is_encoding_in_chunks():
    encoder = encoder_of(NO_VIEW)
    features = torch.randn(64, 80)
    whole = encoder(features.unsqueeze(0), chunk_frames=4).encoded.values
    torch.testing.assert_close(streamed(encoder, features, 0, [16] * 4), whole, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_settled_frames_stay_as_they_are():
    encoder = encoder_of(TINY)
    stream = EncoderStream(encoder, 3)
    first = stream.push(torch.randn(80, 80)).values
    settled = stream.settled
    assert settled == first.shape[1] - 3
    second = stream.push(torch.randn(40, 80)).values
    assert torch.equal(second[:, :settled], first[:, :settled])
    assert not torch.allclose(second[:, settled : first.shape[1]], first[:, settled:], atol=1e-3)


@torch.no_grad()
def test_a_growing_encoding_gives_the_decoder_what_it_would_compute_of_the_whole():
    encoder, decoder = encoder_of(TINY), Decoder(TINY).eval()
    stream, sources = EncoderStream(encoder, 4), [KeysValuesBuffer() for _ in decoder.layers]
    tokens = torch.tensor([[2, 5, 6, 7]])
    for piece in torch.randn(120, 80).split([40, 9, 71]):
        encoded = stream.push(piece)
        grown = decoder(tokens, encoded, decoder.next_cache(encoded, sources, 8)).hidden
        assert [source.length for source in sources] == [stream.settled] * len(sources)
        torch.testing.assert_close(grown, decoder(tokens, encoded).hidden, rtol=1e-4, atol=1e-5)
