"""Which inputs there are to choose from, and the source of sound that a choice stands for."""

from __future__ import annotations

from app.audio.devices import list_inputs, look_again
from app.audio.file import FileSource
from app.audio.microphone import Microphone
from app.audio.source import AudioSource
from app.errors import AudioError
from app.paths import sample_audio

SAMPLE_INPUT = "sample:"  # no device has this name
_NONE = "No microphone was found. Plug one in and look again, or try the sample."


def find_inputs(again: bool) -> tuple[list[tuple[str, str]], str]:
    """The inputs as (label, value), and a notice where there is no microphone; the sample is always there.

    again  let PortAudio look for new devices, while nothing is recorded
    """
    names, notice = [], ""
    try:
        if again:
            look_again()
        devices = list_inputs()
        # The first choice follows the system's default, also when that changes.
        names = [("System default", ""), *((device.name, device.name) for device in devices)] if devices else []
        notice = "" if names else _NONE
    except AudioError as error:
        notice = str(error)
    return [*names, ("Sample recording (no microphone needed)", SAMPLE_INPUT)], notice


def make_source(name: str) -> AudioSource:
    """The source of sound that the user chose."""
    return FileSource(sample_audio()) if name == SAMPLE_INPUT else Microphone(name or None)
