"""What of a transcript is inserted: the settled words of its last recording, without what only a reader needs."""

from __future__ import annotations

from s2t_core.transcript import TranscriptDocument, divider
from s2t_core.types import Segment


def dictated(document: TranscriptDocument) -> str:
    """The settled text of the last recording; it only grows, but for what is taken back by voice.

    A pause makes no paragraph here, since a line end sends what is written in many a window: only those stand that were
    spoken. The marks of lost sound are left out.
    """
    first = document.session_starts[-1] if document.session_starts else 0
    text = ""
    for item in (*document.closed[first:], *document.open[:1]):
        if isinstance(item, Segment) and item.committed:
            text += (divider(text, item.committed) if text else "") + item.committed
    return text
