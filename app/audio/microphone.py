"""A microphone through PortAudio: the device's thread copies each block into an inbox and leaves."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from app.audio.devices import (
    CLOSING_THREAD,
    OPEN_RECORDINGS,
    PORTAUDIO_USE,
    DevicesInUse,
    find_input,
    look_again,
    portaudio,
)
from app.audio.inbox import AudioInbox
from app.audio.quiet import quiet_stderr
from app.errors import AudioError
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk

logger = logging.getLogger(__name__)

_BLOCK_S = 0.02
# The sound system holds the last moment of speech when the button is pressed; people speak up to the click.
_POST_ROLL_S = 0.25
# A healthy stream never pauses so long; PortAudio itself does not report a device that hangs.
_SILENT_DEVICE_S = 2.0
_FIRST_BLOCK_S = 6.0  # wireless devices take their time to wake up
_EXIT_S = 2.0  # the program does not wait longer for a device when it ends
_STEP_S = 0.5  # between two looks no more counts as silence: a program that was stopped has not listened meanwhile
_LOST = "Check that it is plugged in."


class Microphone:
    """One recording from one device; make a new one for the next."""

    def __init__(self, name: str | None = None) -> None:
        """name  a part of the device's name, or its number; None: the default device"""
        self._name = name
        self.device = name or "The default microphone"  # as it is called in a sentence
        self._inbox: AudioInbox | None = None
        self._stream: Any = None
        self._closing = threading.Thread()
        self._stopped = False
        self._ended = False  # by itself; written by PortAudio's thread
        self._looked = 0.0  # when `fault` was asked last
        self._seen, self._silent_s = 0, 0.0  # the samples there were then; since when there have been no more
        self._adc_end = 0.0  # where the last block ended, on the device's clock

    def start(self) -> Iterable[AudioChunk]:
        """Open the device at 16 kHz, or at its own rate where it refuses; a sound server that hangs is waited for.

        Raises AudioError.
        """
        with PORTAUDIO_USE:
            try:
                look_again()
            except DevicesInUse as error:
                logger.info("the devices that were there are used: %s", error)
            return self._start()

    def _start(self) -> Iterable[AudioChunk]:
        device = find_input(self._name)
        if self._name is not None:
            self.device = device.name
        elif device.name != "default":  # ALSA's own name for it says nothing
            self.device = f"The default microphone ({device.name})"
        refused = ""
        for rate in dict.fromkeys((SAMPLE_RATE_HZ, device.rate)):
            try:
                self._open(device.index, rate)
            except portaudio().PortAudioError as error:
                refused = _reason(error)
                continue
            assert self._inbox is not None
            return self._inbox
        remedy = "Check that it is plugged in and that no other program holds it, or choose another input device."
        raise AudioError(f"{self.device} cannot be opened ({refused}).", remedy)

    def stop(self) -> None:
        already, self._stopped = self._stopped, True
        if self._stream is not None and not already:
            # Away from the caller: a sound server that hangs blocks these calls for half a minute.
            self._closing = threading.Thread(target=self._shut, name=CLOSING_THREAD, daemon=True)
            self._closing.start()

    def received_s(self) -> float:
        return self._inbox.received / self._inbox.rate if self._inbox else 0.0

    def take_peak(self) -> float:
        return self._inbox.take_peak() if self._inbox else 0.0

    def fault(self) -> str:
        if self._stopped or self._inbox is None:
            return ""
        if self._ended:
            return f"{self.device} was disconnected. {_LOST}"
        now, received = time.monotonic(), self._inbox.received
        self._silent_s = self._silent_s + min(now - self._looked, _STEP_S) if received == self._seen else 0.0
        self._looked, self._seen = now, received
        if self._silent_s > (_SILENT_DEVICE_S if received else _FIRST_BLOCK_S):
            return f"{self.device} has stopped sending sound. {_LOST}"
        return ""

    def _open(self, index: int, rate: int) -> None:
        inbox = AudioInbox(rate)
        with quiet_stderr():
            stream = portaudio().InputStream(
                device=index,
                samplerate=rate,
                channels=1,
                dtype="float32",
                blocksize=int(_BLOCK_S * rate),  # fixed: with 0 some hosts deliver single samples
                callback=self._receive,
                finished_callback=self._finished,
            )
        self._inbox, self._looked, self._adc_end, self._ended = inbox, time.monotonic(), 0.0, False
        try:
            stream.start()
        except Exception:
            stream.close()
            self._inbox = None
            raise
        self._stream = stream
        OPEN_RECORDINGS.add(self)
        atexit.register(self._close_at_exit)
        logger.info("recording from %s at %d Hz", self.device, rate)

    def _receive(self, block: np.ndarray, frames: int, times: Any, status: Any) -> None:
        """On PortAudio's thread: copy and leave."""
        inbox = self._inbox
        if inbox is None:
            return
        began = times.inputBufferAdcTime
        lost = max(0, round((began - self._adc_end) * inbox.rate)) if status.input_overflow and self._adc_end else 0
        self._adc_end = began + frames / inbox.rate
        inbox.offer(block[:, 0].copy(), lost)

    def _finished(self) -> None:
        self._ended = True

    def _close_at_exit(self) -> None:
        """Runs before sounddevice's own exit handler, which never returns while a stream is still being closed."""
        self.stop()
        self._closing.join(_EXIT_S)
        if self._closing.is_alive():
            atexit.unregister(portaudio()._exit_handler)

    def _shut(self) -> None:
        if not self._ended:
            time.sleep(_POST_ROLL_S)
        assert self._inbox is not None
        self._inbox.close()
        try:
            self._stream.abort()
            self._stream.close()
        except portaudio().PortAudioError as error:
            logger.info("closing %s: %s", self.device, error)
        OPEN_RECORDINGS.discard(self)
        atexit.unregister(self._close_at_exit)


def _reason(error: Exception) -> str:
    """The sound system's own words, without PortAudio's around them."""
    host = error.args[2] if len(error.args) > 2 else None
    text = (host[2] if host else "") or (error.args[0] if error.args else "")
    return str(text).strip() or type(error).__name__
