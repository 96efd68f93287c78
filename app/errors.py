"""What can go wrong outside the core, and how any error is said in one line."""

from __future__ import annotations

import logging

from app.paths import log_file
from s2t_core.errors import S2TError

logger = logging.getLogger(__name__)


class AppError(S2TError):
    """Base of the program's own errors."""


class WrongUse(AppError):
    """Words of the command line that do not go together."""


class AudioError(AppError):
    """A file or device that gives no sound."""


class DisplayError(AppError):
    """There is no screen on which a window could open."""


def sentence(error: Exception) -> str:
    """The one line in which a user is told of `error`; what nobody foresaw goes to the log in full."""
    if isinstance(error, S2TError):
        return str(error)
    logger.error("unexpected error", exc_info=error)
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return f"Something went wrong ({reason}). The log has details: {log_file()}"
