"""Confidence against what is right: the table, the error, and the scaling that mends it."""

from __future__ import annotations

import numpy as np
import pytest

from s2t_core.calibration import Bin, calibration_error, fit_confidence, judged_words, reliability
from s2t_core.config import ConfidenceConfig


def drawn(slope, offset, count=20000):
    """Judgements whose chances are those of a scaling."""
    rng = np.random.default_rng(0)
    truth = ConfidenceConfig(slope, offset)
    values = rng.uniform(0.01, 0.99, count)
    return [(float(value), bool(rng.random() < truth.apply(value))) for value in values]


def test_words_are_judged_where_they_stand():
    stated = [("The", 0.9), ("well-known", 0.5), ("cat.", 0.8), ("sat", 0.7)]
    judged = judged_words(["the", "well", "known", "dog", "sat"], stated)
    assert judged == [(0.9, True), (0.5, True), (0.5, True), (0.8, False), (0.7, True)]
    assert judged_words([], [("um", 0.3)]) == [(0.3, False)]


def test_the_table_sets_what_was_stated_beside_what_was_right():
    judged = [(1.0, True), (0.99, True), (0.6, True), (0.6, False), (0.1, False)]
    assert reliability(judged) == [Bin(1, 0.1, 0.0), Bin(2, 0.6, 0.5), Bin(2, 0.995, 1.0)]
    assert calibration_error(judged) == pytest.approx((0.1 + 2 * 0.1 + 2 * 0.005) / 5)
    assert calibration_error([]) is None


def test_a_scaling_is_found_again_and_mends_the_error():
    judged = drawn(0.6, -0.8)
    found = fit_confidence(judged)
    assert (found.slope, found.offset) == pytest.approx((0.6, -0.8), abs=0.06)
    mended = [(found.apply(value), right) for value, right in judged]
    assert calibration_error(mended) < 0.02 < calibration_error(judged)


def test_without_both_kinds_nothing_is_changed():
    assert fit_confidence([(0.5, True), (0.9, True)]) == ConfidenceConfig()
    assert fit_confidence([]) == ConfidenceConfig()


def test_a_confidence_is_a_chance_whatever_the_certainty():
    for value in (0.0, 0.5, 1.0):
        assert ConfidenceConfig().apply(value) == pytest.approx(value, abs=2e-4)
