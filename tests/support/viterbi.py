"""Viterbi in its plainest form, one table at a time, to check the program's against."""

from __future__ import annotations

import numpy as np

from s2t_core.model.ctc import BLANK


def letter_spans(log_probs, symbols):
    """(frames, symbols + 1) and a text's symbols -> (first, end) frames of each; None where they do not fit."""
    states = [BLANK, *(state for symbol in symbols for state in (symbol, BLANK))]
    leaps = np.array([s >= 2 and states[s] not in (BLANK, states[s - 2]) for s in range(len(states))])
    path = best_path(log_probs[:, states], leaps)
    if path is None:
        return None
    return [(path.index(s), len(path) - path[::-1].index(s)) for s in range(1, len(states), 2)]


def monotonic_spans(weights):
    """(tokens, frames) -> (first, end) frames of each token; None where there are too few frames."""
    path = best_path(np.log(np.maximum(weights, 1e-6)).T)
    if path is None:
        return None
    return [(path.index(s), len(path) - path[::-1].index(s)) for s in range(len(weights))]


def best_path(gains, leaps=None):
    """(frames, states) -> the state of every frame."""
    frames, count = gains.shape
    best = np.full(count, -np.inf)
    begins = 1 if leaps is None else 2
    best[:begins] = gains[0, :begins]
    came = np.zeros((frames, count), dtype=np.int8)
    for frame in range(1, frames):
        options = [best, np.concatenate([[-np.inf], best[:-1]])]
        if leaps is not None:
            options.append(np.where(leaps, np.concatenate([[-np.inf, -np.inf], best[:-2]])[:count], -np.inf))
        came[frame] = np.stack(options).argmax(axis=0)
        best = np.stack(options).max(axis=0) + gains[frame]
    state = count - 2 if leaps is not None and count > 1 and best[-1] < best[-2] else count - 1
    if not np.isfinite(best[state]):
        return None
    path = [state]
    for frame in range(frames - 1, 0, -1):
        state -= int(came[frame, state])
        path.append(state)
    return path[::-1]
