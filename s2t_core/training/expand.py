"""Another vocabulary for a checkpoint that came from Whisper: its own rows where it has them, else Whisper's."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from s2t_core.model.checkpoint import EMBEDDINGS, HEAD
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.training.vocabulary import Vocabulary, whisper_id
from s2t_core.training.whisper import WhisperCheckpoint


@torch.no_grad()
def with_vocabulary(
    model: Speech2TextForConditionalGeneration,
    old_ids: dict[str, int],
    vocabulary: Vocabulary,
    whisper: WhisperCheckpoint,
) -> Speech2TextForConditionalGeneration:
    """The model with one embedding row a piece of `vocabulary`, ready to be trained.

    Rows of pieces that the old vocabulary lacks are Whisper's, moved as the shared rows have moved: by one factor and
    one offset, fitted to them (training shifts all rows alike; a common offset leaves the softmax as it is).
    """
    old_rows = model.lm_head.weight.detach()
    sources = {piece: whisper_id(piece, whisper.token_ids) for piece in vocabulary.pieces}
    teacher_rows = whisper.weights[EMBEDDINGS]
    shared = [piece for piece in vocabulary.pieces if piece in old_ids and sources[piece] is not None]
    moved = old_rows[[old_ids[piece] for piece in shared]]
    factor, offset = _fit(teacher_rows[[sources[piece] for piece in shared]], moved)
    rows = torch.zeros(len(vocabulary.pieces), old_rows.shape[1])
    for number, piece in enumerate(vocabulary.pieces):
        source = sources[piece]
        if piece in old_ids:
            rows[number] = old_rows[old_ids[piece]]
        elif source is not None:
            rows[number] = teacher_rows[source] * factor + offset
    expanded = Speech2TextForConditionalGeneration(replace(model.config, vocab_size=len(rows)))
    state = model.state_dict()
    state[EMBEDDINGS] = state[HEAD] = rows
    expanded.load_state_dict(state)
    expanded.tie_weights()
    return expanded.eval()


def _fit(source: Tensor, target: Tensor) -> tuple[float, Tensor]:
    """The factor and the offset (d_model,) for which source * factor + offset is nearest to target (rows, d_model)."""
    middle, goal = source.mean(dim=0), target.mean(dim=0)
    factor = float(((source - middle) * (target - goal)).sum() / (source - middle).square().sum())
    return factor, goal - middle * factor
