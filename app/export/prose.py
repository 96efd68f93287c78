"""A transcript to be read: its paragraphs, and those as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.export.options import DEFAULTS, ExportOptions
from app.export.transcript import Transcript, clean, entries
from s2t_core.transcript import TranscriptDocument
from s2t_core.types import SAMPLE_RATE_HZ

# Signs of Markdown (CommonMark, and GitHub's tables, strokes and formulas) anywhere in a line, and those at its
# beginning: headings, quotes, lists, numbered lists, underlines of headings.
_SIGNS = re.compile(r"([\\`*_\[\]<~|$]|&(?=[#\w]))")
_FIRST_SIGN = re.compile(r"^([#>+=-])")
_NUMBERED = re.compile(r"^(\d+)([.)])")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What one speaker says without a long pause or a spoken paragraph's end.

    speaker  empty where it is not known, or the same as before
    text     lines divided by "\\n", none of them empty
    """

    start_sample: int  # on the one timeline of all recordings
    speaker: str
    text: str


def paragraphs(document: TranscriptDocument) -> tuple[Paragraph, ...]:
    """All of a document in paragraphs; gaps show as their mark."""
    made: list[list[Paragraph]] = []
    for begins, part in _parts(document):
        if begins:
            made.append([])
        made[-1].append(part)
    return tuple(replace(parts[0], text=_lines("".join(part.text for part in parts))) for parts in made)


def to_txt(transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    """The bare text: paragraphs, with "[0:01:23] Speaker: " before them as the options say."""
    blocks = (
        (f"[{clock(one.start_sample)}] " if options.timestamps else "")
        + (f"{one.speaker}: " if options.speakers and one.speaker else "")
        + one.text
        for one in paragraphs(transcript.document)
    )
    return "\n\n".join(blocks) + "\n"


def to_md(transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    """Markdown: title, what is known of the recording, paragraphs. No character of the text acts as a sign of it."""
    known = [f"- {name}: {escape_md(value)}" for name, value in facts(transcript)]
    blocks = [f"# {escape_md(transcript.heading)}", "\n".join(known)]
    for one in paragraphs(transcript.document):
        blocks.append(
            (f"`{clock(one.start_sample)}` " if options.timestamps else "")
            + (f"**{escape_md(one.speaker)}:** " if options.speakers and one.speaker else "")
            + escape_md(one.text)
        )
    return "\n\n".join(blocks) + "\n"


def facts(transcript: Transcript) -> list[tuple[str, str]]:
    """What is known of a recording, as names and values on one line each."""
    length = clock(round(transcript.duration_s * SAMPLE_RATE_HZ))
    known = (("Recorded", transcript.date), ("Source", transcript.source), ("Length", length))
    lines = ((name, " ".join(clean(value).split())) for name, value in (*known, ("Model", transcript.model)))
    return [(name, value) for name, value in lines if value]


def clock(sample: int) -> str:
    """Hours, minutes and seconds, "0:01:23"."""
    seconds = sample // SAMPLE_RATE_HZ
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def escape_md(text: str) -> str:
    """`text` for Markdown to show as it is; line breaks stay."""
    lines = (_SIGNS.sub(r"\\\1", line.strip()) for line in text.split("\n"))
    return "\\\n".join(_NUMBERED.sub(r"\1\\\2", _FIRST_SIGN.sub(r"\\\1", line)) for line in lines if line)


def _parts(document: TranscriptDocument) -> Iterator[tuple[bool, Paragraph]]:
    """What entries add to paragraphs, and whether it begins one; what has no text leaves that to the next."""
    begins, speaker = False, ""
    for entry in entries(document):
        said = 0
        if entry.begins_paragraph:
            begins, speaker = True, entry.speaker
        for number, text in enumerate(re.split(r"\n{2,}", entry.text)):
            begins = begins or number > 0
            if text.strip():
                lead = "" if begins else entry.lead
                yield begins, Paragraph(entry.words[said].start_sample, speaker, lead + text)
                begins, speaker = False, ""
            elif not begins:
                yield False, Paragraph(entry.start_sample, "", text)
            said += len(text.split())


def _lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())
