"""What a stretch of feature frames says: a draft while it grows, words with times and confidence once it is over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from s2t_core.config import AlignmentConfig, ConfidenceConfig, FeatureConfig, SearchConfig
from s2t_core.decoding.draft import Draft, Writer, redraft
from s2t_core.decoding.draft_config import DraftConfig
from s2t_core.decoding.draft_words import draft_words
from s2t_core.decoding.guards import token_limit, without_loop
from s2t_core.decoding.hypotheses import Hypothesis
from s2t_core.decoding.lanes import Lanes
from s2t_core.decoding.phrases import Bias, spell
from s2t_core.decoding.reading import DecodedText, DecodedWord, Reader
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
_NEW_TOKENS = 32  # room for those a draft adds; more of them make it grow


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
    lanes   where final text is searched, on a GPU; what they do not serve, and all on a CPU, goes without
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
    lanes: Lanes | None = None

    @property
    def frames_per_second(self) -> float:
        """Encoder frames a second."""
        return FEATURE_FRAMES_PER_SECOND / self.model.config.subsampling

    def encode(self, frames: Features) -> EncodedFrames:
        """frames (n, bins) of one segment, not normalised -> its encoding."""
        normalised = self._normalised(frames).to(self.model.device, self.model.dtype)
        with torch.inference_mode():
            if self.chunks is None:
                return self.model.encode(normalised)
            stream = EncoderStream(self.model.model.encoder, self.chunks.look_ahead)
            step = self.chunks.frames * self.model.config.subsampling
            return [stream.push(normalised[0, at : at + step]) for at in range(0, len(frames), step)][-1]

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
        return redraft(writer, encoded, cache, previous, committed, config, self.limit(len(frames)))

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
        return self._reader.read([tokens], self.encode(frames))[0]

    def finish(self, frames: Features, committed: tuple[int, ...] = ()) -> DecodedText:
        """The final text of a whole segment, beginning with the tokens already committed."""
        if settled_frames(len(frames), self.model.config) == 0:
            return DecodedText(self.tokenizer.decode(committed))
        found, encoded = self._search(frames, committed)
        tokens = self.whole(committed, found[0].tokens if found else ())
        alternatives = self._alternatives(committed, found) if self.n_best > 1 else ()
        return replace(self._reader.read([tokens], encoded)[0], alternatives=alternatives)

    def finish_many(self, features: torch.Tensor, frames: Sequence[int], read: bool = True) -> list[DecodedText]:
        """The final texts of a batch of segments, of which nothing is committed, through the lanes, which must hold it.

        features  (segments, frames, bins), normalised; frames: the real ones of each, enough for one of the encoder
        read      False: their words are not placed
        """
        assert self.lanes is not None
        limits = [min(self.limit(count), self.search.max_new_tokens) for count in frames]
        found, encoded = self.lanes.hear(features, frames, limits, self._options(()))
        tokens = [self.whole((), best[0].tokens if best else ()) for best in found]
        if not read:
            return [DecodedText(self.tokenizer.decode(one)) for one in tokens]
        alternatives = [self._alternatives((), best) if self.n_best > 1 else () for best in found]
        texts = self._reader.read(tokens, encoded)
        return [replace(text, alternatives=others) for text, others in zip(texts, alternatives, strict=True)]

    def in_lanes(self, frames: int) -> bool:
        """Whether segments of so many feature frames go through lanes: a bias is known to the host alone."""
        return self.lanes is not None and self.chunks is None and self.bias is None and self.lanes.holds(frames)

    def limit(self, frames: int) -> int:
        """Tokens that so many feature frames can hold at most."""
        return token_limit(frames / FEATURE_FRAMES_PER_SECOND)

    def _search(self, frames: Features, committed: tuple[int, ...]) -> tuple[list[Hypothesis], EncodedFrames]:
        """The hypotheses of a segment and its encoding."""
        limit = min(self.limit(len(frames)) - len(committed), self.search.max_new_tokens)
        options = self._options(committed)
        if self.lanes is not None and limit > 0 and self.in_lanes(len(frames)):
            found, encoded = self.lanes.hear(self._normalised(frames), [len(frames)], [limit], options)
            return found[0], EncodedFrames(encoded.values)
        encoded = self.encode(frames)
        if limit <= 0:
            return [], encoded
        return search(self.model, encoded, replace(options, max_new_tokens=limit))[0], encoded

    def _options(self, committed: tuple[int, ...]) -> SearchOptions:
        """Rules of the search for final text."""
        return SearchOptions(
            beams=self.search.num_beams,
            max_new_tokens=self.search.max_new_tokens,
            length_penalty=self.search.length_penalty,
            early_stopping=self.search.early_stopping,
            prefix=(*self.prefix, *committed),
            bias=self.bias,
            scored=self.search.num_beams > 1,
        )

    def _normalised(self, frames: Features) -> torch.Tensor:
        """(1, frames, bins), as the encoder takes them."""
        return torch.from_numpy(utterance_cmvn(frames, self.features)).unsqueeze(0)

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

    @property
    def _reader(self) -> Reader:
        return Reader(
            self.model,
            self.tokenizer,
            self._start,
            self.alignment,
            self.confidence,
            self.ctc,
            self.frames_per_second,
        )
