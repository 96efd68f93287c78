"""Any sampling rate to 16 kHz, chunk by chunk, through the SoX resampler."""

from __future__ import annotations

import numpy as np
import soxr

from s2t_core.errors import AudioFormatError
from s2t_core.types import SAMPLE_RATE_HZ, Samples

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4_000, 768_000


def check_rate(rate: int) -> None:
    """Raises AudioFormatError for a rate outside 4 to 768 kHz."""
    if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        raise AudioFormatError(
            f"A sampling rate of {rate} Hz cannot be recognised.",
            f"Use audio between {LOWEST_RATE_HZ} and {HIGHEST_RATE_HZ} Hz.",
        )


class StreamingResampler:
    """Carries the filter's tail from chunk to chunk, so that a cut leaves no trace."""

    def __init__(self, rate: int) -> None:
        """Raises AudioFormatError for a rate outside 4 to 768 kHz."""
        check_rate(rate)
        self._stream = None if rate == SAMPLE_RATE_HZ else soxr.ResampleStream(rate, SAMPLE_RATE_HZ, 1)

    def push(self, samples: Samples) -> Samples:
        """samples (n,) at the source rate -> what is ready of them at 16 kHz."""
        return self._resample(samples, last=False)

    def finish(self) -> Samples:
        """The tail that the filter still held. The resampler is spent afterwards."""
        return self._resample(np.zeros(0, dtype=np.float32), last=True)

    def _resample(self, samples: Samples, last: bool) -> Samples:
        if self._stream is None:
            return samples
        resampled: Samples = self._stream.resample_chunk(np.ascontiguousarray(samples, dtype=np.float32), last=last)
        return resampled
