"""A transcript as a Word document (docx)."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.export.options import DEFAULTS, ExportOptions
from app.export.prose import clock, facts, paragraphs
from app.export.transcript import Transcript

if TYPE_CHECKING:
    from docx.document import Document as Page

_GREY = 0x70


def to_docx(transcript: Transcript, options: ExportOptions = DEFAULTS) -> bytes:
    """Office Open XML: title, what is known of the recording, paragraphs with bold speakers."""
    from docx import Document  # late: it loads an XML library, and only this format needs it
    from docx.shared import RGBColor

    page = Document()
    _describe(page, transcript.heading)
    page.add_heading(transcript.heading, level=0)
    known = page.add_paragraph("\n".join(f"{name}: {value}" for name, value in facts(transcript)))
    for run in known.runs:
        run.font.color.rgb = RGBColor(_GREY, _GREY, _GREY)
    for one in paragraphs(transcript.document):
        paragraph = page.add_paragraph()
        if options.timestamps:
            paragraph.add_run(f"[{clock(one.start_sample)}] ").font.color.rgb = RGBColor(_GREY, _GREY, _GREY)
        if options.speakers and one.speaker:
            paragraph.add_run(f"{one.speaker}: ").bold = True
        paragraph.add_run(one.text)
    file = io.BytesIO()
    page.save(file)
    return file.getvalue()


def _describe(page: Page, heading: str) -> None:
    """The file's own properties, in place of those of the library's template."""
    about = page.core_properties
    about.title, about.author, about.comments = heading[:255], "", ""
    about.created = about.modified = datetime.now(UTC).replace(tzinfo=None)  # the library takes it for UTC
