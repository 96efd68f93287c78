"""Cepstral mean and variance normalisation, over an utterance or over what has been heard of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2t_core.config import FeatureConfig
from s2t_core.types import Features

# transformers divides by the bare deviation; a bin that never moves (digital silence) would become NaN there.
LEAST_DEVIATION = 1e-8
# Frames until an utterance is judged by itself alone; Kaldi's online normalisation takes 2 to 6 seconds.
_ENOUGH = 300


def utterance_cmvn(frames: Features, config: FeatureConfig) -> Features:
    """frames (n, bins) normalised to mean 0 and deviation 1 over the n frames, as far as `config` asks for it.

    As transformers' `Speech2TextFeatureExtractor.utterance_cmvn`: population deviation (ddof 0), per bin.
    """
    if not config.do_ceptral_normalize or len(frames) == 0:
        return frames
    return _normalised(frames, frames.mean(axis=0), frames.std(axis=0), config)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of some frames: how many there are, their mean and their mean square, (bins,) each."""

    count: int
    mean: NDArray[np.float64]
    square: NDArray[np.float64]


def statistics(frames: Features) -> Statistics:
    """frames (n, bins), n > 0."""
    wide = frames.astype(np.float64)
    return Statistics(len(frames), wide.mean(axis=0), np.square(wide).mean(axis=0))


def running_cmvn(frames: Features, before: Statistics | None, config: FeatureConfig) -> Features:
    """frames (n, bins), the beginning of an utterance, normalised with the help of the speech before it.

    Earlier frames make up what lacks to 3 seconds, as in Kaldi's online CMVN (`feat/online-feature.h`); from then on,
    and where nothing came before, it is `utterance_cmvn` of what is there.
    """
    borrowed = 0 if before is None else min(before.count, _ENOUGH - len(frames))
    if not config.do_ceptral_normalize or len(frames) == 0 or before is None or borrowed <= 0:
        return utterance_cmvn(frames, config)
    own, share = statistics(frames), borrowed / (borrowed + len(frames))
    mean = share * before.mean + (1 - share) * own.mean
    square = share * before.square + (1 - share) * own.square
    return _normalised(frames, mean, np.sqrt(np.maximum(square - np.square(mean), 0.0)), config)


def _normalised(
    frames: Features, mean: NDArray[np.floating], deviation: NDArray[np.floating], config: FeatureConfig
) -> Features:
    if config.normalize_means:
        frames = frames - mean
    if config.normalize_vars:
        frames = frames / np.maximum(deviation, LEAST_DEVIATION)
    return frames.astype(np.float32)
