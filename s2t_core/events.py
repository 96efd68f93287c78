"""What a session reports, in the order in which it happens."""

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
    """Samples that never arrived, at SAMPLE_RATE_HZ: a gap in the transcript."""

    start_sample: int
    end_sample: int


TranscriptEvent = SegmentUpdated | SegmentClosed | AudioLost
