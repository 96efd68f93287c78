"""What can go wrong outside the core, said in one line with a remedy."""

from __future__ import annotations

from s2t_core.errors import S2TError


class AppError(S2TError):
    """Base of the program's own errors."""


class AudioError(AppError):
    """A file or device that gives no sound."""


class DisplayError(AppError):
    """There is no screen on which a window could open."""
