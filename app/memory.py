"""How much memory this process holds, in MiB, None where the system does not say; and giving back what is free."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")  # Linux, see proc(5)
_CLEAR = Path("/proc/self/clear_refs")


def resident_mb() -> float | None:
    """What is in memory now; where only a peak is known, that."""
    found = _status("VmRSS")
    return peak_mb() if found is None else found


def peak_mb() -> float | None:
    """The most that was in memory since the start or the last `forget_peak`."""
    found = _status("VmHWM")
    return _usage() if found is None else found


def forget_peak() -> None:
    """Begin a new peak, where the system lets us; else the old one stays."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")


def give_back() -> None:
    """Return freed memory to the system where the C library would keep it (glibc); takes some 20 ms.

    The buffers of a segment grow while it is spoken. What is freed lies scattered among what is not, and without this
    an hour of segments of all lengths holds twice the memory of the first minute.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
            ctypes.CDLL(None).malloc_trim(0)


def _status(name: str) -> float | None:
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    return None


def _usage() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / unit
