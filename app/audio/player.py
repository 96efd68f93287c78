"""Plays a stretch of a recording, so that a word can be heard again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import soundfile

from app.audio.devices import OPEN_RECORDINGS, PORTAUDIO_USE, portaudio
from app.audio.quiet import quiet_stderr
from app.errors import AudioError, sentence

logger = logging.getLogger(__name__)

_BLOCK_S = 0.05


class Player:
    """One stretch at a time, on a thread of its own. `moved` is called there with the time in the recording, in
    seconds, and with None at the end; `report` with what went wrong."""

    def __init__(self, moved: Callable[[float | None], None], report: Callable[[str], None]) -> None:
        self._moved = moved
        self._report = report
        self._stop = threading.Event()
        self._thread = threading.Thread()

    def play(self, path: Path, start_s: float, end_s: float) -> None:
        """Play from one time to another; what is playing stops."""
        self.stop()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(path, start_s, end_s, self._stop), name="player", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Be silent soon."""
        self._stop.set()

    def join(self, wait_s: float) -> None:
        """Wait until it is silent."""
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _run(self, path: Path, start_s: float, end_s: float, stop: threading.Event) -> None:
        with PORTAUDIO_USE:
            OPEN_RECORDINGS.add(self)  # PortAudio is not restarted under what plays, either
        try:
            self._play(path, start_s, end_s, stop)
        except Exception as error:  # thread boundary
            self._report(sentence(error))
        finally:
            OPEN_RECORDINGS.discard(self)
        if not stop.is_set():
            self._moved(None)

    def _play(self, path: Path, start_s: float, end_s: float, stop: threading.Event) -> None:
        sounddevice = portaudio()
        try:
            with soundfile.SoundFile(str(path)) as file, quiet_stderr():
                file.seek(min(int(start_s * file.samplerate), file.frames))
                left = int((end_s - start_s) * file.samplerate)
                block = int(_BLOCK_S * file.samplerate)
                with sounddevice.OutputStream(samplerate=file.samplerate, channels=1, dtype="float32") as stream:
                    while left > 0 and not stop.is_set():
                        samples = file.read(min(block, left), dtype="float32", always_2d=True)[:, :1]
                        if len(samples) == 0:
                            break
                        self._moved(file.tell() / file.samplerate)
                        stream.write(samples)
                        left -= len(samples)
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{path.name} cannot be played ({error}).", "It may have been deleted.") from None
        except sounddevice.PortAudioError as error:
            raise AudioError(f"No sound can be played ({error}).", "Check the loudspeakers.") from None
