"""How recognised words are written: every rule is a switch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextRules:
    """All of it off: the text is as the model wrote it.

    spoken_marks   "comma", "question mark", "open quote"... become marks
    commands       "new line", "new paragraph", and "scratch that" as a whole utterance
    capitals       sentences begin with a capital, and spaces stand where they belong, whatever was said or replaced
    digits_from    numbers of this value and above are written in digits; None: as the model wrote them
    replacements   (spoken, written) pairs, whole words, whatever their capitals
    """

    spoken_marks: bool = False
    commands: bool = False
    capitals: bool = True
    digits_from: int | None = None
    replacements: tuple[tuple[str, str], ...] = ()
