"""Where the letters of a known text are heard, by the CTC head: Viterbi over letters and blanks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2t_core.model.ctc import BLANK, spell

Span = tuple[int, int]  # first frame, end


def letter_spans(log_probs: NDArray[np.float32], symbols: Sequence[int]) -> list[Span] | None:
    """The frames of every symbol on the best path; None where there are too few frames for them.

    log_probs  (frames, symbols + 1), of the whole text in this order
    Kürzinger et al. 2020, CTC-segmentation (arXiv 2007.09127), without its skipping of audio.
    """
    states = [BLANK, *(state for symbol in symbols for state in (symbol, BLANK))]
    frames, count = len(log_probs), len(states)
    # From one state the path stays, goes on to the next, or leaves out a blank between two different letters.
    leaps = np.array([s >= 2 and states[s] not in (BLANK, states[s - 2]) for s in range(count)])
    gain = log_probs[:, states]
    best = np.full(count, -np.inf)
    best[:2] = gain[0, :2]
    came = np.zeros((frames, count), dtype=np.int8)
    for frame in range(1, frames):
        step = np.concatenate([[-np.inf], best[:-1]])
        leap = np.where(leaps, np.concatenate([[-np.inf, -np.inf], best[:-2]])[:count], -np.inf)
        options = np.stack([best, step, leap])
        came[frame] = options.argmax(axis=0)
        best = options.max(axis=0) + gain[frame]
    state = count - 1 if count == 1 or best[-1] >= best[-2] else count - 2
    if not np.isfinite(best[state]):
        return None
    path = [state]
    for frame in range(frames - 1, 0, -1):
        state -= int(came[frame, state])
        path.append(state)
    path.reverse()
    at: dict[int, list[int]] = {}
    for frame, state in enumerate(path):
        at.setdefault(state, []).append(frame)
    return [(at[2 * index + 1][0], at[2 * index + 1][-1] + 1) for index in range(len(symbols))]


def word_spans(log_probs: NDArray[np.float32], words: Sequence[str]) -> list[Span] | None:
    """The frames of every written word; None where one has no letters (figures), or where they do not fit."""
    spelt = [spell(word) for word in words]
    if not all(spelt) or any(sign.isdigit() for word in words for sign in word):
        return None
    spans = letter_spans(log_probs, spell(" ".join(words)))
    if spans is None:
        return None
    found, at = [], 0
    for symbols in spelt:
        found.append((spans[at][0], spans[at + len(symbols) - 1][1]))
        at += len(symbols) + 1  # and the blank behind the word
    return found
