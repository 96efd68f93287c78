"""The encoder learns to give the same frames from noisy audio, and from audio that it hears chunk by chunk."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from s2t_core.config import FeatureConfig
from s2t_core.features.cmvn import utterance_cmvn
from s2t_core.features.fbank import fbank
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder import Encoder, EncoderOutput
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.training.augment import AugmentConfig, Surroundings, augmented
from s2t_core.training.batches import padded, shuffled_batches
from s2t_core.training.lessons import Read, Window
from s2t_core.training.optimise import Average, Budget, Optimizer
from s2t_core.types import Samples

Report = Callable[[float, str], None]  # progress 0..1, and how it goes

# Chunks of 320 to 2560 ms; half of the batches see everything (Zhang et al. 2020, arXiv 2012.05481, section 3.2).
CHUNKS = (16, 32, 32, 48, 64, 128)
_FULL_CONTEXT = 0.5


@dataclass(frozen=True, slots=True)
class EncoderStage:
    """Settings of this stage; `batch_frames` counts encoder frames, `share` is the optimiser's step."""

    minutes: float
    most_steps: int | None = None
    share: float = 1.0e-3
    batch_frames: int = 3000
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig(speed=0.0))


def distil_encoder(
    model: Speech2TextForConditionalGeneration,
    windows: Sequence[Window],
    read: Read,
    around: Surroundings,
    features: FeatureConfig,
    stage: EncoderStage,
    report: Report,
) -> None:
    """Train the encoder in place for `stage.minutes`; the loss is `frame_error`.

    Its goal is what the teacher's encoder made of the clean audio, or, where the teacher did not listen, what this
    encoder made of it before the training, with full context.
    """
    rng = np.random.default_rng(0)
    before = copy.deepcopy(model.model.encoder).eval().requires_grad_(False)
    encoder = model.model.encoder.train()
    optimizer = Optimizer(encoder.named_parameters(), stage.share)
    average = Average(encoder)
    budget = Budget(stage.minutes, stage.most_steps)
    recent = {True: 1.0, False: 1.0}  # the running loss with and without chunks
    for batch in shuffled_batches(windows, lambda window: int(window.seconds * 50), stage.batch_frames, rng):
        if budget.progress >= 1:
            break
        clips = [window.samples(read) for window in batch]
        noisy = [augmented(clip, around, rng, stage.augment, keep_time=True) for clip in clips]
        chunk = random_chunk(rng)
        encoded = encode_clips(encoder, noisy, features, chunk)
        loss = frame_error(encoded, _goals(before, batch, clips, features))
        optimizer.step(loss, budget)
        average.add(encoder)
        recent[chunk is None] += 0.05 * (loss.item() - recent[chunk is None])
        report(budget.progress, f"frame error {recent[True]:.3f} whole, {recent[False]:.3f} in chunks")
    average.put_into(encoder)
    encoder.eval()


def random_chunk(rng: np.random.Generator) -> int | None:
    """How many frames a batch is encoded at a time; None: all."""
    return None if rng.random() < _FULL_CONTEXT else int(rng.choice(CHUNKS))


@torch.no_grad()
def _goals(before: Encoder, batch: Sequence[Window], clips: Sequence[Samples], features: FeatureConfig) -> list[Tensor]:
    unheard = [clip for clip, window in zip(clips, batch, strict=True) if window.hidden is None]
    own = iter(frames_of(encode_clips(before, unheard, features)) if unheard else [])
    return [next(own) if window.hidden is None else window.hidden for window in batch]


def encode_clips(
    encoder: Encoder, clips: Sequence[Samples], features: FeatureConfig, chunk_frames: int | None = None
) -> EncodedFrames:
    """Clips of any lengths as one encoded batch."""
    device = next(encoder.parameters()).device
    rows = [torch.from_numpy(utterance_cmvn(fbank(clip, features), features)) for clip in clips]
    batch, lengths = padded(rows)
    output: EncoderOutput = encoder(batch.to(device), lengths.to(device), chunk_frames=chunk_frames)
    return output.encoded


def frames_of(encoded: EncodedFrames) -> list[Tensor]:
    """The rows of a batch (frames, d_model), without their padding."""
    if encoded.mask is None:
        return list(encoded.values)
    return [row[real] for row, real in zip(encoded.values, encoded.mask, strict=True)]


def frame_error(encoded: EncodedFrames, targets: Sequence[Tensor], metric: Tensor | None = None) -> Tensor:
    """Squared distance of the frames to the teacher's, as a share of the teacher's variance.

    metric  (d_model, k): what of a frame counts; None: all alike
    """
    errors, spreads = [], []
    for row, target in zip(encoded.values, targets, strict=True):
        frames = min(len(target), len(row))
        goal = target.to(row)[:frames]
        error, spread = row[:frames] - goal, goal - goal.mean(dim=0)
        if metric is not None:
            error, spread = error @ metric, spread @ metric
        errors.append(error.square().sum())
        spreads.append(spread.square().sum())
    return torch.stack(errors).sum() / torch.stack(spreads).sum()
