"""The decoder in eight bits on a CPU: what `Decoder` computes, a layer a call of compiled code."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from s2t_core.kernels.layer import DecoderWeights, decoder_layer
from s2t_core.kernels.products import multiply
from s2t_core.model.decoder import Decoder, DecoderLayer, DecoderOutput
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.int8_cache import Floats, Int8Cache, Sources
from s2t_core.model.int8_layers import KINDS, Int8Linear, norm_weights, rows_of, weights_of


class Int8Decoder(nn.Module):
    """Takes the place of a `Decoder` for inference, with a cache of its own kind. It has no masks of tokens or heads,
    no dropout, and records nothing but cross-attention."""

    def __init__(self, decoder: Decoder, embeddings: Int8Linear) -> None:
        """decoder: whose projections are joined"""
        super().__init__()
        self._embeddings = embeddings
        self._config = decoder.config
        self._embed_scale = decoder.embed_scale
        self._positions = decoder.embed_positions
        layers = [cast(DecoderLayer, layer) for layer in decoder.layers]
        self._kind = KINDS[layers[0].activation]
        self._layers = [_layer_weights(layer) for layer in layers]
        self._norm = decoder.layer_norm
        self._sources = list(weights_of(layer.encoder_attn.joined for layer in layers))

    def new_sources(self) -> Sources:
        """For `next_cache`, of one growing utterance."""
        return Sources()

    def new_cache(self, encoded: EncodedFrames, beams: int = 1, capacity: int = 64) -> Int8Cache:
        """As `Decoder.new_cache`. A search and what reads its text after it share what is made of the encoding."""
        if not encoded.sources:
            sources = Sources()
            self._write(sources, encoded.values)
            encoded.sources.extend(sources.arranged(encoded))
        return Int8Cache(encoded.sources, encoded, beams, capacity)

    def next_cache(self, encoded: EncodedFrames, sources: Sources, capacity: int) -> Int8Cache:
        """As `Decoder.next_cache`."""
        self._write(sources, encoded.values[:, sources.settled :])
        sources.settled = encoded.settled
        return Int8Cache(sources.arranged(encoded), encoded, 1, capacity)

    def _write(self, sources: Sources, frames: Tensor) -> None:
        """frames (utterances, n, d_model), behind the settled ones"""
        utterances, count, width = frames.shape
        heads = self._config.decoder_attention_heads
        inputs = rows_of(frames).numpy()
        both = np.empty((len(self._sources), utterances, count, 2, heads, width // heads), np.float32)
        for weights, outputs in zip(self._sources, both, strict=True):
            multiply(inputs, weights, outputs.reshape(len(inputs), 2 * width), False)
        sources.write(both)

    def forward(
        self,
        tokens: Tensor,
        encoded: EncodedFrames,
        cache: Int8Cache | None = None,
        *,
        cross_attentions_of: Collection[int] = (),
    ) -> DecoderOutput:
        """As `Decoder.forward`."""
        rows, count = tokens.shape
        if cache is None:
            cache = self.new_cache(encoded, rows // encoded.values.shape[0], count)
        cache.check(encoded)
        cache.make_room(count)
        hidden = self._embed(tokens, cache.length)
        records = []
        heads, frames = self._config.decoder_attention_heads, encoded.values.shape[1]
        for index, weights in enumerate(self._layers):
            recorded = np.zeros((len(hidden) * (index in cross_attentions_of), heads, frames), np.float32)
            decoder_layer(
                hidden,
                weights,
                self._kind,
                cache.keys[index],
                cache.values[index],
                cache.lines,
                cache.length,
                cache.sources[index],
                cache.frames,
                recorded,
            )
            if len(recorded):
                records.append(torch.from_numpy(recorded).view(rows, count, heads, frames).transpose(1, 2))
        cache.advance(count)
        hidden = self._norm(torch.from_numpy(hidden)).view(rows, count, -1)
        return DecoderOutput(hidden, cross_attentions=tuple(records))

    def _embed(self, tokens: Tensor, past: int) -> Floats:
        """tokens (rows, n) -> (rows * n, d_model)"""
        hidden = self._embeddings.rows(tokens.reshape(-1).numpy(), self._config.d_model)
        positions = self._positions(tokens != self._config.pad_token_id, past)
        hidden *= np.float32(self._embed_scale)
        hidden += positions.view(hidden.shape).numpy()
        return hidden


def _layer_weights(layer: DecoderLayer) -> DecoderWeights:
    own, cross = layer.self_attn, layer.encoder_attn
    linears = (own.joined, own.out_proj, cross.q_proj, cross.out_proj, layer.fc1, layer.fc2)
    norms = (layer.self_attn_layer_norm, layer.encoder_attn_layer_norm, layer.final_layer_norm)
    return DecoderWeights(norm_weights(norms), *weights_of(linears))
