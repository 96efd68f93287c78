"""Kaldi log-mel filter banks: 25 ms windows every 10 ms, Povey window, pre-emphasis 0.97, no dither by default.

Two back ends that give the same numbers (max difference about 1e-3 at Kaldi's 16-bit scale): kaldi-native-fbank, and
torchaudio's `compliance.kaldi` where that optional package is installed and imports.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import kaldi_native_fbank
import numpy as np
import torch

from s2t_core.config import FeatureConfig
from s2t_core.types import SAMPLE_RATE_HZ, Features, Samples, check_samples

WINDOW_SAMPLES = 400  # 25 ms
SHIFT_SAMPLES = 160  # 10 ms
KALDI_SCALE = 2.0**15  # Kaldi counts in 16-bit steps

FbankBackend = Callable[[Samples, FeatureConfig], Features]


def frame_count(samples: int) -> int:
    """Whole windows in so many samples (Kaldi's `snip_edges`)."""
    return 0 if samples < WINDOW_SAMPLES else 1 + (samples - WINDOW_SAMPLES) // SHIFT_SAMPLES


def fbank(samples: Samples, config: FeatureConfig) -> Features:
    """samples (n,) at 16 kHz, full scale -1..1 -> (frames, bins) log-mel energies.

    Every frame depends on its own window alone, so any cut at a multiple of the shift gives the same frames.
    Raises AudioFormatError for samples that are no finite vector.
    """
    check_samples(samples)
    if frame_count(len(samples)) == 0:
        return np.zeros((0, config.num_mel_bins), dtype=np.float32)
    return backend()[1](samples, config)


@functools.cache
def backend() -> tuple[str, FbankBackend]:
    """Name and function of the back end in use: torchaudio if it can be imported, else kaldi-native-fbank."""
    kaldi = _import_torchaudio()
    if kaldi is not None:
        return "torchaudio", functools.partial(_torchaudio_fbank, kaldi)
    return "kaldi-native-fbank", native_fbank


def _import_torchaudio() -> Any:
    if importlib.util.find_spec("torchaudio") is None:
        return None
    try:
        return importlib.import_module("torchaudio.compliance.kaldi")
    except Exception:  # its published wheel raises OSError beside a CPU torch, others ImportError or worse
        return None


def native_fbank(samples: Samples, config: FeatureConfig) -> Features:
    """kaldi-native-fbank; samples hold at least one window."""
    extractor = kaldi_native_fbank.OnlineFbank(_native_options(config))
    extractor.accept_waveform(SAMPLE_RATE_HZ, (samples * np.float32(KALDI_SCALE)).tolist())
    return np.stack([extractor.get_frame(i) for i in range(extractor.num_frames_ready)]).astype(np.float32)


def _native_options(config: FeatureConfig) -> Any:
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = config.dither
    options.frame_opts.samp_freq = SAMPLE_RATE_HZ
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = config.num_mel_bins
    options.mel_opts.high_freq = 0  # up to half the sampling rate
    options.energy_floor = 1.0
    return options


def _torchaudio_fbank(kaldi: Any, samples: Samples, config: FeatureConfig) -> Features:
    waveform = torch.from_numpy(samples * np.float32(KALDI_SCALE)).unsqueeze(0)
    frames: Features = kaldi.fbank(
        waveform, dither=config.dither, num_mel_bins=config.num_mel_bins, sample_frequency=SAMPLE_RATE_HZ
    ).numpy()
    return frames
