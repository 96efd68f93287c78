"""The program's own recogniser as work to be timed, and the speech that it hears."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.audio.file import read_chunks
from app.paths import sample_audio
from app.speed.rows import Work
from s2t_core.config import FeatureConfig
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.features.cmvn import utterance_cmvn
from s2t_core.features.fbank import fbank
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.few_vectors import hasten
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.recognizer import load
from s2t_core.types import SAMPLE_RATE_HZ, Samples, join_chunks

FLOAT, INT8 = "ours float32", "ours int8"
_RECORDINGS = ("sample.flac", "recipe.ogg")


def recordings() -> Samples:
    """The bundled recordings, one after the other, at 16 kHz."""
    folder = sample_audio().parent
    found: Samples = np.concatenate([join_chunks(list(read_chunks(folder / name))).samples for name in _RECORDINGS])
    return found


def speech(seconds: float) -> Samples:
    """The bundled recordings over and over, at 16 kHz."""
    found: Samples = np.resize(recordings(), round(seconds * SAMPLE_RATE_HZ))
    return found


def wide(decoder: SegmentDecoder, beams: int) -> SegmentDecoder:
    """The same with a search of this width."""
    return replace(decoder, search=replace(decoder.search, num_beams=beams))


def recognisers(folder: Path) -> dict[str, SegmentDecoder]:
    """By name: in float32, and in eight bits where the program takes them on this processor."""
    plain = load(folder, "cpu", beams=1, precision="float32").decoder  # as for training
    plain.model.requires_grad_(False).join_projections()
    hasten(plain.model)
    found = {FLOAT: plain}
    usual = load(folder, "cpu", beams=1)
    if usual.precision == "int8":
        found[INT8] = usual.decoder
    return found


def features_of(heard: Samples, config: FeatureConfig) -> Tensor:
    """(1, frames, bins)"""
    return torch.from_numpy(utterance_cmvn(fbank(heard, config), config)).unsqueeze(0)


def steps(model: Speech2TextForConditionalGeneration, features: Tensor, tokens: int) -> Work:
    """Work that takes so many decoder steps, greedily, over the encoding of features (1, frames, bins): with the keys
    and values of the encoding, that are computed once."""
    with torch.inference_mode():
        values = model.encode(features).values

    @torch.inference_mode()
    def run() -> None:
        encoded = EncodedFrames(values)  # a new one, of which the decoder knows nothing yet
        cache = model.model.decoder.new_cache(encoded)
        token = torch.tensor([[model.config.decoder_start_token_id]])
        for _ in range(tokens):
            token = model.decode_last(token, encoded, cache).argmax(dim=1, keepdim=True)

    return run
