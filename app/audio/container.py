"""The sound of films and of the sound files that libsndfile does not know, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import AudioError
from s2t_core.types import AudioChunk, Samples

# Where a later packet says a later time than the samples so far, sound is missing; less is the rounding of time stamps.
_GAP_S = 0.1
_LONGEST_GAP_S = 24 * 3600.0  # more is a damaged time stamp


def read_chunks(path: Path, block_s: float) -> Iterator[AudioChunk]:
    """The first sound track as mono chunks of about `block_s`, each at its time in the film. Raises AudioError."""
    with _opened(path) as container:
        stream = _track(container, path)
        rate = stream.rate
        place, waiting, count = 0, list[Samples](), 0
        for start, samples in _frames(container, stream, path):
            gap = start - place - count
            if not _GAP_S * rate < gap < _LONGEST_GAP_S * rate:
                gap = 0
            if waiting and (gap or count >= block_s * rate):
                yield AudioChunk(np.concatenate(waiting), rate, place)
                place, waiting, count = place + count, [], 0
            place += gap
            waiting.append(samples)
            count += len(samples)
        if waiting:
            yield AudioChunk(np.concatenate(waiting), rate, place)


def duration_s(path: Path) -> float:
    """Length as the file's head says; 0 where it does not. Raises AudioError for a file without sound."""
    with _opened(path) as container:
        stream = _track(container, path)
        if stream.duration is not None:
            return float(stream.duration * stream.time_base)
        return max(0.0, (container.duration or 0) / 1e6)


def _frames(container: Any, stream: Any, path: Path) -> Iterator[tuple[int, Samples]]:
    """Decoded frames as (sample at which they are due, mono samples). Raises AudioError where nothing more comes."""
    import av

    resampler = av.AudioResampler(format="fltp", rate=stream.rate)
    begun = float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0
    due = 0
    try:
        for frame in container.decode(stream):
            if frame.pts is not None:
                due = round((float(frame.pts * frame.time_base) - min(begun, 0.0)) * stream.rate)
            for part in resampler.resample(frame):
                samples = part.to_ndarray().mean(axis=0).astype(np.float32)
                yield due, np.clip(np.nan_to_num(samples), -1.0, 1.0)
                due += len(samples)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(f"{path} is damaged ({_reason(error)}).", "Convert or copy the file again.") from None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import av

    try:
        # A file may be a list of addresses that FFmpeg would follow: nothing but files is ever opened.
        options = {"protocol_whitelist": "file"}
        container = av.open(f"file:{path.resolve()}", metadata_errors="ignore", options=options)
    except (av.FFmpegError, OSError, ValueError) as error:
        what = f"{path} is not audio or video that can be read ({_reason(error)})."
        raise AudioError(what, "Convert it to WAV or MP4.") from None
    with container:
        yield container


def _track(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        raise AudioError(f"{path} has no sound.", "Choose a file with a sound track.")
    stream = container.streams.audio[0]
    if not stream.rate:
        raise AudioError(f"The sound of {path} cannot be read.", "Convert it to WAV or MP4.")
    return stream


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).strip().rstrip(".")
