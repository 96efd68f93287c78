"""A clock that goes on while the computer sleeps, so that what was missed meanwhile has a length."""

from __future__ import annotations

import sys
import time


def now_s() -> float:
    """Seconds since some moment before the program began; never goes back, whoever sets the time of day.

    Linux: CLOCK_BOOTTIME, since CLOCK_MONOTONIC stands still in sleep (clock_gettime(2)). macOS: CLOCK_MONOTONIC_RAW,
    which goes on there, unlike time.monotonic (clock_gettime(3) of Darwin). Windows: time.monotonic, whose
    GetTickCount64 or QueryPerformanceCounter counts sleep. Tried on Linux only.
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
    return time.monotonic()
