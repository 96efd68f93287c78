"""Beam search over the incremental decoder; greedy is width 1 that stops at the first end.

It knows token ids and encodings, nothing of text or audio. With equal options it returns the ids that transformers'
`generate` returns: the same candidates (the best 2 * width continuations of an utterance), the same length-normalised
scores, the same rule when to stop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from s2t_core.decoding.phrases import Bias
from s2t_core.model.cache import DecoderCache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

_NEVER = -1.0e9  # log probability of what must not be chosen; finite, so that sums stay comparable


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Width and end of a search.

    prefix          tokens forced after the start token (a language code, committed text); not in the results
    bias            of the tokens that are chosen
    max_new_tokens  tokens to add at most, the end token included
    early_stopping  stop once `beams` hypotheses have ended, instead of when none can still become better
    """

    beams: int = 1
    max_new_tokens: int = 200
    length_penalty: float = 1.0
    early_stopping: bool = False
    prefix: tuple[int, ...] = ()
    bias: Bias | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """New tokens (the end token included if it was reached) and their length-normalised log probability, biased."""

    tokens: tuple[int, ...]
    score: float


@dataclass(slots=True)
class _Utterance:
    """The beams of one utterance: those still running, best first, and the best that have ended."""

    beams: int
    running: list[tuple[tuple[int, ...], float]] = field(init=False)  # tokens, sum of log probabilities
    ended: list[Hypothesis] = field(default_factory=list)
    open: bool = True  # a better end is still possible

    def __post_init__(self) -> None:
        # All beams start alike, so only the first may be continued in the first step.
        self.running = [((), 0.0 if beam == 0 else _NEVER) for beam in range(self.beams)]

    def end(self, tokens: tuple[int, ...], total: float, length_penalty: float) -> None:
        self.ended.append(Hypothesis(tokens, total / len(tokens) ** length_penalty))
        self.ended.sort(key=lambda hypothesis: -hypothesis.score)  # stable: of equals the earlier stays first
        del self.ended[self.beams :]

    def close_if_settled(self, options: SearchOptions, length: int) -> None:
        if len(self.ended) < self.beams:
            return
        best_running = self.running[0][1] / length**options.length_penalty
        self.open = self.open and not options.early_stopping and best_running > self.ended[-1].score


@torch.inference_mode()
def search(
    model: Speech2TextForConditionalGeneration, encoded: EncodedFrames, options: SearchOptions
) -> list[list[Hypothesis]]:
    """The n-best hypotheses (best first, at most `beams`) of every utterance of the encoding."""
    config = model.config
    count, width = encoded.values.shape[0], options.beams
    start = (config.decoder_start_token_id, *options.prefix)
    cache = model.model.decoder.new_cache(encoded, width, len(start) + min(options.max_new_tokens, 64))
    utterances = [_Utterance(width) for _ in range(count)]
    tokens = torch.tensor([start] * (count * width), device=model.device)
    for length in range(1, options.max_new_tokens + 1):
        log_probs = model.decode(tokens, encoded, cache)[:, -1].float().log_softmax(dim=-1)
        if options.bias is not None:
            histories = [(*options.prefix, *written) for one in utterances for written, _ in one.running]
            log_probs = options.bias.add_to(log_probs, histories)
        totals = torch.tensor([[total for _, total in one.running] for one in utterances], device=model.device)
        candidates = _best_continuations(log_probs.view(count, width, -1) + totals.unsqueeze(2), 2 * width)
        final = length == options.max_new_tokens
        origins: list[int] = []
        for index, (one, rows) in enumerate(zip(utterances, candidates, strict=True)):
            parents = _extend(one, rows, options, config.eos_token_id, final)
            if not final:
                one.close_if_settled(options, length)
            origins += [index * width + parent for parent in parents]
        if final or not any(one.open for one in utterances):
            break
        tokens = _next_tokens(utterances, origins, cache)
    return [one.ended for one in utterances]


def _best_continuations(totals: Tensor, count: int) -> list[list[tuple[int, int, float]]]:
    """totals (utterances, beams, vocabulary) -> for each utterance its best (beam, token, total), best first."""
    vocabulary = totals.shape[2]
    best, where = totals.flatten(1).topk(min(count, totals.shape[1] * vocabulary), dim=1)
    return [
        [(place // vocabulary, place % vocabulary, total) for place, total in zip(places, row, strict=True)]
        for places, row in zip(where.tolist(), best.tolist(), strict=True)
    ]


def _extend(
    one: _Utterance, candidates: list[tuple[int, int, float]], options: SearchOptions, eos: int, final: bool
) -> list[int]:
    """Sort the candidates into ended and running hypotheses; returns the beam that each running one continues."""
    running: list[tuple[tuple[int, ...], float]] = []
    parents: list[int] = []
    for rank, (beam, token, total) in enumerate(candidates):
        hypothesis = (*one.running[beam][0], token)
        if token == eos or final:
            # Only the best `beams` may end; the others are there to keep enough hypotheses running.
            if rank < one.beams and one.open:
                one.end(hypothesis, total, options.length_penalty)
        elif len(running) < one.beams:
            running.append((hypothesis, total))
            parents.append(beam)
    if running:
        one.running = running
    return parents or list(range(one.beams))


def _next_tokens(utterances: list[_Utterance], origins: list[int], cache: DecoderCache) -> Tensor:
    """The last token of every running hypothesis (rows, 1), with the cache's rows brought into their order."""
    device = cache.cross[0].keys.device
    if origins != list(range(len(origins))):
        cache.reorder(torch.tensor(origins, device=device))
    return torch.tensor([[tokens[-1]] for one in utterances for tokens, _ in one.running], device=device)
