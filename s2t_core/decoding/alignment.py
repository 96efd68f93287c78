"""Where in the audio each token was heard, read off the decoder's cross-attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Heads = tuple[tuple[int, int], ...]  # (decoder layer, head)

# Some heads park on the first frames when they have nothing to say (NeMo's AlignAtt skips 8 frames of 80 ms).
_SINK_FRAMES = 2
_SMOOTHING = 5  # frames


def default_heads(layers: int, heads: int) -> Heads:
    """All heads of the fourth layer, which FBK's AlignAtt reads in 6-layer Speech2Text decoders (arXiv 2305.11408)."""
    return tuple((min(3, layers - 1), head) for head in range(heads))


def layers_of(heads: Heads) -> tuple[int, ...]:
    """The decoder layers whose cross-attention is needed, in their order."""
    return tuple(sorted({layer for layer, _ in heads}))


def alignment_weights(cross_attentions: Sequence[Tensor], heads: Heads) -> Tensor:
    """Mean over the aligning heads: (1, heads, tokens, frames) of each of `layers_of(heads)` -> (tokens, frames)."""
    layers = layers_of(heads)
    return torch.stack([cross_attentions[layers.index(layer)][0, head] for layer, head in heads]).mean(dim=0)


def attended_frames(weights: Tensor) -> list[int]:
    """The frame each token attends to most: (tokens, frames) -> one frame a token."""
    if weights.shape[1] > 4 * _SINK_FRAMES:
        weights = functional.pad(weights[:, _SINK_FRAMES:], (_SINK_FRAMES, 0))
    smooth = functional.avg_pool1d(weights.unsqueeze(0), _SMOOTHING, stride=1, padding=_SMOOTHING // 2)[0]
    return [int(frame) for frame in smooth.argmax(dim=1)]


def monotonic_spans(weights: NDArray[np.float32]) -> list[tuple[int, int]]:
    """The best way to cut the frames into one stretch a token, in order: (tokens, frames) -> (first, end) frames.

    Viterbi over log attention; a token holds at least one frame. There must be no more tokens than frames.
    """
    tokens, frames = weights.shape
    if tokens == 0:
        return []
    if tokens > frames:
        raise ValueError(f"{tokens} tokens cannot be laid over {frames} frames")
    gain = np.log(np.maximum(weights, 1e-6))
    best = np.full(tokens, -np.inf)
    best[0] = gain[0, 0]
    moved = np.zeros((frames, tokens), dtype=bool)  # whether the best path enters the token at this frame
    for frame in range(1, frames):
        entering = np.concatenate([[-np.inf], best[:-1]])
        moved[frame] = entering > best
        best = np.maximum(best, entering) + gain[:, frame]
    ends = [frames] * tokens
    token = tokens - 1
    for frame in range(frames - 1, 0, -1):
        if moved[frame, token]:
            token -= 1
            ends[token] = frame
    return list(zip([0, *ends[:-1]], ends, strict=True))
