"""The convolutional front: strided convolutions with gated linear units turn feature frames into encoder frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.config import ModelConfig


class ConvSubsampler(nn.Module):
    """A stack of Conv1d of stride 2, each followed by a GLU (Synnaeve et al. 2019, arXiv 1911.08460)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._kernels = config.conv_kernel_sizes
        first = config.input_feat_per_channel * config.input_channels
        last = config.num_conv_layers - 1
        self.conv_layers = nn.ModuleList(
            nn.Conv1d(
                in_channels=first if i == 0 else config.conv_channels // 2,
                out_channels=config.d_model * 2 if i == last else config.conv_channels,
                kernel_size=kernel,
                stride=2,
                padding=kernel // 2,
            )
            for i, kernel in enumerate(config.conv_kernel_sizes)
        )

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(batch, frames, bins) -> (batch, subsampled frames, d_model).

        lengths  (batch,) real frames; behind them every convolution sees zeros, as at the end of a row that is alone
        """
        hidden = features.transpose(1, 2)
        for conv, kernel in zip(self.conv_layers, self._kernels, strict=True):
            if lengths is not None:
                hidden = hidden * real_frames(lengths, hidden.shape[2]).unsqueeze(1)
                lengths = _after(lengths, kernel)
            hidden = functional.glu(conv(hidden), dim=1)
        return hidden.transpose(1, 2)


def output_lengths(lengths: Tensor, config: ModelConfig) -> Tensor:
    """Encoder frames made of so many feature frames, for any shape of `lengths`."""
    for kernel in config.conv_kernel_sizes:
        lengths = _after(lengths, kernel)
    return lengths


def _after(lengths: Tensor, kernel: int) -> Tensor:
    return (lengths + 2 * (kernel // 2) - kernel) // 2 + 1


def real_frames(lengths: Tensor, frames: int) -> Tensor:
    """(batch, frames) bool, True at the first `lengths` (batch,) of each row."""
    return torch.arange(frames, device=lengths.device).unsqueeze(0) < lengths.unsqueeze(1)


def frame_mask(lengths: Tensor, frames: int, config: ModelConfig) -> Tensor:
    """(batch, frames) bool, True at the encoder frames that come from real feature frames; lengths is (batch,)."""
    return real_frames(output_lengths(lengths, config), frames)


def settled_frames(feature_frames: int, config: ModelConfig) -> int:
    """How many encoder frames of a stream no longer change when more audio comes.

    An output of the stack looks ahead; those whose look-ahead reaches into the padding after the last feature frame
    are left out.
    """
    settled = feature_frames
    for kernel in config.conv_kernel_sizes:
        # output j sees inputs up to 2 j + (kernel - 1) - kernel // 2, which must be below `settled`
        settled = max(0, (settled - 1 - (kernel - 1 - kernel // 2)) // 2 + 1)
    return settled


def padded_frames(config: ModelConfig) -> int:
    """How many encoder frames at the beginning see the padding before the first feature frame."""
    padded = 0
    for kernel in config.conv_kernel_sizes:
        padded = (padded + kernel // 2 + 1) // 2
    return padded
