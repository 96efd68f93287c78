"""What a decoder is told of a text: the words themselves, and what a teacher would have thought of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import IGNORED_LABEL, Speech2TextForConditionalGeneration
from s2t_core.training.batches import padded, token_batch
from s2t_core.training.vocabulary import SPECIAL

_NEARNESS = 0.5  # weight of the states' distance beside the probabilities'
_RIDGE = 1e-4
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """Encoder frames (frames, d_model) float16, the ids to be written and the teacher's opinion of them (`Lesson`).

    trust  the opinion's share of the loss, 0 to 1: little where the teacher heard other audio or other neighbours
    """

    frames: Tensor
    ids: tuple[int, ...]
    opinion: Tensor | None = None
    trust: float = 0.3


class TextLoss:
    """Cross entropy to texts, mixed with the distance to a teacher's decoder.

    A teacher's probabilities teach more than its words (Hinton et al. 2015, arXiv 1503.02531), its states more still:
    they say what it thinks of all words. Their distance is measured as it moves logits, that is by the covariance of
    the head's rows, and as a share of the states' own spread.

    smoothing  of the labels (Szegedy et al. 2016)
    """

    def __init__(self, model: Speech2TextForConditionalGeneration, smoothing: float = 0.0) -> None:
        self._model, self._smoothing = model, smoothing
        rows = model.lm_head.weight.detach().float()
        covariance = torch.cov(rows[len(SPECIAL) :].T)
        ridge = _RIDGE * covariance.diagonal().mean() * torch.eye(len(covariance), device=rows.device)
        self._metric = torch.linalg.cholesky(covariance + ridge)  # (d_model, d_model)

    def __call__(self, batch: Sequence[EncodedExample]) -> Tensor:
        """The mean over all tokens and ends of a batch."""
        config, device = self._model.config, self._model.device
        values, lengths = padded([one.frames.to(device).float() for one in batch])
        mask = torch.arange(values.shape[1], device=device) < lengths.to(device).unsqueeze(1)
        texts = [(*one.ids, config.eos_token_id) for one in batch]
        inputs, labels = token_batch(texts, config.decoder_start_token_id, config.pad_token_id)
        hidden = self._model.model.decoder(inputs.to(device), EncodedFrames(values, mask)).hidden
        real = (labels != IGNORED_LABEL).to(device)
        states, targets = hidden[real].float(), labels.to(device)[real]
        logits = self._model.lm_head(states)
        loss = functional.cross_entropy(logits, targets, label_smoothing=self._smoothing, reduction="none")
        trust = torch.cat([torch.tensor([one.trust] * len(one.ids) + [0.0]) for one in batch]).to(device)
        known = torch.cat([torch.tensor([one.opinion is not None] * len(one.ids) + [False]) for one in batch])
        if known.any():
            known = known.to(device)
            opinion = torch.cat([one.opinion for one in batch if one.opinion is not None]).to(states)
            soft = self._disagreement(logits[known], states[known], opinion)
            loss = loss.index_put((known,), torch.lerp(loss[known], soft, trust[known]))
        return loss.mean()

    def _disagreement(self, logits: Tensor, states: Tensor, opinion: Tensor) -> Tensor:
        """How far each prediction is from the teacher's: (n, vocab), (n, d_model), (n, d_model) -> (n,)."""
        with torch.no_grad():
            taught = self._model.lm_head(opinion)
            taught[:, : len(SPECIAL)] = _NEVER  # the teacher has other special tokens
            spread = ((opinion - opinion.mean(dim=0)) @ self._metric).square().sum(dim=1).mean()
        divergence: Tensor = functional.kl_div(
            logits.log_softmax(dim=1), taught.log_softmax(dim=1), reduction="none", log_target=True
        ).sum(dim=1)
        distance: Tensor = ((states - opinion) @ self._metric).square().sum(dim=1) / spread.clamp(min=1e-12)
        return divergence + _NEARNESS * distance
