"""One stream of audio becomes transcript events: where segments begin, pause and end.

samples -> 16 kHz -> speech or not -> segments; what becomes of one says `s2t_core.streaming.open_segment`:
feature frames -> drafts -> committed and shown text -> final text

Where text is to be found later, `cutting_session` cuts out what is spoken, without the model and without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from s2t_core.events import AudioLost, TranscriptEvent
from s2t_core.features.cmvn import Statistics
from s2t_core.features.resample import StreamingResampler
from s2t_core.streaming.config import SessionConfig
from s2t_core.streaming.endpoint import Boundary, Endpointer
from s2t_core.streaming.heard_segment import HeardSegment, PutOff
from s2t_core.streaming.mark import SessionMark
from s2t_core.streaming.vad import FRAME_SAMPLES, SileroDetector, SpeechDetector
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples, check_samples

if TYPE_CHECKING:
    from s2t_core.decoding.segment import SegmentDecoder
    from s2t_core.streaming.open_segment import OpenSegment

_MISSED = SAMPLE_RATE_HZ // 2  # of the sound of a marked segment, at most, if more than its committed text is to come
_NO_SAMPLES: Samples = np.zeros(0, dtype=np.float32)


class StreamSession:
    """Push chunks, get events; `finish` gives the last words. Made by `Recognizer.open_session`.

    However the same audio is cut, the events are the same as long as no chunk is longer than half the hop; a longer
    one skips the drafts that more audio has already overtaken.
    """

    def __init__(
        self,
        decoder: SegmentDecoder | None,
        detector: SpeechDetector,
        config: SessionConfig,
        mark: SessionMark | None = None,
        put_off: PutOff | None = None,
    ) -> None:
        """decoder: None where `put_off` takes the sound of every segment, which is closed without its text.
        mark: of the session that this one goes on with; the next chunk covers its position."""
        self._decoder = decoder
        self._put_off = put_off
        self._detector = detector
        self._config = config
        self._hop_frames = max(1, _samples(config.hop_ms) // FRAME_SAMPLES)
        self._endpointer = Endpointer(config.endpoint)
        self._resampler: StreamingResampler | None = None
        self._rate = 0
        self._expected = 0  # start of the next chunk, in samples at its rate
        self._goes_on = mark is not None
        self._position = mark.position if mark else 0  # samples at 16 kHz that were cut into frames
        self._waiting = _NO_SAMPLES  # at 16 kHz, less than a frame
        self._recent = _NO_SAMPLES  # the last of what was heard since the last segment ended
        self._open: HeardSegment | None = None
        self._before: Statistics | None = None  # of the last segment's features
        self._next_id = mark.next_id if mark else 0
        self._known = 0  # up to this position the open segment has been heard before, and did not end
        if mark is not None and mark.open is not None and decoder is not None:
            self._open, self._known = _segments().taken_up(mark.open, decoder, config), mark.open.heard

    @property
    def mark(self) -> SessionMark:
        """Where another session could go on."""
        if self._open is not None:
            return SessionMark(self._open.start, self._next_id, self._open.mark)
        return SessionMark(self._position - len(self._recent), self._next_id)

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
        self._recent = _NO_SAMPLES
        return tuple(events)

    def _join(self, chunk: AudioChunk, events: list[TranscriptEvent]) -> None:
        """Begin the stream, or go on after a gap or a change of rate."""
        resampler = StreamingResampler(chunk.rate)
        begun, start = self._rate != 0, round(chunk.start * SAMPLE_RATE_HZ / chunk.rate)
        if begun or start > self._position:
            self._flush(events)
        if (begun or self._goes_on) and start > self._position:
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
            if self._position + len(self._waiting) < self._known - _MISSED:
                events.append(self._open.give_up())
                self._next_id += 1
            else:
                self._close(self._open, self._end_of_speech(self._open), events)
        self._position += len(self._waiting)
        self._waiting = _NO_SAMPLES
        self._open, self._known = None, 0
        self._endpointer = Endpointer(self._config.endpoint)

    def _hear(self, samples: Samples, events: list[TranscriptEvent]) -> None:
        """Take samples at 16 kHz, frame by frame; draft only where no later draft of this push overtakes it."""
        audio = np.concatenate([self._waiting, samples])
        count = len(audio) // FRAME_SAMPLES
        for index in range(count):
            self._hear_frame(audio[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES], events)
            overtaken = count - index > self._hop_frames
            if self._config.partials and not overtaken and self._open is not None and not self._known:
                self._update(self._open, events)
        self._waiting = audio[count * FRAME_SAMPLES :]

    def _hear_frame(self, frame: Samples, events: list[TranscriptEvent]) -> None:
        probability = self._detector.probability(frame)
        self._position += FRAME_SAMPLES
        if self._open is not None and self._known:
            self._hear_again(self._open, frame, probability, events)
            return
        boundary = self._endpointer.push(probability)
        if self._open is not None:
            self._open.hear(frame, probability)
            if self._endpointer.silence_frames == 0:
                self._open.go_on()
        else:
            onset = self._config.endpoint.onset_frames * FRAME_SAMPLES
            self._recent = np.concatenate([self._recent, frame])[-(_samples(self._config.preroll_ms) + onset) :]
        if boundary is Boundary.START:
            start = self._position - len(self._recent)
            self._open = self._begun(start)
            self._open.hear(self._recent)
        elif boundary is Boundary.PAUSE_END and self._open is not None:
            self._close(self._open, self._end_of_speech(self._open), events)
        elif boundary is Boundary.FORCED_END and self._open is not None:
            self._cut(self._open, events)

    def _begun(self, start: int) -> HeardSegment:
        if self._decoder is None:
            return HeardSegment(self._next_id, start, self._put_off)
        return _segments()(self._next_id, start, self._decoder, self._config, self._before)

    def _hear_again(
        self, segment: HeardSegment, frame: Samples, probability: float, events: list[TranscriptEvent]
    ) -> None:
        """Sound of a segment that was marked: it did not end there, nor is it drafted before all of it is back."""
        segment.hear(frame, probability)
        self._endpointer.go_on(probability)
        if self._position >= self._known:
            self._known = 0
            event = segment.draft()
            if event is not None:
                events.append(event)

    def _update(self, segment: HeardSegment, events: list[TranscriptEvent]) -> None:
        """Draft the open segment where a hop is full; once it pauses, settle it and wait."""
        event = None
        if self._pauses() and not segment.is_settled:
            event = segment.settle(self._end_of_speech(segment))
        elif not segment.is_settled and len(segment.probabilities) % self._hop_frames == 0:
            event = segment.draft()
        if event is not None:
            events.append(event)

    def _pauses(self) -> bool:
        """Whether the silence at the end of the audio is as long as the tail of a segment."""
        return self._endpointer.silence_frames * FRAME_SAMPLES >= _samples(self._config.tail_ms)

    def _end_of_speech(self, segment: HeardSegment) -> int:
        """The sample where the segment would end now: no more than the tail behind the last frame of speech."""
        silence = self._endpointer.silence_frames * FRAME_SAMPLES if segment.probabilities else 0
        return min(segment.end, self._position - silence + _samples(self._config.tail_ms))

    def _cut(self, segment: HeardSegment, events: list[TranscriptEvent]) -> None:
        """Speech goes on without a pause: the segment ends, and the next one is open at once."""
        closed, self._open = segment.cut()
        self._endpointer.restart(len(self._open.probabilities))
        if closed is not None:
            events.append(closed)
            self._next_id += 1
        event = self._open.draft() if self._config.partials else None  # what was shown of it stays in sight
        if event is not None:
            events.append(event)

    def _close(self, segment: HeardSegment, end: int, events: list[TranscriptEvent]) -> None:
        """Decode the segment up to sample `end` for good; what was heard after it waits for the next one."""
        closed = segment.close(end)
        if closed is not None:
            events.append(closed)
            self._next_id += 1
            self._before = segment.statistics
        self._recent = segment.audio_from(end)
        self._open = None


def cutting_session(put_off: PutOff) -> StreamSession:
    """A new stream whose segments are closed without their text; `put_off` takes the sound (n,) at 16 kHz of each."""
    return StreamSession(None, SileroDetector(), SessionConfig(partials=False), put_off=put_off)


def _segments() -> type[OpenSegment]:
    """Those that find their text. They are imported late: who only cuts speech out does without torch."""
    from s2t_core.streaming.open_segment import OpenSegment

    return OpenSegment


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000
