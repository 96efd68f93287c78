"""What the user can see of the program."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """The model loads beside these: recording does not wait for it."""

    IDLE = "idle"
    ARMING = "arming"  # the source is open, no sample has arrived yet
    LISTENING = "listening"
    PAUSING = "pausing"  # the last words before a pause are being decoded
    PAUSED = "paused"  # the microphone is closed; the recording can go on
    DRAINING = "draining"  # stopped; the last words are being decoded
    FAILED = "failed"  # the model cannot be loaded

    @property
    def is_recording(self) -> bool:
        """Sound is being taken."""
        return self in (State.ARMING, State.LISTENING)
