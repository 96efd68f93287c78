"""What a user sees as one character: a cursor steps over it at once, a backspace removes it."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"


def graphemes(text: str) -> int:
    """How many there are, by the rules that matter in dictated text; who needs certainty asks the program."""
    count, joined, flags = 0, False, 0
    for character in text:
        flag = 0x1F1E6 <= ord(character) <= 0x1F1FF
        flags = flags + 1 if flag else 0
        if not (joined or _extends(character) or (flag and flags % 2 == 0)) or not count:
            count += 1
        joined = character == _JOINER
    return count


def is_plain(text: str) -> bool:
    """Whether each character is one grapheme, which every program sees alike."""
    return graphemes(text) == len(text)


def _extends(character: str) -> bool:
    tone = 0x1F3FB <= ord(character) <= 0x1F3FF
    return tone or character == _JOINER or unicodedata.category(character) in ("Mn", "Me", "Mc")
