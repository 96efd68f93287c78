"""The sound of the loudspeakers, taken out of what the microphone hears.

An adaptive filter learns the way from loudspeaker to microphone and subtracts what came along it; what it cannot have
learnt yet, or never will, is suppressed band by band. The filter is the partitioned-block frequency-domain Kalman
filter (G. Enzner and P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free
telephones", Signal Processing 86, 2006; F. Kuech, E. Mabande and G. Enzner, "State-space architecture of the
partitioned-block-based acoustic echo controller", ICASSP 2014): it keeps how uncertain it is about every band, so it
stands still by itself while both speak, and that uncertainty says how much echo may be left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2t_core.types import Samples

BLOCK = 512  # samples at 16 kHz, 32 ms
_BINS = BLOCK + 1
_QUIET = 1e-7 * BLOCK  # power of a band in which nothing is heard
_ROOT_HANN = np.sqrt(np.hanning(2 * BLOCK + 1)[:-1]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class EchoConfig:
    """How echo is learnt and suppressed.

    partitions  blocks of delay and reverberation that are heard together: 20 reach 640 ms back
    keeping     of what is known, what holds a block later: rooms change
    doubt       power of the way from loudspeaker to microphone before anything is known, all partitions together
    over        how much more echo is expected than the filter expects
    floor       of the gain of a band
    """

    partitions: int = 20
    keeping: float = 0.9995
    doubt: float = 10.0
    bent: float = 0.03
    over: float = 3.0
    floor: float = 0.01
    near: float = 0.6
    gate: float = 0.1


class EchoCanceller:
    """Takes the sound of both, block by block; its output lags one block behind its input."""

    def __init__(self, config: EchoConfig | None = None) -> None:
        self._config = config or EchoConfig()
        count = self._config.partitions
        self._played = np.zeros((count, _BINS), np.complex64)  # spectra, the newest first
        self._way = np.zeros((count, _BINS), np.complex64)
        decay = np.exp(-np.arange(count) / 20.0)
        self._doubt = np.tile((self._config.doubt * decay / decay.sum()).astype(np.float32)[:, None], (1, _BINS))
        self._near = np.full(_BINS, _QUIET, np.float32)  # power of what is no echo
        self._last_played = np.zeros(BLOCK, np.float32)
        self._last_rest = np.zeros(BLOCK, np.float32)
        self._tail = np.zeros(BLOCK, np.float32)
        self._next = 0  # partition whose constraint comes next
        self._rest_power = np.full(_BINS, _QUIET, np.float32)
        self._left_power = np.zeros(_BINS, np.float32)

    def cancel(self, heard: Samples, played: Samples) -> Samples:
        """heard, played (BLOCK,) of the same moment -> (BLOCK,) what was heard a block ago, without echo."""
        config = self._config
        spectrum = np.fft.rfft(np.concatenate([self._last_played, played])).astype(np.complex64)
        self._last_played = played
        self._played[1:] = self._played[:-1]
        self._played[0] = spectrum
        power = self._played.real**2 + self._played.imag**2

        echo = np.fft.irfft((self._played * self._way).sum(0))[BLOCK:].astype(np.float32)
        rest = heard - echo
        error = np.fft.rfft(np.concatenate([np.zeros(BLOCK, np.float32), rest])).astype(np.complex64)
        error_power = error.real**2 + error.imag**2
        left = 0.5 * (power * self._doubt).sum(0)
        echo_power = np.abs(np.fft.rfft(np.concatenate([np.zeros(BLOCK, np.float32), echo]))) ** 2

        self._near = config.near * self._near + (1 - config.near) * error_power
        step = self._doubt / (left + self._near + _QUIET)
        gain = step * self._played.conj()
        self._way += gain * error
        self._constrain()
        forgotten = 1 - config.keeping**2
        way_power = self._way.real**2 + self._way.imag**2
        self._doubt = config.keeping**2 * (1 - 0.5 * step * power) * self._doubt + forgotten * way_power
        return self._suppressed(rest, left + config.bent * echo_power)

    def _constrain(self) -> None:
        """A partition holds no more than a block of the way; one after the other, each in its turn."""
        for _ in range(2):
            at = self._next
            way = np.fft.irfft(self._way[at])
            way[BLOCK:] = 0
            self._way[at] = np.fft.rfft(way)
            self._next = (at + 1) % len(self._way)

    def _suppressed(self, rest: Samples, left: NDArray[np.float32]) -> Samples:
        config = self._config
        framed = np.fft.rfft(np.concatenate([self._last_rest, rest]) * _ROOT_HANN)
        self._last_rest = rest
        power = (framed.real**2 + framed.imag**2).astype(np.float32) + _QUIET
        self._rest_power = 0.5 * self._rest_power + 0.5 * power
        self._left_power = np.maximum(left, 0.5 * self._left_power)
        ratio = np.clip(config.over * self._left_power / self._rest_power, 0, 1)
        gain = np.maximum(1 - ratio, config.floor)
        speech = slice(10, 256)
        kept = float((gain[speech] * self._rest_power[speech]).sum() / self._rest_power[speech].sum())
        if kept < config.gate:
            gain *= (kept / config.gate) ** 2
        out = np.fft.irfft(framed * gain).astype(np.float32) * _ROOT_HANN
        done = self._tail + out[:BLOCK]
        self._tail = out[BLOCK:]
        return done
