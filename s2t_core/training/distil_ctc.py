"""The CTC head learns letters from encodings made for the decoder; nothing else is changed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from s2t_core.errors import S2TError
from s2t_core.model.ctc import BLANK, CtcHead, spell
from s2t_core.tokenizer import Tokenizer
from s2t_core.training.batches import padded, shuffled_batches
from s2t_core.training.distil_encoder import Report
from s2t_core.training.optimise import Budget
from s2t_core.training.text_loss import EncodedExample

_RATE = 1e-2
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class CtcStage:
    """How long, and encoder frames a batch."""

    minutes: float
    most_steps: int | None = None
    batch_frames: int = 6000


@dataclass(frozen=True, slots=True)
class _Spelt:
    frames: torch.Tensor
    symbols: tuple[int, ...]


def distil_ctc(taught: Sequence[EncodedExample], tokenizer: Tokenizer, stage: CtcStage, report: Report) -> CtcHead:
    """A head trained on encodings; texts with figures, of which the letters are not known, are left out.

    Raises S2TError where no text is left.
    """
    spelt = [one for example in taught if (one := _spelt(example, tokenizer)) is not None]
    if not spelt:
        raise S2TError("No text could be spelt for the CTC head.", "Give more speech, or --ctc-minutes 0.")
    rng = np.random.default_rng(0)
    head = standardised(CtcHead(spelt[0].frames.shape[1]), [one.frames for one in spelt]).train()
    adam = torch.optim.AdamW(head.parameters(), lr=_RATE)
    budget = Budget(stage.minutes, stage.most_steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda _: 1.0 - 0.95 * budget.progress)
    recent = 0.0
    for batch in shuffled_batches(spelt, lambda one: len(one.frames), stage.batch_frames, rng):
        if budget.progress >= 1:
            break
        frames, lengths = padded([one.frames.float() for one in batch])
        symbols, counts = padded([torch.tensor(one.symbols, dtype=torch.long) for one in batch])
        log_probs = head(frames).transpose(0, 1)
        loss = functional.ctc_loss(log_probs, symbols.long(), lengths, counts, blank=BLANK, zero_infinity=True)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        schedule.step()
        budget.steps += 1
        recent += (loss.item() - recent) * max(0.02, 1 / budget.steps)
        report(budget.progress, f"loss {recent:.3f} after {budget.steps} steps")
    return head.eval()


@torch.no_grad()
def standardised(head: CtcHead, frames: Sequence[torch.Tensor]) -> CtcHead:
    """The head, beginning as if every direction of the frames had mean 0 and deviation 1.

    Some directions of an encoder are far larger than the rest; without this CTC stays for long where it writes nothing
    (loss 3.1 instead of 1.0 after the same time).
    """
    seen = torch.cat([part.float() for part in frames])
    head.inner.weight.div_(seen.std(dim=0).clamp(min=_LEAST_DEVIATION))
    head.inner.bias.sub_(head.inner.weight @ seen.mean(dim=0))
    return head


def _spelt(example: EncodedExample, tokenizer: Tokenizer) -> _Spelt | None:
    text = tokenizer.decode(example.ids)
    symbols = spell(text)
    repeats = sum(a == b for a, b in itertools.pairwise(symbols))
    fits = len(symbols) + repeats <= len(example.frames)  # a blank is needed between equal letters
    if not fits or any(sign.isdigit() for sign in text):
        return None
    return _Spelt(example.frames, tuple(symbols))
