"""A checkpoint folder, loaded once and shared by every session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from s2t_core.ahead import compile_ahead
from s2t_core.config import (
    read_alignment_config,
    read_confidence_config,
    read_feature_config,
    read_search_config,
)
from s2t_core.decoding.alignment import default_heads
from s2t_core.decoding.lanes import Lanes
from s2t_core.decoding.many import batch_frames, hear_many, side_by_side
from s2t_core.decoding.phrases import make_bias
from s2t_core.decoding.reading import DecodedText
from s2t_core.decoding.segment import FEATURE_FRAMES_PER_SECOND, Chunks, SegmentDecoder
from s2t_core.errors import CheckpointError, TokenizerError
from s2t_core.features.fbank import SHIFT_SAMPLES
from s2t_core.kernels.compiling import is_to_be_compiled
from s2t_core.model.checkpoint import load_model
from s2t_core.model.ctc import load_ctc
from s2t_core.model.few_vectors import hasten
from s2t_core.model.int8 import is_int8, make_int8
from s2t_core.session import StreamSession
from s2t_core.streaming.config import SessionConfig
from s2t_core.streaming.mark import SessionMark
from s2t_core.streaming.open_segment import in_stream
from s2t_core.streaming.vad import SileroDetector
from s2t_core.tokenizer import load_tokenizer
from s2t_core.types import SAMPLE_RATE_HZ, DecodingOptions, Samples, Segment

DEVICES = ("auto", "cpu", "cuda")
HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
PRECISIONS = ("auto", "float32", "int8", *HALVES)
_USUAL_S = (1, 4, 7, 10, 15)  # of a segment


@dataclass(frozen=True, slots=True)
class Recognizer:
    """Weights, vocabulary and settings; `open_session` starts a stream. Its parts are never changed."""

    name: str
    decoder: SegmentDecoder

    @property
    def device(self) -> str:
        """ "cpu" or "cuda"."""
        return self.decoder.model.device.type

    @property
    def precision(self) -> str:
        """Of the linear layers: "int8", "float32", "float16" or "bfloat16"."""
        model = self.decoder.model
        return "int8" if is_int8(model) else str(model.dtype).removeprefix("torch.")

    def in_chunks(self, chunk_ms: int, look_ahead_ms: int = 0) -> Recognizer:
        """The same recogniser, hearing chunk by chunk; a frame is encoded anew until so much has come after it.

        Without look-ahead no encoder frame knows what comes after its own chunk.
        """
        frames, look_ahead = (round(ms / 1000 * self.decoder.frames_per_second) for ms in (chunk_ms, look_ahead_ms))
        return replace(self, decoder=replace(self.decoder, chunks=Chunks(max(1, frames), look_ahead)))

    def steered(self, wishes: DecodingOptions) -> Recognizer:
        """The same recogniser with other wishes; the search is as wide as their n-best list is long, at least.

        Raises OptionsError for a phrase that the vocabulary cannot spell.
        """
        search = replace(self.decoder.search, num_beams=max(self.decoder.search.num_beams, wishes.n_best))
        bias = make_bias(wishes, self.decoder.tokenizer)
        return replace(self, decoder=replace(self.decoder, search=search, bias=bias, n_best=wishes.n_best))

    def open_session(
        self,
        config: SessionConfig | None = None,
        *,
        partials: bool = True,
        mark: SessionMark | None = None,
    ) -> StreamSession:
        """A new stream, independent of all others; without `partials` it gives final text only.

        mark  of a session that broke off: this one goes on with it
        """
        config = config or SessionConfig(partials=partials)
        return StreamSession(self.decoder, SileroDetector(), config, mark)

    @property
    def hears_in_batches(self) -> bool:
        """Whether many segments at once are heard faster than one after the other."""
        return self.decoder.in_lanes(0) or side_by_side(self.decoder.model) > 1

    def hear_later(self, sounds: Sequence[Samples]) -> Iterator[tuple[int, DecodedText]]:
        """The texts of segments that a `cutting_session` put off, each with its place among their sounds (n,) at
        16 kHz, as they come."""
        return hear_many(self.decoder, sounds, batch_frames(self.decoder.model.device))

    def closed(self, segment: Segment, text: DecodedText) -> Segment:
        """A segment whose text was put off, with it."""
        words = in_stream(text.words, segment.start_sample, SHIFT_SAMPLES * self.decoder.model.config.subsampling)
        alternatives = tuple(replace(one, text=one.text.strip()) for one in text.alternatives)
        return replace(segment, committed=text.text.strip(), words=words, alternatives=alternatives)

    def warm_up(self) -> None:
        """The first passes allocate, compile and record: for the most usual lengths they shall not fall on the user."""
        for seconds in _USUAL_S if self.decoder.lanes is not None else _USUAL_S[1:2]:
            frames = seconds * FEATURE_FRAMES_PER_SECOND
            self.decoder.finish(np.zeros((frames, self.decoder.features.num_mel_bins), dtype=np.float32))
        self.decoder.place(np.zeros(SAMPLE_RATE_HZ, dtype=np.float32), "a")


def load(
    folder: Path,
    device: str = "auto",
    beams: int | None = None,
    precision: str = "auto",
    wishes: DecodingOptions | None = None,
) -> Recognizer:
    """The recogniser of a checkpoint folder, on a GPU where there is one.

    beams      width of the search for final text; None: what the checkpoint says
    precision  "auto": float16 on a GPU, int8 on the CPU (see `make_int8`). Asked for by name, float32 leaves the
               parameters as they are in the file, to be trained; else they are made ready for inference
    wishes     phrases, texts never written, n-best lists; the search is as wide as their n-best list is long, at least
    Raises ConfigError, CheckpointError or TokenizerError for a folder that is not whole, CheckpointError for a device
    or a precision that is not there, OptionsError for a phrase that the vocabulary cannot spell.

    Where int8 has not been compiled for this processor yet, that is done first, once, in about 15 seconds.
    """
    if takes_compiling(device, precision):
        compile_ahead(folder)
    return load_here(folder, device, beams, precision, wishes)


def takes_compiling(device: str = "auto", precision: str = "auto") -> bool:
    """Whether `load` will take so much longer."""
    return picks_int8(precision, pick_device(device)) and is_to_be_compiled()


def load_here(
    folder: Path, device: str, beams: int | None, precision: str, wishes: DecodingOptions | None
) -> Recognizer:
    """As `load`; what has not been compiled is compiled on the way, in this process."""
    target = pick_device(device)
    eight_bits, half = picks_int8(precision, target), picks_half(precision, target)
    folder = folder.resolve()
    model = load_model(folder)
    tokenizer = load_tokenizer(folder)
    if tokenizer.highest_id >= model.config.vocab_size or tokenizer.eos_id != model.config.eos_token_id:
        raise TokenizerError(
            f"The vocabulary in {folder} ({tokenizer.size} tokens, end token {tokenizer.eos_id}) is not the model's "
            f"({model.config.vocab_size}, {model.config.eos_token_id}).",
            "Use the vocab.json and sentencepiece.bpe.model that belong to these weights.",
        )
    features = read_feature_config(folder)
    if features.num_mel_bins != model.config.input_feat_per_channel * model.config.input_channels:
        raise CheckpointError(
            f"The model in {folder} takes {model.config.input_feat_per_channel} bins, its preprocessor gives "
            f"{features.num_mel_bins}.",
            "Use the preprocessor_config.json that belongs to these weights.",
        )
    search = read_search_config(folder)
    search = replace(search, num_beams=beams or search.num_beams)
    alignment = read_alignment_config(folder, model.config)
    if not alignment.heads:
        heads = default_heads(model.config.decoder_layers, model.config.decoder_attention_heads)
        alignment = replace(alignment, heads=heads)
    confidence = read_confidence_config(folder)
    ctc = load_ctc(folder, model.config.d_model)
    ctc = None if ctc is None else ctc.to(target)
    if precision != "float32":  # which is for training
        model.requires_grad_(False).join_projections()
        if eight_bits:
            make_int8(model)
            # Two made 10 s of speech no faster on two idle cores, at a third more work, and much slower on busy ones.
            torch.set_num_threads(1)
        if target == "cpu" and not is_int8(model):
            hasten(model)
    model = model.to(target, HALVES.get(half, torch.float32))
    lanes = Lanes(model) if target == "cuda" else None
    decoder = SegmentDecoder(model, tokenizer, features, search, alignment, confidence, ctc=ctc, lanes=lanes)
    return Recognizer(folder.name, decoder).steered(wishes or DecodingOptions())


def pick_device(name: str) -> str:
    """The torch device for "auto", "cpu" or "cuda". Raises CheckpointError if "cuda" is asked for and not there."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise CheckpointError("There is no CUDA GPU that torch can use.", "Choose --device cpu.")
    return name


def picks_int8(precision: str, device: str) -> bool:
    """Whether linear layers are made int8. Raises CheckpointError where that is asked for and cannot be."""
    if precision == "int8" and device != "cpu":
        raise CheckpointError("int8 runs on the CPU only.", "Choose --device cpu, or --precision auto.")
    return precision in ("auto", "int8") and device == "cpu"


def picks_half(precision: str, device: str) -> str:
    """The half precision that is taken; empty: none. Raises CheckpointError where one is asked for and is not there."""
    if precision in HALVES and device != "cuda":
        raise CheckpointError(f"{precision} runs on a GPU only.", "Choose --precision auto.")
    if precision == "auto" and device == "cuda":
        return "float16"
    return precision if precision in HALVES else ""
