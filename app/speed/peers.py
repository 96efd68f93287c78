"""Other recognisers that run here, as work to be timed. What is not installed or not named is left out."""

from __future__ import annotations

import importlib.util
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.errors import AppError
from app.speed.rows import Work
from s2t_core.model.checkpoint import PACKED, export_folder
from s2t_core.types import Samples

WHISPER, SPHINX = "faster-whisper int8", "PocketSphinx"
_WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json")


@contextmanager
def transformers_network(folder: Path) -> Iterator[Any]:
    """transformers' network with the weights of a checkpoint folder, in float32; None where it is not installed."""
    if importlib.util.find_spec("transformers") is None:
        yield None
        return
    from transformers import Speech2TextForConditionalGeneration
    from transformers.utils import logging as its_logging

    logging: Any = its_logging  # it has no types
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    with tempfile.TemporaryDirectory() as plain:
        place = folder
        if (folder / PACKED).is_file():
            place = Path(plain) / "model"
            export_folder(folder, place)
        network: Any = Speech2TextForConditionalGeneration.from_pretrained(place, local_files_only=True)
        yield network.eval()


def transformers_steps(network: Any, features: Tensor, tokens: int) -> Work:
    """Work that takes so many decoder steps, greedily, over the encoding of features (1, frames, bins)."""
    with torch.inference_mode():
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


@torch.inference_mode()
def transformers_search(network: Any, features: Tensor, beams: int, tokens: int) -> Any:
    """Its `generate`: ids."""
    return network.generate(input_features=features, num_beams=beams, max_new_tokens=tokens, do_sample=False)


def check_whisper(folder: Path) -> None:
    """Raises AppError without faster-whisper, or for a folder that is no Whisper in CTranslate2's form."""
    if importlib.util.find_spec("faster_whisper") is None:
        raise AppError("The package faster-whisper is not installed.", "Install it: pip install faster-whisper")
    if missing := [name for name in _WHISPER_FILES if not (folder / name).is_file()]:
        raise AppError(f"{folder} has no {missing[0]}.", "Name the folder of a Whisper that CTranslate2 reads.")


def whisper(folder: Path, samples: Samples, beams: int, threads: int) -> dict[str, Work]:
    """faster-whisper on the Whisper in `folder`, from samples to text."""
    from faster_whisper import WhisperModel

    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)

    def hear() -> str:
        segments, _ = model.transcribe(
            samples, language="en", beam_size=beams, condition_on_previous_text=False, vad_filter=False
        )
        return " ".join(segment.text for segment in segments)

    return {WHISPER: hear}


def sphinx(samples: Samples) -> dict[str, Work]:
    """PocketSphinx with its own English model, from samples to text; nothing where it is not installed."""
    if importlib.util.find_spec("pocketsphinx") is None:
        return {}
    from pocketsphinx import Decoder

    return {SPHINX: partial(_sphinx_hears, Decoder(samprate=16000, loglevel="FATAL"), samples)}


def _sphinx_hears(decoder: Any, samples: Samples) -> str:
    decoder.start_utt()
    decoder.process_raw((samples.clip(-1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""
