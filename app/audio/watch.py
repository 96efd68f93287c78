"""Notices that inputs come and go, without a restart of PortAudio for every look."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from app.audio.devices import OPEN_RECORDINGS, InputDevice, list_inputs, look_again
from app.audio.pulse import PulseConnection
from app.errors import AudioError

logger = logging.getLogger(__name__)

_LOOK_S = 1.0
_STOP_S = 2.0  # a sound server that hangs does not hold the end of the program up
_SETTLE_S = 0.5  # a device that is plugged in appears in several steps
_TURNS = 20  # a message of the server takes some to get through
_CARDS = Path("/proc/asound/cards")

Signature = tuple[str, ...]  # differs when other inputs are there


class InputSignature:
    """What the system says of its inputs, cheaply: the sound server's sources and the kernel's sound cards (Linux)."""

    def __init__(self, connect: Callable[[], PulseConnection] | None = None, cards: Path = _CARDS) -> None:
        """connect  to the sound server; None: PulseAudio's or PipeWire's on Linux, elsewhere none is asked"""
        self._connect = connect or (PulseConnection if sys.platform == "linux" else None)
        self._cards = cards
        self._server: PulseConnection | None = None
        self._sources: Signature = ()

    def take(self) -> Signature:
        """The signature of now."""
        try:
            return (*self._ask_server(), self._kernel())
        except AudioError as error:
            logger.debug("the sound server was not asked: %s", error)
            self.close()
            self._sources = ()
            return (self._kernel(),)

    def close(self) -> None:
        """Leave the sound server."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _ask_server(self) -> Signature:
        if self._connect is None:
            return ()
        if self._server is None:
            self._server = self._connect()
        for _ in range(_TURNS):
            if not self._server.wait(0.0):  # who waits for what does not come wakes the processor once more
                break
        if self._server.take_changed():
            found = self._server.sources()
            self._sources = tuple(f"{one.name} {one.is_default}" for one in found if not one.is_monitor)
        return self._sources

    def _kernel(self) -> str:
        try:
            return self._cards.read_text(encoding="utf-8", errors="replace")
        except OSError:  # other systems, and containers, have none
            return ""


class InputWatch:
    """Calls `report` with the inputs there are whenever they change, on a thread of its own.

    While something records the list cannot be read anew; it is reported when that is over.
    """

    def __init__(
        self,
        report: Callable[[tuple[InputDevice, ...]], None],
        signature: InputSignature | None = None,
        pause_s: float = _LOOK_S,
    ) -> None:
        self._report = report
        self._signature = signature or InputSignature()
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="input-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch. What is there now is known to the caller and not reported."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing is reported afterwards."""
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            known = self._signature.take()
            while not self._stopping.wait(self._pause_s):
                seen = self._signature.take()
                if seen != known and not OPEN_RECORDINGS:
                    seen = self._settled(seen)
                    if self._look():
                        known = seen
        finally:
            self._signature.close()

    def _settled(self, seen: Signature) -> Signature:
        """The signature once it no longer changes."""
        while not self._stopping.wait(min(_SETTLE_S, self._pause_s)):
            before, seen = seen, self._signature.take()
            if seen == before:
                break
        return seen

    def _look(self) -> bool:
        """Report the inputs; whether that was possible."""
        try:
            look_again()
            devices = list_inputs()
        except AudioError as error:
            logger.info("inputs have changed, but cannot be listed: %s", error)
            return False
        if not self._stopping.is_set():
            self._report(devices)
        return True
