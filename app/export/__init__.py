"""A transcript as the bytes of a file, one exporter a format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.export.data import to_csv, to_json, words_json
from app.export.files import encode, free_path, write_bytes, write_text
from app.export.office import to_docx
from app.export.options import DEFAULTS, FORMATS, ExportChoice, ExportOptions, Format
from app.export.prose import to_md, to_txt
from app.export.subtitles import to_srt, to_vtt
from app.export.transcript import Transcript, clean
from s2t_core.transcript import Item, TranscriptDocument, text_of

__all__ = [
    "DEFAULTS", "EXPORTERS", "FORMATS", "ExportChoice", "ExportOptions", "Exporter", "Format", "Transcript",
    "clean", "free_path", "preview", "to_csv", "to_docx", "to_json", "to_md", "to_srt", "to_txt", "to_vtt",
    "words_json", "write_bytes", "write_text",
]  # fmt: skip

Exporter = Callable[[Transcript, ExportOptions], bytes]

_PREVIEW_WORDS = 600  # more would hold up the window
_TEXTS: dict[str, Callable[[Transcript, ExportOptions], str]] = {
    "txt": to_txt,
    "md": to_md,
    "srt": to_srt,
    "vtt": to_vtt,
    "csv": to_csv,
    "json": to_json,
}


def _as_bytes(to_text: Callable[[Transcript, ExportOptions], str]) -> Exporter:
    return lambda transcript, options: encode(to_text(transcript, options))


EXPORTERS: dict[str, Exporter] = {**{name: _as_bytes(to_text) for name, to_text in _TEXTS.items()}, "docx": to_docx}


def preview(transcript: Transcript, form: str, options: ExportOptions, lines: int = 200) -> str:
    """How the file begins: up to so many lines, made in a few hundredths of a second; a Word document as Markdown."""
    document, rest = _beginning(transcript.document)
    text = _TEXTS.get(form, to_md)(replace(transcript, document=document), options).lstrip("\ufeff")
    shown = text.splitlines()
    return "\n".join(shown[:lines] + (["…"] if rest or len(shown) > lines else []))


def _beginning(document: TranscriptDocument) -> tuple[TranscriptDocument, bool]:
    """The first items of a document, and whether more follow."""
    taken: list[Item] = []
    words = 0
    for item in document.closed:
        if words >= _PREVIEW_WORDS:
            return TranscriptDocument(tuple(taken), session_starts=document.session_starts), True
        words += len(text_of(item).split())
        taken.append(item)
    return document, False
