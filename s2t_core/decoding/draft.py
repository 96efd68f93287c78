"""One live pass over an open segment: check the last draft against new audio, keep what holds, write on.

The old draft is run through the decoder in a single teacher-forced pass. That pass rebuilds the cache exactly, says
which tokens two passes in a row agree on (LocalAgreement, Liu et al. 2020, arXiv 2005.11185), and gives each token's
place in the audio, by which decoding stops before the unheard end (AlignAtt, Papi et al. 2023, arXiv 2305.11408).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from s2t_core.decoding.alignment import Heads, alignment_weights, attended_frames
from s2t_core.decoding.guards import echoes, loop_start
from s2t_core.model.cache import DecoderCache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


@dataclass(frozen=True, slots=True)
class Draft:
    """What an open segment seems to say.

    tokens         committed ones first; without start and end tokens
    passes         how many passes in a row have written each token in its place
    attended       the encoder frame each token attends to most
    probabilities  of each token
    """

    tokens: tuple[int, ...] = ()
    passes: tuple[int, ...] = ()
    attended: tuple[int, ...] = ()
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftLimits:
    """When a draft stops.

    max_tokens     it has become longer than the audio allows
    edge_frames    it attends to the last frames, beyond which words are half heard
    rewind_frames  it jumps back by so many frames: it has lost its place
    echo_frames    it says the same again within the last frames: what is half heard comes out twice
    """

    max_tokens: int
    edge_frames: int
    rewind_frames: int
    echo_frames: int = 0


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the decoder writes after a token: itself, its probability, and the frame it looked at for it."""

    token: int
    probability: float
    frame: int


@torch.inference_mode()
def redraft(
    model: Speech2TextForConditionalGeneration,
    encoded: EncodedFrames,
    heads: Heads,
    start: tuple[int, ...],
    previous: Draft,
    committed: int,
    limits: DraftLimits,
) -> Draft:
    """Verify and continue `previous`, whose first `committed` tokens are forced.

    encoded  one utterance; start  the start token and any language prefix
    """
    old = previous.tokens
    cache = model.model.decoder.new_cache(encoded, capacity=len(start) + len(old) + 32)
    choices = _step(model, [*start, *old], encoded, cache, heads)[len(start) - 1 :]  # choices[i] is for token i
    agreed = committed
    while agreed < len(old) and choices[agreed].token == old[agreed]:
        agreed += 1
    cache.truncate(len(start) + agreed)
    written, choice = choices[:agreed], choices[agreed]
    frames = encoded.values.shape[1]
    while _goes_on(model.config.eos_token_id, written, choice, frames, limits):
        written.append(choice)
        if choice.frame >= frames - limits.edge_frames:
            break
        (choice,) = _step(model, [choice.token], encoded, cache, heads)
    new = [one.token for one in written[agreed:]]
    return Draft(
        tokens=(*old[:agreed], *new),  # a forced token may not be the decoder's own choice
        passes=(*(count + 1 for count in previous.passes[:agreed]), *(1 for _ in new)),
        attended=tuple(one.frame for one in written),
        probabilities=tuple(one.probability for one in written),
    )


def _step(
    model: Speech2TextForConditionalGeneration,
    tokens: list[int],
    encoded: EncodedFrames,
    cache: DecoderCache,
    heads: Heads,
) -> list[_Choice]:
    """Run `tokens` through the decoder; what it would write after each of them."""
    output = model.model.decoder(torch.tensor([tokens], device=model.device), encoded, cache, output_attentions=True)
    frames = attended_frames(alignment_weights(output.cross_attentions, heads))
    best = model.lm_head(output.hidden[0]).float().softmax(dim=1).max(dim=1)
    return [
        _Choice(token, probability, frame)
        for token, probability, frame in zip(best.indices.tolist(), best.values.tolist(), frames, strict=True)
    ]


def _goes_on(eos_token_id: int, written: list[_Choice], choice: _Choice, frames: int, limits: DraftLimits) -> bool:
    if choice.token == eos_token_id or len(written) >= limits.max_tokens:
        return False
    furthest = max((one.frame for one in written), default=0)
    if choice.frame < furthest - limits.rewind_frames:
        return False
    tokens = [*(one.token for one in written), choice.token]
    if choice.frame >= frames - limits.echo_frames and echoes(tokens):
        return False
    return loop_start(tokens) is None
