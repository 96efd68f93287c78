"""One live pass over an open segment: check the last draft against new audio, keep what holds, write on.

The old draft is run through the decoder in a single teacher-forced pass. That pass rebuilds the cache exactly, says
which tokens two passes in a row agree on (LocalAgreement, Liu et al. 2020, arXiv 2005.11185), and gives each token's
place in the audio, by which decoding stops before the unheard end (AlignAtt, Papi et al. 2023, arXiv 2305.11408).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from s2t_core.decoding.alignment import Heads, alignment_weights, attended_frames, layers_of
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
    cache: DecoderCache,
    heads: Heads,
    start: tuple[int, ...],
    previous: Draft,
    committed: int,
    limits: DraftLimits,
) -> Draft:
    """Verify and continue `previous`, whose first `committed` tokens are forced.

    encoded  one utterance; cache  an empty one for it; start  the start token and any language prefix
    """
    old, frames = previous.tokens, encoded.values.shape[1]
    hidden, attended = _run(model, [*start, *old], encoded, cache, heads)
    hidden, attended = hidden[len(start) - 1 :], attended[len(start) - 1 :]  # row i is for token i
    written = list(map(_Choice, old[:committed], previous.probabilities[:committed], attended[:committed]))
    choices = _choices(model, hidden[committed:], attended[committed:])
    for choice, token in zip(choices, old[committed:], strict=False):
        if choice.token != token:
            break
        written.append(choice)
    agreed = len(written)
    choice = choices[agreed - committed]
    cache.truncate(len(start) + agreed)
    while _goes_on(model.config.eos_token_id, written, choice, frames, limits):
        written.append(choice)
        if choice.frame >= frames - limits.edge_frames:
            break
        (choice,) = _choices(model, *_run(model, [choice.token], encoded, cache, heads))
    return Draft(
        tokens=tuple(one.token for one in written),
        passes=(*(count + 1 for count in previous.passes[:agreed]), *(1 for _ in written[agreed:])),
        attended=tuple(one.frame for one in written),
        probabilities=tuple(one.probability for one in written),
    )


def _run(
    model: Speech2TextForConditionalGeneration,
    tokens: list[int],
    encoded: EncodedFrames,
    cache: DecoderCache,
    heads: Heads,
) -> tuple[Tensor, list[int]]:
    """Run `tokens` through the decoder: hidden states (tokens, d_model), and the frame looked at from each of them."""
    inputs = torch.tensor([tokens], device=model.device)
    output = model.model.decoder(inputs, encoded, cache, cross_attentions_of=layers_of(heads))
    return output.hidden[0], attended_frames(alignment_weights(output.cross_attentions, heads))


def _choices(model: Speech2TextForConditionalGeneration, hidden: Tensor, frames: list[int]) -> list[_Choice]:
    """What the decoder writes after each of the tokens with these hidden states."""
    best = model.lm_head(hidden).float().softmax(dim=1).max(dim=1)
    return list(map(_Choice, best.indices.tolist(), best.values.tolist(), frames))


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
