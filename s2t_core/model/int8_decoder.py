"""The decoder in eight bits on a CPU: what `Decoder` computes, a layer a call of compiled code."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.kernels.layer import GELU, RELU, LayerWeights, decoder_layer
from s2t_core.kernels.products import Int8Weights, arranged, gathered, multiply
from s2t_core.model.decoder import Decoder, DecoderLayer, DecoderOutput
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.int8 import int8_is_exact, make_linears_int8
from s2t_core.model.int8_cache import Floats, Int8Cache, Sources
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

_KINDS = {functional.relu: RELU, functional.gelu: GELU}
_LARGEST = 127
_LEAST = 1e-12


def make_int8(model: Speech2TextForConditionalGeneration) -> None:
    """Eight bits for the linear layers of a model whose projections are joined; it can then neither be trained nor
    saved.

    The encoder, and a decoder with an activation that has no kernel, stay as they are where torch cannot: see
    `int8_is_exact`. Our own kernels are exact everywhere.
    """
    decoder = model.model.decoder
    exact, has_kernel = int8_is_exact(), decoder.layers[0].activation in _KINDS
    if exact:
        make_linears_int8(model.model.encoder)
    if exact and not has_kernel:
        make_linears_int8(model)
    if has_kernel:
        head = Int8Head(model.lm_head.weight)
        embeddings = head if model.config.tie_word_embeddings else Int8Head(decoder.embed_tokens.weight)
        model.model.decoder = Int8Decoder(decoder, embeddings)  # type: ignore[assignment]
        model.lm_head = head  # type: ignore[assignment]


def is_int8(model: Speech2TextForConditionalGeneration) -> bool:
    """Whether `make_int8` has been here."""
    return not isinstance(model.lm_head, nn.Linear)


class Int8Head(nn.Module):
    """The rows of a matrix (rows, d_model) as eight bits with a scale a row: embeddings, and the head that is tied to
    them."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self._weights = int8_weights(weight, None)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden (..., d_model) -> (..., rows)"""
        inputs = hidden.reshape(-1, hidden.shape[-1])
        outputs = inputs.new_empty(len(inputs), self._weights.rows.shape[1])
        multiply(inputs.numpy(), self._weights, outputs.numpy())
        return outputs.view(*hidden.shape[:-1], -1)

    def rows(self, ids: NDArray[np.int64], width: int) -> Floats:
        """ids (n,) -> (n, width) float32"""
        found: Floats = gathered(ids, self._weights, width)
        return found


class Int8Decoder(nn.Module):
    """Takes the place of a `Decoder` for inference. `Cache` is its own kind; masks, dropout and records of hidden
    states there are none."""

    def __init__(self, decoder: Decoder, embeddings: Int8Head) -> None:
        """decoder: whose projections are joined"""
        super().__init__()
        self._embeddings = embeddings
        self._config = decoder.config
        self._embed_scale = decoder.embed_scale
        self._positions = decoder.embed_positions
        layers = [cast(DecoderLayer, layer) for layer in decoder.layers]
        self._kind = _KINDS[layers[0].activation]
        self._layers = [_layer_weights(layer) for layer in layers]
        self._norm = decoder.layer_norm
        sources = (layer.encoder_attn.joined for layer in layers)
        self._sources = [int8_weights(joined.weight, joined.bias) for joined in sources if joined is not None]

    def new_sources(self) -> Sources:
        """For `next_cache`, of one growing utterance."""
        return Sources()

    def new_cache(self, encoded: EncodedFrames, beams: int = 1, capacity: int = 64) -> Int8Cache:
        """As `Decoder.new_cache`."""
        sources = Sources()
        self._write(sources, encoded.values)
        return Int8Cache(sources, encoded, beams, capacity)

    def next_cache(self, encoded: EncodedFrames, sources: Sources, capacity: int) -> Int8Cache:
        """As `Decoder.next_cache`."""
        self._write(sources, encoded.values[:, sources.settled :])
        sources.settled = encoded.settled
        return Int8Cache(sources, encoded, 1, capacity)

    def _write(self, sources: Sources, frames: Tensor) -> None:
        """frames (utterances, n, d_model), behind the settled ones"""
        utterances, count, width = frames.shape
        heads = self._config.decoder_attention_heads
        inputs = frames.reshape(-1, width).numpy()
        both = np.empty((len(self._sources), utterances, count, 2, heads, width // heads), np.float32)
        for weights, outputs in zip(self._sources, both, strict=True):
            multiply(inputs, weights, outputs.reshape(len(inputs), 2 * width))
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
        more = np.zeros_like(hidden)
        records = []
        heads, frames = self._config.decoder_attention_heads, encoded.values.shape[1]
        for index, weights in enumerate(self._layers):
            recorded = np.zeros((len(hidden) * (index in cross_attentions_of), heads, frames), np.float32)
            decoder_layer(
                hidden,
                more,
                weights,
                self._kind,
                cache.keys[index],
                cache.values[index],
                cache.lines,
                cache.length,
                cache.cross_keys[index],
                cache.cross_values[index],
                cache.frames,
                recorded,
            )
            if len(recorded):
                records.append(torch.from_numpy(recorded).view(rows, count, heads, frames).transpose(1, 2))
        cache.advance(count)
        hidden = self._norm(torch.from_numpy(hidden + more)).view(rows, count, -1)
        return DecoderOutput(hidden, cross_attentions=tuple(records))

    def _embed(self, tokens: Tensor, past: int) -> Floats:
        """tokens (rows, n) -> (rows * n, d_model)"""
        hidden = self._embeddings.rows(tokens.reshape(-1).numpy(), self._config.d_model)
        positions = self._positions(tokens != self._config.pad_token_id, past)
        hidden *= np.float32(self._embed_scale)
        hidden += positions.view(hidden.shape).numpy()
        return hidden


def int8_weights(weight: Tensor, bias: Tensor | None) -> Int8Weights:
    """weight (outputs, inputs), bias (outputs,)"""
    scales = (weight.detach().abs().amax(dim=1) / _LARGEST).clamp_min(_LEAST)
    codes = (weight.detach() / scales.unsqueeze(1)).round().to(torch.int8)
    biases = torch.zeros_like(scales) if bias is None else bias.detach()
    rows = torch.stack([scales, codes.sum(dim=1).float(), biases])
    return Int8Weights(arranged(codes.numpy()), rows.numpy())


def _layer_weights(layer: DecoderLayer) -> LayerWeights:
    norms = (layer.self_attn_layer_norm, layer.encoder_attn_layer_norm, layer.final_layer_norm)
    own, cross = layer.self_attn, layer.encoder_attn
    linears = (own.joined, own.out_proj, cross.q_proj, cross.out_proj, layer.fc1, layer.fc2)
    return LayerWeights(
        torch.stack([part.detach() for norm in norms for part in (norm.weight, norm.bias)]).numpy(),
        *(int8_weights(linear.weight, linear.bias) for linear in linears if linear is not None),
    )
