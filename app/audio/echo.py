"""The sound of the loudspeakers, taken out of what the microphone hears.

An adaptive filter learns the way from loudspeaker to microphone and subtracts what came along it; what it has not
learnt yet, or never will, is suppressed band by band. The filter is the partitioned-block frequency-domain Kalman
filter (G. Enzner and P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free
telephones", Signal Processing 86, 2006; F. Kuech, E. Mabande and G. Enzner, "State-space architecture of the
partitioned-block-based acoustic echo controller", ICASSP 2014; blocks as in J.-S. Soo and K. Pang, "Multidelay block
frequency domain adaptive filter", IEEE Trans. ASSP 38, 1990). It keeps how much it doubts every band of the way, so it
stands still by itself while both speak, and the doubt says how much echo may be left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2t_core.types import SAMPLE_RATE_HZ, Samples

BLOCK = 512  # samples at 16 kHz, 32 ms
_BINS = BLOCK + 1
_QUIET = 1e-7 * BLOCK  # power of a block in which nothing is heard
_AUDIBLE = 1e-5 * BLOCK  # of one in which somebody speaks
_ROOT_HANN = np.sqrt(np.hanning(2 * BLOCK + 1)[:-1]).astype(np.float32)
_SPEECH = slice(round(300 / 8000 * BLOCK), round(4000 / 8000 * BLOCK))
_NOTHING: Samples = np.zeros(BLOCK, np.float32)

Bands = NDArray[np.float32]  # (_BINS,) power


@dataclass(frozen=True, slots=True)
class EchoConfig:
    """How echo is learnt and suppressed; the defaults were chosen with tests/benchmarks/echo.py.

    partitions  blocks of delay and reverberation that are heard together: 20 reach 640 ms back
    keeping     of what is known about the way, what holds a block later
    doubt       power of the way before anything is known, all partitions together
    least       share of that doubt that always stays, so that a way that changes is learnt anew
    watchful    that share while no echo is known: it may begin at any time, as when headphones are pulled out
    calm        of the power that is no echo, what the estimate keeps from block to block
    over        how much more echo is taken for possible than the doubt says
    bent        share of the echo's power that loudspeakers bend at least, which no filter subtracts
    floor       of the gain of a band
    gate        where less than this share of what is heard can be speech, all of it is taken for echo
    evidence    correlation of what is heard with the expected echo that proves that there is any
    blind_s     after so many seconds of sound without proof there is none: somebody wears headphones
    """

    partitions: int = 20
    keeping: float = 0.99
    doubt: float = 10.0
    least: float = 1e-3
    watchful: float = 0.1
    calm: float = 0.65
    over: float = 2.0
    bent: float = 0.03
    floor: float = 0.01
    gate: float = 0.1
    evidence: float = 0.35
    blind_s: float = 2.5


class EchoCanceller:
    """Takes the sound of both, block by block; its output lags one block behind its input."""

    def __init__(self, config: EchoConfig | None = None) -> None:
        self._config = config or EchoConfig()
        self._way = _Way(self._config)
        self._evidence = _Evidence(self._config)
        self._last = _NOTHING
        self._tail = _NOTHING
        self._power = np.full(_BINS, _QUIET, np.float32)
        self._possible = np.zeros(_BINS, np.float32)

    def cancel(self, heard: Samples, played: Samples) -> Samples:
        """heard, played (BLOCK,) of the same moment -> (BLOCK,) what was heard a block ago, without echo."""
        echo = self._way.expect(played)
        presence = self._evidence.weigh(heard, echo, played)
        possible = self._way.learn(heard - echo, bool(presence < 1)) + self._config.bent * _bands(echo)
        return self._suppressed(heard - presence * echo, presence * possible)

    def _suppressed(self, rest: Samples, possible: Bands) -> Samples:
        """rest (BLOCK,) in which so much echo is possible -> the block before it without."""
        framed = np.fft.rfft(np.concatenate([self._last, rest]) * _ROOT_HANN)
        self._last = rest
        self._power = 0.5 * self._power + 0.5 * (_power(framed) + _QUIET)
        self._possible = np.maximum(possible, 0.5 * self._possible)  # reverberation outlasts its block
        gain = np.maximum(1 - self._config.over * self._possible / self._power, self._config.floor)
        speech = self._power[_SPEECH]
        share = float((gain[_SPEECH] * speech).sum() / speech.sum())
        if share < self._config.gate:
            gain *= (share / self._config.gate) ** 2
        out = np.fft.irfft(framed * gain).astype(np.float32) * _ROOT_HANN
        done: Samples = self._tail + out[:BLOCK]
        self._tail = out[BLOCK:]
        return done


class _Way:
    """The way from loudspeaker to microphone, and how much of it is in doubt."""

    def __init__(self, config: EchoConfig) -> None:
        self._config = config
        count = config.partitions
        self._played = np.zeros((count, _BINS), np.complex64)  # spectra, the newest first
        self._last = _NOTHING
        self._way = np.zeros((count, _BINS), np.complex64)
        late = np.exp(-np.arange(count, dtype=np.float32) / count)  # late echo is the weaker one
        self._first_doubt = np.repeat((config.doubt * late / late.sum())[:, None], _BINS, axis=1)
        self._doubt = self._first_doubt.copy()
        self._others = np.full(_BINS, _QUIET, np.float32)  # power of what is no echo
        self._turn = 0  # partition whose length is seen to next

    def expect(self, played: Samples) -> Samples:
        """played (BLOCK,) -> (BLOCK,) the echo that belongs to that moment."""
        self._played[1:] = self._played[:-1]
        self._played[0] = np.fft.rfft(np.concatenate([self._last, played]))
        self._last = played
        echo: Samples = np.fft.irfft((self._played * self._way).sum(0))[BLOCK:].astype(np.float32)
        return echo

    def learn(self, rest: Samples, watchful: bool) -> Bands:
        """rest (BLOCK,) that is heard beside the expected echo -> the power of echo that may be left in it."""
        config = self._config
        error = np.fft.rfft(np.concatenate([_NOTHING, rest])).astype(np.complex64)
        power = _power(self._played)
        possible: Bands = 0.5 * (power * self._doubt).sum(0)
        self._others = config.calm * self._others + (1 - config.calm) * _power(error)
        step = self._doubt / (possible + self._others + _QUIET)
        self._way += step * self._played.conj() * error
        for _ in range(2):
            self._shorten()
        kept = config.keeping**2
        self._doubt = kept * (1 - 0.5 * step * power) * self._doubt + (1 - kept) * _power(self._way)
        self._doubt = np.maximum(self._doubt, (config.watchful if watchful else config.least) * self._first_doubt)
        return possible

    def _shorten(self) -> None:
        """A partition holds no more than its block of the way; they take turns, which costs less than all at once."""
        way = np.fft.irfft(self._way[self._turn])
        way[BLOCK:] = 0
        self._way[self._turn] = np.fft.rfft(way)
        self._turn = (self._turn + 1) % len(self._way)


class _Evidence:
    """Whether the microphone hears the loudspeakers at all, which with headphones it does not."""

    def __init__(self, config: EchoConfig) -> None:
        self._config = config
        self._blind = config.blind_s * SAMPLE_RATE_HZ / BLOCK
        self._common = self._heard = self._echo = 0.0
        self._blocks_without = 0

    def weigh(self, heard: Samples, echo: Samples, played: Samples) -> np.float32:
        """Three blocks of a moment -> 1 while echo is to be expected, falling to 0 where there never is any."""
        self._common = 0.8 * self._common + float(heard @ echo)
        self._heard = 0.8 * self._heard + float(heard @ heard)
        self._echo = 0.8 * self._echo + float(echo @ echo)
        if self._echo > _QUIET and self._common > self._config.evidence * np.sqrt(self._echo * self._heard):
            self._blocks_without = 0
        elif float(played @ played) > _AUDIBLE:
            self._blocks_without += 1
        return np.float32(np.clip(1 - (self._blocks_without - self._blind) / 10, 0, 1))


def _power(spectrum: NDArray[np.complexfloating]) -> NDArray[np.float32]:
    power: NDArray[np.float32] = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return power


def _bands(block: Samples) -> Bands:
    """block (BLOCK,) -> its power band by band."""
    return _power(np.fft.rfft(np.concatenate([_NOTHING, block])))
