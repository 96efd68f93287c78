"""A checkpoint adapted to one speaker's own corrected recordings, and the proof on recordings kept apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch

from s2t_core.config import FeatureConfig
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.training.augment import AugmentConfig, Surroundings, augmented
from s2t_core.training.batches import shuffled_batches
from s2t_core.training.distil_decoder import in_training
from s2t_core.training.distil_encoder import Report, encode_clips, frames_of
from s2t_core.training.examples import Example
from s2t_core.training.optimise import Budget, Optimizer
from s2t_core.training.text_loss import EncodedExample, TextLoss

T = TypeVar("T")
_DROPOUT, _SMOOTHING = 0.1, 0.05  # little speech is soon learnt by heart
_HELD_OUT_EVERY = 4  # of the recordings one in so many is kept apart, to judge by


@dataclass(frozen=True, slots=True)
class FinetuneStage:
    """share: the optimiser's step, small, for little is known of a speaker; batch_samples: padding included."""

    minutes: float
    most_steps: int | None = None
    share: float = 3.0e-4
    batch_samples: int = 30 * 16000
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig(speed=0.5, reverb=0.0, noise=0.3, babble=0.0))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Word error rates of the recordings kept apart, in 0..1, and the part of the change that was kept (0: none)."""

    before: float
    after: float
    kept: float


def split(rows: Sequence[T]) -> tuple[list[T], list[T]]:
    """What to learn from, and what to judge by: one in four."""
    learnt = [one for index, one in enumerate(rows) if index % _HELD_OUT_EVERY]
    return learnt, list(rows[::_HELD_OUT_EVERY])


def finetune(
    model: Speech2TextForConditionalGeneration,
    examples: Sequence[Example],
    features: FeatureConfig,
    stage: FinetuneStage,
    report: Report,
) -> None:
    """Train all weights in place on the examples, heard with other speeds, levels and noises, for some minutes."""
    rng = np.random.default_rng(0)
    text_loss = TextLoss(model, _SMOOTHING)
    optimizer = Optimizer(model.model.named_parameters(), stage.share)
    budget = Budget(stage.minutes, stage.most_steps)
    with in_training(model, _DROPOUT):
        for batch in shuffled_batches(examples, lambda one: len(one.samples), stage.batch_samples, rng):
            if budget.progress >= 1:
                break
            clips = [augmented(one.samples, Surroundings(), rng, stage.augment) for one in batch]
            encoded = encode_clips(model.model.encoder, clips, features)
            rows = zip(frames_of(encoded), batch, strict=True)
            taught = [EncodedExample(row, one.ids, one.opinion) for row, one in rows]
            loss = text_loss(taught)
            optimizer.step(loss, budget)
            report(budget.progress, f"loss {loss.item():.3f}")


def keep_what_helps(
    model: Speech2TextForConditionalGeneration,
    before: dict[str, torch.Tensor],
    error_rate: Callable[[], float],
    before_rate: float,
    steps: Sequence[float] = (1.0, 0.5),
) -> Verdict:
    """Leave in `model` the part of its change since `before` that errs least on what was kept apart.

    Weights between the old and the new ones often are better than both (Wortsman et al. 2022, arXiv 2109.01903).
    Without any gain the model is as it was.
    """
    after = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    rates = {}
    for step in steps:
        _load_between(model, before, after, step)
        rates[step] = error_rate()
    best = min(rates, key=lambda step: rates[step])
    if rates[best] >= before_rate:
        model.load_state_dict(before)
        return Verdict(before_rate, rates[best], 0.0)
    _load_between(model, before, after, best)
    return Verdict(before_rate, rates[best], best)


def _load_between(
    model: Speech2TextForConditionalGeneration,
    before: dict[str, torch.Tensor],
    after: dict[str, torch.Tensor],
    step: float,
) -> None:
    model.load_state_dict({name: torch.lerp(before[name], after[name], step) for name in before})
