"""The sound of films and of the sound files that libsndfile does not know, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import AudioError
from s2t_core.errors import AudioFormatError
from s2t_core.features.resample import check_rate
from s2t_core.types import AudioChunk, Samples

# Forms that hold sound themselves. Lists of other files are not among them: these could name a pipe, or themselves.
_FORMS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dss,dts,dv,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,mxf,ogg,"
    "rm,tak,truehd,tta,voc,w64,wav,wtv,wv"
)
_TIMED_FORMS = ("matroska", "mov", "asf")  # their heads say how long they are; of others FFmpeg guesses it
# Where a later packet says a later time than the samples so far, sound is missing; less is the rounding of time stamps.
_GAP_S = 0.1
_LONGEST_GAP_S = 24 * 3600.0  # more is a damaged time stamp
_CUT_S = 2.0  # a file that ends so much before its time was cut; less is the rounding of heads
_CONVERT = "Convert it to WAV or MP4."
_COPY = "Copy the file again if there is a whole one."


def open_track(path: Path, block_s: float) -> tuple[float, Iterator[AudioChunk], Callable[[], None]]:
    """The first sound track: its length in seconds (0 where the head does not say), its chunks, and what closes it.

    Chunks are mono, of about `block_s`, each at its time in the film. Raises AudioError for a file without sound; the
    chunks raise it behind what could be read of a damaged one.
    """
    container = _opened(path)
    try:
        stream = _track(container, path)
    except AudioError:
        container.close()
        raise
    return _length_s(container, stream), _chunks(container, stream, path, block_s), container.close


def _chunks(container: Any, stream: Any, path: Path, block_s: float) -> Iterator[AudioChunk]:
    rate = stream.rate
    place, waiting, count = 0, list[Samples](), 0
    fault: AudioError | None = None
    try:
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
    except AudioError as error:
        fault = error
    if waiting:
        yield AudioChunk(np.concatenate(waiting), rate, place)
    if fault is not None:
        raise fault


def _frames(container: Any, stream: Any, path: Path) -> Iterator[tuple[int, Samples]]:
    """Decoded frames as (sample at which they are due, mono samples).

    What cannot be decoded is left out, and said behind the last frame: raises AudioError.
    """
    import av

    mixer = _Mixer(stream.rate)
    begun = float(stream.start_time * stream.time_base) if stream.start_time is not None else 0.0
    due = good = damaged = 0  # samples; packets
    reached_s = 0.0
    try:
        for packet in container.demux():
            reached_s = max(reached_s, _end_s(packet))
            if packet.stream is not stream:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                damaged += 1
                continue
            good += 1
            for frame in frames:
                if frame.pts is not None:
                    due = round((float(frame.pts * frame.time_base) - min(begun, 0.0)) * stream.rate)
                samples = mixer.mono(frame)
                yield due, samples
                due += len(samples)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(f"{path} is damaged ({_reason(error)}).", "Convert or copy the file again.") from None
    if damaged > good:  # of encrypted sound a packet here and there passes for a good one
        what = f"The sound of {path} cannot be decoded: it is copy-protected or damaged."
        raise AudioError(what, "Use a copy without protection, or copy the file again.")
    if damaged:
        raise AudioError(f"{path} is damaged: parts of its sound are missing in the text.", _COPY)
    length_s = (container.duration or 0) / 1e6
    if container.format.name.startswith(_TIMED_FORMS) and length_s - reached_s > _CUT_S:
        what = f"{path} breaks off after {reached_s:.0f} of {length_s:.0f} s."
        raise AudioError(what, _COPY)


class _Mixer:
    """Any frame as mono samples at one rate; a broadcast may change from stereo to more channels on its way."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._form: tuple[str, str, int] | None = None
        self._resampler: Any = None

    def mono(self, frame: Any) -> Samples:
        """The samples of a frame, within full scale."""
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._form, self._resampler = form, av.AudioResampler(format="fltp", rate=self._rate)
        with np.errstate(invalid="ignore"):  # what is no number is refused in words
            parts = [part.to_ndarray().mean(axis=0) for part in self._resampler.resample(frame)]
        samples = np.concatenate(parts) if parts else np.zeros(0)
        mono: Samples = np.clip(np.nan_to_num(samples), -1.0, 1.0).astype(np.float32)
        return mono


def _opened(path: Path) -> Any:
    import av

    # No address is ever followed either, whatever a file names.
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMS}
    try:
        return av.open(f"file:{path.resolve()}", metadata_errors="ignore", options=options)
    except (av.error.InvalidDataError, av.error.ArgumentError):
        raise AudioError(f"{path} is not audio or video that can be read.", _CONVERT) from None
    except (av.FFmpegError, OSError, ValueError) as error:
        what = f"{path} is not audio or video that can be read ({_reason(error)})."
        raise AudioError(what, _CONVERT) from None


def _track(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        raise AudioError(f"{path} has no sound.", "Choose a file with a sound track.")
    stream = container.streams.audio[0]
    if stream.codec_context is None or not stream.rate:
        raise AudioError(f"The sound of {path} is of a kind that cannot be read.", _CONVERT)
    try:
        check_rate(stream.rate)
    except AudioFormatError as error:
        raise AudioError(f"{path}: {error.what}", error.remedy) from None
    return stream


def _length_s(container: Any, stream: Any) -> float:
    if stream.duration is not None:
        return max(0.0, float((stream.duration + max(stream.start_time or 0, 0)) * stream.time_base))
    return max(0.0, (container.duration or 0) / 1e6)


def _end_s(packet: Any) -> float:
    """When what the packet holds is over; 0 where it does not say."""
    at = packet.dts if packet.pts is None else packet.pts
    return 0.0 if at is None else float((at + (packet.duration or 0)) * packet.time_base)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).strip().rstrip(".")
