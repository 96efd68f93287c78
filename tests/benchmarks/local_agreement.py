"""A recogniser of whole recordings made to write live, by LocalAgreement-2 as in Whisper-Streaming.

Macháček, Dabre, Bojar 2023, "Turning Whisper into Real-Time Transcription System" (arXiv 2307.14743): all audio that is
not yet settled is transcribed anew at every hop, what two transcripts in a row begin with is committed, and the
buffer is cut at the end of a settled sentence once it is long. A speech detector opens and closes stretches, as in
that program's mode "VAC". Unlike there the end of a stretch is transcribed once more, which can only help its words.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from s2t_core.events import SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.streaming.vad import FRAME_SAMPLES, SpeechDetector
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples, Segment

HOP_S = 1.0  # of new audio before the next pass, or more where the last pass took longer
TRIM_S = 15.0  # a buffer longer than this is cut
PROMPT = 200  # characters of committed text before the buffer, for context
START, END = 0.5, 0.35  # Silero's own thresholds
SILENCE_FRAMES = round(0.5 * SAMPLE_RATE_HZ / FRAME_SAMPLES)
PREROLL = SAMPLE_RATE_HZ // 2  # samples
_LATE_S = 0.1  # word times waver: so far before the last committed word a new one may begin
_LONGEST_ECHO = 5  # words


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word as the recogniser writes it, with the blank before it, and its seconds."""

    text: str
    start_s: float
    end_s: float


# Of samples and the text before them: the words, and where its own segments end, in seconds since the first sample.
Hear = Callable[[Samples, str], tuple[list[HeardWord], list[float]]]


class Stretch:
    """The speech between two pauses: what is still in the buffer, what is committed and what not yet."""

    def __init__(self, start: int) -> None:
        self.start = start  # samples since the stream began
        self.audio: list[Samples] = []
        self.length = 0  # samples, those cut off included
        self.cut_s = 0.0  # where the buffer begins
        self.heard = 0  # samples at the last pass
        self.committed: list[HeardWord] = []
        self.tentative: list[HeardWord] = []
        self.shown = False

    def take(self, samples: Samples) -> None:
        self.audio.append(samples)
        self.length += len(samples)

    def listen(self, hear: Hear) -> None:
        """Transcribe the buffer and commit what agrees with the last time."""
        buffer = np.concatenate(self.audio)
        self.audio, self.heard = [buffer], self.length
        before = "".join(word.text for word in self.committed if word.end_s <= self.cut_s)
        words, ends = hear(buffer, before[-PROMPT:].strip())
        words = [HeardWord(word.text, word.start_s + self.cut_s, word.end_s + self.cut_s) for word in words]
        self._agree(words)
        if len(buffer) > TRIM_S * SAMPLE_RATE_HZ:
            self._trim(buffer, [end + self.cut_s for end in ends])

    def _agree(self, words: Sequence[HeardWord]) -> None:
        settled_s = self.committed[-1].end_s if self.committed else 0.0
        new = [word for word in words if word.start_s > settled_s - _LATE_S]
        if self.committed and new and abs(new[0].start_s - settled_s) < 1:
            for count in range(1, min(_LONGEST_ECHO, len(new), len(self.committed)) + 1):
                if [word.text for word in self.committed[-count:]] == [word.text for word in new[:count]]:
                    new = new[count:]
                    break
        pairs = zip(self.tentative, new, strict=False)
        agreed = sum(1 for _ in itertools.takewhile(lambda pair: pair[0].text == pair[1].text, pairs))
        self.committed += new[:agreed]
        self.tentative = new[agreed:]

    def _trim(self, buffer: Samples, ends: Sequence[float]) -> None:
        """Cut the buffer at the last end of a segment, but that of the last one, before which all is committed."""
        settled_s = self.committed[-1].end_s if self.committed else 0.0
        cut_s = max((end for end in ends[:-1] if end <= settled_s), default=self.cut_s)
        self.audio = [buffer[round((cut_s - self.cut_s) * SAMPLE_RATE_HZ) :]]
        self.cut_s = cut_s


class LocalAgreementSession:
    """Push chunks at 16 kHz, get events."""

    def __init__(self, hear: Hear, detector: SpeechDetector) -> None:
        self._hear = hear
        self._detector = detector
        self._waiting = np.zeros(0, np.float32)  # less than a frame
        self._recent = np.zeros(0, np.float32)  # heard since the last stretch
        self._position = 0  # samples heard
        self._silence = 0  # frames
        self._stretch: Stretch | None = None
        self._next_id = 0

    def push(self, chunk: AudioChunk) -> list[TranscriptEvent]:
        assert chunk.rate == SAMPLE_RATE_HZ
        events: list[TranscriptEvent] = []
        audio = np.concatenate([self._waiting, chunk.samples])
        whole = len(audio) // FRAME_SAMPLES * FRAME_SAMPLES
        for at in range(0, whole, FRAME_SAMPLES):
            self._frame(audio[at : at + FRAME_SAMPLES], events)
        self._waiting = audio[whole:]
        stretch = self._stretch
        if stretch is not None and stretch.length - stretch.heard >= HOP_S * SAMPLE_RATE_HZ:
            stretch.listen(self._hear)
            committed, tentative = _text(stretch.committed), _text(stretch.tentative)
            if committed or tentative or stretch.shown:
                stretch.shown = True
                end = stretch.start + stretch.length
                events.append(SegmentUpdated(Segment(self._next_id, stretch.start, end, committed, tentative)))
        return events

    def finish(self) -> list[TranscriptEvent]:
        events: list[TranscriptEvent] = []
        if self._stretch is not None:
            self._stretch.take(self._waiting)
            self._close(self._stretch, self._stretch.start + self._stretch.length, events)
        return events

    def _frame(self, frame: Samples, events: list[TranscriptEvent]) -> None:
        probability = self._detector.probability(frame)
        self._position += FRAME_SAMPLES
        if self._stretch is None:
            self._recent = np.concatenate([self._recent, frame])[-PREROLL:]
            if probability >= START:
                self._stretch = Stretch(self._position - len(self._recent))
                self._stretch.take(self._recent)
                self._silence = 0
            return
        self._stretch.take(frame)
        self._silence = 0 if probability >= END else self._silence + 1
        if self._silence >= SILENCE_FRAMES:
            self._close(self._stretch, self._position - SILENCE_FRAMES * FRAME_SAMPLES // 2, events)

    def _close(self, stretch: Stretch, end: int, events: list[TranscriptEvent]) -> None:
        """The last pass; half of the pause belongs to the stretch, half may belong to the next."""
        stretch.listen(self._hear)
        text = _text([*stretch.committed, *stretch.tentative])
        if text or stretch.shown:
            events.append(SegmentClosed(Segment(self._next_id, stretch.start, end, text)))
            self._next_id += 1
        behind = stretch.start + stretch.length - end
        self._recent = stretch.audio[-1][len(stretch.audio[-1]) - behind :]
        self._stretch = None


def _text(words: Sequence[HeardWord]) -> str:
    return "".join(word.text for word in words).strip()
