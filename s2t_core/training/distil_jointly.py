"""Encoder and decoder learn together, from sound to text, whole and in chunks, with the teacher's view beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.model.decoder import Decoder
from s2t_core.model.encoded import EncodedFrames
from s2t_core.training.augment import AugmentConfig, Surroundings, augmented
from s2t_core.training.batches import batches_of, shuffled_batches
from s2t_core.training.cuts import cut_short, token_ends_s
from s2t_core.training.distil_decoder import decoder_in_training
from s2t_core.training.distil_encoder import Report, encode_clips, frame_error, frames_of, random_chunk
from s2t_core.training.examples import Example, ExampleConfig, examples, joined_texts
from s2t_core.training.lessons import Read, Window
from s2t_core.training.optimise import Average, Budget, Optimizer
from s2t_core.training.text_loss import EncodedExample, TextLoss
from s2t_core.types import SAMPLE_RATE_HZ, Samples

_POOL = 48  # examples that are sorted by length into batches
_TRUST_WHOLE = 0.8  # in the opinion on a window that the teacher heard as it is learnt, but without noise
_ATTENDED, _ALL = 1.5, 0.7  # weights of the frames' error as cross-attention sees it, and of all of it
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class JointStage:
    """Settings of this stage.

    shares         the optimiser's step for encoder and decoder
    cuts           share of the batches of examples whose ends are cut off
    batch_samples  padding included
    """

    minutes: float
    most_steps: int | None = None
    shares: tuple[float, float] = (7.0e-4, 3.0e-4)
    dropout: float = 0.05
    cuts: float = 0.4
    batch_samples: int = 36 * SAMPLE_RATE_HZ
    examples: ExampleConfig = field(default_factory=lambda: ExampleConfig(longest_s=(2.0, 16.0)))
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig(speed=0.0))


class _Lesson:
    """What the two kinds of batches are worth: examples made of lessons, and windows as the teacher heard them."""

    def __init__(
        self, pupil: SegmentDecoder, read: Read, around: Surroundings, stage: JointStage, rng: np.random.Generator
    ) -> None:
        self._pupil, self._model = pupil, pupil.model
        self._read, self._around, self._stage, self._rng = read, around, stage, rng
        self._text_loss = TextLoss(pupil.model)
        self._metric = attention_metric(pupil.model.model.decoder)

    def of_examples(self, batch: Sequence[Example]) -> Tensor:
        if self._rng.random() < self._stage.cuts:
            batch = self._cut(batch)
        encoded = self._encoded([one.samples for one in batch], random_chunk(self._rng))
        rows = zip(frames_of(encoded), batch, strict=True)
        return self._text_loss([EncodedExample(row, one.ids, one.opinion) for row, one in rows])

    def of_windows(self, batch: Sequence[Window]) -> Tensor:
        stage, rng = self._stage, self._rng
        noisy = [augmented(one.samples(self._read), self._around, rng, stage.augment, keep_time=True) for one in batch]
        encoded = self._encoded(noisy, random_chunk(rng))
        targets = [one.hidden for one in batch if one.hidden is not None]
        loss = _ATTENDED * frame_error(encoded, targets, self._metric) + _ALL * frame_error(encoded, targets)
        told = [
            EncodedExample(row, *joined_texts(one.lessons, one.texts, self._pupil.tokenizer), _TRUST_WHOLE)
            for row, one in zip(frames_of(encoded), batch, strict=True)
            if one.is_written
        ]
        return loss + self._text_loss(told) if told else loss

    def _encoded(self, clips: Sequence[Samples], chunk: int | None) -> EncodedFrames:
        return encode_clips(self._model.model.encoder, clips, self._pupil.features, chunk)

    @torch.no_grad()
    def _cut(self, batch: Sequence[Example]) -> list[Example]:
        """The examples up to a random moment each; those too short for it stay whole."""
        rows = frames_of(self._encoded([one.samples for one in batch], None))
        tokenizer, heads = self._pupil.tokenizer, self._pupil.alignment.heads
        shorter = [
            cut_short(one, token_ends_s(self._model, row, heads, one.ids), tokenizer, self._rng) if one.ids else None
            for row, one in zip(rows, batch, strict=True)
        ]
        return [cut or one for cut, one in zip(shorter, batch, strict=True)]


def distil_jointly(
    pupil: SegmentDecoder,
    heard: Sequence[Window],
    read: Read,
    around: Surroundings,
    stage: JointStage,
    report: Report,
) -> None:
    """Train encoder and decoder in place for `stage.minutes`; the embeddings stay as they are.

    Batches of examples (joined, noisy, cut off, or without speech) alternate with windows as the teacher heard them,
    on which the encoder also learns its frames. About half of all are encoded in chunks.
    """
    model, rng = pupil.model, np.random.default_rng(0)
    lesson = _Lesson(pupil, read, around, stage, rng)
    of_encoder, of_decoder = stage.shares
    made = _example_batches(pupil, heard, read, around, stage, rng)
    with decoder_in_training(model, stage.dropout):
        optimizer = Optimizer(
            model.model.named_parameters(), lambda name: of_encoder if name.startswith("encoder.") else of_decoder
        )
        average, budget, recent = Average(model.model, decay=0.97), Budget(stage.minutes, stage.most_steps), 0.0

        def learn(loss: Tensor) -> None:
            nonlocal recent
            optimizer.step(loss, budget)
            average.add(model.model)
            recent += (loss.item() - recent) * max(0.02, 1 / budget.steps)
            report(budget.progress, f"loss {recent:.3f} after {budget.steps} steps")

        for parts, windows in zip(made, _window_batches(heard, stage, rng), strict=False):
            if budget.progress >= 1:
                break
            learn(lesson.of_examples(parts))
            if windows:
                learn(lesson.of_windows(windows))
        average.put_into(model.model)


def _example_batches(
    pupil: SegmentDecoder,
    heard: Sequence[Window],
    read: Read,
    around: Surroundings,
    stage: JointStage,
    rng: np.random.Generator,
) -> Iterator[list[Example]]:
    """Endless: every round the lessons are joined and changed anew."""
    groups = [window.lessons for window in heard]
    while True:
        made = examples(groups, read, pupil.tokenizer, around, stage.examples, rng)
        while pool := list(itertools.islice(made, _POOL)):
            batches = batches_of(pool, lambda one: len(one.samples), stage.batch_samples, rng)
            for index in rng.permutation(len(batches)):
                yield batches[index]


def _window_batches(heard: Sequence[Window], stage: JointStage, rng: np.random.Generator) -> Iterator[list[Window]]:
    """Endless; empty ones where the teacher heard nothing."""
    known = [window for window in heard if window.hidden is not None]
    if not known:
        return itertools.repeat([])
    return shuffled_batches(known, lambda one: int(one.seconds * SAMPLE_RATE_HZ), stage.batch_samples, rng)


def attention_metric(decoder: Decoder) -> Tensor:
    """What the decoder's cross-attention sees of an encoder frame: (d_model, d_model).

    Keys and what values become in the residual stream count alike in every layer; all directions a little.
    """
    weights = decoder.state_dict()
    seen: list[Tensor] = []
    for index in range(len(decoder.layers)):
        keys, values, out = (
            weights[f"layers.{index}.encoder_attn.{name}.weight"] for name in ("k_proj", "v_proj", "out_proj")
        )
        for view in (keys, out @ values):
            square = view.T @ view
            seen.append(square / square.trace())
    mean = torch.stack(seen).mean(dim=0) * len(seen[0])  # of a mean diagonal of 1
    metric: Tensor = torch.linalg.cholesky(mean + _RIDGE * torch.eye(len(mean), device=mean.device))
    return metric
