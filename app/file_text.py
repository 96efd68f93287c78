"""The text of a file while it is being transcribed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.audio.file import Sound
from app.errors import AudioError
from s2t_core.errors import AudioFormatError
from s2t_core.events import DocumentEvent, TranscriptEvent
from s2t_core.transcript import TranscriptDocument

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer

BLOCK_S = 1.0  # of sound between two looks at how far a file is


class Shaper(Protocol):
    """Writes what was recognised as the user wishes; one for every recording."""

    def push(self, event: TranscriptEvent) -> tuple[DocumentEvent, ...]: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """The text of the first `done_s` seconds of a file."""

    document: TranscriptDocument
    done_s: float


def hear_file(recognizer: Recognizer, sound: Sound, shaper: Shaper | None = None) -> Iterator[Heard]:
    """The text after each chunk of the file, the last one whole.

    Raises AudioError for a file that is damaged, behind the text of what could be read.
    """
    session = recognizer.open_session(partials=False)
    document, seconds = TranscriptDocument(), 0.0
    fault: AudioError | None = None

    def take(events: tuple[TranscriptEvent, ...]) -> None:
        nonlocal document
        for event in events:
            for shaped in (event,) if shaper is None else shaper.push(event):
                document = document.apply(shaped)

    try:
        for chunk in sound.chunks:
            take(session.push(chunk))
            seconds = (chunk.start + len(chunk.samples)) / chunk.rate
            yield Heard(document, seconds)
    except AudioFormatError as error:
        fault = AudioError(f"{sound.path}: {error.what}", error.remedy)
    except AudioError as error:
        fault = error
    take(session.finish())
    yield Heard(document, seconds)
    if fault is not None:
        raise fault
