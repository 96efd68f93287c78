"""Examples whose end is cut off: the words heard whole by then are to be written, and no more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from s2t_core.decoding.alignment import Heads, alignment_weights, attended_frames, layers_of
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.tokenizer import Tokenizer
from s2t_core.training.examples import Example
from s2t_core.types import SAMPLE_RATE_HZ

_CLIPPED_S = 0.04  # the end of a word that may be missing
_PAUSE_S = 0.25


def token_ends_s(
    model: Speech2TextForConditionalGeneration, frames: Tensor, heads: Heads, ids: Sequence[int]
) -> list[float]:
    """When each token of a known text has been heard, in seconds, by the attention of a teacher-forced pass."""
    tokens = torch.tensor([[model.config.decoder_start_token_id, *ids[:-1]]], device=model.device)
    encoded = EncodedFrames(frames.unsqueeze(0))
    output = model.model.decoder(tokens, encoded, cross_attentions_of=layers_of(heads))
    seconds = 0.01 * model.config.subsampling
    at = attended_frames(alignment_weights(output.cross_attentions, heads)[0])
    return [float(one) * seconds for one in np.maximum.accumulate(at)]


def cut_short(
    example: Example, ends: Sequence[float], tokenizer: Tokenizer, rng: np.random.Generator
) -> Example | None:
    """The example up to a random moment, with the words that were heard whole by then; None where it is too short.

    ends  for every token the moment its sound is over, in seconds
    """
    length_s = len(example.samples) / SAMPLE_RATE_HZ
    at_s = float(rng.uniform(0.25, 0.95)) * length_s
    kept = 0
    for first, end in tokenizer.words(example.ids):
        sound = [k for k in range(first, end) if _is_spoken(tokenizer, example.ids[k])]
        if not sound or ends[sound[-1]] > at_s + _CLIPPED_S:
            break
        # A mark is written once the pause or the next word shows that it belongs there.
        kept = end if end < len(example.ids) and ends[end - 1] + _PAUSE_S < at_s else sound[-1] + 1
    if at_s < 0.3 or kept == len(example.ids):
        return None
    opinion = None if example.opinion is None else example.opinion[:kept]
    return Example(example.samples[: int(at_s * SAMPLE_RATE_HZ)], example.ids[:kept], opinion)


def _is_spoken(tokenizer: Tokenizer, token: int) -> bool:
    return any(sign.isalnum() for sign in tokenizer.decode([token]))
