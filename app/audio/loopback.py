"""What the computer plays, as a source of sound: the sound server's on Linux, WASAPI's on Windows (never tried)."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from app.audio.clock import now_s
from app.audio.inbox import AudioInbox
from app.audio.pulse import PulseConnection
from app.errors import AudioError
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

logger = logging.getLogger(__name__)

_WAIT_S = 0.02
_AGAIN_S = 0.5
_SILENT_S = 0.25  # a server that sends nothing is asked so often whether it is still there
# A read that takes so long says that the server or this program stood still; what was sent then comes at once.
_STOOD_STILL_S = 0.5
_CATCH_UP_S = 0.3
# A source that sleeps, because nothing plays, sends nothing for as long as it likes: after so long it is silent.
_PATIENCE = int(0.15 * SAMPLE_RATE_HZ)
_USUAL_DELAY = int(0.03 * SAMPLE_RATE_HZ)  # from being played to being read


class Tap(Protocol):
    """Where one kind of system gives the sound of its loudspeakers."""

    def read(self, wait_s: float) -> Samples:
        """What has come, (n,) at 16 kHz, waiting at most about so long for it. Raises AudioError when it has ended."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class PulseTap:
    """The monitor of the default loudspeaker, whichever that is at the time."""

    def __init__(self, connect: Callable[[], PulseConnection] = PulseConnection) -> None:
        """Raises AudioError when there is no sound server or no loudspeaker."""
        self._server = connect()
        self._sink = ""
        self._tried = self._answered = 0.0
        try:
            self._follow()
        except AudioError:
            self._server.close()
            raise

    def read(self, wait_s: float) -> Samples:
        self._server.wait(wait_s)
        lost = not self._server.is_recording and time.monotonic() - self._tried > _AGAIN_S
        if self._server.take_changed() or lost:
            try:
                self._follow()
            except AudioError as error:  # between two loudspeakers there may be none; a server that has gone says so
                logger.info("system audio: %s", error)
        block = self._server.read()
        if len(block):
            self._answered = time.monotonic()
        elif time.monotonic() - self._answered > _SILENT_S:
            self._server.defaults()  # one that hangs gives no silence: it is a fault
            self._answered = time.monotonic()
        return block

    def close(self) -> None:
        self._server.close()

    def _follow(self) -> None:
        self._tried = time.monotonic()
        sink = self._server.defaults()[0]
        if not sink:
            raise AudioError("There is no loudspeaker whose sound could be heard.", "Connect one.")
        if sink != self._sink or not self._server.is_recording:
            self._server.record("@DEFAULT_MONITOR@")
            self._sink = sink
            logger.info("system audio of %s", sink)


class SoundcardTap:
    """The loopback of the default loudspeaker on Windows, through the soundcard package."""

    def __init__(self) -> None:
        """Raises AudioError when the package is missing or there is no loudspeaker."""
        try:
            import soundcard
        except (ImportError, OSError) as error:
            raise AudioError(f"System audio cannot be used ({error}).", "Install it: pip install soundcard") from None
        self._soundcard = soundcard
        self._speaker, self._looked = "", 0.0
        self._recorder: Any = None
        self._follow()

    def read(self, wait_s: float) -> Samples:
        if time.monotonic() - self._looked > _AGAIN_S:
            self._follow()
        try:
            block = self._recorder.record(int(wait_s * SAMPLE_RATE_HZ))  # silence comes as zeros
        except RuntimeError as error:
            raise AudioError(f"System audio has ended ({error}).", "Choose another loudspeaker.") from None
        return np.ascontiguousarray(block[:, 0], np.float32)

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.__exit__(None, None, None)
            self._recorder = None

    def _follow(self) -> None:
        self._looked = time.monotonic()
        try:
            speaker = self._soundcard.default_speaker().id
            if speaker == self._speaker:
                return
            self.close()
            microphone = self._soundcard.get_microphone(speaker, include_loopback=True)
            recorder = microphone.recorder(SAMPLE_RATE_HZ, channels=1)
            recorder.__enter__()
        except (RuntimeError, IndexError, AttributeError) as error:
            raise AudioError(f"System audio cannot be opened ({error}).", "Choose another loudspeaker.") from None
        self._recorder, self._speaker = recorder, speaker


def open_tap() -> Tap:
    """The way to the loudspeakers' sound on this system. Raises AudioError where there is none."""
    if sys.platform == "linux":
        return PulseTap()
    if sys.platform == "win32":
        return SoundcardTap()
    raise AudioError(
        "This system lets no program hear what others play.",
        "On macOS install BlackHole, a virtual device, let the sound go there as well, and choose it as the input.",
    )


def loopback_fault() -> str:
    """Why the sound of this computer cannot be heard, with a remedy; empty where it can."""
    try:
        open_tap().close()
    except AudioError as error:
        return str(error)
    return ""


class TimeAxis:
    """Where sound that comes irregularly belongs: silence that nobody sends is filled in, so that time runs on."""

    def __init__(self) -> None:
        self._position = 0
        self._slept = True

    def begin(self) -> Samples:
        """The first sample: its arrival tells the reader when time began."""
        return self._go_on(np.zeros(1, np.float32))

    def place(self, block: Samples, now: int) -> Samples:
        """block (n,) that has come when the clock stood at `now` samples -> what goes on from the position before."""
        if len(block) == 0:
            missing = now - _PATIENCE - self._position
            if missing <= 0:
                return block
            self._slept = True
            return self._go_on(np.zeros(missing, np.float32))
        missing = now - _USUAL_DELAY - len(block) - self._position
        if missing > (0 if self._slept else _PATIENCE):
            block = np.concatenate([np.zeros(missing, np.float32), block])
        elif missing < -_USUAL_DELAY:
            # Ahead of the clock, as when a loudspeaker that wakes up sends the time it slept: silence is left out.
            begins = int(np.argmax(block != 0)) if block.any() else len(block)
            block = block[min(begins, -missing) :]
        self._slept = False
        return self._go_on(block)

    def follow(self, block: Samples) -> Samples:
        """block (n,) that goes on from the position before, whatever the clock says."""
        return self._go_on(block)

    def skip(self, now: int) -> int:
        """The samples up to the clock's `now` that never came and were no silence: they are lost."""
        lost = max(0, now - _USUAL_DELAY - self._position)
        self._position += lost
        return lost

    def _go_on(self, block: Samples) -> Samples:
        self._position += len(block)
        return block


class SystemSound:
    """One recording of what the computer plays; make a new one for the next."""

    def __init__(self, open_tap: Callable[[], Tap] = open_tap) -> None:
        self._open_tap = open_tap
        self._inbox = AudioInbox(SAMPLE_RATE_HZ)
        self._stopping = threading.Event()
        self._fault = ""

    def start(self) -> Iterable[AudioChunk]:
        """Raises AudioError where the sound of the loudspeakers cannot be had."""
        tap = self._open_tap()
        threading.Thread(target=self._read, args=(tap,), name="system-audio", daemon=True).start()
        return self._inbox

    def stop(self) -> None:
        self._stopping.set()

    def received_s(self) -> float:
        return self._inbox.received / SAMPLE_RATE_HZ

    def take_peak(self) -> float:
        return self._inbox.take_peak()

    def fault(self) -> str:
        return "" if self._stopping.is_set() else self._fault

    def _offer(self, block: Samples, lost: int = 0) -> None:
        if len(block) or lost:
            self._inbox.offer(block, lost)

    def _read(self, tap: Tap) -> None:
        axis, began_s = TimeAxis(), now_s()
        looked_s, catches_up_until = began_s, 0.0
        self._inbox.offer(axis.begin())
        try:
            while not self._stopping.is_set():
                block = tap.read(_WAIT_S)
                before_s, looked_s = looked_s, now_s()
                now = round((looked_s - began_s) * SAMPLE_RATE_HZ)
                if looked_s - before_s > _STOOD_STILL_S:
                    catches_up_until = looked_s + _CATCH_UP_S
                if looked_s < catches_up_until:
                    self._offer(axis.follow(block))
                else:
                    lost = axis.skip(now - len(block)) if catches_up_until else 0
                    catches_up_until = 0.0
                    self._offer(axis.place(block, now), lost)
        except AudioError as error:
            self._fault = str(error)
        finally:
            tap.close()
            self._inbox.close()
