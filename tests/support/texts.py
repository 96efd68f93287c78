"""What is recognised, beside what was said."""

from __future__ import annotations

import difflib
import re


def alike(written: str, said: str) -> bool:
    """Whether nine in ten words are the same; sound that came through a microphone is never twice the same."""
    words = [re.findall(r"[\w']+", text.lower()) for text in (written, said)]
    return difflib.SequenceMatcher(None, *words, autojunk=False).ratio() >= 0.9
