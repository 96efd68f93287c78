"""Sound on the clock of its recording: what is lost becomes a gap of its length, what is only late does not."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from app.audio.placement import Placement
from s2t_core.types import AudioChunk

RATE = 16000
BLOCK_S = 0.02


class Device:
    """Sends blocks as a device does, by a clock of its own; the test says when they arrive and which are lost."""

    def __init__(self, placement, rate=RATE, drift=0.0, block_s=BLOCK_S):
        self.placement, self.rate = placement, rate
        self.block = round(block_s * rate)
        self.block_s = block_s * (1 + drift)  # by the true clock
        self.sent = 0  # samples of this stream
        self.gaps = []  # (position, length) in seconds
        self.end_s = 0.0  # up to where the recording has come
        self.heard_s = 0.0

    def arrive(self, now_s, lost=0, blocks=1):
        count = self.block * blocks
        self.sent += lost
        chunk = AudioChunk(np.zeros(count, np.float32), self.rate, self.sent)
        self.sent += count
        self.take(self.placement.place(chunk, now_s))

    def take(self, placed):
        for chunk, position in placed:
            if position is not None:
                if abs(position / RATE - self.end_s) > 0.001:
                    self.gaps.append((round(self.end_s, 2), round(position / RATE - self.end_s, 2)))
                self.end_s = position / RATE
            self.end_s += len(chunk.samples) / chunk.rate
            self.heard_s += len(chunk.samples) / chunk.rate

    def restart(self, rate=RATE):
        self.take(self.placement.finish())
        self.placement.begin()
        self.sent, self.rate, self.block, self.block_s = 0, rate, round(BLOCK_S * rate), BLOCK_S

    def send(self, now_s, seconds, jitter=lambda: 0.0):
        """In real time, from now on; the moment at its end."""
        first, latest = now_s, 0.0
        for number in range(1, round(seconds / self.block_s) + 1):
            now_s = first + number * self.block_s
            latest = max(latest, now_s + jitter())
            self.arrive(latest)
        return now_s


@pytest.fixture
def device():
    return Device(Placement())


def test_what_arrives_steadily_follows_from_zero_on(device):
    device.send(100.0, 10)
    assert device.gaps == [] and device.end_s == pytest.approx(10)


@pytest.mark.parametrize("drift", [200e-6, -200e-6])
def test_eight_hours_of_another_clock_are_no_loss(drift):
    device = Device(Placement(), drift=drift, block_s=0.5)
    noise = random.Random(1)
    device.send(0.0, 8 * 3600, lambda: noise.expovariate(1 / 0.01))
    assert device.gaps == []


def test_after_eight_hours_of_another_clock_a_gap_has_its_true_length():
    device = Device(Placement(), drift=200e-6, block_s=0.5)
    now_s = device.send(0.0, 8 * 3600)
    device.restart()
    device.send(now_s + 3, 1)
    ((_, length_s),) = device.gaps
    assert length_s == pytest.approx(3, abs=0.02)


def test_jitter_and_a_busy_machine_are_no_loss(device):
    noise = random.Random(2)
    device.send(0.0, 600, lambda: 2.0 if noise.random() < 0.001 else noise.expovariate(1 / 0.05))
    device.take(device.placement.finish())
    assert device.gaps == [] and device.heard_s == pytest.approx(600)


@pytest.mark.parametrize("lost_s", [0.3, 5, 9 * 3600])
def test_what_was_lost_in_a_running_stream_is_a_gap_of_its_length(device, lost_s):
    now_s = device.send(0.0, 10)
    device.send(now_s + lost_s, 10)
    assert device.gaps == [(10, pytest.approx(lost_s, abs=0.01))]
    assert device.end_s == pytest.approx(20 + lost_s, abs=0.01)


def test_what_is_only_late_is_heard_whole_and_counted_once(device):
    now_s = device.send(0.0, 10)
    for number in range(250):  # five seconds in a burst
        device.arrive(now_s + 5 + number * 0.0005)
    device.send(now_s + 5.02, 10)
    assert device.gaps == [] and device.heard_s == pytest.approx(25, abs=0.1)


def test_late_sound_that_comes_as_one_block_is_heard_whole(device):
    now_s = device.send(0.0, 10)
    device.arrive(now_s + 5, blocks=1)
    device.arrive(now_s + 5, blocks=249)
    device.send(now_s + 5, 10)
    assert device.gaps == [] and device.heard_s == pytest.approx(25, abs=0.1)


def test_of_what_was_kept_in_part_the_rest_is_lost(device):
    now_s = device.send(0.0, 10)
    for number in range(100):  # two of five seconds
        device.arrive(now_s + 5 + number * 0.0005)
    device.send(now_s + 5.05, 10)
    ((_, length_s),) = device.gaps
    assert length_s == pytest.approx(3, abs=0.1)


def test_a_loss_that_the_device_tells_is_a_gap_at_once_and_only_once(device):
    now_s = device.send(0.0, 10)
    device.arrive(now_s + 0.07, lost=round(0.05 * RATE))
    assert device.gaps == [(10, 0.05)]
    device.send(now_s + 0.07, 10)
    assert len(device.gaps) == 1


def test_a_device_that_tells_of_more_loss_than_there_was_time_for_is_not_believed(device):
    now_s = device.send(0.0, 10)
    device.arrive(now_s + BLOCK_S, lost=1000 * RATE)
    device.send(now_s + BLOCK_S, 10)
    assert device.end_s == pytest.approx(20, abs=0.1)


def test_many_small_losses_add_up_to_a_gap(device):
    now_s, lost_s = 0.0, 0.0
    for _ in range(30):
        now_s, lost_s = device.send(now_s, 10) + 0.05, lost_s + 0.05
    assert sum(length_s for _, length_s in device.gaps) == pytest.approx(
        lost_s, abs=0.4
    )  # the last one, and what drift may explain


def test_a_program_that_is_stopped_twice_waits_for_what_is_only_late(device):
    now_s = device.send(0.0, 10)
    device.arrive(now_s + 5)
    device.arrive(now_s + 10)
    for _ in range(498):
        device.arrive(now_s + 10)
    device.send(now_s + 10, 2)
    assert device.gaps == [] and device.heard_s == pytest.approx(22, abs=0.1)


def test_another_stream_of_another_rate_leaves_the_time_between_them(device):
    now_s = device.send(0.0, 10)
    device.restart(48000)
    device.send(now_s + 3, 5)
    assert device.gaps == [(10, pytest.approx(3, abs=0.02))]
    assert device.end_s == pytest.approx(18, abs=0.02)


def test_the_first_blocks_of_another_stream_may_have_waited_for_one_another(device):
    now_s = device.send(0.0, 10)
    device.restart()
    for _ in range(50):  # a second of sound that came late, at once
        device.arrive(now_s + 4)
    device.send(now_s + 4, 5)
    assert device.gaps == [(10, pytest.approx(3, abs=0.02))]


def test_a_stream_that_ends_while_it_is_held_loses_nothing(device):
    now_s = device.send(0.0, 10)
    device.restart()
    device.arrive(now_s + 3)
    device.take(device.placement.finish())
    assert device.heard_s == pytest.approx(10.02)
    assert device.gaps == [(10, pytest.approx(2.98, abs=0.03))]


def test_sound_that_stays_late_is_not_held_for_ever(device):
    now_s = device.send(0.0, 10)
    for number in range(1000):  # catches up, but hardly
        device.arrive(now_s + 5 + number * BLOCK_S * 0.97)
    assert device.heard_s > 25


def test_places_never_go_back_and_no_sound_is_dropped_whatever_happens():
    for seed in range(20):
        chance = random.Random(seed)
        device, now_s, sent = Device(Placement()), 0.0, 0
        ends = []
        for _ in range(400):
            now_s += chance.choice([0, 0, 0.01, 0.02, 0.02, 0.02, 0.04, 3.0 * (chance.random() < 0.02)])
            if chance.random() < 0.01:
                device.restart(chance.choice([8000, 16000, 44100, 48000]))
            blocks = chance.choice([1, 1, 1, 5])
            device.arrive(now_s, chance.choice([0, 0, 0, 0, 100]), blocks)
            sent += blocks
            ends.append(device.end_s)
        device.take(device.placement.finish())
        assert all(a <= b + 1e-9 for a, b in itertools.pairwise(ends))
        assert device.heard_s == pytest.approx(sent * BLOCK_S, rel=1e-3)
        assert all(length_s >= 0 for _, length_s in device.gaps), device.gaps


def test_a_recording_with_a_given_beginning_is_placed_from_it():
    device = Device(Placement(50.0))
    device.send(52.0, 1)
    assert device.end_s == pytest.approx(3)


def test_the_position_of_the_clock_goes_on_without_sound(device):
    now_s = device.send(7.0, 10)
    assert device.placement.position(now_s + 5) == pytest.approx(15 * RATE, abs=1)
    assert Placement().position(100.0) == 0
