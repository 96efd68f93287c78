"""Times of several engines at the same work, in turn, and the table of them. Nothing of a model is known here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from app.figures import markdown

Work = Callable[[], Any]
Clock = Callable[[], float]
HEADINGS = ("row", "engine", "ms", "bound ms", "of the bound %", "times as fast as the row's first")


def row(
    name: str,
    works: Mapping[str, Work],
    repeats: int,
    bounds: Mapping[str, float] | None = None,
    share: float = 1.0,
    clock: Clock = time.process_time,
) -> dict[str, Any]:
    """One line: medians and bounds in ms, of a `share` of each work, and how many times as fast as the first.

    bounds  seconds, of the engines that have one
    """
    times = {name: 1000 * share * median(each) for name, each in interleaved(works, repeats, clock).items()}
    first = next(iter(times.values()), 0.0)
    return {
        "row": name,
        "ms": {name: round(value, 3) for name, value in times.items()},
        "bound ms": {name: round(1000 * value, 3) for name, value in (bounds or {}).items() if name in times},
        "ratio": {name: round(first / value, 2) for name, value in times.items()},
    }


def interleaved(works: Mapping[str, Work], repeats: int, clock: Clock) -> dict[str, list[float]]:
    """Seconds of every work, one after the other in turn, once each has run."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            times[name].append(clocked(work, clock))
    return times


def clocked(work: Work, clock: Clock) -> float:
    """Seconds that it takes."""
    start = clock()
    work()
    return clock() - start


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line for every engine of every row."""
    cells = []
    for found in rows:
        for name, value in found["ms"].items():
            bound = found["bound ms"].get(name)
            near = ("", "") if bound is None else (f"{bound:.2f}", f"{100 * bound / value:.0f}")
            cells.append([found["row"], name, f"{value:.2f}", *near, f"{found['ratio'][name]:.2f}"])
    return markdown(HEADINGS, cells)
