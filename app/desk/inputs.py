"""Which inputs there are to choose from, and the source of sound that a choice stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.audio.devices import InputDevice, list_inputs, look_again
from app.audio.file import FileSource
from app.audio.loopback import SystemSound
from app.audio.meeting import MeetingSource
from app.audio.microphone import Microphone
from app.audio.source import AudioSource
from app.audio.steady import SteadyMicrophone
from app.errors import AudioError
from app.paths import sample_audio
from app.settings import SoundSettings

SAMPLE_INPUT = "sample:"  # no device has this name
_NONE = "No microphone was found. Plug one in and look again, or try the sample."


def find_inputs(again: bool) -> tuple[list[tuple[str, str]], str]:
    """The inputs as (label, value), and a notice where there is no microphone.

    again  let PortAudio look for new devices, while nothing is recorded
    """
    try:
        if again:
            look_again()
        devices = list_inputs()
    except AudioError as error:
        return offered(()), str(error)
    return offered(devices), "" if devices else _NONE


def offered(devices: Sequence[InputDevice]) -> list[tuple[str, str]]:
    """What can be chosen where there are these devices; the sample is always there."""
    # The first choice follows the system's default, also when that changes.
    names = [("System default", ""), *((device.name, device.name) for device in devices)] if devices else []
    return [*names, ("Sample recording (no microphone needed)", SAMPLE_INPUT)]


def make_source(name: str, settings: SoundSettings, report: Callable[[str], None]) -> AudioSource:
    """The source of sound that the user chose; `report` is told of what goes wrong on the way. Raises AudioError."""
    if name == SAMPLE_INPUT:
        return FileSource(sample_audio())
    if settings.meeting:
        names = settings.own_name, settings.other_name
        return MeetingSource(lambda: Microphone(name or None), SystemSound, report, names)
    return SteadyMicrophone(name or None, report)
