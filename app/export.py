"""A transcript as the text of a file, and the file."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import Segment, Word, samples_to_seconds


@dataclass(frozen=True, slots=True)
class Transcript:
    """A finished document and where it came from."""

    document: TranscriptDocument
    source: str
    duration_s: float
    model: str


def to_txt(transcript: Transcript) -> str:
    """The bare text."""
    return transcript.document.text + "\n"


def to_json(transcript: Transcript) -> str:
    """Text, segments and words with their times in seconds."""
    segments = [segment for segment in transcript.document.closed if isinstance(segment, Segment)]
    content = {
        "source": transcript.source,
        "duration_s": round(transcript.duration_s, 3),
        "model": transcript.model,
        "text": " ".join(segment.committed for segment in segments),
        "segments": [_segment(segment) for segment in segments],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


EXPORTERS: dict[str, Callable[[Transcript], str]] = {"txt": to_txt, "json": to_json}


def write_text(target: Path, text: str) -> None:
    """Put `text` into `target`, whole or not at all: a full disk leaves the old file as it was. Raises AppError."""
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise AppError(f"{target} cannot be written ({error.strerror}).", "Save it somewhere else.") from None


def words_json(words: tuple[Word, ...]) -> list[dict[str, Any]]:
    """Words in the form that event lines and the JSON file share."""
    return [
        {
            "word": word.text,
            "start_s": samples_to_seconds(word.start_sample),
            "end_s": samples_to_seconds(word.end_sample),
            "confidence": word.confidence,
        }
        for word in words
    ]


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "start_s": samples_to_seconds(segment.start_sample),
        "end_s": samples_to_seconds(segment.end_sample),
        "speaker": None,
        "text": segment.committed,
        "words": words_json(segment.words),
        "alternatives": [asdict(one) for one in segment.alternatives],
    }
