"""Features of a stream: the samples that do not fill a window yet wait for the next chunk."""

from __future__ import annotations

import numpy as np

from s2t_core.config import FeatureConfig
from s2t_core.features.fbank import SHIFT_SAMPLES, fbank, frame_count
from s2t_core.types import Features, Samples


class FbankStream:
    """Turns samples into frames as they come; however the samples are cut, the frames are those of the whole."""

    def __init__(self, config: FeatureConfig) -> None:
        self._config = config
        self._waiting: Samples = np.zeros(0, dtype=np.float32)

    def push(self, samples: Samples) -> Features:
        """samples (n,) at 16 kHz -> the frames (k, bins) that they complete, k may be 0."""
        waiting = np.concatenate([self._waiting, samples])
        frames = fbank(waiting, self._config)
        self._waiting = waiting[frame_count(len(waiting)) * SHIFT_SAMPLES :]
        return frames
