"""What the user can see of the program."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """The model loads beside these: recording does not wait for it."""

    IDLE = "idle"
    ARMING = "arming"  # the source is open, no sample has arrived yet
    LISTENING = "listening"
    DRAINING = "draining"  # stopped; the last words are being decoded
    FAILED = "failed"  # the model cannot be loaded
