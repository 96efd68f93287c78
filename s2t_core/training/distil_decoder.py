"""The decoder learns to write: from the teacher's own encodings, with its opinion beside the text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.training.batches import shuffled_batches
from s2t_core.training.distil_encoder import Report
from s2t_core.training.optimise import Average, Budget, Optimizer
from s2t_core.training.text_loss import EncodedExample, TextLoss


@dataclass(frozen=True, slots=True)
class DecoderStage:
    """Settings of this stage.

    share         the optimiser's step; larger ones made a transplanted decoder forget how words are spelt
    batch_frames  encoder frames a batch, padding included
    dropout       of hidden states and inner activations while training
    """

    minutes: float
    most_steps: int | None = None
    share: float = 5.0e-4
    batch_frames: int = 4000
    dropout: float = 0.05


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
    decoder = model.model.decoder
    text_loss = TextLoss(model)
    recent = 0.0
    with decoder_in_training(model, stage.dropout):
        optimizer, average = Optimizer(decoder.named_parameters(), stage.share), Average(decoder)
        budget = Budget(stage.minutes, stage.most_steps)
        for batch in shuffled_batches(taught, lambda one: len(one.frames), stage.batch_frames, rng):
            if budget.progress >= 1:
                break
            loss = text_loss(batch)
            optimizer.step(loss, budget)
            average.add(decoder)
            recent += (loss.item() - recent) * max(0.02, 1 / budget.steps)
            report(budget.progress, f"loss {recent:.3f} after {budget.steps} steps")
        average.put_into(decoder)


@contextlib.contextmanager
def decoder_in_training(model: Speech2TextForConditionalGeneration, dropout: float) -> Iterator[None]:
    """The network in training, with dropout in its decoder and embeddings that stay as they are."""
    words = model.model.decoder.embed_tokens
    words.requires_grad_(False)
    try:
        with in_training(model, dropout):
            yield
    finally:
        words.requires_grad_(True)


@contextlib.contextmanager
def in_training(model: Speech2TextForConditionalGeneration, dropout: float) -> Iterator[None]:
    """The network in training, with dropout in its decoder; after it ready for inference again."""
    set_dropout(model, dropout)
    model.train()
    try:
        yield
    finally:
        set_dropout(model, 0.0)
        model.eval()


def set_dropout(model: Speech2TextForConditionalGeneration, share: float) -> None:
    """Dropout of the decoder's layers; it has no effect outside training."""
    for layer in model.model.decoder.layers:
        layer.dropout = layer.activation_dropout = share  # type: ignore[assignment]
