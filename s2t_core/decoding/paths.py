"""The best ways to lay sequences of states over frames, in order, many at once and on any device."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Path = NDArray[np.int64]  # (frames,) the state of each frame; it never falls


@torch.inference_mode()
def best_paths(gains: Tensor, frames: list[int], states: list[int], leaps: Tensor | None = None) -> list[Path | None]:
    """The path of every row with the largest sum of gains (Viterbi); None where there are too few frames for one.

    gains   (frames, rows, states), behind the row's own `frames` and `states` anything
    leaps   (rows, states) bool, whether a state can follow the one before the last, leaving out the last. A path may
            then begin with the second state and end with the last but one; else it goes through all of them
    """
    count, rows, wide = gains.shape
    best = torch.full((rows, wide + 2), -torch.inf, dtype=torch.float64, device=gains.device)  # two none comes from
    best[:, 2] = gains[0, :, 0]
    if leaps is not None:
        best[:, 3] = gains[0, :, 1]
        barred = torch.zeros(rows, wide, dtype=torch.float64, device=gains.device).masked_fill_(~leaps, -torch.inf)
    last = torch.tensor(states, device=gains.device).unsqueeze(1) + 1
    last = torch.cat([last, last - 1], dim=1) if leaps is not None else last
    moves = torch.zeros(gains.shape, dtype=torch.int8, device=gains.device)
    ends = torch.empty(count, *last.shape, dtype=torch.float64, device=gains.device)
    ends[0] = best.gather(1, last)
    for frame in range(1, count):
        ways = [best[:, 2:], best[:, 1:-1]]
        if leaps is not None:
            ways.append(best[:, :-2] + barred)
        top, moves[frame] = torch.stack(ways).max(dim=0)
        torch.add(top, gains[frame], out=best[:, 2:])
        ends[frame] = best.gather(1, last)
    return _back(moves.cpu().numpy(), ends.cpu().numpy(), np.array(frames), np.array(states))


def _back(
    moves: NDArray[np.int8], ends: NDArray[np.float64], frames: NDArray[np.int64], states: NDArray[np.int64]
) -> list[Path | None]:
    """The paths, from their ends: moves (frames, rows, states) into each state, ends (frames, rows, 1 or 2) of the last
    state and the last but one."""
    rows = np.arange(len(frames))
    scores = ends[frames - 1, rows]  # (rows, 1 or 2)
    choice = scores.argmax(axis=1)
    state = states - 1 - choice
    paths = np.empty((len(moves), len(rows)), dtype=np.int64)
    for frame in range(len(moves) - 1, -1, -1):
        paths[frame] = state
        state = state - moves[frame, rows, state] * (frame < frames)
    possible = np.isfinite(scores[rows, choice])
    return [paths[:end, row] if good else None for row, (end, good) in enumerate(zip(frames, possible, strict=True))]
