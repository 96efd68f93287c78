"""Known texts read in the sound: where each word lies, and how probable the model holds it; many segments at once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from s2t_core.config import AlignmentConfig, ConfidenceConfig
from s2t_core.decoding.alignment import alignment_weights, attended_frames, layers_of, monotonic_spans
from s2t_core.decoding.ctc import word_spans
from s2t_core.decoding.draft import Draft, certainties
from s2t_core.model.ctc import CtcHead
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.tokenizer import Tokenizer
from s2t_core.types import Alternative

# A word is not stretched further than this around the frames its pieces attend to: the rest is silence.
_REACH_S = 0.3
_ROWS = 1024  # of probabilities of a whole vocabulary that are in memory at once

Span = tuple[int, int]  # first frame, end
Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A written word of a segment, its stretch of encoder frames and how likely it is right."""

    text: str
    first_frame: int
    end_frame: int
    confidence: float


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The final text of a segment, its words and its tokens; empty where nothing was said.

    alternatives  different texts, this one and then the next best, as many as were asked for and found
    """

    text: str = ""
    words: tuple[DecodedWord, ...] = ()
    draft: Draft = field(default_factory=Draft)
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading needs of a checkpoint.

    start  the start token and any language prefix
    ctc    says where words are heard, where the checkpoint has such a head; else cross-attention does
    frames_per_second  of the encoder
    """

    model: Speech2TextForConditionalGeneration
    tokenizer: Tokenizer
    start: Tokens
    alignment: AlignmentConfig
    confidence: ConfidenceConfig
    ctc: CtcHead | None
    frames_per_second: float

    @torch.inference_mode()
    def read(self, texts: Sequence[Tokens], encoded: EncodedFrames) -> list[DecodedText]:
        """The texts of a batch in its encoding: one teacher-forced pass gives every piece its probability and place."""
        longest = max(map(len, texts))
        if longest == 0:
            return [DecodedText()] * len(texts)
        pad = self.model.config.pad_token_id
        inputs = [[*self.start, *tokens, *[pad] * (longest - len(tokens))] for tokens in texts]
        output = self.model.model.decoder(
            torch.tensor(inputs, device=self.model.device),
            encoded,
            cross_attentions_of=layers_of(self.alignment.heads),
        )
        first = len(self.start) - 1  # the row that predicts the first token
        sure = self._certainties(output.hidden[:, first:], texts)
        weights = alignment_weights(output.cross_attentions, self.alignment.heads)[:, first:].float()
        mask = encoded.mask
        frames = [weights.shape[2]] * len(texts) if mask is None else mask.sum(dim=1).tolist()
        own = [
            one[: len(tokens) + 1, :end] for one, tokens, end in zip(weights.cpu(), texts, frames, strict=True)
        ]  # (tokens + 1, frames), the last row the end token's
        drafts = [
            Draft(tokens, (1,) * len(tokens), tuple(attended_frames(one)[:-1]), tuple(each))
            for tokens, one, each in zip(texts, own, sure, strict=True)
        ]
        words = [self._words(draft) for draft in drafts]
        spans = self._heard_by_ctc(words, encoded, frames)
        others = [row for row, heard in enumerate(spans) if heard is None]
        of_tokens = dict(zip(others, self._spans([own[row] for row in others]), strict=True))
        return [
            DecodedText(
                self.tokenizer.decode(draft.tokens),
                tuple(_placed(said, heard, of_tokens.get(row, []))),
                draft,
            )
            if draft.tokens
            else DecodedText()
            for row, (draft, said, heard) in enumerate(zip(drafts, words, spans, strict=True))
        ]

    def _certainties(self, hidden: Tensor, texts: Sequence[Tokens]) -> list[list[float]]:
        """Of every token, see `Draft`: hidden (texts, tokens, d_model) from which each of them is chosen."""
        rows = torch.cat([one[: len(tokens)] for one, tokens in zip(hidden, texts, strict=True)])
        tokens = list(itertools.chain(*texts))
        found: list[float] = []
        for at in range(0, len(tokens), _ROWS):
            probabilities = self.model.lm_head(rows[at : at + _ROWS]).float().softmax(dim=1)
            found += certainties(probabilities, tokens[at : at + _ROWS], self.tokenizer.marks)
        each = iter(found)
        return [list(itertools.islice(each, len(one))) for one in texts]

    def _words(self, draft: Draft) -> list[DecodedWord]:
        """Its words, that lie at tokens yet."""
        words = []
        for begin, end in self.tokenizer.words(draft.tokens):
            text = self.tokenizer.decode(draft.tokens[begin:end]).strip()
            if text:
                confidence = round(self.confidence.apply(math.prod(draft.certainties[begin:end])), 4)
                words.append(DecodedWord(text, begin, end, confidence))
        return words

    def _heard_by_ctc(
        self, words: Sequence[Sequence[DecodedWord]], encoded: EncodedFrames, frames: Sequence[int]
    ) -> list[list[Span] | None]:
        """The places of the words that the CTC head gives; None where there is none or it cannot spell them."""
        if self.ctc is None:
            return [None] * len(words)
        log_probs = self.ctc(encoded.values.float())
        return word_spans(log_probs, frames, [[word.text for word in said] for said in words])

    def _spans(self, weights: Sequence[Tensor]) -> list[list[Span]]:
        """Where each token was heard, by attention: weights (tokens + 1, frames) of every text."""
        found = []
        reach = round(_REACH_S * self.frames_per_second)
        for one, spans in zip(weights, monotonic_spans(weights), strict=True):
            count, frames = one.shape
            if spans is None:  # more pieces than frames: nothing better than an even spread
                marks = np.linspace(0, frames, count + 1).astype(int)
                found.append([(int(a), int(b)) for a, b in itertools.pairwise(marks)])
                continue
            heard = [min(max(frame, a), b - 1) for frame, (a, b) in zip(attended_frames(one), spans, strict=True)]
            found.append([(max(a, at - reach), min(b, at + reach)) for at, (a, b) in zip(heard, spans, strict=True)])
        return found


def _placed(words: Sequence[DecodedWord], heard: Sequence[Span] | None, of_tokens: Sequence[Span]) -> list[DecodedWord]:
    """The words, that lie at tokens yet, at their frames: as they were heard, or where their tokens were."""
    if heard is None:
        heard = [(of_tokens[word.first_frame][0], of_tokens[word.end_frame - 1][1]) for word in words]
    return [replace(word, first_frame=first, end_frame=end) for word, (first, end) in zip(words, heard, strict=True)]
