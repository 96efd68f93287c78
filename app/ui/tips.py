"""Tool tips with text from outside: Qt takes what looks like HTML for HTML, and would load what it names."""

from __future__ import annotations

import html


def plain_tip(text: str) -> str:
    """A tool tip that shows `text` as it is."""
    return f"<span>{html.escape(text)}</span>" if "<" in text else text
