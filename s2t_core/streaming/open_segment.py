"""The segment that is being spoken: its audio, and its text as far as it is committed, drafted or already final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2t_core.decoding.draft import Draft
from s2t_core.decoding.draft_words import draft_words
from s2t_core.decoding.reading import DecodedText, DecodedWord
from s2t_core.decoding.segment import SegmentDecoder
from s2t_core.events import SegmentClosed, SegmentUpdated
from s2t_core.features.cmvn import Statistics, statistics
from s2t_core.features.fbank import SHIFT_SAMPLES, frame_count
from s2t_core.features.stream import FbankStream
from s2t_core.streaming.config import SessionConfig
from s2t_core.streaming.display import Display
from s2t_core.streaming.heard_segment import HeardSegment
from s2t_core.streaming.mark import OpenMark
from s2t_core.streaming.policy import stable_count
from s2t_core.types import SAMPLE_RATE_HZ, Features, Samples, Segment, Word

_CARRIED_WORDS = 4
_CARRIED_BEFORE_MS = 320  # audio before the place where the first carried token was heard: its word began there


@dataclass(frozen=True, slots=True)
class Carried:
    """What a segment takes over from the one before where speech was cut without a pause (StreamAtt's text and audio
    history, Papi et al. 2024, arXiv 2406.06097).

    draft    its first `tokens` are words of the segment before: the decoder is given them, the reader is not
    start    sample of the stream at which the own text begins; the audio begins earlier
    shown    tentative words of the segment before, which this one goes on to show
    """

    draft: Draft
    tokens: int
    start: int
    shown: tuple[str, ...] = ()


class OpenSegment(HeardSegment):
    """Heard frame by frame; the session says when it is drafted, settled for a pause, and closed."""

    def __init__(
        self,
        number: int,
        start: int,
        decoder: SegmentDecoder,
        config: SessionConfig,
        before: Statistics | None = None,
        carried: Carried | None = None,
    ) -> None:
        """number: the segment's id; start: sample of the stream, at 16 kHz; before: statistics of earlier speech."""
        super().__init__(number, start)
        self._decoder = decoder
        self._config = config
        self._carried = carried or Carried(Draft(), 0, start)
        self._draft = self._carried.draft
        self._committed = self._carried.tokens  # tokens of the draft
        hidden = decoder.tokenizer.decode(self._draft.tokens[: self._committed])
        self._hidden, self._hidden_words = len(hidden), len(hidden.split())  # letters, words
        self._display = Display(config.show, self._carried.shown)
        self._settled: tuple[int, DecodedText] | None = None  # the final text as it would be with this end
        self._shown = False  # whether the outside has heard of this segment
        self._frames: list[Features] = []
        self._stream = FbankStream(decoder.features)
        self._sound = decoder.listen(config.look_ahead_ms / 1000, before)

    @classmethod
    def taken_up(cls, mark: OpenMark, decoder: SegmentDecoder, config: SessionConfig) -> OpenSegment:
        """The segment of a mark, whose sound is to be heard again; what was committed of it stays."""
        tokens, hidden = mark.tokens, mark.hidden
        known = decoder.tokenizer.pieces().keys()
        if not known >= set(tokens) or decoder.tokenizer.decode(tokens) != mark.text:  # of another checkpoint
            tokens = tuple(decoder.tokenizer.encode(mark.text)[:-1])
            hidden = min(hidden, len(tokens))
        count = len(tokens)
        # Where they were heard says the next draft, which runs them through the decoder again.
        draft = Draft(tokens, (1,) * count, (0,) * count, (1.0,) * count)
        segment = cls(mark.number, mark.start, decoder, config, carried=Carried(draft, hidden, mark.own_start))
        segment._committed, segment._shown = count, True
        return segment

    @property
    def mark(self) -> OpenMark:
        """What of it could not be heard again."""
        tokens = self._draft.tokens[: self._committed]
        text, own = self._decoder.tokenizer.decode(tokens), self._carried.start
        return OpenMark(self._number, self.start, own, self.end, tokens, self._carried.tokens, text)

    @property
    def is_settled(self) -> bool:
        """Whether its final text is known, if nothing more is said."""
        return self._settled is not None

    @property
    def statistics(self) -> Statistics | None:
        """Of its feature frames; None where there are none."""
        if not self._frames:
            return None
        frames = self._heard(self.end)
        return statistics(frames) if len(frames) else None

    def hear(self, samples: Samples, probability: float | None = None) -> None:
        """Take more audio, frame by frame with its probability of speech once the segment is open."""
        super().hear(samples, probability)
        self._frames.append(self._stream.push(samples))

    def draft(self) -> SegmentUpdated | None:
        """Draft what has been heard anew and commit what has become stable."""
        config, decoder = self._config, self._decoder
        heard_ms, frame_ms = self.length * 1000 / SAMPLE_RATE_HZ, 1000 / decoder.frames_per_second
        frames = self._heard(self.end)
        self._draft = decoder.draft(frames, self._sound, self._draft, self._committed, config.draft)
        self._committed = stable_count(
            self._draft, self._committed, heard_ms, frame_ms, config.commit, decoder.tokenizer.starts_word
        )
        words = draft_words(self._draft, self._committed, frame_ms, decoder.tokenizer)
        return self._update(self._display.show(self._committed_text, words, heard_ms))

    def settle(self, end: int) -> SegmentUpdated | None:
        """Decode what was heard up to sample `end` as if nothing followed; it is shown, and the next draft starts
        from it if something does."""
        final = self._finish(end)
        self._settled, self._draft = (end, final), final.draft.after(self._draft)
        return self._update(self._display.replace(self._committed_text, final.text[self._hidden :]))

    def go_on(self) -> None:
        """Speech goes on after a pause: what was settled is a draft again."""
        self._settled = None

    def close(self, end: int) -> SegmentClosed | None:
        """The final text of what was heard up to sample `end`; None where nothing was ever said."""
        if self._settled is not None and self._settled[0] == end:
            return self._closed(self._settled[1], end)
        return self._closed(self._finish(end), end)

    def give_up(self) -> SegmentClosed:
        """Close it with what is committed: it was taken up, but its sound is not all there any more."""
        end = max(self._carried.start, self.end)
        return SegmentClosed(Segment(self._number, self._carried.start, end, self._committed_text))

    def cut(self) -> tuple[SegmentClosed | None, OpenSegment]:
        """Close it in the midst of speech, and open the next one with the rest of the audio.

        What is committed ends this segment. Its last words go along, heard but hidden, so that the decoder knows where
        it is and no word is cut. Where too little is committed, both segments end where speech is least likely.
        """
        first = self._first_carried()
        place = self._carry_from(first)
        words = self._live_words()
        if not words or place - self.start < self.length // 2:
            return self._cut_at_quiet()
        end = max(self._carried.start, words[-1].end_sample)
        draft = self._draft.behind(first, (place - self.start) // self._frame_samples)
        carried = Carried(draft, self._committed - first, end, tuple(self._display.behind(self._committed_text)))
        closed = SegmentClosed(Segment(self._number, self._carried.start, end, self._committed_text, words=words))
        return closed, self._next(self._number + 1, place, carried)

    def _cut_at_quiet(self) -> tuple[SegmentClosed | None, OpenSegment]:
        attended = self._draft.attended[: self._committed]
        end = self._quiet((attended[-1] + 1) * self._frame_samples if attended else 0)
        closed = self.close(end)
        return closed, self._next(self._number + (closed is not None), end, None)

    def _first_carried(self) -> int:
        """The token with which the last committed words begin."""
        words = self._decoder.tokenizer.words(self._draft.tokens[: self._committed])
        return words[-_CARRIED_WORDS][0] if len(words) >= _CARRIED_WORDS else 0

    def _carry_from(self, first: int) -> int:
        """The sample of the stream from which the audio goes along."""
        if self._committed == 0:
            return self.start
        before = _CARRIED_BEFORE_MS * SAMPLE_RATE_HZ // 1000
        place = max(0, self._draft.attended[first] * self._frame_samples - before)
        return self.start + place // self._frame_samples * self._frame_samples

    def _next(self, number: int, start: int, carried: Carried | None) -> OpenSegment:
        following = OpenSegment(number, start, self._decoder, self._config, self.statistics, carried)
        self._hand_on(following)
        return following

    def _heard(self, end: int) -> Features:
        """The feature frames (n, bins) up to sample `end` of the stream."""
        return np.concatenate(self._frames)[: frame_count(end - self.start)]

    def _finish(self, end: int) -> DecodedText:
        return self._decoder.finish(self._heard(end), self._draft.tokens[: self._committed])

    @property
    def _committed_text(self) -> str:
        return self._decoder.tokenizer.decode(self._draft.tokens[: self._committed])[self._hidden :].strip()

    def _update(self, tentative: str) -> SegmentUpdated | None:
        committed = self._committed_text
        if not committed and not tentative and not self._shown:
            return None
        self._shown = True
        words = self._live_words()
        return SegmentUpdated(Segment(self._number, self._carried.start, self.end, committed, tentative, words))

    def _live_words(self) -> tuple[Word, ...]:
        """The committed words where the last draft heard them; each ends before the next one begins."""
        decoder, draft = self._decoder, self._draft
        heard = decoder.live_words(draft)[: len(decoder.tokenizer.decode(draft.tokens[: self._committed]).split())]
        return self._in_stream(heard[self._hidden_words :])

    def _closed(self, final: DecodedText, end: int) -> SegmentClosed | None:
        text = final.text[self._hidden :].strip()
        if not text and not self._shown:
            return None
        alternatives = tuple(replace(one, text=one.text[self._hidden :].strip()) for one in final.alternatives)
        words = self._own_words(final)
        return SegmentClosed(
            Segment(self._number, self._carried.start, end, text, words=words, alternatives=alternatives)
        )

    def _own_words(self, final: DecodedText) -> tuple[Word, ...]:
        """The own words with their times in the stream."""
        return self._in_stream(final.words[self._hidden_words :])

    def _in_stream(self, words: Sequence[DecodedWord]) -> tuple[Word, ...]:
        per_frame = self._frame_samples
        return in_stream(words, self.start, per_frame)

    @property
    def _frame_samples(self) -> int:
        """Samples of an encoder frame."""
        return SHIFT_SAMPLES * self._decoder.model.config.subsampling


def in_stream(words: Sequence[DecodedWord], start: int, frame_samples: int) -> tuple[Word, ...]:
    """The words of a segment that starts at this sample of the stream."""
    return tuple(
        Word(
            word.text, start + word.first_frame * frame_samples, start + word.end_frame * frame_samples, word.confidence
        )
        for word in words
    )
