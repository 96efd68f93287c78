"""What the records of a journal hold: its head, text events with the place where they leave off, and sound."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from s2t_core.events import AudioLost, SegmentClosed, SegmentUpdated, TranscriptEvent
from s2t_core.streaming.mark import OpenMark, SessionMark
from s2t_core.types import AudioChunk, Segment, Word

_SOUND = struct.Struct("<qIH")  # start, rate, bytes of the speaker's name; then the name, then 16-bit samples
_FULL_SCALE = 32768
_LARGEST = 1 << 50  # of any number in a journal: samples of two thousand years
_LAST_YEAR = 9000  # a clock's local time must not run out of years
_MOST_RECORDINGS = 10_000  # in one transcript
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Head:
    """Of a recording: when it began, and what it belongs to.

    transcript  of the history, where it was kept before
    recording   its number in the transcript, from 0
    """

    started_at: datetime
    model: str
    source: str
    transcript: int | None
    recording: int


@dataclass(frozen=True, slots=True)
class Text:
    """Events of one channel in their order. `first` is the number of the first of them in the recording, from 1;
    those that say nothing new are left out, so the numbers are given. `mark` says where the channel leaves off."""

    speaker: str
    events: tuple[tuple[int, TranscriptEvent], ...]
    mark: SessionMark


def pack_head(head: Head) -> bytes:
    """As JSON."""
    return _json({**asdict(head), "started_at": head.started_at.isoformat()})


def unpack_head(payload: bytes) -> Head:
    """Raises ValueError for what is no head."""

    def made(found: Any) -> Head:
        at = datetime.fromisoformat(found["started_at"])
        if at.tzinfo is None or not 1970 <= at.year <= _LAST_YEAR:
            raise ValueError("damaged")
        transcript = None if found["transcript"] is None else _number(found["transcript"])
        recording = _number(found["recording"], _MOST_RECORDINGS)
        return Head(at, str(found["model"]), str(found["source"]), transcript, recording)

    return _checked(payload, made)


def pack_text(text: Text) -> bytes:
    """As JSON."""
    events = [[number, _event_values(event)] for number, event in text.events]
    return _json({"speaker": text.speaker, "events": events, "mark": asdict(text.mark)})


def unpack_text(payload: bytes) -> Text:
    """Raises ValueError for what is no text."""

    def made(found: Any) -> Text:
        speaker = str(found["speaker"])
        events = tuple((_number(number), _event(values, speaker)) for number, values in found["events"])
        return Text(speaker, events, _mark(found["mark"]))

    return _checked(payload, made)


def pack_sound(chunk: AudioChunk) -> bytes:
    """Its samples with 16 bits each."""
    name = chunk.speaker.encode()
    finite = np.nan_to_num(chunk.samples, posinf=1.0, neginf=-1.0)
    samples = np.clip(np.rint(finite * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    return _SOUND.pack(chunk.start, chunk.rate, len(name)) + name + samples.tobytes()


def unpack_sound(payload: bytes) -> AudioChunk:
    """Raises ValueError for what is no sound."""
    if len(payload) < _SOUND.size:
        raise ValueError("too short")
    start, rate, length = _SOUND.unpack_from(payload)
    name = payload[_SOUND.size : _SOUND.size + length]
    samples = payload[_SOUND.size + length :]
    if not 0 <= start <= _LARGEST or not 1 <= rate <= 1_000_000 or len(name) != length or len(samples) % 2:
        raise ValueError("damaged")
    values = np.frombuffer(samples, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    return AudioChunk(values, rate, start, name.decode())


def _event_values(event: TranscriptEvent) -> dict[str, Any]:
    if isinstance(event, AudioLost):
        return {"lost": [event.start_sample, event.end_sample]}
    one = event.segment
    values = {"id": one.id, "from": one.start_sample, "to": one.end_sample, "text": one.committed}
    if isinstance(event, SegmentUpdated):  # its words get other places when it closes
        return {"open": {**values, "more": one.tentative}}
    words = [[word.text, word.start_sample, word.end_sample, word.confidence] for word in one.words]
    return {"closed": {**values, "words": words}}


def _event(values: Any, speaker: str) -> TranscriptEvent:
    if "lost" in values:
        start, end = map(_number, values["lost"])
        return AudioLost(start, max(start, end), speaker)
    is_open = "open" in values
    one = values["open" if is_open else "closed"]
    words = tuple(_word(*word) for word in one.get("words", ()))
    id, start, end = (_number(one[name]) for name in ("id", "from", "to"))
    segment = Segment(id, start, max(start, end), str(one["text"]), str(one.get("more", "")), words, speaker=speaker)
    return SegmentUpdated(segment) if is_open else SegmentClosed(segment)


def _word(text: Any, start: Any, end: Any, confidence: Any) -> Word:
    if not math.isfinite(confidence):
        raise ValueError("damaged")
    return Word(str(text), _number(start), _number(end), float(confidence))


def _mark(values: Any) -> SessionMark:
    one, position, next_id = values["open"], _number(values["position"]), _number(values["next_id"])
    if one is None:
        return SessionMark(position, next_id)
    number, start, own_start, heard = (_number(one[name]) for name in ("number", "start", "own_start", "heard"))
    tokens = tuple(map(_number, one["tokens"]))
    hidden = _number(one["hidden"], len(tokens))
    return SessionMark(position, next_id, OpenMark(number, start, own_start, heard, tokens, hidden, str(one["text"])))


def _number(value: Any, most: int = _LARGEST) -> int:
    """Raises ValueError for what is none from 0 to `most`."""
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("damaged")
    return value


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _checked(payload: bytes, made: Callable[[Any], _T]) -> _T:
    try:
        return made(json.loads(payload.decode("utf-8", "surrogatepass")))
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"damaged ({type(error).__name__})") from None
