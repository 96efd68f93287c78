"""What one worker of a cluster does: it loads the model, and turns files that it is named into transcripts.

Paths and results alone travel between the computers. Sound, texts and model are read and written by each of them
through storage that all share.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.audio.file import open_sound
from app.export import ExportOptions
from app.file_text import BLOCK_S
from app.paths import embedded_model
from app.transcribe import save_transcript
from s2t_core.errors import S2TError
from s2t_core.types import DecodingOptions

if TYPE_CHECKING:
    from s2t_core.recognizer import Recognizer


@dataclass(frozen=True, slots=True)
class Wish:
    """What holds for all files.

    fingerprint  of the model, the same on every computer
    manifest     a file in the output folder, by which a worker sees that the storage is shared
    """

    model: Path
    fingerprint: str
    device: str
    beams: int | None
    wishes: DecodingOptions
    form: str
    options: ExportOptions
    manifest: Path


@dataclass(frozen=True, slots=True)
class Job:
    """A file: its absolute path, the name that it was given by, where its transcript goes, how long it is or seems."""

    path: Path
    name: Path
    target: Path
    length_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a file ended: `reason` is empty where all is well; `trace` is the way to an error that nobody foresaw."""

    job: Job
    audio_s: float = 0.0
    wall_s: float = 0.0
    reason: str = ""
    trace: str = ""


class Worker:
    """Of one GPU, or of one core. It lives in a process of its own, somewhere in the cluster."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._recognizer: Recognizer | None = None

    def prepare(self) -> str:
        """Load the model; returns why this worker is of no use, empty where it is."""
        wish, here = self._wish, platform.node()
        if self._recognizer is not None:
            return ""
        if not wish.manifest.is_file():
            return f"{here} does not see {wish.manifest}. Output and recordings need the same path on every computer."
        try:
            folder = wish.model if wish.model.is_dir() else embedded_model()
            if fingerprint(folder) != wish.fingerprint:
                return f"{here} has another model in {folder}. Install the same version of dictate on every computer."
            # As many processes as cores work: more threads in each would only be in each other's way.
            os.environ["OMP_NUM_THREADS"] = "1"
            os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
            from s2t_core.recognizer import load

            self._recognizer = load(folder, wish.device, wish.beams, wishes=wish.wishes)
        except Exception as error:
            return f"{here}: {_reason(error)}"
        return ""

    def hear(self, batch: Sequence[Job]) -> tuple[Outcome, ...]:
        """Write the transcripts of these files; a bad one does not keep the others back."""
        return tuple(self._transcribe(job) for job in batch)

    def _transcribe(self, job: Job) -> Outcome:
        began, audio_s = time.monotonic(), 0.0
        fault: Exception | None
        try:
            assert self._recognizer is not None
            with contextlib.closing(open_sound(job.path, BLOCK_S)) as opened:
                sound = replace(opened, path=job.name)  # a transcript names its recording as the user does
                transcript, fault = save_transcript(
                    self._recognizer, sound, self._wish.form, job.target, self._wish.options
                )
                audio_s = transcript.duration_s
        except Exception as error:
            fault = error
        wall_s = round(time.monotonic() - began, 3)
        if fault is None:
            return Outcome(job, audio_s, wall_s)
        foreseen = isinstance(fault, S2TError)
        trace = "" if foreseen else "".join(traceback.format_tb(fault.__traceback__))
        return Outcome(job, audio_s, wall_s, _reason(fault), trace)


def fingerprint(folder: Path) -> str:
    """The same for the same model, wherever it lies. Raises OSError."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".md"):
        with file.open("rb") as stream:
            digest.update(f"{file.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """The words of an error that nobody foresaw may quote what was said; they stay here."""
    return str(error) if isinstance(error, S2TError) else f"Something went wrong ({type(error).__name__})."
