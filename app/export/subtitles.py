"""A transcript as subtitles: SubRip (srt) and WebVTT (vtt)."""

from __future__ import annotations

from app.export.cues import Cue, to_cues
from app.export.options import DEFAULTS, ExportOptions
from app.export.prose import facts
from app.export.transcript import Transcript


def to_srt(transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    """SubRip: "Name: " before the lines where another speaker begins.

    The format knows no escapes; text is as it is, but for the arrow that would make a line one of times.
    """
    blocks = [
        f"{number}\n{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}\n{_lines(cue)}\n"
        for number, cue in enumerate(to_cues(transcript.document, options, named=options.speakers), 1)
    ]
    return "\n".join(blocks)


def to_vtt(transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    """WebVTT (W3C): where the text comes from as a note, every speaker as a voice, text escaped."""
    known = [f"{name}: {value}" for name, value in facts(transcript)]
    note = "\n".join(["NOTE", _escaped(transcript.heading), *map(_escaped, known)])
    blocks = [
        f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}\n{_voices(cue, options.speakers)}\n"
        for cue in to_cues(transcript.document, options, named=False)
    ]
    return "\n".join(["WEBVTT\n", note + "\n", *blocks])


def _lines(cue: Cue) -> str:
    return "\n".join(line for voice in cue.voices for line in voice.lines).replace("-->", "->")


def _voices(cue: Cue, named: bool) -> str:
    texts = []
    for voice in cue.voices:
        name = f"<v {_escaped(voice.speaker)}>" if named and voice.speaker else ""
        texts.append(name + "\n".join(map(_escaped, voice.lines)))
    return "\n".join(texts)


def _time(ms: int, point: str) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
