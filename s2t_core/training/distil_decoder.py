"""The decoder learns to write: from encodings made once, with the teacher's opinion beside the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2t_core.config import FeatureConfig
from s2t_core.decoding.alignment import Heads, alignment_weights, attended_frames
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.tokenizer import Tokenizer
from s2t_core.training.batches import shuffled_batches
from s2t_core.training.distil_encoder import CHUNKS, Report, encode_clips
from s2t_core.training.examples import Example, cut_short
from s2t_core.training.optimise import Average, Budget, Optimizer
from s2t_core.training.text_loss import EncodedExample, TextLoss
from s2t_core.types import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class DecoderStage:
    """Settings of this stage.

    share         the optimiser's step; larger ones made a transplanted decoder forget how words are spelt
    batch_frames  encoder frames a batch, padding included
    dropout       of hidden states and inner activations while training
    smoothing     of the labels (Szegedy et al. 2016)
    """

    minutes: float
    most_steps: int | None = None
    share: float = 5.0e-4
    batch_frames: int = 4000
    dropout: float = 0.05
    smoothing: float = 0.0


@dataclass(frozen=True, slots=True)
class EncodeConfig:
    """cuts: how many examples are also learnt cut short; chunked: how many are encoded chunk by chunk."""

    cuts: float = 0.4
    chunked: float = 0.3
    batch_samples: int = 60 * SAMPLE_RATE_HZ


def encode_examples(
    model: Speech2TextForConditionalGeneration,
    tokenizer: Tokenizer,
    features: FeatureConfig,
    heads: Heads,
    made: Iterable[Example],
    config: EncodeConfig,
    rng: np.random.Generator,
) -> Iterator[EncodedExample]:
    """The encodings of examples, and of some of them cut short where the model's own attention says words end."""
    waiting: list[Example] = []
    for example in made:
        waiting.append(example)
        if max(len(one.samples) for one in waiting) * len(waiting) > config.batch_samples:
            yield from _encode(model, tokenizer, features, heads, waiting, config, rng)
            waiting = []
    if waiting:
        yield from _encode(model, tokenizer, features, heads, waiting, config, rng)


@torch.inference_mode()
def _encode(
    model: Speech2TextForConditionalGeneration,
    tokenizer: Tokenizer,
    features: FeatureConfig,
    heads: Heads,
    batch: Sequence[Example],
    config: EncodeConfig,
    rng: np.random.Generator,
) -> Iterator[EncodedExample]:
    chunk = int(rng.choice(CHUNKS)) if rng.random() < config.chunked else None
    encoded = encode_clips(model.model.encoder, [one.samples for one in batch], features, chunk)
    shorter: list[Example] = []
    for row, example in enumerate(batch):
        frames = encoded.values[row] if encoded.mask is None else encoded.values[row][encoded.mask[row]]
        yield EncodedExample(frames.half(), example.ids, example.opinion)
        if example.ids and rng.random() < config.cuts:
            ends = token_ends_s(model, frames, heads, example.ids)
            cut = cut_short(example, ends, tokenizer, rng)
            shorter += [] if cut is None else [cut]
    if shorter:
        none = EncodeConfig(cuts=0.0, chunked=config.chunked)
        yield from _encode(model, tokenizer, features, heads, shorter, none, rng)


def token_ends_s(
    model: Speech2TextForConditionalGeneration, frames: Tensor, heads: Heads, ids: Sequence[int]
) -> list[float]:
    """When each token of a known text has been heard, in seconds, by the attention of a teacher-forced pass."""
    tokens = torch.tensor([[model.config.decoder_start_token_id, *ids[:-1]]], device=model.device)
    output = model.model.decoder(tokens, EncodedFrames(frames.unsqueeze(0)), output_attentions=True)
    seconds = 0.01 * model.config.subsampling
    at = attended_frames(alignment_weights(output.cross_attentions, heads))
    return [float(one) * seconds for one in np.maximum.accumulate(at)]


def distil_decoder(
    model: Speech2TextForConditionalGeneration,
    taught: Sequence[EncodedExample],
    stage: DecoderStage,
    report: Report,
) -> None:
    """Train the decoder in place for `stage.minutes` on encodings; the encoder stays as it is.

    So do the embeddings: they came from Whisper with all their words, and some hours of speech hold but few of them.
    """
    rng = np.random.default_rng(0)
    decoder = model.model.decoder.train()
    decoder.embed_tokens.requires_grad_(False)
    set_dropout(model, stage.dropout)
    text_loss = TextLoss(model, stage.smoothing)
    optimizer = Optimizer(decoder.named_parameters(), stage.share)
    average = Average(decoder)
    budget = Budget(stage.minutes, stage.most_steps)
    recent = 0.0
    for steps, batch in enumerate(shuffled_batches(taught, lambda one: len(one.frames), stage.batch_frames, rng)):
        if budget.progress >= 1:
            break
        loss = text_loss(batch)
        optimizer.step(loss, budget)
        average.add(decoder)
        recent += (loss.item() - recent) * max(0.02, 1 / (steps + 1))
        report(budget.progress, f"loss {recent:.3f} after {steps + 1} steps")
    average.put_into(decoder)
    decoder.embed_tokens.requires_grad_(True)
    set_dropout(model, 0.0)
    decoder.eval()


def set_dropout(model: Speech2TextForConditionalGeneration, share: float) -> None:
    """Dropout of the decoder's layers; it has no effect outside training."""
    for layer in model.model.decoder.layers:
        layer.dropout = layer.activation_dropout = share  # type: ignore[assignment]
