"""The log file, and the tracebacks that users are spared unless they ask for them."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler

from app.paths import log_file

_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


def start_logging(debug: bool) -> None:
    """Log to the user's file, and to stderr as well with `debug`. A log that cannot be written is done without."""
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handlers: list[logging.Handler] = [RotatingFileHandler(log_file(), maxBytes=500_000, backupCount=1, delay=True)]
    except OSError:
        handlers = []
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers or [logging.NullHandler()]:
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
    logging.raiseExceptions = debug  # a full disk must not fill the terminal
