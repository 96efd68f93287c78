"""Engines of the public small shape, long sessions and threads for `cpu.py`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from app.speed import ours, peers
from app.speed.ours import steps as ours_steps
from app.speed.ours import wide
from app.speed.peers import transformers_search as _peer_search
from app.speed.peers import transformers_steps as _peer_steps
from app.speed.rows import Work
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.model.checkpoint import load_model
from s2t_core.model.few_vectors import hasten
from s2t_core.model.int8 import make_int8
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.recognizer import load
from s2t_core.types import AudioChunk, Samples

MODEL = Path(__file__).parents[2] / "resources" / "models" / "s2t-base-en"


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
        hasten(model)
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


def recognisers(folder: Path, samples: Samples, beams: int, whisper: Path | None) -> dict[str, Work]:
    """Samples to text: faster-whisper where it is named, then ours."""
    found: dict[str, Work] = {}
    if whisper is not None:
        peers.check_whisper(whisper)
        found |= peers.whisper(whisper, samples, beams, threads=1)
    return found | {name: partial(wide(one, beams).hear, samples) for name, one in ours.recognisers(folder).items()}


def noise(seconds: float) -> Tensor:
    return torch.randn(1, int(seconds * 100), 80, generator=torch.Generator().manual_seed(0))


def quarters(folder: Path, minutes: float) -> list[float]:
    """Processor seconds for a second of audio in each quarter of one session without drafts; the recordings go round,
    whole times in every quarter, so that all hear the same."""
    heard = ours.recordings()
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
