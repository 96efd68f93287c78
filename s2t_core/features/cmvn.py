"""Cepstral mean and variance normalisation over an utterance."""

from __future__ import annotations

import numpy as np

from s2t_core.config import FeatureConfig
from s2t_core.types import Features

# transformers divides by the bare deviation; a bin that never moves (digital silence) would become NaN there.
_LEAST_DEVIATION = 1e-8


def utterance_cmvn(frames: Features, config: FeatureConfig) -> Features:
    """frames (n, bins) normalised to mean 0 and deviation 1 over the n frames, as far as `config` asks for it.

    As transformers' `Speech2TextFeatureExtractor.utterance_cmvn`: population deviation (ddof 0), per bin.
    """
    if not config.do_ceptral_normalize or len(frames) == 0:
        return frames
    if config.normalize_means:
        frames = frames - frames.mean(axis=0)
    if config.normalize_vars:
        frames = frames / np.maximum(frames.std(axis=0), _LEAST_DEVIATION)
    return frames.astype(np.float32)
