"""A model in eight bits, for processors: where weights are read once for every token, memory sets the pace."""

from __future__ import annotations

from typing import cast

from torch import nn

from s2t_core.model.int8_decoder import Int8Decoder
from s2t_core.model.int8_layers import KINDS, Int8Conv, Int8EncoderLayer, Int8Linear
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


def make_int8(model: Speech2TextForConditionalGeneration) -> None:
    """Eight bits for everything that multiplies, in a model whose projections are joined; it can then neither be
    trained nor saved. A model with an activation that has no kernel stays as it is.

    Features are no matter for eight bits: filters fitted to unnormalised filter banks nearly cancel, so the convolution
    that hears them stays in float32.
    """
    encoder, decoder = model.model.encoder, model.model.decoder
    if not {layer.activation for layer in (*encoder.layers, *decoder.layers)} <= KINDS.keys():
        return
    first, *others = (cast(nn.Conv1d, conv) for conv in encoder.conv.conv_layers)
    encoder.conv.conv_layers = nn.ModuleList([first, *map(Int8Conv, others)])
    encoder.layers = nn.ModuleList(map(Int8EncoderLayer, encoder.layers))  # type: ignore[arg-type]
    head = Int8Linear(model.lm_head.weight)
    embeddings = head if model.config.tie_word_embeddings else Int8Linear(decoder.embed_tokens.weight)
    model.model.decoder = Int8Decoder(decoder, embeddings)  # type: ignore[assignment]
    model.lm_head = head  # type: ignore[assignment]


def is_int8(model: Speech2TextForConditionalGeneration) -> bool:
    """Whether `make_int8` has been here."""
    return isinstance(model.lm_head, Int8Linear)
