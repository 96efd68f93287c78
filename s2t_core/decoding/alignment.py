"""Where in the audio each token was heard, read off the decoder's cross-attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from s2t_core.kernels.paths import best_path

Span = tuple[int, int]  # first frame, end
Heads = tuple[tuple[int, int], ...]  # (decoder layer, head)

# Some heads park on the first frames when they have nothing to say (NeMo's AlignAtt skips 8 frames of 80 ms).
_SINK_FRAMES = 2
_SMOOTHING = 5  # frames
_LEAST = 1e-6  # of a weight, so that it has a logarithm


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


def monotonic_spans(weights: Sequence[Tensor]) -> list[list[Span] | None]:
    """The best way to cut the frames of each text into one stretch a token, in order: (tokens, frames) each -> (first,
    end) frames; None where there are more tokens than frames.

    Viterbi over log attention; a token holds at least one frame.
    """
    return [_monotonic_spans(one.float().clamp_min(_LEAST).log().T.contiguous().cpu().numpy()) for one in weights]


def _monotonic_spans(gains: NDArray[np.float32]) -> list[Span] | None:
    frames, count = gains.shape
    if not 0 < count <= frames:
        return None
    path = best_path(gains, np.zeros(count, bool), False)
    firsts = np.searchsorted(path, np.arange(count)).tolist()
    return list(zip(firsts, [*firsts[1:], frames], strict=True))
