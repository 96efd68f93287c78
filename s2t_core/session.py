"""One stream of audio becomes transcript events; the one file that knows the whole chain.

samples -> 16 kHz -> speech or not -> segments -> feature frames -> drafts -> committed text -> final text
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from s2t_core.decoding.draft import Draft
from s2t_core.decoding.segment import DecodedText, SegmentDecoder
from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.features.fbank import SHIFT_SAMPLES, frame_count
from s2t_core.features.resample import StreamingResampler
from s2t_core.features.stream import FbankStream
from s2t_core.streaming.endpoint import Boundary, EndpointConfig, Endpointer
from s2t_core.streaming.policy import AgreeAndHold, CommitPolicy, stable_count
from s2t_core.streaming.vad import FRAME_SAMPLES, SpeechDetector
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Features, Samples, Segment, Word, check_samples

_NO_SAMPLES: Samples = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """When a session decodes and how careful it is.

    partials    live drafts; without them only closed segments are decoded
    hop_ms      audio between two drafts (a slow machine makes it longer by pushing more at once)
    preroll_ms  kept before the first frame of speech, so that the first word is whole
    tail_ms     kept of the pause behind the last frame of speech
    look_ahead_ms  a draft's sound is heard anew until so much has come after it, where the checkpoint allows it
    edge_ms     a draft stops at the first token that attends to the last bit of the audio
    rewind_ms   a draft that jumps back further than this has lost its place
    commit      when a word of a draft becomes final
    endpoint    when a segment is over
    """

    partials: bool = True
    hop_ms: int = 320
    preroll_ms: int = 640
    tail_ms: int = 320
    look_ahead_ms: int = 1000
    edge_ms: int = 80
    rewind_ms: int = 1500
    commit: CommitPolicy = field(default_factory=AgreeAndHold)
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)


class _OpenSegment:
    """Audio and text of the segment that is being spoken."""

    def __init__(self, start: int, decoder: SegmentDecoder, look_ahead_ms: int) -> None:
        self.sound = decoder.listen(look_ahead_ms / 1000)
        self.start = start  # samples at 16 kHz since the stream began
        self.audio: list[Samples] = []
        self.length = 0  # samples
        self.probabilities: list[float] = []  # of speech, of the last frames heard
        self.draft = Draft()
        self.committed = 0  # tokens of the draft
        self.shown = False  # whether the outside has heard of this segment
        self._stream = FbankStream(decoder.features)
        self._frames: list[Features] = []

    def hear(self, samples: Samples) -> None:
        self.audio.append(samples)
        self.length += len(samples)
        self._frames.append(self._stream.push(samples))

    def frames(self, end: int | None = None) -> Features:
        """The feature frames (n, bins) so far, or those up to sample `end` of the stream."""
        frames = np.concatenate(self._frames)
        return frames if end is None else frames[: frame_count(end - self.start)]

    @property
    def committed_tokens(self) -> tuple[int, ...]:
        return self.draft.tokens[: self.committed]


class StreamSession:
    """Push chunks, get events; `finish` gives the last words. Made by `Recognizer.open_session`.

    However the same audio is cut, the events are the same as long as no chunk is longer than the hop; a longer one
    skips the drafts that more audio has already overtaken.
    """

    def __init__(self, decoder: SegmentDecoder, detector: SpeechDetector, config: SessionConfig) -> None:
        self._decoder = decoder
        self._detector = detector
        self._config = config
        self._endpointer = Endpointer(config.endpoint)
        self._resampler: StreamingResampler | None = None
        self._rate = 0
        self._expected = 0  # start of the next chunk, in samples at its rate
        self._position = 0  # samples at 16 kHz that were cut into frames
        self._waiting = _NO_SAMPLES  # at 16 kHz, less than a frame
        self._recent = _NO_SAMPLES  # the last of what was heard since the last segment ended
        self._open: _OpenSegment | None = None
        self._next_id = 0

    def push(self, chunk: AudioChunk) -> tuple[TranscriptEvent, ...]:
        """Take the next chunk and decode as far as it is worth it.

        A chunk that starts later than the one before ended closes the open segment and gives AudioLost.
        Raises AudioFormatError for samples that are no finite vector or a rate that cannot be used.
        """
        check_samples(chunk.samples)
        events: list[TranscriptEvent] = []
        if self._resampler is None or chunk.rate != self._rate or chunk.start != self._expected:
            self._join(chunk, events)
        assert self._resampler is not None
        self._expected = chunk.start + len(chunk.samples)
        self._hear(self._resampler.push(chunk.samples), events)
        return tuple(events)

    def finish(self) -> tuple[TranscriptEvent, ...]:
        """The stream is over: decode what is still open."""
        events: list[TranscriptEvent] = []
        self._flush(events)
        return tuple(events)

    def _join(self, chunk: AudioChunk, events: list[TranscriptEvent]) -> None:
        """Begin the stream, or go on after a gap or a change of rate."""
        resampler = StreamingResampler(chunk.rate)
        begun = self._rate != 0
        self._flush(events)
        start = round(chunk.start * SAMPLE_RATE_HZ / chunk.rate)
        if begun and start > self._position:
            events.append(AudioLost(self._position, start))
        self._resampler, self._rate = resampler, chunk.rate
        self._position = max(start, self._position)
        self._recent = _NO_SAMPLES

    def _flush(self, events: list[TranscriptEvent]) -> None:
        if self._resampler is not None:
            self._hear(self._resampler.finish(), events)
            self._resampler = None
        if self._open is not None:
            self._open.hear(self._waiting)
            self._close(self._open, self._open.start + self._open.length, events)
        self._position += len(self._waiting)
        self._waiting = _NO_SAMPLES
        self._open = None
        self._endpointer = Endpointer(self._config.endpoint)

    def _hear(self, samples: Samples, events: list[TranscriptEvent]) -> None:
        """Take samples at 16 kHz, frame by frame; draft only where no later draft of this push overtakes it."""
        audio = np.concatenate([self._waiting, samples])
        hop = max(1, _samples(self._config.hop_ms) // FRAME_SAMPLES)
        count = len(audio) // FRAME_SAMPLES
        for index in range(count):
            self._hear_frame(audio[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES], events)
            overtaken = count - index > hop
            if self._config.partials and not overtaken and self._open and len(self._open.probabilities) % hop == 0:
                self._update(self._open, events)
        self._waiting = audio[count * FRAME_SAMPLES :]

    def _hear_frame(self, frame: Samples, events: list[TranscriptEvent]) -> None:
        probability = self._detector.probability(frame)
        boundary = self._endpointer.push(probability)
        self._position += FRAME_SAMPLES
        if self._open is not None:
            self._open.hear(frame)
            self._open.probabilities.append(probability)
        else:
            onset = self._config.endpoint.onset_frames * FRAME_SAMPLES
            self._recent = np.concatenate([self._recent, frame])[-(_samples(self._config.preroll_ms) + onset) :]
        if boundary is Boundary.START:
            self._open = self._begin(self._position - len(self._recent))
            self._open.hear(self._recent)
        elif boundary is Boundary.PAUSE_END and self._open is not None:
            silence = self._endpointer.silence_frames * FRAME_SAMPLES
            self._close(
                self._open, self._position - silence + min(_samples(self._config.tail_ms), silence // 2), events
            )
        elif boundary is Boundary.FORCED_END and self._open is not None:
            self._cut(self._open, events)

    def _begin(self, start: int) -> _OpenSegment:
        return _OpenSegment(start, self._decoder, self._config.look_ahead_ms)

    def _update(self, segment: _OpenSegment, events: list[TranscriptEvent]) -> None:
        """Draft the open segment anew and commit what has become stable."""
        config, decoder = self._config, self._decoder
        frames = segment.frames()
        segment.draft = decoder.draft(
            frames, segment.sound, segment.draft, segment.committed, config.edge_ms / 1000, config.rewind_ms / 1000
        )
        segment.committed = stable_count(
            segment.draft,
            segment.committed,
            segment.length * 1000 / SAMPLE_RATE_HZ,
            1000 / decoder.frames_per_second,
            config.commit,
            decoder.tokenizer.starts_word,
        )
        text = decoder.tokenizer.decode(segment.draft.tokens)
        committed = decoder.tokenizer.decode(segment.committed_tokens)
        if text or segment.shown:
            segment.shown = True
            tentative = text[len(committed) :].strip()
            end = segment.start + segment.length
            events.append(SegmentUpdated(Segment(self._next_id, segment.start, end, committed, tentative)))

    def _cut(self, segment: _OpenSegment, events: list[TranscriptEvent]) -> None:
        """Speech goes on without a pause: end the segment where speech is least likely, after what is committed."""
        attended = segment.draft.attended[: segment.committed]
        settled_s = (attended[-1] + 1) / self._decoder.frames_per_second if attended else 0.0
        heard = segment.length - len(segment.probabilities) * FRAME_SAMPLES
        first = max(0, int(settled_s * SAMPLE_RATE_HZ) - heard) // FRAME_SAMPLES + 1
        # Without live drafts nothing is committed; then the later half is searched, so that segments stay long.
        first = min(max(first, len(segment.probabilities) // 2), len(segment.probabilities) - 1)
        place = first + int(np.argmin(segment.probabilities[first:]))
        end = segment.start + heard + place * FRAME_SAMPLES + FRAME_SAMPLES // 2
        self._close(segment, end, events)
        self._open = self._begin(end)
        self._open.hear(self._recent)
        self._open.probabilities = segment.probabilities[place + 1 :]
        self._endpointer.restart(len(self._open.probabilities))
        self._recent = _NO_SAMPLES

    def _close(self, segment: _OpenSegment, end: int, events: list[TranscriptEvent]) -> None:
        """Decode the segment up to sample `end` for good; what was heard after it waits for the next one."""
        decoded = self._decoder.finish(segment.frames(end), segment.committed_tokens)
        if decoded.text or segment.shown:
            words = self._place(decoded, segment.start)
            events.append(SegmentClosed(Segment(self._next_id, segment.start, end, decoded.text, words=words)))
            self._next_id += 1
        self._recent = np.concatenate(segment.audio)[end - segment.start :]
        self._open = None

    def _place(self, decoded: DecodedText, start: int) -> tuple[Word, ...]:
        """The words with their times in the stream."""
        per_frame = SHIFT_SAMPLES * self._decoder.model.config.subsampling
        return tuple(
            Word(word.text, start + word.first_frame * per_frame, start + word.end_frame * per_frame, word.confidence)
            for word in decoded.words
        )


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000
