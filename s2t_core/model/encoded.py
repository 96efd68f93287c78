"""What the encoder hands to the decoder, with a name of its own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import torch

_generations = itertools.count(1)


@dataclass(frozen=True, slots=True)
class EncodedFrames:
    """What the encoder made of a batch of utterances.

    `generation` names this very encoding. Caches made from it carry the number and refuse any other.
    `settled` frames at the beginning will be the same in later encodings of a growing utterance.
    """

    values: torch.Tensor  # (batch, frames, d_model)
    mask: torch.Tensor | None = None  # (batch, frames) bool, True where a frame is real; None: all are
    settled: int = 0
    generation: int = field(default_factory=lambda: next(_generations))
