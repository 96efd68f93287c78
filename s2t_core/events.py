"""What happens to a transcript, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass

from s2t_core.types import Segment


@dataclass(frozen=True, slots=True)
class SegmentUpdated:
    """An open segment has new text: its committed part has only grown."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class SegmentClosed:
    """A segment is final and never changes again. Its text may be empty where the sound was no speech."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class AudioLost:
    """Samples that never arrived, at SAMPLE_RATE_HZ: a gap in the transcript, in the channel of `speaker`."""

    start_sample: int
    end_sample: int
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class SegmentRetracted:
    """The last closed segment of this speaker is taken back at the speaker's own word ("scratch that")."""

    speaker: str = ""


TranscriptEvent = SegmentUpdated | SegmentClosed | AudioLost  # what a session reports
DocumentEvent = TranscriptEvent | SegmentRetracted  # what a document takes
