"""What the encoder hands to the decoder, with a name of its own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import torch

_generations = itertools.count(1)


@dataclass(frozen=True, slots=True)
class EncodedFrames:
    """What the encoder made of a batch of utterances.

    `generation` names this very encoding. Caches made from it carry the number and refuse any other.
    `settled` frames at the beginning will be the same in later encodings of a growing utterance.
    `sources` is what a decoder has made of it, layer by layer, for the next that asks for the same.
    """

    values: torch.Tensor  # (batch, frames, d_model)
    mask: torch.Tensor | None = None  # (batch, frames) bool, True where a frame is real; None: all are
    settled: int = 0
    generation: int = field(default_factory=lambda: next(_generations))
    sources: list[Any] = field(default_factory=list, compare=False, repr=False)
