"""Which input devices there are. PortAudio is imported late: without its library the import itself fails."""

from __future__ import annotations

import atexit
import contextlib
import functools
import sys
import threading
from dataclasses import dataclass
from typing import Any

from app.audio.quiet import quiet_stderr
from app.errors import AudioError

_INSTALL = {
    "linux": "Install it with: sudo apt install libportaudio2",
    "darwin": "Install it with: brew install portaudio",
}


# To restart PortAudio while it is used crashes: whoever restarts it, asks it or opens a recording holds the lock.
PORTAUDIO_USE = threading.RLock()
OPEN_RECORDINGS: set[object] = set()
CLOSING_THREAD = "microphone-stop"  # PortAudio must not be restarted while a thread of this name runs
_CLOSING_S = 1.5
_EXIT_S = 2.0  # the program does not wait longer for PortAudio when it ends


class DevicesInUse(AudioError):
    """PortAudio cannot look for devices now."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A device that can record; `index` holds until PortAudio looks for devices again."""

    index: int
    name: str
    rate: int  # Hz, its own
    is_default: bool


def portaudio() -> Any:
    """The sounddevice module. Raises AudioError where PortAudio is missing or does not start."""
    try:
        with quiet_stderr():
            import sounddevice
    except (ImportError, OSError) as error:
        remedy = _INSTALL.get(sys.platform, "Install sounddevice again: pip install --force-reinstall sounddevice")
        raise AudioError(f"PortAudio cannot be used ({error}).", remedy) from None
    except Exception as error:  # PortAudioError: the class comes with the module that did not import
        raise AudioError(f"PortAudio does not start ({error}).", "Restart the computer's sound server.") from None
    _guard_exit()
    return sounddevice


@functools.cache
def _guard_exit() -> None:
    """Once, and after sounddevice has registered a handler of its own: the last one registered runs first."""
    atexit.register(_leave)


def _leave() -> None:
    """Runs before sounddevice's own exit handler, which never returns while PortAudio is stuck in another thread."""
    if PORTAUDIO_USE.acquire(timeout=_EXIT_S):
        PORTAUDIO_USE.release()
    else:
        atexit.unregister(portaudio()._exit_handler)


def look_again() -> None:
    """Let PortAudio find devices that were plugged in since it started.

    Raises DevicesInUse while something records, or while the last recording is still being closed, as when the sound
    server hangs; AudioError when PortAudio does not start.
    """
    sounddevice = portaudio()
    for thread in threading.enumerate():
        if thread.name == CLOSING_THREAD:
            with contextlib.suppress(RuntimeError):  # one that is only just beginning: its recording is still open
                thread.join(_CLOSING_S)
            if thread.is_alive():
                raise DevicesInUse("The last recording is still being closed.", "Wait a moment, then try again.")
    with PORTAUDIO_USE:
        if OPEN_RECORDINGS:
            raise DevicesInUse("A recording is running.", "Look for devices again when it is over.")
        try:
            with quiet_stderr():
                sounddevice._terminate()
                sounddevice._initialize()
        except sounddevice.PortAudioError as error:
            raise AudioError(f"PortAudio does not start ({error}).", "Restart the computer's sound server.") from None


def list_inputs() -> tuple[InputDevice, ...]:
    """All devices that can record. Raises AudioError where PortAudio is missing."""
    sounddevice = portaudio()
    try:
        with PORTAUDIO_USE:
            found = sounddevice.query_devices()
            default = sounddevice.default.device[0]
    except sounddevice.PortAudioError as error:
        raise AudioError(f"The devices cannot be listed ({error}).", "Restart the computer's sound server.") from None
    return tuple(
        InputDevice(device["index"], device["name"], int(device["default_samplerate"]), device["index"] == default)
        for device in found
        if device["max_input_channels"] > 0
    )


def find_input(name: str | None) -> InputDevice:
    """The device of this name (a part of it is enough, or its number), or the default one.

    Raises AudioError when there is no such device, or none at all.
    """
    devices = list_inputs()
    if not devices:
        raise AudioError("No microphone was found.", "Plug one in, or try a file: dictate listen --file FILE")
    if name is None:
        return next((device for device in devices if device.is_default), devices[0])
    wanted = name.casefold()
    exact = [device for device in devices if wanted in (device.name.casefold(), str(device.index))]
    partly = [device for device in devices if wanted in device.name.casefold()]
    if exact or partly:
        return (exact or partly)[0]
    listed = ", ".join(device.name for device in devices)
    raise AudioError(f"There is no input device {name!r}.", f"There are: {listed}.")
