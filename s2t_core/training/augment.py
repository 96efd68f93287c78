"""Clean speech made like everyday speech: other speeds and levels, rooms, noise and other voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr

from s2t_core.types import SAMPLE_RATE_HZ, Samples

_SPEEDS = (0.9, 1.1)
_PEAKS = (0.03, 0.95)
_SNRS_DB = (5.0, 30.0)
_VOICES = (4, 8)  # that make a babble


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How often each change is made; the probabilities are independent of each other."""

    speed: float = 0.3
    reverb: float = 0.2
    noise: float = 0.35
    babble: float = 0.08


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is mixed in: recordings of noise, impulse responses of rooms, and speech for babble."""

    noises: Sequence[Samples] = ()
    rooms: Sequence[Samples] = ()
    voices: Sequence[Samples] = field(default=())


def augmented(
    samples: Samples, around: Surroundings, rng: np.random.Generator, config: AugmentConfig, keep_time: bool = False
) -> Samples:
    """A changed copy; with `keep_time` every word stays where it is."""
    if not keep_time and rng.random() < config.speed:
        samples = faster(samples, rng.uniform(*_SPEEDS))
    if around.rooms and rng.random() < config.reverb:
        samples = reverberant(samples, one_of(around.rooms, rng))
    if rng.random() < config.noise:
        samples = with_noise(samples, any_noise(len(samples), around, rng), rng.uniform(*_SNRS_DB))
    if around.voices and rng.random() < config.babble:
        samples = with_noise(samples, babble(len(samples), around.voices, rng), rng.uniform(8.0, 25.0))
    return at_peak(samples, float(np.exp(rng.uniform(*np.log(_PEAKS)))))


def faster(samples: Samples, factor: float) -> Samples:
    """Speed and pitch changed together (Ko et al. 2015, Audio augmentation for speech recognition)."""
    changed: Samples = soxr.resample(samples, SAMPLE_RATE_HZ * factor, SAMPLE_RATE_HZ).astype(np.float32)
    return changed


def at_peak(samples: Samples, peak: float) -> Samples:
    """Scaled so that the loudest sample is `peak`; silence stays silence."""
    loudest = float(np.abs(samples).max(initial=0.0))
    return samples if loudest == 0 else (samples * np.float32(peak / loudest))


def reverberant(samples: Samples, room: Samples) -> Samples:
    """Convolved with a room's impulse response; the direct sound stays where it was, the length as well."""
    direct = int(np.abs(room).argmax())
    size = len(samples) + len(room) - 1
    size = 1 << (size - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(room, size), size)
    heard: Samples = wet[direct : direct + len(samples)].astype(np.float32)
    return heard


def with_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """Mixed so that speech is `snr_db` louder than the noise on average."""
    power, noise_power = float(np.mean(samples**2)), float(np.mean(noise**2))
    if power == 0 or noise_power == 0:
        return samples
    return samples + noise * np.float32(np.sqrt(power / noise_power / 10 ** (snr_db / 10)))


def any_noise(length: int, around: Surroundings, rng: np.random.Generator) -> Samples:
    """A stretch of a recording, or coloured noise."""
    if around.noises and rng.random() < 0.6:
        return stretch(one_of(around.noises, rng), length, rng)
    return coloured(length, rng.uniform(0.0, 2.0), rng)


def coloured(length: int, slope: float, rng: np.random.Generator) -> Samples:
    """Noise whose power falls as 1 / f**slope: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (slope / 2)
    noise = np.fft.irfft(spectrum, length)
    return at_peak(noise.astype(np.float32), 1.0)


def babble(length: int, voices: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Several voices at once, of equal loudness."""
    mixed = np.zeros(length, dtype=np.float32)
    for _ in range(rng.integers(*_VOICES, endpoint=True)):
        voice = stretch(one_of(voices, rng), length, rng)
        mixed += voice / max(float(np.sqrt(np.mean(voice**2))), 1e-6)
    return mixed


def chords(length: int, rng: np.random.Generator) -> Samples:
    """Tones that change together every half second or so, as in music."""
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    music = np.zeros(length)
    at = 0
    while at < length:
        end = min(length, at + int(rng.uniform(0.2, 0.9) * SAMPLE_RATE_HZ))
        root = 55.0 * 2 ** (rng.integers(0, 36) / 12)
        fade = np.exp(-np.arange(end - at) / SAMPLE_RATE_HZ * rng.uniform(0.5, 5.0))
        for step in rng.choice([0, 3, 4, 7, 10, 12, 19], size=3, replace=False):
            for partial in range(1, 5):
                music[at:end] += np.sin(2 * np.pi * root * 2 ** (step / 12) * partial * time_s[at:end]) * fade / partial
        at = end
    return at_peak(music.astype(np.float32), 1.0)


def one_of(recordings: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Any of them, all equally likely."""
    return recordings[int(rng.integers(len(recordings)))]


def stretch(recording: Samples, length: int, rng: np.random.Generator) -> Samples:
    """`length` samples from a random place of a recording, repeated where it is too short."""
    if len(recording) < length:
        recording = np.tile(recording, -(-length // max(len(recording), 1)))
    at = int(rng.integers(len(recording) - length + 1))
    return recording[at : at + length]
