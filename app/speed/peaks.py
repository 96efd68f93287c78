"""What a processor could do: its peaks, measured, and the least time that they leave for a model of some shape."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.speed.rows import Work, clocked
from s2t_core.config import ModelConfig
from s2t_core.kernels.products import arranged, multiply

_SIZE = 1024  # of square matrices
_NEAR, _FAR = 11 << 20, 256 << 20  # bytes: the weights of a small decoder in eight bits, and no weights of anybody


@dataclass(frozen=True, slots=True)
class Peaks:
    """Products in multiplications and additions a second, and bytes read a second.

    read  weights that fit into the caches, as a small model's do; read_far  those that do not
    """

    float32: float
    int8: float
    read: float
    read_far: float

    def to_json(self) -> dict[str, Any]:
        """In thousands of millions."""
        return {f"{name} G/s": round(value / 1e9, 1) for name, value in asdict(self).items()}


def measured_peaks(clock: Callable[[], float] = time.process_time) -> Peaks:
    """Of as many threads as torch has now, of eight bits of one; of each the best of some repeats."""
    one, two = torch.randn(2, _SIZE, _SIZE)
    work = 2 * _SIZE**3
    near, far = (torch.ones(count // 4) for count in (_NEAR, _FAR))
    return Peaks(
        work / _fastest(lambda: one @ two, 7, clock),
        work / _fastest(_eight_bits(_SIZE), 7, clock),
        near.nbytes / _fastest(near.sum, 21, clock),
        far.nbytes / _fastest(far.sum, 7, clock),
    )


def _eight_bits(size: int) -> Work:
    """By the program's own kernel: on processors with VNNI it does a fourth more than torch's."""
    rng = np.random.default_rng(0)
    inputs, weights = rng.standard_normal((2, size, size), np.float32)
    codes, products = arranged(weights), np.empty_like(inputs)
    return lambda: multiply(inputs, codes, products, False)


def _fastest(work: Work, repeats: int, clock: Callable[[], float]) -> float:
    work()
    return min(clocked(work, clock) for _ in range(repeats))


def encoder_bounds(peaks: Peaks, seconds: float, config: ModelConfig) -> dict[str, float]:
    """Seconds: all products at the peak of their precision. In eight bits the first convolution is in float32."""
    frames, channels, convolutions = seconds * 100.0, config.input_feat_per_channel * config.input_channels, []
    for index, kernel in enumerate(config.conv_kernel_sizes):
        frames /= 2
        last = index == config.num_conv_layers - 1
        wide = 2 * config.d_model if last else config.conv_channels
        convolutions.append(2 * frames * channels * kernel * wide)
        channels = wide // 2
    dim = config.d_model
    layer = frames * 2 * (4 * dim * dim + 2 * dim * config.encoder_ffn_dim) + 4 * frames * frames * dim
    first, others = convolutions[0], sum(convolutions[1:]) + config.encoder_layers * layer
    four, one = (first + others) / peaks.float32, first / peaks.float32 + others / peaks.int8
    return {"transformers": four, "ours float32": four, "ours int8": one}


def read_s(count: int, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds that it takes at least to read so many bytes again that were read before, from wherever they fit."""
    return _fastest(torch.ones(-(-count // 4)).sum, 15, clock)


def step_bounds(config: ModelConfig, read: Callable[[int], float] = read_s) -> dict[str, float]:
    """Seconds: the weights of decoder and head, read once. read: as `read_s`."""
    dim = config.d_model
    layer = 4 * dim * dim + 2 * dim * dim + 2 * dim * config.decoder_ffn_dim  # cross keys and values are there already
    weights = config.decoder_layers * layer + config.vocab_size * dim
    four, one = read(4 * weights), read(weights)
    return {"transformers": four, "ours float32": four, "ours int8": one}


def text_bounds(encoder: Mapping[str, float], step: Mapping[str, float], tokens: int) -> dict[str, float]:
    """Seconds: the encoder once and a step for every token, however many beams there are."""
    return {name: once + tokens * step[name] for name, once in encoder.items()}


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was (mean length of the queue over 1, 5 and 15 minutes)."""
    names = []
    if (cpu := Path("/proc/cpuinfo")).is_file():
        lines = cpu.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    load = [round(value, 1) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {"processor": names[0] if names else platform.processor(), "torch": torch.__version__, "load": load} | {
        name: version for name in ("transformers", "faster-whisper") if (version := _version(name))
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
