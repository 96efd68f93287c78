"""One live pass over an open segment: check the last draft against new audio, keep what holds, write on.

The old draft is run through the decoder in a single teacher-forced pass. That pass rebuilds the cache exactly, says
which tokens two passes in a row agree on (LocalAgreement, Liu et al. 2020, arXiv 2005.11185), and gives each token's
place in the audio, by which decoding stops before the unheard end (AlignAtt, Papi et al. 2023, arXiv 2305.11408).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from s2t_core.decoding.alignment import Heads, alignment_weights, attended_frames
from s2t_core.decoding.guards import loop_start
from s2t_core.model.cache import DecoderCache
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.types import EncodedFrames


@dataclass(frozen=True, slots=True)
class Draft:
    """What an open segment seems to say.

    tokens    committed ones first; without start and end tokens
    agreed    how many of them the pass before had written as well
    attended  the encoder frame each token attends to most
    """

    tokens: tuple[int, ...] = ()
    agreed: int = 0
    attended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftLimits:
    """When a draft stops: at `max_tokens`, when it attends to the last `edge_frames`, or jumps back `rewind_frames`."""

    max_tokens: int
    edge_frames: int
    rewind_frames: int


@torch.inference_mode()
def redraft(
    model: Speech2TextForConditionalGeneration,
    encoded: EncodedFrames,
    heads: Heads,
    start: tuple[int, ...],
    previous: tuple[int, ...],
    committed: int,
    limits: DraftLimits,
) -> Draft:
    """Verify and continue `previous`, whose first `committed` tokens are forced.

    encoded  one utterance; start  the start token and any language prefix
    """
    decoder = model.model.decoder
    cache = decoder.new_cache(encoded, capacity=len(start) + len(previous) + 32)
    tokens = torch.tensor([[*start, *previous]], device=model.device)
    attended, choices = _step(model, tokens, encoded, cache, heads)
    # The row that predicts token i is the one of the token before it.
    attended, choices = attended[len(start) - 1 :], choices[len(start) - 1 :]
    agreed = committed
    while agreed < len(previous) and choices[agreed] == previous[agreed]:
        agreed += 1
    cache.truncate(len(start) + agreed)
    written, frames = list(previous[:agreed]), attended[:agreed]
    token, frame = choices[agreed], attended[agreed]
    while _goes_on(model, written, token, frame, max(frames, default=0), limits):
        written.append(token)
        frames.append(frame)
        if frame >= encoded.values.shape[1] - limits.edge_frames:
            break
        (frame,), (token,) = _step(model, torch.tensor([[token]], device=model.device), encoded, cache, heads)
    return Draft(tuple(written), agreed, tuple(frames))


def _step(
    model: Speech2TextForConditionalGeneration,
    tokens: torch.Tensor,
    encoded: EncodedFrames,
    cache: DecoderCache,
    heads: Heads,
) -> tuple[list[int], list[int]]:
    """Run `tokens` (1, n): the frame each position attends to, and the token it would write next."""
    output = model.model.decoder(tokens, encoded, cache, output_attentions=True)
    attended = attended_frames(alignment_weights(output.cross_attentions, heads))
    return attended, [int(choice) for choice in model.lm_head(output.hidden[0]).argmax(dim=1)]


def _goes_on(
    model: Speech2TextForConditionalGeneration,
    written: list[int],
    token: int,
    frame: int,
    furthest: int,
    limits: DraftLimits,
) -> bool:
    if token == model.config.eos_token_id or len(written) >= limits.max_tokens:
        return False
    return frame >= furthest - limits.rewind_frames and loop_start([*written, token]) is None
