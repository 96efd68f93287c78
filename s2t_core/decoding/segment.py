"""What a stretch of feature frames says: a draft while it grows, words with times and confidence once it is over."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from s2t_core.config import AlignmentConfig, ConfidenceConfig, FeatureConfig, SearchConfig
from s2t_core.decoding.alignment import alignment_weights, attended_frames, layers_of, monotonic_spans
from s2t_core.decoding.ctc import word_spans
from s2t_core.decoding.draft import Draft, DraftConfig, Writer, certainties, redraft
from s2t_core.decoding.draft_words import draft_words
from s2t_core.decoding.guards import token_limit, without_loop
from s2t_core.decoding.hypotheses import Hypothesis
from s2t_core.decoding.phrases import Bias, spell
from s2t_core.decoding.search import SearchOptions, search
from s2t_core.decoding.sound import GrowingSound, RenormalisedSound, SegmentSound
from s2t_core.features.cmvn import Statistics, utterance_cmvn
from s2t_core.features.fbank import fbank
from s2t_core.model.ctc import CtcHead
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder_stream import EncoderStream
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration
from s2t_core.model.subsampler import settled_frames
from s2t_core.tokenizer import Tokenizer
from s2t_core.types import Alternative, Features, Samples

FEATURE_FRAMES_PER_SECOND = 100
# A word is not stretched further than this around the frames its pieces attend to: the rest is silence.
_REACH_S = 0.3
_NEW_TOKENS = 32  # room for those a draft adds; more of them make it grow


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
class Chunks:
    """Encoder frames that are heard at a time, and how many must have come after a frame before it is settled."""

    frames: int
    look_ahead: int


@dataclass(frozen=True, slots=True)
class SegmentDecoder:
    """Weights, vocabulary and settings of a checkpoint; it remembers nothing of any segment, so sessions share it.

    chunks  how the encoder hears in pieces; None: everything at once, with full context
    ctc     says where words are heard, where the checkpoint has such a head; else cross-attention does
    bias    of what is written, in drafts and final text alike
    n_best  texts among the alternatives of a final text; 1: none are given
    """

    model: Speech2TextForConditionalGeneration
    tokenizer: Tokenizer
    features: FeatureConfig
    search: SearchConfig
    alignment: AlignmentConfig
    confidence: ConfidenceConfig = field(default_factory=ConfidenceConfig)
    chunks: Chunks | None = None
    ctc: CtcHead | None = None
    bias: Bias | None = None
    n_best: int = 1

    @property
    def frames_per_second(self) -> float:
        """Encoder frames a second."""
        return FEATURE_FRAMES_PER_SECOND / self.model.config.subsampling

    def encode(self, frames: Features) -> EncodedFrames:
        """frames (n, bins) of one segment, not normalised -> its encoding."""
        normalised = torch.from_numpy(utterance_cmvn(frames, self.features)).to(self.model.device, self.model.dtype)
        with torch.inference_mode():
            if self.chunks is None:
                return self.model.encode(normalised.unsqueeze(0))
            stream = EncoderStream(self.model.model.encoder, self.chunks.look_ahead)
            step = self.chunks.frames * self.model.config.subsampling
            return [stream.push(normalised[at : at + step]) for at in range(0, len(normalised), step)][-1]

    def listen(self, look_ahead_s: float, before: Statistics | None = None) -> SegmentSound:
        """For the drafts of a segment: hears what is new, and anew what lies at most `look_ahead_s` back.

        before  of the speech before it, for checkpoints that normalise the whole segment; they hear all of it anew
        """
        if self.features.do_ceptral_normalize:
            return RenormalisedSound(self.model, self.features, before)
        return GrowingSound(self.model, round(look_ahead_s * self.frames_per_second))

    def draft(
        self, frames: Features, sound: SegmentSound, previous: Draft, committed: int, config: DraftConfig
    ) -> Draft:
        """Verify and continue the draft of an open segment, of which `frames` (n, bins) have been heard.

        `sound`, from `listen`, is the segment's own. The draft's first `committed` tokens stay as they are.
        """
        if settled_frames(len(frames), self.model.config) == 0:
            return previous
        encoded, cache = sound.hear(frames, len(self._start) + len(previous.tokens) + _NEW_TOKENS)
        writer = Writer(
            self.model,
            self._start,
            self.alignment.heads,
            1000 / self.frames_per_second,
            self.tokenizer.marks,
            self.bias,
        )
        limit = token_limit(len(frames) / FEATURE_FRAMES_PER_SECOND)
        return redraft(writer, encoded, cache, previous, committed, config, limit)

    def hear(self, samples: Samples, prefix: str = "") -> DecodedText:
        """The text of a whole recording at 16 kHz, decoded in one piece; it begins with the words `prefix`.

        Raises OptionsError for a prefix that the vocabulary cannot spell.
        """
        return self.finish(fbank(samples, self.features), spell(prefix, self.tokenizer) if prefix else ())

    def place(self, samples: Samples, text: str) -> tuple[DecodedWord, ...]:
        """Where the words of a known text lie in a recording at 16 kHz, and how probable the model holds them."""
        return self.read(fbank(samples, self.features), tuple(self.tokenizer.encode(text)[:-1])).words

    def read(self, frames: Features, tokens: tuple[int, ...]) -> DecodedText:
        """Where known tokens lie in a whole segment, and how probable the model holds them."""
        return self._read(tokens, self.encode(frames))

    def finish(self, frames: Features, committed: tuple[int, ...] = ()) -> DecodedText:
        """The final text of a whole segment, beginning with the tokens already committed."""
        if settled_frames(len(frames), self.model.config) == 0:
            return DecodedText(self.tokenizer.decode(committed))
        encoded = self.encode(frames)
        limit = token_limit(len(frames) / FEATURE_FRAMES_PER_SECOND) - len(committed)
        found: list[Hypothesis] = []
        if limit > 0:
            options = SearchOptions(
                beams=self.search.num_beams,
                max_new_tokens=min(limit, self.search.max_new_tokens),
                length_penalty=self.search.length_penalty,
                early_stopping=self.search.early_stopping,
                prefix=(*self._start[1:], *committed),
                bias=self.bias,
            )
            found = search(self.model, encoded, options)[0]
        tokens = self.whole(committed, found[0].tokens if found else ())
        alternatives = self._alternatives(committed, found) if self.n_best > 1 else ()
        return replace(self._read(tokens, encoded), alternatives=alternatives)

    def whole(self, committed: tuple[int, ...], found: tuple[int, ...]) -> tuple[int, ...]:
        """The tokens of a segment whose first are committed, without the end token and without loops."""
        found = tuple(token for token in found if token != self.model.config.eos_token_id)
        return (*committed, *without_loop((*committed, *found))[len(committed) :])

    def _alternatives(self, committed: tuple[int, ...], found: list[Hypothesis]) -> tuple[Alternative, ...]:
        """The different texts among the hypotheses, best first, scored by the model alone."""
        scores: dict[str, float] = {}
        for one in found:
            bonus = 0.0
            if self.bias is not None:
                bonus = self.bias.total((*committed, *one.tokens)) - self.bias.total(committed)
            score = one.score - bonus / len(one.tokens) ** self.search.length_penalty
            scores.setdefault(self.tokenizer.decode(self.whole(committed, one.tokens)), round(score, 4))
        return tuple(itertools.starmap(Alternative, list(scores.items())[: self.n_best]))

    def live_words(self, draft: Draft) -> tuple[DecodedWord, ...]:
        """The words of a draft about where they lie: each ends before the next one begins."""
        heard = draft_words(draft, 0, 1000 / self.frames_per_second, self.tokenizer)
        starts = [self._frame(word.first_ms + self.alignment.word_start_ms) for word in heard]
        starts = list(itertools.accumulate(starts, max))  # attention jumps back now and then, speech does not
        words = []
        for word, start, following in itertools.zip_longest(heard, starts, starts[1:]):
            end = max(start + 1, self._frame(word.last_ms + self.alignment.word_end_ms))
            end = end if following is None else max(start, min(end, following))
            words.append(DecodedWord(word.text, start, end, self._confidence(word.certainty)))
        return tuple(words)

    def _frame(self, at_ms: float) -> int:
        return max(0, round(at_ms * self.frames_per_second / 1000))

    def _confidence(self, certainty: float) -> float:
        return round(self.confidence.apply(certainty), 4)

    @property
    def prefix(self) -> tuple[int, ...]:
        """Tokens forced behind the start token: a language's code, where there is one."""
        return self.tokenizer.prefix()

    @property
    def _start(self) -> tuple[int, ...]:
        return (self.model.config.decoder_start_token_id, *self.prefix)

    @torch.inference_mode()
    def _read(self, tokens: tuple[int, ...], encoded: EncodedFrames) -> DecodedText:
        """One teacher-forced pass gives every piece its probability and its place."""
        if not tokens:
            return DecodedText()
        inputs = torch.tensor([[*self._start, *tokens]], device=self.model.device)
        output = self.model.model.decoder(inputs, encoded, cross_attentions_of=layers_of(self.alignment.heads))
        first = len(self._start) - 1  # the row that predicts the first token
        probabilities = self.model.lm_head(output.hidden[0, first:-1]).float().softmax(dim=1)
        weights = alignment_weights(output.cross_attentions, self.alignment.heads)[first:]
        spans = self._spans(weights)
        sure = tuple(certainties(probabilities, tokens, self.tokenizer.marks))
        draft = Draft(tokens, (1,) * len(tokens), tuple(attended_frames(weights)[:-1]), sure)
        words = []
        for begin, end in self.tokenizer.words(tokens):
            text = self.tokenizer.decode(tokens[begin:end]).strip()
            if text:
                confidence = self._confidence(math.prod(sure[begin:end]))
                words.append(DecodedWord(text, spans[begin][0], spans[end - 1][1], confidence))
        return DecodedText(self.tokenizer.decode(tokens), self._heard_by_ctc(words, encoded), draft)

    def _heard_by_ctc(self, words: list[DecodedWord], encoded: EncodedFrames) -> tuple[DecodedWord, ...]:
        """The words at the places that the CTC head gives, where there is one and it can spell them."""
        if self.ctc is None or not words:
            return tuple(words)
        log_probs = self.ctc(encoded.values.float())[0].cpu().numpy()
        spans = word_spans(log_probs, [word.text for word in words])
        if spans is None:
            return tuple(words)
        return tuple(
            replace(word, first_frame=first, end_frame=end) for word, (first, end) in zip(words, spans, strict=True)
        )

    def _spans(self, weights: torch.Tensor) -> list[tuple[int, int]]:
        """weights (tokens + 1, frames), the last row the end token's -> the frames (first, end) of each token."""
        count, frames = weights.shape
        if count > frames:  # more pieces than frames: nothing better than an even spread
            marks = np.linspace(0, frames, count + 1).astype(int)
            return [(int(a), int(b)) for a, b in itertools.pairwise(marks)]
        reach = round(_REACH_S * self.frames_per_second)
        spans = monotonic_spans(weights.float().cpu().numpy())
        heard = [min(max(frame, a), b - 1) for frame, (a, b) in zip(attended_frames(weights), spans, strict=True)]
        return [(max(a, at - reach), min(b, at + reach)) for at, (a, b) in zip(heard, spans, strict=True)]
