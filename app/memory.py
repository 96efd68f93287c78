"""How much memory this process holds, in MiB, None where the system does not say; and giving back what is free."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

_STATUS = Path("/proc/self/status")  # Linux, see proc(5)
_CLEAR = Path("/proc/self/clear_refs")
_MAPPINGS = Path("/proc/self/smaps")
_PAGE_OUT = 21  # see madvise(2)
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # glibc's numbers for them, see mallopt(3)
_LARGE, _TRIM = 1 << 20, 128 << 10  # its own at the start, but for the first, which is 128 KiB


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


def keep_little() -> None:
    """From now on give buffers of a mebibyte and more back as soon as they are free (glibc).

    By itself it soon keeps all up to 32 MiB for the next one that fits. Live, that is 50 MiB more at the peak, and a
    hundredth of the processor time less.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, _LARGE)
            library.mallopt(_TRIM_THRESHOLD, _TRIM)


def forget_code() -> None:
    """Let go of what was read from program files and not changed (Linux): most of it was needed to start, as a compiler
    is to load what it has compiled. What is needed again is read again, without the disk.

    Another thread may meanwhile have closed such a file and got memory of its own in that place. So nothing is thrown
    away (MADV_DONTNEED), only moved out: what is in use keeps what it holds.
    """
    with contextlib.suppress(OSError, AttributeError, ValueError):  # of another system, or another form of the list
        library = ctypes.CDLL(None)
        for line, kept in _mappings(_MAPPINGS.read_text()):
            first, end = (int(place, 16) for place in line.split()[0].split("-"))
            if kept == 0 and end - first >= _LARGE:
                library.madvise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), _PAGE_OUT)


def _mappings(text: str) -> Iterator[tuple[str, int]]:
    """The read-only mappings of files, and how much of each is our own: see proc(5), smaps."""
    line = ""
    for each in text.splitlines():
        fields = each.split()
        if "-" in fields[0] and not fields[0].endswith(":"):
            line = each if len(fields) > 5 and fields[1] in ("r-xp", "r--p") else ""
        elif line and fields[0] == "Anonymous:":
            yield line, int(fields[1])


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
