"""A transcript for programs and spreadsheets: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace
from typing import Any

from app.export.options import DEFAULTS, ExportOptions
from app.export.transcript import Entry, Transcript, entries
from s2t_core.transcript import text_of
from s2t_core.types import Segment, Word, samples_to_seconds

_FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the wide ones begin formulas as well


def to_json(transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    """Text, segments and words with their times in seconds, whatever the options; "speaker" is a name or null.

    Recordings of one document share a timeline: each begins where the last segment of the one before ended.
    """
    segments = [_segment(entry) for entry in entries(transcript.document) if not entry.is_gap]
    content = {
        "source": transcript.source,
        "duration_s": round(transcript.duration_s, 3),
        "model": transcript.model,
        "text": " ".join(segment["text"] for segment in segments),
        "segments": segments,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def to_csv(transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    """A row for each segment and each gap: start_s, end_s, speaker, text; whatever the options.

    As RFC 4180 has it: lines end with CR LF, quotes are doubled. The file begins with a byte order mark, without which
    Excel takes UTF-8 for the system's old code page (read it as "utf-8-sig"). A cell that begins like a formula gets
    an apostrophe before it, as OWASP advises against CSV injection, so that spreadsheets show it and do not run it.
    """
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    rows.writerow(("start_s", "end_s", "speaker", "text"))
    for entry in entries(transcript.document):
        start_s, end_s = samples_to_seconds(entry.start_sample), samples_to_seconds(entry.end_sample)
        rows.writerow((start_s, end_s, _cell(entry.speaker), _cell(entry.text)))
    return "\ufeff" + table.getvalue()


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


def _segment(entry: Entry) -> dict[str, Any]:
    segment, offset = entry.item, entry.offset_samples
    assert isinstance(segment, Segment)
    words = (
        replace(word, start_sample=word.start_sample + offset, end_sample=word.end_sample + offset)
        for word in segment.words
    )
    return {
        "start_s": samples_to_seconds(entry.start_sample),
        "end_s": samples_to_seconds(entry.end_sample),
        "speaker": segment.speaker or None,
        "text": text_of(segment),
        "words": words_json(tuple(words)),
        "alternatives": [asdict(one) for one in segment.alternatives],
    }


def _cell(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(_FORMULA_SIGNS) else text
