"""Models, clips and clocks for `gpu.py`."""

from __future__ import annotations

import argparse
import copy
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
import transformers
from torch import Tensor

from s2t_core.decoding.lanes import Lane, Lanes
from s2t_core.decoding.many import hear_many
from s2t_core.decoding.reading import DecodedText
from s2t_core.decoding.search import SearchOptions
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.features.bank import features_batch
from s2t_core.model.checkpoint import export_folder
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.recognizer import load
from s2t_core.types import Samples

RESOURCES = Path(__file__).parents[2] / "resources"
MODEL = RESOURCES / "models" / "s2t-base-en"


@dataclass(slots=True)
class Bench:
    """What the parts share: the checkpoint in several precisions, each with lanes, and clips.

    plain  the checkpoint on the CPU, in float32
    """

    options: argparse.Namespace
    device: torch.device
    out: Path
    plain: SegmentDecoder
    decoders: dict[str, SegmentDecoder]
    clips: list[Samples]

    @property
    def half(self) -> SegmentDecoder:
        """The one that the program takes there."""
        return self.decoders["float16" if self.device.type == "cuda" else "float32"]


def make_bench(options: argparse.Namespace, precisions: Mapping[str, torch.dtype]) -> Bench:
    plain = load(options.model, "cpu", precision="float32").decoder
    device = torch.device(options.device)
    decoders = {}
    for name, dtype in precisions.items():
        ctc = None if plain.ctc is None else copy.deepcopy(plain.ctc).to(device)
        model = ours(copy.deepcopy(plain.model), device, dtype)
        decoders[name] = replace(plain, model=model, ctc=ctc, lanes=Lanes(model))
    return Bench(options, device, options.out, plain, decoders, many_clips(max(0.2, options.clips / 300)))


def ours(
    model: Speech2TextForConditionalGeneration, device: torch.device, dtype: torch.dtype
) -> Speech2TextForConditionalGeneration:
    """The network ready for inference there."""
    model = model.requires_grad_(False).to(device, dtype)
    model.join_projections()
    return model.eval()


def recordings() -> list[Samples]:
    """The bundled ones, at 16 kHz."""
    return [soundfile.read(RESOURCES / "audio" / name, dtype="float32")[0] for name in ("sample.flac", "recipe.ogg")]


def many_clips(hours: float) -> list[Samples]:
    """Cuts of the recordings, 2 to 23 s long, at speeds of 0.92 to 1.1; the same ones every time."""
    rng, clips, samples = np.random.default_rng(0), [], 0
    whole = np.concatenate([*recordings(), np.zeros(4000, np.float32)])
    while samples < hours * 3600 * 16_000:
        speed = rng.uniform(0.92, 1.1)
        start = int(rng.integers(0, len(whole) // 2))
        count = min(int(rng.uniform(2.0, 23.0) * 16_000 * speed), len(whole) - start)
        at = np.arange(0, count - 1, speed)
        clips.append(np.interp(at, np.arange(count), whole[start : start + count]).astype(np.float32))
        samples += len(clips[-1])
    return clips


def with_beams(decoder: SegmentDecoder, beams: int) -> SegmentDecoder:
    return replace(decoder, search=replace(decoder.search, num_beams=beams))


def reference(clips: list[Samples], bench: Bench, beams: int) -> list[DecodedText]:
    """Texts of the CPU in float32, clip by clip."""
    decoder = with_beams(bench.plain, beams)
    return [decoder.hear(clip) for clip in clips]


def in_order(decoder: SegmentDecoder, clips: list[Samples], frames: int, read: bool = True) -> list[DecodedText]:
    """Texts of batches of so many feature frames, as the clips come."""
    return [text for _, text in sorted(hear_many(decoder, clips, frames, read), key=lambda pair: pair[0])]


def features_of(bench: Bench, seconds: float) -> Tensor:
    """(1, frames, bins) of the beginning of the recordings, on the device."""
    whole = np.concatenate(recordings())[: int(seconds * 16_000)]
    samples = torch.from_numpy(whole).unsqueeze(0).to(bench.device)
    lengths = torch.tensor([samples.shape[1]], device=bench.device)
    return features_batch(samples, lengths, bench.plain.features)[0]


def folder_in_plain_form(bench: Bench) -> Path:
    folder = Path(tempfile.mkdtemp()) / "plain"
    export_folder(bench.options.model, folder)
    return folder


def random_small(bench: Bench) -> Path:
    """The shape of facebook/s2t-small-librispeech-asr with random weights, and an end that they do not choose."""
    torch.manual_seed(0)
    folder = Path(tempfile.mkdtemp()) / "small"
    config = transformers.Speech2TextConfig(eos_token_id=9_999)
    transformers.Speech2TextForConditionalGeneration(config).save_pretrained(folder)
    return folder


def ids(lanes: Lanes, features: Tensor, limit: int, beams: int) -> tuple[int, ...]:
    """Those of one utterance whose features (1, frames, bins) are on the device."""
    found, _ = lanes.hear(features, [features.shape[1]], [limit], SearchOptions(beams, scored=beams > 1))
    return found[0][0].tokens


def steps(lane: Lane, count: int) -> None:
    """A search for one token, and as many steps more."""
    lane.search([1] * lane.size.utterances)
    for _ in range(count):
        lane._step()


def peer(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """transformers' own network of a folder."""
    network = transformers.Speech2TextForConditionalGeneration.from_pretrained(folder, dtype=dtype)
    return network.to(device).eval()


def generate(network: Any, features: Tensor, beams: int, limit: int) -> Callable[[], list[int]]:
    """transformers' search over features on the device, with the rules of ours."""
    given = features.to(network.dtype)

    def run() -> list[int]:
        with torch.inference_mode():
            ids = network.generate(input_features=given, num_beams=beams, max_new_tokens=limit, do_sample=False)
        return [token for token in ids[0, 1:].tolist() if token != network.config.pad_token_id]

    return run


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def clock(work: Callable[[], Any], device: torch.device) -> float:
    """Seconds until the device has done `work`."""
    wait(device)
    start = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - start


def interleaved(
    runs: Mapping[str, Callable[[], Any]], device: torch.device, repeats: int
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Times of every run, one after the other in turn, once they have run two times; and what each returns."""
    returned: dict[str, Any] = {}
    for _ in range(2):
        for name, run in runs.items():
            returned[name] = run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(clock(run, device))
    return times, returned


def machine(device: torch.device) -> dict[str, Any]:
    found = {"torch": torch.__version__, "transformers": transformers.__version__, "python": platform.python_version()}
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
    return found
