"""One live pass over an open segment: check the last draft against new audio, keep what holds, write on.

The old draft is run through the decoder in a single teacher-forced pass. That pass rebuilds the cache exactly, says
which tokens two passes in a row agree on (LocalAgreement, Liu et al. 2020, arXiv 2005.11185), and gives each token's
place in the audio, by which decoding stops before the unheard end (AlignAtt, Papi et al. 2023, arXiv 2305.11408).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from torch import Tensor

from s2t_core.decoding.alignment import Heads, alignment_weights, attended_frames, layers_of
from s2t_core.decoding.draft_config import DraftConfig
from s2t_core.decoding.guards import echoes, loop_start
from s2t_core.decoding.phrases import Bias
from s2t_core.model.cache import GrowingCache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Draft:
    """What an open segment seems to say.

    tokens         committed ones first; without start and end tokens
    passes         how many passes in a row have written each token in its place
    attended       the encoder frame each token attends to most
    certainties    the probability of each token among all that are no marks, 1 for a mark: how sure the words are,
                   whatever stands between them
    """

    tokens: tuple[int, ...] = ()
    passes: tuple[int, ...] = ()
    attended: tuple[int, ...] = ()
    certainties: tuple[float, ...] = ()

    def after(self, previous: Draft) -> Draft:
        """As the pass behind `previous`: the tokens that both begin with have stood one pass longer."""
        pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(self.tokens, previous.tokens, strict=False))
        agreed = sum(1 for _ in pairs)
        passes = (*(count + 1 for count in previous.passes[:agreed]), *(1 for _ in self.tokens[agreed:]))
        return replace(self, passes=passes)

    def behind(self, first: int, frames: int) -> Draft:
        """From the token `first` on, for audio that begins `frames` later."""
        attended = tuple(max(0, frame - frames) for frame in self.attended[first:])
        return Draft(self.tokens[first:], self.passes[first:], attended, self.certainties[first:])


@dataclass(frozen=True, slots=True)
class Writer:
    """What all drafts with a checkpoint have in common.

    start  the start token and any language prefix
    heads  the attention heads that say where a token was heard
    frame_ms  of an encoder frame
    marks  the tokens that are punctuation alone
    bias   of the tokens that are chosen
    """

    model: Speech2TextForConditionalGeneration
    start: tuple[int, ...]
    heads: Heads
    frame_ms: float
    marks: frozenset[int] = frozenset()
    bias: Bias | None = None


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the decoder writes after a token: itself, its certainty, and the frame it looked at for it."""

    token: int
    certainty: float
    frame: int


@torch.inference_mode()
def redraft(
    writer: Writer,
    encoded: EncodedFrames,
    cache: GrowingCache,
    previous: Draft,
    committed: int,
    config: DraftConfig,
    max_tokens: int,
) -> Draft:
    """Verify and continue `previous`, whose first `committed` tokens are forced, to `max_tokens` at most.

    encoded  one utterance; cache  an empty one for it
    """
    old, frames, first = previous.tokens, encoded.values.shape[1], len(writer.start) - 1
    hidden, attended = _run(writer, [*writer.start, *old], encoded, cache)
    hidden, attended = hidden[first:], attended[first:]  # row i is for token i
    written = list(map(_Choice, old[:committed], previous.certainties[:committed], attended[:committed]))
    histories = [old[:count] for count in range(committed, len(old) + 1)]
    favoured = dict(enumerate(old[committed:]))
    choices = _choices(writer, hidden[committed:], attended[committed:], histories, favoured, config.stay)
    for choice, token in zip(choices, old[committed:], strict=False):
        if choice.token != token:
            break
        written.append(choice)
    agreed = len(written)
    choice = choices[agreed - committed]
    cache.truncate(len(writer.start) + agreed)
    while len(written) < max_tokens and _goes_on(writer, written, choice, frames, config):
        written.append(choice)
        if choice.frame >= frames - round(config.edge_ms / writer.frame_ms):
            break
        history = tuple(one.token for one in written)
        (choice,) = _choices(writer, *_run(writer, [choice.token], encoded, cache), [history])
    draft = Draft(
        tokens=tuple(one.token for one in written),
        attended=tuple(one.frame for one in written),
        certainties=tuple(one.certainty for one in written),
    )
    return draft.after(previous)


def _run(writer: Writer, tokens: list[int], encoded: EncodedFrames, cache: GrowingCache) -> tuple[Tensor, list[int]]:
    """Run `tokens` through the decoder: hidden states (tokens, d_model), and the frame looked at from each of them."""
    inputs = torch.tensor([tokens], device=writer.model.device)
    layers = layers_of(writer.heads)
    output = writer.model.model.decoder(inputs, encoded, cache, cross_attentions_of=layers)
    return output.hidden[0], attended_frames(alignment_weights(output.cross_attentions, writer.heads)[0])


def _choices(
    writer: Writer,
    hidden: Tensor,
    frames: list[int],
    histories: Sequence[tuple[int, ...]],
    favoured: Mapping[int, int] = MappingProxyType({}),
    stay: float = 0.0,
) -> list[_Choice]:
    """What is written after each of the histories that left these hidden states; a bias chooses, the model doubts.

    favoured  the token that `stay` is added to, of some of the rows
    """
    log_probs = writer.model.lm_head(hidden).float().log_softmax(dim=1)
    weighed = log_probs.clone() if writer.bias is None else writer.bias.add_to(log_probs, histories)
    weighed[list(favoured), list(favoured.values())] += stay
    tokens, probabilities = weighed.argmax(dim=1).tolist(), log_probs.exp()
    return list(map(_Choice, tokens, certainties(probabilities, tokens, writer.marks), frames))


def certainties(probabilities: Tensor, tokens: Sequence[int], marks: Collection[int]) -> list[float]:
    """See `Draft`. probabilities: (tokens, vocabulary), in which each of the tokens stood to be chosen."""
    words = 1.0 - probabilities[:, list(marks)].sum(dim=1)
    own = probabilities[range(len(tokens)), list(tokens)] / words.clamp_min(_LEAST)
    return [1.0 if token in marks else value for token, value in zip(tokens, own.clamp_max(1.0).tolist(), strict=True)]


def _goes_on(writer: Writer, written: list[_Choice], choice: _Choice, frames: int, config: DraftConfig) -> bool:
    if choice.token == writer.model.config.eos_token_id:
        return False
    furthest = max((one.frame for one in written), default=0)
    if choice.frame < furthest - round(config.rewind_ms / writer.frame_ms):
        return False
    tokens = [*(one.token for one in written), choice.token]
    if choice.frame >= frames - round(config.echo_ms / writer.frame_ms) and echoes(tokens):
        return False
    return loop_start(tokens) is None
