"""The best way to lay a sequence of states over frames, in order (Viterbi)."""

from __future__ import annotations

import numpy as np

from s2t_core.kernels.compiling import compiled

_NONE_BEFORE = 2  # places for states that none comes from


@compiled()
def best_path(gains, leaps, may_leap):
    """gains (frames, states) -> the state of each frame with the largest sum, that never falls; empty where there are
    too few frames for a path.

    leaps     (states,) bool, whether a state can follow the one before the last, leaving out the last
    may_leap  a path may then also begin with the second state and end with the last but one; else `leaps` counts for
              nothing, and it goes through all of them
    """
    frames, states = gains.shape
    best, new = np.full(states + _NONE_BEFORE, -np.inf), np.full(states + _NONE_BEFORE, -np.inf)
    begins = 2 if may_leap and states > 1 else 1
    best[_NONE_BEFORE : _NONE_BEFORE + begins] = gains[0, :begins]
    moves = np.zeros((frames, states), np.int8)
    for frame in range(1, frames):
        for state in range(states):
            top, move = best[state + 2], 0
            if best[state + 1] > top:
                top, move = best[state + 1], 1
            if may_leap and leaps[state] and best[state] > top:
                top, move = best[state], 2
            new[state + 2] = top + gains[frame, state]
            moves[frame, state] = move
        best, new = new, best
    state = states - 1
    if may_leap and states > 1 and best[state + 1] > best[state + 2]:
        state -= 1
    if best[state + 2] == -np.inf:
        return np.empty(0, np.int64)
    path = np.empty(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= moves[frame, state]
    return path
