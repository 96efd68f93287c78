"""Whether a confidence means what it says: of the words that are stated to be 80 % certain, 80 % should be right."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from s2t_core.config import ConfidenceConfig, log_odds
from s2t_core.metrics import align, plain

Judged = tuple[float, bool]  # a word's confidence, and whether it is right

_EDGES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Bin:
    """The words whose confidence lies between two bounds: how many, their mean confidence, the share that is right."""

    count: int
    stated: float
    right: float


def judged_words(spoken: Sequence[str], words: Iterable[tuple[str, float]]) -> list[Judged]:
    """Each bare word of a recognised text with the confidence of its word, and whether it was spoken there.

    spoken  the bare words of the reference
    words   written words, each with its confidence
    """
    written = [(bare, confidence) for text, confidence in words for bare in plain(text).split()]
    pairs = align(spoken, [bare for bare, _ in written])
    return [(written[j][1], i is not None and spoken[i] == written[j][0]) for i, j in pairs if j is not None]


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """The reliability diagram (Niculescu-Mizil & Caruana 2005) as a table; bounds lie closer where most words are."""
    found = []
    for low, high in itertools.pairwise(_EDGES):
        inside = [one for one in judged if low <= one[0] < high or one[0] == high == 1.0]
        if inside:
            count = len(inside)
            found.append(Bin(count, sum(one[0] for one in inside) / count, sum(one[1] for one in inside) / count))
    return found


def calibration_error(judged: Sequence[Judged]) -> float | None:
    """Expected calibration error (Guo et al. 2017, arXiv 1706.04599, eq. 3) over the bins of `reliability`."""
    if not judged:
        return None
    return sum(one.count * abs(one.stated - one.right) for one in reliability(judged)) / len(judged)


def fit_confidence(judged: Sequence[Judged]) -> ConfidenceConfig:
    """The scaling under which the judgements are most likely, by Newton's method; both kinds are needed for one.

    The judgements are softened as Platt does it, so that a perfect list has an answer.
    """
    right = sum(ok for _, ok in judged)
    wrong = len(judged) - right
    if not right or not wrong:
        return ConfidenceConfig()
    high, low = (right + 1) / (right + 2), 1 / (wrong + 2)
    inputs = np.array([(log_odds(value), 1.0) for value, _ in judged])
    wanted = np.array([high if ok else low for _, ok in judged])
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        stated = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (stated - wanted)
        curve = (inputs * (stated * (1.0 - stated))[:, None]).T @ inputs + 1e-6 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        weights = weights - step / max(1.0, np.abs(step).max())  # a whole step may leap over where few words are wrong
    return ConfidenceConfig(float(weights[0]), float(weights[1]))
