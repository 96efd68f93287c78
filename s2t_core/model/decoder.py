"""The decoder: tokens so far and an encoding in, hidden states of the next tokens out, incrementally with a cache."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from s2t_core.config import ModelConfig
from s2t_core.model.activations import activation, dropped
from s2t_core.model.attention import KeysValues, KeysValuesBuffer, MultiHeadAttention, additive, apart
from s2t_core.model.cache import Cache, DecoderCache, causal_mask
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder import drops_layer, row, run_layer
from s2t_core.model.positions import SinusoidalPositions


@dataclass(frozen=True, slots=True)
class DecoderOutput:
    """`hidden` (rows, tokens, d_model), and what was asked for beside it.

    hidden_states     input of every layer, then the normalised output: layers + 1 of (rows, tokens, d_model)
    attentions        one a layer that ran: (rows, heads, tokens, past + tokens)
    cross_attentions  one a layer that ran and was asked for: (rows, heads, tokens, frames)
    """

    hidden: Tensor
    hidden_states: tuple[Tensor, ...] = ()
    attentions: tuple[Tensor, ...] = ()
    cross_attentions: tuple[Tensor, ...] = ()


@dataclass(frozen=True, slots=True)
class _LayerInputs:
    """What a layer needs beside the hidden states."""

    index: int
    cache: Cache | None
    source: KeysValues  # of the encoding, this layer's
    own_mask: Tensor | None
    cross_mask: Tensor | None
    head_mask: Tensor | None
    cross_head_mask: Tensor | None
    need_weights: bool
    need_cross_weights: bool


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention and feed-forward, each normalised before and added to its input."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, heads = config.d_model, config.decoder_attention_heads
        self.self_attn = MultiHeadAttention(dim, heads, config.attention_dropout)
        self.self_attn_layer_norm = nn.LayerNorm(dim)
        self.encoder_attn = MultiHeadAttention(dim, heads, config.attention_dropout)
        self.encoder_attn_layer_norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, config.decoder_ffn_dim)
        self.fc2 = nn.Linear(config.decoder_ffn_dim, dim)
        self.final_layer_norm = nn.LayerNorm(dim)
        self.activation = activation(config.activation_function)
        self.dropout = config.dropout
        self.activation_dropout = config.activation_dropout

    def encode_source(self, encoded: Tensor) -> KeysValues:
        """The cross-attention's keys and values of encoded frames (batch, frames, d_model)."""
        return self.encoder_attn.project(encoded)

    def forward(self, hidden: Tensor, inputs: _LayerInputs) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """hidden (rows, tokens, d_model) -> the same shape, and self- and cross-attention weights if asked for."""
        query, both = self.self_attn.project_together(self.self_attn_layer_norm(hidden))
        own = apart(both) if inputs.cache is None else inputs.cache.append(inputs.index, both)
        attended, weights = self.self_attn(query, own, inputs.own_mask, inputs.head_mask, inputs.need_weights)
        hidden = hidden + dropped(attended, self.dropout, self.training)

        query = self.encoder_attn.q_proj(self.encoder_attn_layer_norm(hidden))
        attended, cross_weights = self.encoder_attn(
            query, inputs.source, inputs.cross_mask, inputs.cross_head_mask, inputs.need_cross_weights
        )
        hidden = hidden + dropped(attended, self.dropout, self.training)

        inner = self.activation(self.fc1(self.final_layer_norm(hidden)))
        inner = self.fc2(dropped(inner, self.activation_dropout, self.training))
        return hidden + dropped(inner, self.dropout, self.training), weights, cross_weights


class Decoder(nn.Module):
    """Embeddings, positions and layers; parameter names of transformers' `Speech2TextDecoder`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embed_scale = math.sqrt(config.d_model) if config.scale_embedding else 1.0
        self.embed_tokens = nn.Embedding(config.vocab_size, config.d_model, config.pad_token_id)
        self.embed_positions = SinusoidalPositions(config.max_target_positions, config.d_model, config.pad_token_id)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.layer_norm = nn.LayerNorm(config.d_model)

    def _layers(self) -> Iterator[DecoderLayer]:
        return cast(Iterator[DecoderLayer], iter(self.layers))

    def sources(self, encoded: Tensor) -> list[KeysValues]:
        """The cross-attention's keys and values of encoded frames (batch, frames, d_model), one entry a layer."""
        return [layer.encode_source(encoded) for layer in self._layers()]

    def new_cache(self, encoded: EncodedFrames, beams: int = 1, capacity: int = 64) -> DecoderCache:
        """An empty cache for `beams` hypotheses an utterance; the cross keys and values are computed here, once."""
        # Every step reads all of them: each head's in one piece, not between those of the others.
        cross = [KeysValues(*(part.contiguous() for part in source)) for source in self.sources(encoded.values)]
        return DecoderCache(cross, encoded, encoded.values.shape[0] * beams, capacity)

    def new_sources(self) -> list[KeysValuesBuffer]:
        """For `next_cache`, of one growing utterance: a buffer a layer."""
        return [KeysValuesBuffer() for _ in self.layers]

    def next_cache(self, encoded: EncodedFrames, sources: Sequence[KeysValuesBuffer], capacity: int) -> DecoderCache:
        """An empty cache for the next encoding of one growing utterance.

        sources  from `new_sources`: they hold the keys and values of the frames that were settled before
        """
        cross = []
        for layer, source in zip(self._layers(), sources, strict=True):
            known = source.length
            cross.append(source.behind(layer.encode_source(encoded.values[:, known:])))
            source.keep(encoded.settled - known)
        return DecoderCache(cross, encoded, 1, capacity)

    def forward(  # noqa: PLR0913 the choices of transformers' class, and one of ours
        self,
        tokens: Tensor,
        encoded: EncodedFrames,
        cache: Cache | None = None,
        *,
        token_mask: Tensor | None = None,
        head_mask: Tensor | None = None,
        cross_head_mask: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        cross_attentions_of: Collection[int] = (),
    ) -> DecoderOutput:
        """Run the tokens that the cache does not hold yet.

        tokens           (rows, tokens) ids; rows = utterances * beams
        cache            of this encoding (else StaleCacheError); the new positions are added to it
        token_mask       (rows, past + tokens) bool, False hides a position from the later ones
        head_mask, cross_head_mask  (layers, heads)
        cross_attentions_of         layers whose cross-attention is recorded even if no other is
        """
        if cache is not None:
            cache.check(encoded)
        past, room = (0, tokens.shape[1]) if cache is None else (cache.length, cache.room(tokens.shape[1]))
        hidden = self._embed(tokens, past, room)
        own_mask, cross_mask = self._masks(hidden, encoded, cache)
        if token_mask is not None:
            hidden_ones = additive(token_mask[:, None, None, :], hidden.dtype)
            own_mask = hidden_ones if own_mask is None else torch.minimum(own_mask, hidden_ones)
        checkpointed = self.gradient_checkpointing and self.training
        states, attentions, cross_attentions = [hidden], [], []
        for index, layer in enumerate(self._layers()):
            if drops_layer(self.config.decoder_layerdrop, self.training):
                continue
            inputs = _LayerInputs(
                index,
                cache,
                layer.encode_source(encoded.values) if cache is None else cache.cross[index],
                own_mask,
                cross_mask,
                row(head_mask, index),
                row(cross_head_mask, index),
                output_attentions,
                output_attentions or index in cross_attentions_of,
            )
            hidden, weights, cross_weights = run_layer(layer, (hidden, inputs), checkpointed)
            states.append(hidden)
            attentions.append(weights)
            if inputs.need_cross_weights:
                cross_attentions.append(cross_weights)
        if cache is not None:
            cache.advance(tokens.shape[1])
        hidden = self.layer_norm(hidden)
        states[-1] = hidden
        return DecoderOutput(
            hidden,
            tuple(states) if output_hidden_states else (),
            tuple(attentions) if output_attentions else (),
            tuple(cross_attentions),
        )

    def _embed(self, tokens: Tensor, past: int | Tensor, room: int) -> Tensor:
        hidden = self.embed_tokens(tokens)
        if self.embed_scale != 1.0:
            hidden = hidden * self.embed_scale
        hidden = hidden + self.embed_positions(tokens != self.config.pad_token_id, past, room, hidden.dtype)
        return dropped(hidden, self.config.dropout, self.training)

    def _masks(
        self, hidden: Tensor, encoded: EncodedFrames, cache: Cache | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """What is added to the scores of own positions, and to those of the encoding's frames."""
        count = hidden.shape[1]
        if cache is not None:
            return cache.own_mask(count), cache.cross_mask
        own = None if count == 1 else additive(causal_mask(count, 0, count, hidden.device), hidden.dtype)
        mask = encoded.mask
        return own, None if mask is None else additive(mask[:, None, None, :], hidden.dtype)
