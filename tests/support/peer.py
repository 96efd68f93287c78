"""Our network and transformers' own, side by side with the same random weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from transformers import Speech2TextConfig
from transformers import Speech2TextForConditionalGeneration as Peer

from s2t_core.config import ModelConfig
from s2t_core.model.checkpoint import load_model
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

# The shapes of facebook/s2t-{small,medium,large}-librispeech-asr (their config.json).
SMALL = ModelConfig()
MEDIUM = ModelConfig(d_model=512, encoder_attention_heads=8, decoder_attention_heads=8)
LARGE = ModelConfig(
    d_model=1024,
    encoder_attention_heads=16,
    decoder_attention_heads=16,
    encoder_ffn_dim=4096,
    decoder_ffn_dim=4096,
)
TINY = ModelConfig(
    vocab_size=60,
    d_model=32,
    encoder_layers=2,
    decoder_layers=2,
    encoder_attention_heads=4,
    decoder_attention_heads=4,
    encoder_ffn_dim=64,
    decoder_ffn_dim=64,
    conv_channels=48,
    init_std=0.3,
)
ODD = {
    "one convolution of kernel 9": dataclasses.replace(TINY, num_conv_layers=1, conv_kernel_sizes=(9,)),
    "three convolutions": dataclasses.replace(TINY, num_conv_layers=3, conv_kernel_sizes=(5, 3, 7)),
    "gelu": dataclasses.replace(TINY, activation_function="gelu"),
    "no embedding scale": dataclasses.replace(TINY, scale_embedding=False),
    "odd d_model": dataclasses.replace(TINY, d_model=33, encoder_attention_heads=3, decoder_attention_heads=3),
    "more encoder heads than decoder heads": dataclasses.replace(TINY, encoder_attention_heads=8),
    "positions outgrown": dataclasses.replace(TINY, max_source_positions=4, max_target_positions=3),
}


def peer_config(config: ModelConfig) -> Speech2TextConfig:
    settings = config.to_json()
    del settings["model_type"], settings["architectures"]
    return Speech2TextConfig(**settings)


def make_peer(config: ModelConfig, seed: int = 0) -> Peer:
    """transformers' model with random weights."""
    torch.manual_seed(seed)
    return Peer(peer_config(config)).eval()


def make_pair(config: ModelConfig, folder: Path, seed: int = 0) -> tuple[Speech2TextForConditionalGeneration, Peer]:
    """Ours and theirs; ours is loaded from the folder that theirs wrote."""
    peer = make_peer(config, seed)
    peer.save_pretrained(folder)
    return load_model(folder), peer


def random_batch(config: ModelConfig, lengths: list[int], seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Features padded with zeros, as the feature extractor pads, and their lengths."""
    torch.manual_seed(seed)
    features = torch.randn(len(lengths), max(lengths), config.input_feat_per_channel * config.input_channels)
    for index, length in enumerate(lengths):
        features[index, length:] = 0.0
    return features, torch.tensor(lengths)


def attention_mask(lengths: torch.Tensor) -> torch.Tensor:
    """The form in which transformers takes lengths."""
    return (torch.arange(int(lengths.max()))[None] < lengths[:, None]).long()
