"""What comes out of the loudspeakers is taken out of the microphone, and nothing else is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.audio.echo import BLOCK, EchoCanceller

RATE = 16000


def speechlike(seconds, seed):
    """Coloured noise that comes and goes four times a second, as syllables do."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    noise = np.convolve(rng.standard_normal(count), [1, 0.9, 0.6, 0.3], "same")
    swing = np.clip(np.sin(np.arange(count) / RATE * 2 * np.pi * rng.uniform(1.5, 2.5)), 0, None) ** 2
    return (0.05 * noise * swing).astype(np.float32)


def echo_of(played, delay_s, gain=0.5, seed=0):
    rng = np.random.default_rng(seed)
    tail = rng.standard_normal(RATE // 8) * np.exp(-np.arange(RATE // 8) / (0.02 * RATE))
    way = np.concatenate([np.zeros(int(delay_s * RATE)), [1.0], 0.1 * tail])
    return (gain * np.convolve(played, way)[: len(played)]).astype(np.float32)


def cleaned(heard, played):
    canceller = EchoCanceller()
    blocks = range(0, len(heard) // BLOCK * BLOCK, BLOCK)
    out = [canceller.cancel(heard[at : at + BLOCK], played[at : at + BLOCK]) for at in blocks]
    return np.concatenate(out)[BLOCK:]


def level(samples):
    return 10 * np.log10(np.mean(np.square(samples)) + 1e-12)


@pytest.mark.parametrize("delay_s", [0.02, 0.2, 0.45])
def test_echo_alone_becomes_silence_from_the_first_second_on(delay_s):
    far = speechlike(8, 1)
    heard = echo_of(far, delay_s)
    left = cleaned(heard, far)
    assert level(left[RATE:]) < level(heard[RATE:]) - 15
    assert level(left[4 * RATE :]) < level(heard[4 * RATE :]) - 25


def test_who_sits_at_the_microphone_is_kept_while_both_speak():
    far, near = speechlike(10, 1), speechlike(10, 2)
    clean = cleaned(near + echo_of(far, 0.1), far)
    spoken = near[: len(clean)]
    off = level((clean - spoken)[4 * RATE :])
    assert level(spoken[4 * RATE :]) - off > 8
    assert abs(level(clean[4 * RATE :]) - level(spoken[4 * RATE :])) < 2


def test_nothing_is_changed_while_nothing_is_played():
    near = speechlike(3, 2)
    clean = cleaned(near, np.zeros_like(near))
    assert np.allclose(clean, near[: len(clean)], atol=1e-4)


def test_with_headphones_the_voice_stays_as_it_is():
    far, near = speechlike(12, 1), speechlike(12, 2)
    clean = cleaned(near, far)
    spoken = near[: len(clean)]
    assert np.allclose(clean[8 * RATE :], spoken[8 * RATE :], atol=1e-3)


def test_a_loudspeaker_that_is_moved_is_learnt_anew():
    far = speechlike(16, 1)
    heard = np.concatenate([echo_of(far, 0.1)[: 8 * RATE], echo_of(far, 0.13, seed=5)[8 * RATE :]])
    left = cleaned(heard, far)
    assert level(left[12 * RATE :]) < level(heard[12 * RATE :]) - 25


def test_it_costs_little():
    far = speechlike(5, 1)
    heard = echo_of(far, 0.1)
    began = time.process_time()
    cleaned(heard, far)
    assert (time.process_time() - began) / 5 < 0.15  # 0.02 s on a machine that does nothing else
