"""The log file: what happened and where in the program, never what was dictated.

An error about a text often quotes it. The file therefore has the whole way to an error, but its words only where they
are this program's own or the operating system's.
"""

from __future__ import annotations

import io
import logging
import os
import sqlite3
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from typing import Any

from app.paths import log_file
from app.private_files import narrow, private_folder
from s2t_core.errors import S2TError

_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
_LARGEST = 500_000  # bytes
_OUTSPOKEN = (
    S2TError,
    OSError,
    sqlite3.Error,
    ImportError,
    MemoryError,
)  # they quote names of files and modules at most


class DiscreetFormatter(logging.Formatter):
    """Leaves out the words of errors that may quote what was dictated."""

    def format(self, record: logging.LogRecord) -> str:
        told = logging.makeLogRecord(record.__dict__)  # others write the record in full
        told.exc_text = None
        if isinstance(record.args, tuple):
            told.args = tuple(_told(one) if isinstance(one, BaseException) else one for one in record.args)
        return super().format(told)

    def formatException(self, ei: Any) -> str:
        return "".join(_way_to(ei[1], set())).rstrip()


class PrivateLog(RotatingFileHandler):
    """A log that this user alone can read, the rotated one as well."""

    def _open(self) -> io.TextIOWrapper:
        number = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return open(number, "a", encoding="utf-8", errors="backslashreplace")  # noqa: PTH123


def start_logging(debug: bool) -> None:
    """Log to the user's file, and with `debug` to stderr as well, there with the words of every error.

    A log that cannot be written is done without.
    """
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    handlers: list[logging.Handler] = []
    try:
        private_folder(log_file().parent)
        narrow(log_file())
        handlers.append(PrivateLog(log_file(), maxBytes=_LARGEST, backupCount=1, delay=True))
        handlers[0].setFormatter(DiscreetFormatter(_FORMAT))
    except OSError:
        handlers.append(logging.NullHandler())
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[-1].setFormatter(logging.Formatter(_FORMAT))
    for handler in handlers:
        root.addHandler(handler)
    logging.raiseExceptions = debug  # a full disk must not fill the terminal


def log_thread(ended: threading.ExceptHookArgs) -> None:
    """For threading.excepthook: Python itself writes to stderr, which desktops keep in logs of their own."""
    if ended.exc_value is not None:
        logging.getLogger(__name__).error("a thread has ended", exc_info=ended.exc_value)


def _way_to(error: BaseException | None, seen: set[int]) -> list[str]:
    """The lines of a traceback, of what led to it first."""
    if error is None or id(error) in seen:
        return []
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    led = _way_to(before, seen)
    lines = [*led, "which led to:\n"] if led else []
    return [*lines, *traceback.format_tb(error.__traceback__), f"{_told(error)}\n"]


def _told(error: BaseException) -> str:
    if isinstance(error, _OUTSPOKEN):
        return f"{type(error).__name__}: {error}"
    return f"{type(error).__name__} (its words are left out)"
