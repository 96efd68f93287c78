"""How recognised words are written: every rule is a switch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextRules:
    """All of it off: the text is as the model wrote it. The rules are for English.

    spoken_marks   "comma", "question mark", "open quote"... become marks; the table is `s2t_core.text.marks`
    commands       "new line", "new paragraph", "cap", and "scratch that" as a whole utterance
    capitals       sentences begin with a capital, and spaces stand where they belong, whatever was said or replaced
    digits_from    numbers of this value and above are written in digits, decimals, percentages and negative numbers
                   whatever their value; None: as the model wrote them
    replacements   (spoken, written) pairs, whole words, whatever their capitals and the marks between them; the longest
                   that fits is taken. Nothing written: the words are left out
    """

    spoken_marks: bool = False
    commands: bool = False
    capitals: bool = True
    digits_from: int | None = None
    replacements: tuple[tuple[str, str], ...] = ()
