"""Endpoints on plain probabilities, and the speech detector on real sound."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from s2t_core.streaming.endpoint import Boundary, EndpointConfig, Endpointer, EndpointRule
from s2t_core.streaming.vad import FRAME_SAMPLES, SileroDetector

CONFIG = EndpointConfig(rules=(EndpointRule(0, 160), EndpointRule(640, 64)), longest_ms=1600)


def follow(endpointer, *stretches):
    """(probability, frames) pairs -> the index and kind of every boundary."""
    found, index = [], 0
    for probability, frames in stretches:
        for _ in range(frames):
            boundary = endpointer.push(probability)
            if boundary is not Boundary.NONE:
                found.append((index, boundary))
            index += 1
    return found


def test_speech_starts_after_two_frames_and_ends_after_the_pause():
    found = follow(Endpointer(CONFIG), (0.0, 5), (0.9, 10), (0.0, 20))
    assert found == [(6, Boundary.START), (19, Boundary.PAUSE_END)]


def test_a_single_click_is_no_speech():
    assert follow(Endpointer(CONFIG), (0.0, 3), (0.9, 1), (0.0, 3), (0.9, 1), (0.0, 3)) == []


def test_a_dip_between_the_thresholds_does_not_count_as_silence():
    assert follow(Endpointer(CONFIG), (0.9, 4), (0.4, 12)) == [(1, Boundary.START)]


def test_a_long_segment_ends_at_a_shorter_pause():
    found = follow(Endpointer(CONFIG), (0.9, 25), (0.0, 5))
    assert found == [(1, Boundary.START), (26, Boundary.PAUSE_END)]


def test_a_segment_without_pauses_is_cut_and_goes_on():
    endpointer = Endpointer(CONFIG)
    assert follow(endpointer, (0.9, 50)) == [(1, Boundary.START), (49, Boundary.FORCED_END)]
    endpointer.restart(10)
    assert follow(endpointer, (0.9, 41)) == [(39, Boundary.FORCED_END), (40, Boundary.FORCED_END)]


def test_silero_hears_speech_in_the_sample_and_none_in_silence_or_hiss(sample):
    def share(samples):
        detector = SileroDetector()
        frames = [samples[i : i + FRAME_SAMPLES] for i in range(0, len(samples) - FRAME_SAMPLES, FRAME_SAMPLES)]
        return float(np.mean([detector.probability(frame) > 0.5 for frame in frames]))

    hiss = np.random.default_rng(0).normal(0, 0.01, 48000).astype(np.float32)
    assert share(sample[0][:96000]) > 0.8
    assert share(np.zeros(48000, np.float32)) == 0
    assert share(hiss) < 0.05


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads by /proc")
def test_silero_takes_no_threads_of_the_copy_of_openmp_that_torch_loaded_before():
    code = (
        "import os, torch, numpy; from s2t_core.streaming.vad import FRAME_SAMPLES, SileroDetector;"
        "before = len(os.listdir('/proc/self/task'));"
        "SileroDetector().probability(numpy.zeros(FRAME_SAMPLES, numpy.float32));"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    root = Path(__file__).parent.parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
