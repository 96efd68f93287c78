"""Engines, audio, clocks and the machine's peaks for `cpu.py`."""

from __future__ import annotations

import importlib.util
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import transformers
from torch import Tensor

from s2t_core.config import FeatureConfig, ModelConfig
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.features.cmvn import utterance_cmvn
from s2t_core.features.fbank import fbank
from s2t_core.model.checkpoint import load_model
from s2t_core.model.int8 import make_int8
from s2t_core.model.int8_layers import Int8Linear
from s2t_core.model.layout import lay_out
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.recognizer import load
from s2t_core.types import AudioChunk, Samples

RESOURCES = Path(__file__).parents[2] / "resources"
MODEL = RESOURCES / "models" / "s2t-base-en"
Work = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Peaks:
    """Of one thread: products in multiplications and additions a second, and bytes read a second.

    read  weights that fit into the caches, as a small model's do; read_far  those that do not
    """

    float32: float
    int8: float
    read: float
    read_far: float

    def to_json(self) -> dict[str, Any]:
        return {f"{name} G/s": None if value is None else round(value / 1e9, 1) for name, value in asdict(self).items()}


def measured_peaks(quick: bool) -> Peaks:
    size, repeats = (256, 3) if quick else (1024, 7)
    one, two = torch.randn(2, size, size)
    linear = torch.nn.Linear(size, size)
    work = 2 * size**3
    eight = Int8Linear(linear.weight)
    near, far = (torch.ones(bytes_ // 4) for bytes_ in (11 << 20, 256 << 20))
    return Peaks(
        work / _fastest(lambda: one @ two, repeats),
        work / _fastest(lambda: eight(one), repeats),
        near.nbytes / _fastest(near.sum, 3 * repeats),
        far.nbytes / _fastest(far.sum, repeats),
    )


def _fastest(work: Work, repeats: int) -> float:
    work()
    return min(_clocked(work, time.process_time) for _ in range(repeats))


def encoder_bounds(peaks: Peaks, seconds: float, config: ModelConfig | None = None) -> dict[str, float]:
    """Seconds: products of the linear layers at the peak of their precision, of the rest at that of float32."""
    config = config or ModelConfig()
    frames, channels, other = seconds * 100.0, config.input_feat_per_channel * config.input_channels, 0.0
    for index, kernel in enumerate(config.conv_kernel_sizes):
        frames /= 2
        last = index == config.num_conv_layers - 1
        wide = 2 * config.d_model if last else config.conv_channels
        other += 2 * frames * channels * kernel * wide
        channels = wide // 2
    layers, dim = config.encoder_layers, config.d_model
    linear = layers * frames * 2 * (4 * dim * dim + 2 * dim * config.encoder_ffn_dim)
    other += layers * 4 * frames * frames * dim
    bounds = {name: (linear + other) / peaks.float32 for name in ("transformers", "ours float32")}
    bounds["ours int8"] = linear / peaks.int8 + other / peaks.float32
    return bounds


def step_bounds(peaks: Peaks, config: ModelConfig | None = None) -> dict[str, float]:
    """Seconds: the weights of decoder and head, read once from the caches."""
    config = config or ModelConfig()
    dim = config.d_model
    layer = 4 * dim * dim + 2 * dim * dim + 2 * dim * config.decoder_ffn_dim  # cross keys and values are there already
    weights = config.decoder_layers * layer + config.vocab_size * dim
    return {
        "transformers": 4 * weights / peaks.read,
        "ours float32": 4 * weights / peaks.read,
        "ours int8": weights / peaks.read,
    }


@dataclass(frozen=True, slots=True)
class Engine:
    """Of one shape and precision.

    encode  features (1, frames, bins) -> anything
    steps   features, tokens -> work that takes so many decoder steps, greedily, over their encoding
    search  features, beams, tokens -> ids
    """

    encode: Callable[[Tensor], Any]
    steps: Callable[[Tensor, int], Work]
    search: Callable[[Tensor, int, int], Any]


def engines(folder: Path) -> dict[str, Engine]:
    """transformers and ours, of the public small shape with the same random weights and no end that they choose."""
    torch.manual_seed(0)
    config = transformers.Speech2TextConfig(eos_token_id=9_999)
    network = transformers.Speech2TextForConditionalGeneration(config).eval()
    network.save_pretrained(folder)
    found = {
        "transformers": Engine(network.model.encoder, partial(_peer_steps, network), partial(_peer_search, network)),
        "ours float32": _ours(prepared(load_model(folder), eight_bits=False)),
    }
    found["ours int8"] = _ours(prepared(load_model(folder), eight_bits=True))
    return found


def prepared(model: Speech2TextForConditionalGeneration, eight_bits: bool) -> Speech2TextForConditionalGeneration:
    """As `load` leaves it on a CPU."""
    model.join_projections()
    if eight_bits:
        make_int8(model)
    else:
        lay_out(model)
    return model


def _ours(model: Speech2TextForConditionalGeneration) -> Engine:
    def ids(features: Tensor, beams: int, tokens: int) -> Any:
        with torch.inference_mode():
            options = SearchOptions(beams=beams, max_new_tokens=tokens)
            return search(model, model.encode(features), options)[0][0].tokens

    def encode(features: Tensor) -> Any:
        with torch.inference_mode():
            return model.encode(features)

    return Engine(encode, partial(ours_steps, model), ids)


def ours_steps(model: Speech2TextForConditionalGeneration, features: Tensor, tokens: int) -> Work:
    encoded = model.encode(features)

    @torch.inference_mode()
    def run() -> None:
        cache = model.model.decoder.new_cache(encoded)
        token = torch.tensor([[model.config.decoder_start_token_id]])
        for _ in range(tokens):
            token = model.decode_last(token, encoded, cache).argmax(dim=1, keepdim=True)

    return run


def _peer_steps(network: Any, features: Tensor, tokens: int) -> Work:
    encoded = network.model.encoder(features)

    @torch.inference_mode()
    def run() -> None:
        cache = None
        token = torch.tensor([[network.config.decoder_start_token_id]])
        for _ in range(tokens):
            output = network(decoder_input_ids=token, encoder_outputs=encoded, past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            token = output.logits[:, -1].argmax(dim=1, keepdim=True)

    return run


def _peer_search(network: Any, features: Tensor, beams: int, tokens: int) -> Any:
    with torch.inference_mode():
        return network.generate(input_features=features, num_beams=beams, max_new_tokens=tokens, do_sample=False)


def recogniser(folder: Path, precision: str, beams: int = 1) -> SegmentDecoder:
    decoder = load(folder, "cpu", precision=precision).decoder
    return replace(decoder, search=replace(decoder.search, num_beams=beams))


def recognisers(folder: Path, samples: Samples, beams: int, whisper: Path | None) -> dict[str, Work]:
    """Samples to text: faster-whisper where it is, then ours."""
    found: dict[str, Work] = {}
    if whisper is not None and importlib.util.find_spec("faster_whisper"):
        from faster_whisper import WhisperModel

        model = WhisperModel(str(whisper), device="cpu", compute_type="int8", cpu_threads=1)

        def hear() -> str:
            segments, _ = model.transcribe(
                samples, language="en", beam_size=beams, condition_on_previous_text=False, vad_filter=False
            )
            return " ".join(segment.text for segment in segments)

        found["faster-whisper base int8"] = hear
    found["ours float32"] = partial(recogniser(folder, "float32", beams).hear, samples)
    found["ours int8"] = partial(recogniser(folder, "int8", beams).hear, samples)
    return found


def noise(seconds: float) -> Tensor:
    return torch.randn(1, int(seconds * 100), 80, generator=torch.Generator().manual_seed(0))


def samples(seconds: float) -> Samples:
    """Speech of the bundled recordings, at 16 kHz."""
    names = ("sample.flac", "recipe.ogg")
    whole = [soundfile.read(RESOURCES / "audio" / name, dtype="float32")[0] for name in names]
    found: Samples = np.concatenate(whole)[: int(seconds * 16_000)]
    return found


def features_of(heard: Samples, config: FeatureConfig) -> Tensor:
    """(1, frames, bins)"""
    return torch.from_numpy(utterance_cmvn(fbank(heard, config), config)).unsqueeze(0)


def quarters(folder: Path, minutes: float) -> list[float]:
    """Processor seconds for a second of audio in each quarter of one session without drafts; the recordings go round,
    whole times in every quarter, so that all hear the same."""
    heard = samples(3600.0)
    session = load(folder, "cpu").open_session(partials=False)
    rounds = max(1, round(minutes * 60 * 16_000 / len(heard) / 4))
    found, taken = [], 0
    for _ in range(4):
        start = time.process_time()
        for _ in range(rounds):
            for at in range(0, len(heard), 1600):
                piece = heard[at : at + 1600]
                session.push(AudioChunk(piece, 16_000, taken))
                taken += len(piece)
        found.append((time.process_time() - start) * 16_000 / (rounds * len(heard)))
    session.finish()
    return found


def thread_counts() -> list[int]:
    cores = len(os.sched_getaffinity(0))
    return sorted({1, *(count for count in (2, 4, 8) if count <= cores)})


def with_threads(count: int, work: Work) -> None:
    torch.set_num_threads(count)
    work()
    torch.set_num_threads(1)


def interleaved(works: Mapping[str, Work], repeats: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Times of every work, one after the other in turn, once each has run."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            times[name].append(_clocked(work, clock))
    return times


def _clocked(work: Work, clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start


def machine() -> dict[str, Any]:
    cpu = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "load": [round(value, 1) for value in os.getloadavg()],
    }
