"""The sound of an open segment as its drafts hear it: two ways to encode what grows."""

from __future__ import annotations

from typing import Protocol

import torch

from s2t_core.config import FeatureConfig
from s2t_core.features.cmvn import Statistics, running_cmvn
from s2t_core.model.cache import GrowingCache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder_stream import EncoderStream
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.model.subsampler import settled_frames
from s2t_core.types import Features


class SegmentSound(Protocol):
    """Belongs to one segment."""

    def hear(self, frames: Features, capacity: int) -> tuple[EncodedFrames, GrowingCache]:
        """frames (n, bins), all of the segment so far -> their encoding, and an empty cache for it with room for
        `capacity` tokens. Encoder frames that see beyond the last feature frame are left out."""
        ...


class GrowingSound:
    """Hears what is new, and anew what lies `look_ahead` encoder frames back: for features that never change."""

    def __init__(self, model: Speech2TextForConditionalGeneration, look_ahead: int) -> None:
        self._decoder = model.model.decoder
        self._stream = EncoderStream(model.model.encoder, look_ahead)
        self._sources = self._decoder.new_sources()

    @torch.inference_mode()
    def hear(self, frames: Features, capacity: int) -> tuple[EncodedFrames, GrowingCache]:
        encoded = self._stream.push(torch.from_numpy(frames[self._stream.taken :]))
        return encoded, self._decoder.next_cache(encoded, self._sources, capacity)


class RenormalisedSound:
    """Normalises and encodes everything anew: for checkpoints that normalise the whole of an utterance.

    before  of the speech before this segment; it steadies the normalisation of the first seconds
    """

    def __init__(
        self, model: Speech2TextForConditionalGeneration, features: FeatureConfig, before: Statistics | None
    ) -> None:
        self._model = model
        self._features = features
        self._before = before

    @torch.inference_mode()
    def hear(self, frames: Features, capacity: int) -> tuple[EncodedFrames, GrowingCache]:
        normalised = torch.from_numpy(running_cmvn(frames, self._before, self._features)).to(
            self._model.device, self._model.dtype
        )
        whole = self._model.encode(normalised.unsqueeze(0)).values
        encoded = EncodedFrames(whole[:, : settled_frames(len(frames), self._model.config)])
        return encoded, self._model.model.decoder.new_cache(encoded, capacity=capacity)
