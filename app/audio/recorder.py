"""Keeps the sound of a recording: Opus at 16 kHz in an Ogg file, which can be read as far as it was written."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from app.private_files import private_file, private_folder
from s2t_core.errors import S2TError
from s2t_core.features.resample import StreamingResampler
from s2t_core.types import SAMPLE_RATE_HZ, AudioChunk, Samples

logger = logging.getLogger(__name__)

_SILENCE = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)


class Recorder(threading.Thread):
    """Writes chunks to a file on its own thread; sample n of the file is sample n of the recording at 16 kHz.

    A disk that fails ends the file, with one call of `report` on this thread, and nothing else.
    """

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        super().__init__(name="recorder", daemon=True)
        self._path = path
        self._report = report
        self._chunks: queue.SimpleQueue[AudioChunk | None] = queue.SimpleQueue()
        self._written = 0  # samples
        self._resampler: StreamingResampler | None = None
        self._rate = 0
        self._expected = 0  # start of the next chunk, at its rate

    def put(self, chunk: AudioChunk) -> None:
        """Keep this chunk; returns at once."""
        self._chunks.put(chunk)

    def close(self) -> None:
        """Write what waits and end; does not wait for it."""
        self._chunks.put(None)

    def run(self) -> None:
        try:
            private_folder(self._path.parent)
            private_file(self._path)
            with soundfile.SoundFile(str(self._path), "w", SAMPLE_RATE_HZ, 1, format="OGG", subtype="OPUS") as file:
                while (chunk := self._chunks.get()) is not None:
                    self._take(file, chunk)
                if self._resampler is not None:
                    self._write(file, self._resampler.finish())
        except (OSError, soundfile.LibsndfileError, S2TError) as error:
            logger.warning("the sound is no longer kept: %s", error)
            self._report(f"The sound is not being kept any more ({error}). Dictation goes on.")
            while self._chunks.get() is not None:  # or they would wait in memory
                pass

    def _take(self, file: soundfile.SoundFile, chunk: AudioChunk) -> None:
        if self._resampler is None or chunk.rate != self._rate or chunk.start != self._expected:
            if self._resampler is not None:
                self._write(file, self._resampler.finish())
            self._resampler, self._rate = StreamingResampler(chunk.rate), chunk.rate
            self._fill(file, round(chunk.start * SAMPLE_RATE_HZ / chunk.rate) - self._written)
        self._expected = chunk.start + len(chunk.samples)
        self._write(file, self._resampler.push(chunk.samples))

    def _fill(self, file: soundfile.SoundFile, lost: int) -> None:
        """Silence for sound that never came."""
        while lost > 0:
            self._write(file, _SILENCE[:lost])
            lost -= len(_SILENCE)

    def _write(self, file: soundfile.SoundFile, samples: Samples) -> None:
        file.write(np.clip(samples, -1.0, 1.0))
        self._written += len(samples)
