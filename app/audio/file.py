"""Audio and video files, at once or at the pace of speech."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from app.audio import container
from app.audio.quiet import quiet_stderr
from app.errors import AudioError
from s2t_core.errors import AudioFormatError
from s2t_core.features.resample import check_rate
from s2t_core.types import AudioChunk, Samples, check_samples, join_chunks

# What people have and this program reads; for dialogs and for files that are dropped.
SUFFIXES = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64", ".voc",
    ".m4a", ".m4b", ".aac", ".ac3", ".wma", ".amr", ".awb", ".dss", ".ape", ".wv", ".tta", ".mka", ".weba",
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ogv", ".avi", ".wmv", ".asf", ".3gp", ".3g2", ".flv", ".f4v", ".mpg",
    ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".mxf", ".wtv",
)  # fmt: skip
_PACED_BLOCK_S = 0.02
_MOST_VALUES = 1 << 22  # that are read at once, of all channels; a head can name a thousand of them
_LONGEST_S = 1e8  # three years; more is a damaged head


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A file read from front to end: soundfile seeks after every read, and seeking makes MP3 streams fall silent."""

    def seekable(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Sound:
    """An open file. Its chunks are read as they are asked for; whoever opened it closes it.

    length_s  by the file's header; 0 where that does not say
    chunks    mono, each at its time; raise AudioError where the file holds no sound, and behind what could be read of
              a damaged one
    """

    path: Path
    length_s: float
    chunks: Iterator[AudioChunk]
    close: Callable[[], None]


def open_sound(path: Path, block_s: float) -> Sound:
    """Open a file for chunks of about `block_s`. Raises AudioError for what is no audio or video with sound."""
    _check(path)
    file = _opened(path)
    if file is None:
        length_s, chunks, close = container.open_track(path, block_s)
    else:
        length_s, chunks, close = file.frames / file.samplerate, _blocks(file, path, block_s), file.close
    return Sound(path, length_s if length_s < _LONGEST_S else 0.0, _some(chunks, path), close)


def read_chunks(path: Path, block_s: float = 0.1) -> Iterator[AudioChunk]:
    """The file as mono chunks of about `block_s`. Raises AudioError for a file that holds no sound."""
    with contextlib.closing(open_sound(path, block_s)) as sound:
        yield from sound.chunks


def duration_s(path: Path) -> float:
    """Length by the file's header; 0 where that does not say. Raises AudioError."""
    with contextlib.closing(open_sound(path, 1.0)) as sound:
        return sound.length_s


def _blocks(file: Any, path: Path, block_s: float) -> Iterator[AudioChunk]:
    start, count = 0, min(int(block_s * file.samplerate), _MOST_VALUES // file.channels)
    while len(samples := _read(file, path, max(1, count))):
        yield AudioChunk(samples, file.samplerate, start)
        start += len(samples)


def _some(chunks: Iterator[AudioChunk], path: Path) -> Iterator[AudioChunk]:
    empty = True
    for chunk in chunks:
        empty = False
        yield chunk
    if empty:
        raise AudioError(f"{path} holds no audio.", "Choose a file with at least a moment of sound.")


def _check(path: Path) -> None:
    """Raises AudioError for what is no file with something in it."""
    try:
        if not path.exists():
            raise AudioError(f"There is no file {path}.", "Check the name.")
        if path.is_dir():
            raise AudioError(f"{path} is a folder.", "Name the files in it.")
        if not path.is_file():  # a pipe would keep us waiting, a device has no end
            raise AudioError(f"{path} is no ordinary file.", "Save the audio in a file first.")
        if path.stat().st_size == 0:
            raise AudioError(f"{path} is empty.", "Use an audio or video file.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise AudioError(f"{path} cannot be opened ({error.strerror}).", "Check its name and permissions.") from None


def _opened(path: Path) -> Any:
    """The file where libsndfile can read it; None where others may. Raises AudioError for a rate that no sound has."""
    try:
        with quiet_stderr():  # the MP3 decoder talks to the terminal
            file = _Sequential(os.fsencode(path) if os.name == "posix" else path)
    except (soundfile.LibsndfileError, ValueError, TypeError, OSError):
        return None
    try:
        check_rate(file.samplerate)
    except AudioFormatError as error:
        file.close()
        raise AudioError(f"{path}: {error.what}", error.remedy) from None
    return file


def _read(file: Any, path: Path, count: int) -> Samples:
    try:
        with quiet_stderr(), np.errstate(invalid="ignore"):  # what is no number is refused in words
            samples = file.read(count, dtype="float32", always_2d=True).mean(axis=1)
        check_samples(samples)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path} is damaged ({_reason(error)}).", "Convert or copy the file again.") from None
    except AudioFormatError as error:
        raise AudioError(f"{path}: {error.what}", error.remedy) from None
    mono: Samples = np.ascontiguousarray(samples, dtype=np.float32)
    return mono


def _reason(error: Exception) -> str:
    text = getattr(error, "error_string", "") or str(error)
    return " ".join(text.split()).rstrip(".")


class FileSource:
    """A file in the place of a microphone: paced, nothing comes before its time, and all of it once it is due."""

    def __init__(self, path: Path, paced: bool = True) -> None:
        self._path = path
        self._paced = paced
        self._stopped = threading.Event()
        self._peak = 0.0
        self._received_s = 0.0

    def start(self) -> Iterator[AudioChunk]:
        """Raises AudioError at once when the file cannot be read."""
        duration_s(self._path)
        chunks = self._due() if self._paced else read_chunks(self._path)
        return self._watched(chunks)

    def stop(self) -> None:
        self._stopped.set()

    def received_s(self) -> float:
        return self._received_s

    def take_peak(self) -> float:
        peak, self._peak = self._peak, 0.0
        return min(peak, 1.0)

    def fault(self) -> str:
        return ""

    def _watched(self, chunks: Iterator[AudioChunk]) -> Iterator[AudioChunk]:
        for chunk in chunks:
            if self._stopped.is_set():
                return
            self._peak = max(self._peak, float(np.abs(chunk.samples).max()))
            self._received_s = (chunk.start + len(chunk.samples)) / chunk.rate
            yield chunk

    def _due(self) -> Iterator[AudioChunk]:
        began = time.monotonic()
        due: list[AudioChunk] = []
        for block in read_chunks(self._path, _PACED_BLOCK_S):
            if due and block.start != due[-1].start + len(due[-1].samples):  # sound is missing between the two
                yield join_chunks(due)
                due = []
            due.append(block)
            wait = began + (block.start + len(block.samples)) / block.rate - time.monotonic()
            if wait > 0:  # else it is late already, and what is due goes out in one piece
                self._stopped.wait(wait)
                yield join_chunks(due)
                due = []
        if due:
            yield join_chunks(due)
