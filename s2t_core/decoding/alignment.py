"""Where in the audio each token was heard, read off the decoder's cross-attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from s2t_core.decoding.paths import best_paths

Span = tuple[int, int]  # first frame, end
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
    """Mean over the aligning heads: (rows, heads, tokens, frames) of each of `layers_of(heads)` -> (rows, tokens,
    frames)."""
    layers = layers_of(heads)
    return torch.stack([cross_attentions[layers.index(layer)][:, head] for layer, head in heads]).mean(dim=0)


def attended_frames(weights: Tensor) -> list[int]:
    """The frame each token attends to most: (tokens, frames) -> one frame a token."""
    if weights.shape[1] > 4 * _SINK_FRAMES:
        weights = functional.pad(weights[:, _SINK_FRAMES:], (_SINK_FRAMES, 0))
    smooth = functional.avg_pool1d(weights.unsqueeze(0), _SMOOTHING, stride=1, padding=_SMOOTHING // 2)[0]
    frames: list[int] = smooth.argmax(dim=1).tolist()
    return frames


def monotonic_spans(weights: Sequence[Tensor], device: torch.device | None = None) -> list[list[Span] | None]:
    """The best way to cut the frames of each text into one stretch a token, in order: (tokens, frames) each -> (first,
    end) frames; None where there are more tokens than frames.

    Viterbi over log attention; a token holds at least one frame. device: where the paths are searched
    """
    found: list[list[Span] | None] = [None] * len(weights)
    rows = [row for row, one in enumerate(weights) if 0 < one.shape[0] <= one.shape[1]]
    if not rows:
        return found
    counts, frames = ([weights[row].shape[side] for row in rows] for side in (0, 1))
    gains = torch.zeros(max(frames), len(rows), max(counts))
    for place, row in enumerate(rows):
        gains[: frames[place], place, : counts[place]] = weights[row].float().clamp_min(1e-6).log().T
    for row, path in zip(rows, best_paths(gains.to(device), frames, counts), strict=True):
        if path is not None:
            firsts = np.searchsorted(path, np.arange(len(weights[row]))).tolist()
            found[row] = list(zip(firsts, [*firsts[1:], len(path)], strict=True))
    return found
