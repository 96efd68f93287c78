"""Greedy and beam search over the incremental decoder.

It knows token ids and encodings, nothing of text or audio. With equal options it returns the ids that transformers'
`generate` returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from s2t_core.decoding.hypotheses import Beams, Greedy, Hypotheses, Hypothesis
from s2t_core.decoding.phrases import Bias
from s2t_core.model.cache import Cache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Width and end of a search.

    beams           1: greedy, up to the first end
    prefix          tokens forced after the start token (a language code, committed text); not in the results
    bias            of the tokens that are chosen
    max_new_tokens  tokens to add at most, the end token included
    early_stopping  stop once `beams` hypotheses have ended, instead of when none can still become better
    scored          False: the scores of the results mean nothing; a greedy search needs none to choose by
    """

    beams: int = 1
    max_new_tokens: int = 200
    length_penalty: float = 1.0
    early_stopping: bool = False
    prefix: tuple[int, ...] = ()
    bias: Bias | None = None
    scored: bool = True


@torch.inference_mode()
def search(
    model: Speech2TextForConditionalGeneration, encoded: EncodedFrames, options: SearchOptions
) -> list[list[Hypothesis]]:
    """The n-best hypotheses (best first, at most `beams`) of every utterance of the encoding."""
    count, width = encoded.values.shape[0], options.beams
    start = (model.config.decoder_start_token_id, *options.prefix)
    most = options.max_new_tokens
    cache = model.model.decoder.new_cache(encoded, width, len(start) + min(most, 64))
    hypotheses = new_hypotheses(model, count, options, most)
    hypotheses.begin([most] * count)
    tokens = torch.tensor([start] * (count * width), device=model.device)
    while True:
        tokens = step(model, tokens, encoded, cache, hypotheses, options)
        if not bool(hypotheses.open.any()):
            return hypotheses.found()


def step(
    model: Speech2TextForConditionalGeneration,
    tokens: Tensor,
    encoded: EncodedFrames,
    cache: Cache,
    hypotheses: Hypotheses,
    options: SearchOptions,
) -> Tensor:
    """Run `tokens` (rows, n), which the cache does not hold yet; returns those that were chosen (rows, 1)."""
    log_probs = model.decode_last(tokens, encoded, cache)
    if options.scored or options.beams > 1:
        log_probs = log_probs.float().log_softmax(dim=-1)
    if options.bias is not None:
        log_probs = options.bias.add_to(log_probs, [(*options.prefix, *row) for row in hypotheses.written()])
    tokens, parents = hypotheses.extend(log_probs)
    if parents is not None:
        cache.reorder(parents)
    return tokens


def new_hypotheses(
    model: Speech2TextForConditionalGeneration, utterances: int, options: SearchOptions, most_tokens: int
) -> Hypotheses:
    """Those of a search of this width, with room for so many tokens."""
    end, device = model.config.eos_token_id, model.device
    if options.beams == 1:
        return Greedy(utterances, most_tokens, end, device, length_penalty=options.length_penalty)
    return Beams(
        utterances,
        options.beams,
        most_tokens,
        end,
        device,
        length_penalty=options.length_penalty,
        early_stopping=options.early_stopping,
    )
