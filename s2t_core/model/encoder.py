"""The encoder: feature frames in, encoded frames out, in one piece and without any state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from s2t_core.config import ModelConfig
from s2t_core.model.activations import activation, dropped
from s2t_core.model.attention import KeysValuesBuffer, MultiHeadAttention, additive
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.positions import SinusoidalPositions
from s2t_core.model.subsampler import ConvSubsampler, frame_mask


@dataclass(frozen=True, slots=True)
class EncoderOutput:
    """`encoded`, and what was asked for beside it.

    hidden_states  input of every layer, then the normalised output: layers + 1 of (batch, frames, d_model)
    attentions     one a layer that ran: (batch, heads, frames, frames)
    """

    encoded: EncodedFrames
    hidden_states: tuple[Tensor, ...] = ()
    attentions: tuple[Tensor, ...] = ()


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before (pre-norm) and added to its input."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attn = MultiHeadAttention(config.d_model, config.encoder_attention_heads, config.attention_dropout)
        self.self_attn_layer_norm = nn.LayerNorm(config.d_model)
        self.fc1 = nn.Linear(config.d_model, config.encoder_ffn_dim)
        self.fc2 = nn.Linear(config.encoder_ffn_dim, config.d_model)
        self.final_layer_norm = nn.LayerNorm(config.d_model)
        self.activation = activation(config.activation_function)
        self.dropout = config.dropout
        self.activation_dropout = config.activation_dropout

    def forward(
        self,
        hidden: Tensor,
        mask: Tensor | None = None,
        head_mask: Tensor | None = None,
        need_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """hidden (batch, frames, d_model) -> the same shape, and the attention weights if asked for."""
        query, own = self.self_attn.project_own(self.self_attn_layer_norm(hidden))
        attended, weights = self.self_attn(query, own, mask, head_mask, need_weights)
        return self._feed_forward(hidden, attended), weights

    def extend(self, hidden: Tensor, past: KeysValuesBuffer) -> Tensor:
        """The output of frames (1, frames, d_model) that come behind those of `past`, where theirs are written."""
        query, own = self.self_attn.project_own(self.self_attn_layer_norm(hidden))
        attended, _ = self.self_attn(query, past.behind(own))
        return self._feed_forward(hidden, attended)

    def _feed_forward(self, hidden: Tensor, attended: Tensor) -> Tensor:
        hidden = hidden + dropped(attended, self.dropout, self.training)
        inner = self.activation(self.fc1(self.final_layer_norm(hidden)))
        inner = self.fc2(dropped(inner, self.activation_dropout, self.training))
        return clamp_half(hidden + dropped(inner, self.dropout, self.training))


def clamp_half(hidden: Tensor) -> Tensor:
    """Keep float16 finite: deep encoders outgrow its range (transformers clamps at the same 64504)."""
    if hidden.dtype != torch.float16:
        return hidden
    limit = torch.finfo(torch.float16).max - 1000
    return hidden.clamp(-limit, limit)


class Encoder(nn.Module):
    """Subsampler, positions and layers; parameter names of transformers' `Speech2TextEncoder`.

    `gradient_checkpointing` trades a second forward pass in training for the memory of the activations.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embed_scale = math.sqrt(config.d_model) if config.scale_embedding else 1.0
        self.conv = ConvSubsampler(config)
        self.embed_positions = SinusoidalPositions(config.max_source_positions, config.d_model, config.pad_token_id)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.layer_norm = nn.LayerNorm(config.d_model)

    def forward(
        self,
        features: Tensor,
        lengths: Tensor | None = None,
        *,
        chunk_frames: int | None = None,
        isolated: bool = False,
        head_mask: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> EncoderOutput:
        """Encode a batch.

        features      (batch, frames, bins), shorter rows padded at the end
        lengths       (batch,) real frames of each row; None: all
        isolated      every row comes out as if it were alone, whatever pads it (transformers lets padding through where
                      there are several convolutions)
        chunk_frames  encoder frames a chunk: a frame sees its own chunk and what came before it; None: everything
        head_mask     (layers, heads)
        """
        hidden = (self.conv(features, lengths) if isolated else self.conv(features)) * self.embed_scale
        frames = hidden.shape[1]
        if lengths is None:
            real = torch.ones(hidden.shape[:2], dtype=torch.bool, device=hidden.device)
            mask = None
        else:
            real = mask = frame_mask(lengths, frames, self.config)
        hidden = hidden + self.embed_positions(real, dtype=hidden.dtype)
        hidden = dropped(hidden, self.config.dropout, self.training)
        attention_mask = None if mask is None else mask[:, None, None, :]
        if chunk_frames is not None:
            chunked = chunk_mask(frames, chunk_frames, hidden.device)
            attention_mask = chunked if attention_mask is None else attention_mask & chunked
        if attention_mask is not None:
            attention_mask = additive(attention_mask, hidden.dtype)
        checkpointed = self.gradient_checkpointing and self.training
        states, attentions = [hidden], []
        for index, layer in enumerate(self.layers):
            if drops_layer(self.config.encoder_layerdrop, self.training):
                continue
            arguments = (hidden, attention_mask, row(head_mask, index), output_attentions)
            hidden, weights = run_layer(layer, arguments, checkpointed)
            states.append(hidden)
            attentions.append(weights)
        hidden = self.layer_norm(hidden)
        states[-1] = hidden
        return EncoderOutput(
            EncodedFrames(hidden, mask),
            tuple(states) if output_hidden_states else (),
            tuple(attentions) if output_attentions else (),
        )


def chunk_mask(frames: int, chunk_frames: int, device: torch.device) -> Tensor:
    """(frames, frames) bool, True where a frame may look: at its own chunk and at earlier ones.

    With it a stream can be encoded chunk by chunk, keeping keys and values (Zhang et al. 2020, arXiv 2012.05481).
    """
    chunk = torch.arange(frames, device=device) // chunk_frames
    return chunk.unsqueeze(1) >= chunk.unsqueeze(0)


def run_layer(layer: nn.Module, arguments: tuple[object, ...], checkpointed: bool) -> Any:
    """What the layer returns, with its activations recomputed in the backward pass if `checkpointed`."""
    return checkpoint(layer, *arguments, use_reentrant=False) if checkpointed else layer(*arguments)


def drops_layer(probability: float, training: bool) -> bool:
    """LayerDrop (Fan et al. 2020, arXiv 1909.11556): skip a layer at random while training."""
    return training and probability > 0.0 and float(torch.rand(())) < probability


def row(head_mask: Tensor | None, index: int) -> Tensor | None:
    """The factors of one layer's heads."""
    return None if head_mask is None else head_mask[index]
