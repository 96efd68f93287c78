"""Encoding and search in buffers of fixed sizes, so that a GPU replays them: one utterance at a time, or many.

A lane is made for a size when something of that size first comes. On a CPU the same code runs without graphs.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from s2t_core.decoding.guards import token_limit
from s2t_core.decoding.hypotheses import Hypothesis
from s2t_core.decoding.search import SearchOptions, new_hypotheses, step
from s2t_core.model.attention import KeysValues, additive
from s2t_core.model.cache import StaticCache
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.graphs import replayable
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.model.subsampler import output_lengths

_FRAMES_PER_SECOND = 100
# Feature frames that lanes have room for: little is lost where one is half empty, and each costs memory.
_FRAMES = (256, 512, 768, 1024, 1280, 1536, 2048, 3072)
_START = 8  # tokens before those of the text, at most
_STEPS = 4  # between two looks whether all has ended: a look costs about a tenth of a step, a step too many a whole one


@dataclass(frozen=True, slots=True)
class LaneSize:
    """Room for so many utterances of so many feature frames, each with as many beams."""

    utterances: int
    frames: int
    beams: int = 1


class Lane:
    """Buffers and recorded work of one size; only one batch is in it at a time."""

    def __init__(
        self, model: Speech2TextForConditionalGeneration, size: LaneSize, options: SearchOptions, pool: Any = None
    ) -> None:
        """options: only the rules of the search count, not what is forced or how long it may be."""
        self.size = size
        self._model = model
        self._options = options
        config, like = model.config, model.model.decoder.layer_norm.weight
        bins = config.input_feat_per_channel * config.input_channels
        utterances, rows = size.utterances, size.utterances * size.beams
        self.features = like.new_zeros(utterances, size.frames, bins)
        self.lengths = torch.full((utterances,), size.frames, device=like.device)
        frames = int(output_lengths(torch.tensor(size.frames), config))
        heads = config.decoder_attention_heads
        cross = [
            KeysValues(*like.new_zeros(2, utterances, heads, frames, config.d_model // heads))
            for _ in model.model.decoder.layers
        ]
        most = token_limit(size.frames / _FRAMES_PER_SECOND) + _STEPS
        self._room = _whole(most + _START, 64)
        self._cache = StaticCache(cross, rows, self._room, masked=True)
        self._values = like.new_zeros(utterances, frames, config.d_model)
        self._mask = torch.ones(utterances, frames, dtype=torch.bool, device=like.device)
        self._tokens = torch.zeros(rows, 1, dtype=torch.long, device=like.device)
        self._hypotheses = new_hypotheses(model, utterances, options, self._room)
        self._encoded = EncodedFrames(self._values, self._mask)
        self._cache.begin(self._encoded)
        self._hypotheses.begin([most] * utterances)
        self._encode = replayable(self._encode_once, like.device, pool)
        self._step = replayable(self._step_once, like.device, pool)
        self.begun = 0  # generation of the encoding that is in the buffers

    @torch.inference_mode()
    def encode(self) -> EncodedFrames:
        """What `features` and `lengths` hold, encoded; valid until the next call."""
        self._encode()
        encoded = EncodedFrames(self._values, self._mask)
        self.begun = encoded.generation
        return encoded

    @torch.inference_mode()
    def search(self, limits: Sequence[int], prefix: Sequence[int] = ()) -> list[list[Hypothesis]]:
        """The n-best hypotheses of every utterance that was encoded last.

        limits  tokens that each may have at most, 0 where there is no utterance
        prefix  tokens forced after the start token
        """
        if max(limits) <= 0:
            return [[] for _ in limits]
        if len(prefix) + max(limits) + _STEPS >= self._room:  # the device would write beyond its buffers
            raise ValueError(f"{len(prefix)} + {max(limits)} tokens do not fit into {self._room} places")
        self._cache.begin(self._encoded)
        self._hypotheses.begin(limits)
        start = [self._model.config.decoder_start_token_id, *prefix]
        self._tokens.fill_(start[-1])
        if prefix:
            known = torch.tensor(start[:-1], device=self._tokens.device).expand(len(self._tokens), -1)
            self._model.model.decoder(known, self._encoded, self._cache)
        done, looks = 0, _STEPS if self._tokens.is_cuda else 1
        while done < max(limits):  # by then all have ended
            steps = min(looks, max(limits) - done)
            for _ in range(steps):
                self._step()
            done += steps
            if done < max(limits) and not bool(self._hypotheses.open.any()):
                break
        return self._hypotheses.found()

    @torch.inference_mode()
    def _encode_once(self) -> None:
        encoded = self._model.model.encoder(self.features, self.lengths, isolated=True).encoded
        self._values.copy_(encoded.values)
        assert encoded.mask is not None and self._cache.cross_mask is not None
        self._mask.copy_(encoded.mask)
        self._cache.cross_mask.copy_(additive(encoded.mask[:, None, None, :], encoded.values.dtype))
        for kept, fresh in zip(self._cache.cross, self._model.model.decoder.sources(encoded.values), strict=True):
            kept.keys.copy_(fresh.keys)
            kept.values.copy_(fresh.values)

    @torch.inference_mode()
    def _step_once(self) -> None:
        tokens = step(self._model, self._tokens, self._encoded, self._cache, self._hypotheses, self._options)
        self._tokens.copy_(tokens)


class Lanes:
    """The lanes of a model, made when they are first needed; threads share them, one after the other.

    A lock, not lanes for every thread: the device does one thing at a time anyway, its memory would be taken several
    times, and works that never overlap may share the memory between their calls.
    """

    def __init__(self, model: Speech2TextForConditionalGeneration) -> None:
        self._model = model
        self._lanes: dict[tuple[LaneSize, SearchOptions], Lane] = {}
        self._pool = torch.cuda.graph_pool_handle() if model.device.type == "cuda" else None
        self._turn = threading.Lock()

    @staticmethod
    def holds(frames: int) -> bool:
        """Whether there are lanes for utterances of so many feature frames: longer ones are too rare to keep memory."""
        return frames <= _FRAMES[-1]

    @torch.inference_mode()
    def lane(self, utterances: int, frames: int, options: SearchOptions) -> Lane:
        """A lane with room for so many utterances of so many feature frames. Raises ValueError where there is none."""
        fitting = next((room for room in _FRAMES if room >= frames), None)
        if fitting is None:
            raise ValueError(f"no lane holds {frames} frames")
        size = LaneSize(_power(utterances), fitting, options.beams)
        rules = replace(options, max_new_tokens=0, prefix=(), bias=None)
        if (size, rules) not in self._lanes:
            self._lanes[size, rules] = Lane(self._model, size, rules, self._pool)
        return self._lanes[size, rules]

    @torch.inference_mode()
    def hear(
        self, features: Tensor, lengths: Sequence[int], limits: Sequence[int], options: SearchOptions
    ) -> tuple[list[list[Hypothesis]], EncodedFrames]:
        """The hypotheses of a batch, and its encoding, which stays.

        features  (utterances, frames, bins) on any device, normalised
        lengths   real frames of each, at least one
        limits    tokens that each may have, those of `options` aside
        options   without a bias
        """
        count, frames = features.shape[:2]
        with self._turn:
            lane = self.lane(count, frames, options)
            lane.features[:count, :frames].copy_(features, non_blocking=True)
            missing = lane.size.utterances - count
            lane.lengths.copy_(torch.tensor([*lengths, *[0] * missing]), non_blocking=True)
            encoded = lane.encode()
            found = lane.search([*limits, *[0] * missing], options.prefix)[:count]
            assert encoded.mask is not None
            most = int(output_lengths(torch.tensor(max(lengths)), self._model.config))
            kept = EncodedFrames(encoded.values[:count, :most].clone(), encoded.mask[:count, :most].clone())
        return found, kept


def _whole(count: int, step: int) -> int:
    """`count`, rounded up to a multiple of `step`."""
    return math.ceil(count / step) * step


def _power(count: int) -> int:
    """The next power of two."""
    return 1 << (count - 1).bit_length()
